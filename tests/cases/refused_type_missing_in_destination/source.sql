CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE public.people (id integer PRIMARY KEY, mood public.mood);
INSERT INTO public.people VALUES (1, 'ok');

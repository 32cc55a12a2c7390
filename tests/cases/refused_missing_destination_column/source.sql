CREATE TABLE public.t (id integer PRIMARY KEY, name text, email text);
INSERT INTO public.t VALUES (1, 'a', 'b');

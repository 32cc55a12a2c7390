CREATE TABLE public.t (id integer PRIMARY KEY, name text);
INSERT INTO public.t VALUES (2, 'kept');

CREATE TABLE public.t (id integer PRIMARY KEY, amount numeric(12, 2), name varchar(20), count integer);
INSERT INTO public.t VALUES (2, 2, 'kept', 2);

CREATE TABLE public.t (id integer PRIMARY KEY, amount numeric(12, 4), name varchar(40), count bigint);
INSERT INTO public.t VALUES (1, 1, 'a', 1);

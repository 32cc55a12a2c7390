CREATE TABLE public.people (id integer PRIMARY KEY, name text, age integer);
INSERT INTO public.people SELECT n, 'p' || n, n % 90 FROM generate_series(1, 400) AS n;

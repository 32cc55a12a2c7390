CREATE TABLE public.customers (id integer PRIMARY KEY, name text, score numeric, seen timestamptz);
INSERT INTO public.customers SELECT n, 'customer ' || n, n / 7.0, timestamptz '2024-01-01 00:00:00+00' + n * interval '1 hour'
  FROM generate_series(1, 1000) AS n;

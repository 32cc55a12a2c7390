CREATE TABLE public.customers (id bigint PRIMARY KEY, email text, country char(2), credit numeric(10, 2), born date, deleted_at timestamptz, address jsonb);
INSERT INTO public.customers SELECT n, CASE WHEN n % 5 > 0 THEN 'C' || n || '@Example.ORG' END, (ARRAY['DE', 'FR'])[n % 2 + 1],
       n / 3.0, date '2000-01-01' + n, CASE WHEN n % 4 = 0 THEN now() END, jsonb_build_object('n', n)
  FROM generate_series(1, 500) AS n;

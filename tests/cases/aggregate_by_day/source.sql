CREATE TYPE status AS ENUM ('new', 'paid', 'cancelled');
CREATE TABLE public.orders (id integer PRIMARY KEY, placed_at timestamptz NOT NULL, status status NOT NULL, total numeric(12, 2));
INSERT INTO public.orders SELECT n, timestamptz '2024-01-01 00:00:00+00' + n * interval '37 minutes',
       (ARRAY['new', 'paid', 'cancelled'])[n % 3 + 1]::status, CASE WHEN n % 10 > 0 THEN n / 7.0 END
  FROM generate_series(1, 2000) AS n;

CREATE TABLE public.readings (sensor integer NOT NULL, value double precision, at timestamptz NOT NULL);
INSERT INTO public.readings SELECT n % 10, n, timestamptz '2024-01-01 00:00:00+00' + n * interval '1 second' FROM generate_series(1, 1000) AS n;

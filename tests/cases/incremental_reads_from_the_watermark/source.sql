CREATE TABLE public.events (id integer PRIMARY KEY, what text, updated_at timestamptz);
INSERT INTO public.events SELECT n, 'event ' || n, timestamptz '2024-01-01 00:00:00+00' + n * interval '1 minute' FROM generate_series(1, 100) AS n;
CREATE TABLE public.before_change AS SELECT * FROM public.events;

CREATE TABLE public.measures (id integer NOT NULL, day date NOT NULL, value real, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE public.measures_2023 PARTITION OF public.measures FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE public.measures_2024 PARTITION OF public.measures FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE public.measures_2024_1 PARTITION OF public.measures_2024 FOR VALUES IN (1, 2, 3);
CREATE TABLE public.measures_2024_rest PARTITION OF public.measures_2024 DEFAULT;
-- A partition whose columns are in another order.
CREATE TABLE public.measures_rest (value real, gone text, day date NOT NULL, id integer NOT NULL);
ALTER TABLE public.measures_rest DROP COLUMN gone;
ALTER TABLE public.measures ATTACH PARTITION public.measures_rest DEFAULT;
INSERT INTO public.measures SELECT n, date '2022-06-01' + n * 2, n / 8.0 FROM generate_series(1, 600) AS n;

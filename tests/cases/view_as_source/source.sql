CREATE TABLE public.t (id integer PRIMARY KEY, amount numeric(10, 2));
INSERT INTO public.t SELECT n, n FROM generate_series(1, 50) AS n;
CREATE VIEW public.v AS SELECT id, amount, amount * 2 AS double, 'x'::varchar(5) AS x FROM public.t WHERE id % 2 = 0;
CREATE MATERIALIZED VIEW public.m AS SELECT id, sum(amount) OVER (ORDER BY id) AS running FROM public.t;

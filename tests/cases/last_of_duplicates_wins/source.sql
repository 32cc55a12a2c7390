CREATE TABLE public.prices (sku text NOT NULL, price numeric(10, 2), version integer NOT NULL);
INSERT INTO public.prices SELECT 'sku ' || n % 50, n / 3.0, n FROM generate_series(1, 5000) AS n;

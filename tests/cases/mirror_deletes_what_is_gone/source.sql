CREATE TABLE public.stock (warehouse text, sku text, quantity integer, PRIMARY KEY (warehouse, sku));
INSERT INTO public.stock SELECT 'w' || n % 3, 'sku ' || n, n FROM generate_series(1, 300) AS n;

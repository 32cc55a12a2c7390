CREATE TABLE public.prices (sku text PRIMARY KEY, price numeric);
INSERT INTO public.prices VALUES ('b', 1), ('c', 1);

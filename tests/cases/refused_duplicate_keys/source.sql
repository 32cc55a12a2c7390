CREATE TABLE public.prices (sku text, price numeric);
INSERT INTO public.prices VALUES ('a', 1), ('b', 2), ('a', 3);

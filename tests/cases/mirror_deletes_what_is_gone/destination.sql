CREATE TABLE public.stock (sku text, warehouse text, quantity integer, PRIMARY KEY (warehouse, sku));
INSERT INTO public.stock VALUES ('nowhere', 'w9', 1);

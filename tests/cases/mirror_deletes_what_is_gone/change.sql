DELETE FROM public.stock WHERE warehouse = 'w1';
UPDATE public.stock SET quantity = 0 WHERE warehouse = 'w2';
INSERT INTO public.stock VALUES ('w1', 'sku new', 5);

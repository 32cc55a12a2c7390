CREATE TABLE deleted AS SELECT * FROM public.customers WHERE id <= 10;
DELETE FROM public.customers WHERE id <= 10;
UPDATE public.customers SET name = NULL, score = 'NaN' WHERE id BETWEEN 11 AND 20;
INSERT INTO public.customers VALUES (1001, 'new', NULL, 'infinity');

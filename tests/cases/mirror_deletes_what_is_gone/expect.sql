-- both: the rows
SELECT warehouse, sku, quantity FROM public.stock

-- source: the row with the greatest version of each key
SELECT DISTINCT ON (sku) * FROM public.prices ORDER BY sku, version DESC
-- destination:
SELECT * FROM public.current_prices

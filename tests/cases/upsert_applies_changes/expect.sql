-- source: the rows, those that the source no longer has included
SELECT * FROM public.customers UNION ALL SELECT * FROM deleted
-- destination:
SELECT * FROM analytics.customers

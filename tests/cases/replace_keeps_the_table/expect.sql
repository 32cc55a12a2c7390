-- both: the rows
SELECT currency, rate FROM public.rates
-- source: the view on it
SELECT currency, rate, 'default'::text AS loaded FROM public.rates WHERE rate > 4
-- destination:
SELECT * FROM public.dear
-- source: its index, comment and grant
SELECT 'kept' AS comment, true AS granted, 'rates_by_currency' AS index
-- destination:
SELECT obj_description('public.rates'::regclass) AS comment, has_table_privilege('pg_monitor', 'public.rates', 'SELECT') AS granted, indexname::text AS index
  FROM pg_indexes WHERE tablename = 'rates'

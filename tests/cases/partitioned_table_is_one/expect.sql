-- both: the rows
SELECT * FROM public.measures
-- source: the table
SELECT 'measures' AS relname, 'r' AS relkind
-- destination:
SELECT relname::text, relkind::text FROM pg_class WHERE relname LIKE 'measures%' AND relkind IN ('r', 'p')

-- both: the rows of the view
SELECT * FROM public.v
-- both: the rows of the materialized view
SELECT * FROM public.m
-- source: what they are in the destination
SELECT 'm' AS relname, 'r' AS relkind UNION ALL SELECT 'v', 'r'
-- destination:
SELECT relname::text, relkind::text FROM pg_class WHERE relname IN ('v', 'm')

-- source: the first table
SELECT * FROM public.audit_a
-- destination:
SELECT * FROM archive.audit_a
-- source: the second table
SELECT * FROM public.audit_b
-- destination:
SELECT * FROM archive.audit_b
-- source: no other table
SELECT 2::bigint AS count
-- destination:
SELECT count(*) FROM pg_tables WHERE schemaname = 'archive'

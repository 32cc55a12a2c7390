-- source: the rows of both runs
SELECT * FROM public.audit UNION ALL SELECT * FROM public.audit WHERE what = 'a'
-- destination:
SELECT * FROM public.audit

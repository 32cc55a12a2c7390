-- source: the young
SELECT id, name FROM public.people WHERE age < 18
-- destination:
SELECT * FROM public.young
-- source: the old
SELECT * FROM public.people WHERE age >= 18
-- destination:
SELECT * FROM public.old

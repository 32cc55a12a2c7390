-- source: the rows, matched by name
SELECT id, x, y, label FROM public.points UNION ALL SELECT 3, 5, 6, 'kept'
-- destination:
SELECT id, x, y, label FROM public.points

-- source: changes that moved the cursor, or are at the watermark
SELECT * FROM public.events WHERE id <> 50 UNION ALL SELECT * FROM public.before_change WHERE id = 50
-- destination:
SELECT * FROM public.events

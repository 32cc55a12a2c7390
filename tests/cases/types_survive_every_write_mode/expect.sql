-- source: upserted
SELECT * FROM public.t
-- destination:
SELECT * FROM public.upserted
-- source: replaced
SELECT * FROM public.t
-- destination:
SELECT * FROM public.replaced
-- source: mirrored
SELECT * FROM public.t
-- destination:
SELECT * FROM public.mirrored
-- source: selected
SELECT * FROM public.t
-- destination:
SELECT * FROM public.selected

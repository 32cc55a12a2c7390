-- At the watermark and above it: seen. Below it, without a change of the cursor: not seen.
UPDATE public.events SET what = 'at the watermark' WHERE id = 100;
UPDATE public.events SET what = 'above', updated_at = '2024-02-01 00:00:00+00' WHERE id = 1;
UPDATE public.events SET what = 'below' WHERE id = 50;
INSERT INTO public.events VALUES (101, 'inserted', '2024-02-01 00:00:00+00');

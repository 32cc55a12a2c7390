-- source: the row with the greatest cursor of each key
SELECT DISTINCT ON (sensor) sensor, value, at FROM public.readings ORDER BY sensor, at DESC
-- destination:
SELECT * FROM public.latest_readings

INSERT INTO public.readings VALUES (3, 'NaN', '2024-06-01 00:00:00+00'), (3, -1, '2024-05-01 00:00:00+00');

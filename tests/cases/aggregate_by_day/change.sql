UPDATE public.orders SET total = total + 1 WHERE id BETWEEN 100 AND 300;
INSERT INTO public.orders VALUES (3000, '2025-01-01 00:00:00+00', 'paid', 1);

UPDATE public.lines SET quantity = quantity + 1 WHERE id <= 10;
DELETE FROM public.lines WHERE id = 100;
INSERT INTO public.lines (id, quantity, price) OVERRIDING SYSTEM VALUE VALUES (100, 7, 7), (5000, 1, 1);

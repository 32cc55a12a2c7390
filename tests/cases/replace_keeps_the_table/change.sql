DELETE FROM public.rates WHERE rate = 4.31;
INSERT INTO public.rates VALUES (NULL, 'NaN');

UPDATE public.t SET price = price + 1, "when" = "when" + interval '1 day';

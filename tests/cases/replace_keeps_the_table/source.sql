CREATE TABLE public.rates (currency char(3), rate numeric);
INSERT INTO public.rates VALUES ('EUR', 1), ('PLN', 4.30), ('PLN', 4.31);
-- What the destination's own objects must look like afterwards.
CREATE TABLE public.rate_notes (currency char(3) PRIMARY KEY, note text);

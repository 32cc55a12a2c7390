CREATE TABLE public.rates (currency char(3), rate numeric, loaded text DEFAULT 'default');
CREATE INDEX rates_by_currency ON public.rates (currency);
CREATE VIEW public.dear AS SELECT * FROM public.rates WHERE rate > 4;
COMMENT ON TABLE public.rates IS 'kept';
GRANT SELECT ON public.rates TO PUBLIC;
INSERT INTO public.rates SELECT 'OLD', n FROM generate_series(1, 100) AS n;

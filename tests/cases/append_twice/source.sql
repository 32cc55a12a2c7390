CREATE TABLE public.audit (at timestamptz NOT NULL, what text);
INSERT INTO public.audit VALUES ('2024-01-01 00:00:00+00', 'a'), ('2024-01-01 00:00:00+00', 'a');

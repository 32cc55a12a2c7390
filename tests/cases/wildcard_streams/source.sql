CREATE TABLE public.audit_a (id integer PRIMARY KEY, what text);
CREATE TABLE public.audit_b (at timestamptz, what jsonb);
CREATE TABLE public.other (id integer);
INSERT INTO public.audit_a SELECT n, 'a' FROM generate_series(1, 10) AS n;
INSERT INTO public.audit_b SELECT now(), '{}' FROM generate_series(1, 10) AS n;

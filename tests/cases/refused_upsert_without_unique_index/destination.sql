CREATE TABLE public.t (id integer, name text);
CREATE UNIQUE INDEX partial ON public.t (id) WHERE name IS NOT NULL;
ALTER TABLE public.t ADD CONSTRAINT late UNIQUE (id) DEFERRABLE;
INSERT INTO public.t VALUES (1, 'kept');

CREATE TABLE public.items (id integer PRIMARY KEY, name text);
INSERT INTO public.items VALUES (1, 'new name'), (2, 'inserted');

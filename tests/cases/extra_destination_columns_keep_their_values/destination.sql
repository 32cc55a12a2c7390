CREATE TABLE public.items (id integer PRIMARY KEY, name text, note text, loaded_by text DEFAULT 'default');
INSERT INTO public.items VALUES (1, 'old name', 'keep this', 'hand');

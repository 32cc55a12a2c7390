CREATE TABLE public.points (label text, y integer, gone integer, x integer, id integer PRIMARY KEY);
ALTER TABLE public.points DROP COLUMN gone;
INSERT INTO public.points (id, x, y, label) VALUES (2, 0, 0, 'old'), (3, 5, 6, 'kept');

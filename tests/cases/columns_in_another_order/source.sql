CREATE TABLE public.points (id integer PRIMARY KEY, x integer, y integer, label text);
ALTER TABLE public.points DROP COLUMN x;
ALTER TABLE public.points ADD COLUMN x integer;
INSERT INTO public.points (id, x, y, label) VALUES (1, 10, 20, 'a'), (2, 30, 40, 'b');

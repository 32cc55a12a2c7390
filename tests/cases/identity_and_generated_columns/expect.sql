-- both: the rows, generated values included
SELECT * FROM public.lines

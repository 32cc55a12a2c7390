CREATE TYPE public.mood AS ENUM ('sad', 'ok, really', 'happy "x"');
CREATE DOMAIN public.cents AS numeric(12, 2) CHECK (VALUE >= 0);
CREATE TYPE public.money_in AS (amount numeric, currency text, mood public.mood);
CREATE TABLE public.t (id integer PRIMARY KEY, mood public.mood, moods public.mood[], price public.cents, paid public.money_in,
    range int4range, "when" interval, address inet, document json, search tsvector, spot point, bits varbit);
INSERT INTO public.t VALUES
    (1, 'ok, really', '{sad,NULL,"ok, really"}', 1.5, ROW(1.50, 'a,"b', 'sad'), '[1,5)', '1 mon -1 day', '10.1.2.3/8', '{"b":1.0, "a" : 2}', 'a:1A b', '(NaN,1)', B'0001'),
    (2, NULL, NULL, NULL, NULL, 'empty', 'P1Y', '::1', 'null', '', '(1,2)', B''),
    (3, 'happy "x"', '{{sad},{sad}}', 0, ROW(NULL, NULL, NULL), '(,)', '0', '1.2.3.4', '"x"', NULL, NULL, NULL);

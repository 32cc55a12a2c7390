-- Made in another order, so that no type has the same OID as at the source.
CREATE TABLE public.first ();
CREATE DOMAIN public.cents AS numeric(12, 2) CHECK (VALUE >= 0);
CREATE TYPE public.mood AS ENUM ('sad', 'ok, really', 'happy "x"');
CREATE TYPE public.money_in AS (amount numeric, currency text, mood public.mood);
DROP TABLE public.first;

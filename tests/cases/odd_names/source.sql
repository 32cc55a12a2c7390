CREATE SCHEMA "Odd ""schema"".x";
CREATE TABLE "Odd ""schema"".x"."ünïcödé 表.t" (
    "select" integer PRIMARY KEY, "with ""quote""" text, "with.dot" text, "CTID" text, source text, excluded text, "1st" text,
    "Id" integer, id integer, "$1" text, "a%s" text, "back\slash" text, "'single'" text
);
INSERT INTO "Odd ""schema"".x"."ünïcödé 表.t"
SELECT n, 'a' || n, 'b', 'c', 'd', 'e', 'f', n, -n, 'g', 'h', 'i', 'j' FROM generate_series(1, 20) AS n;

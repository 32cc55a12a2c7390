-- both: the rows
SELECT * FROM "Odd ""schema"".x"."ünïcödé 表.t"

-- Functions by their names, whatever their schema and arguments: what any of one name is, and whether all are strict.
-- $1 text[]: pg_proc.proname.
SELECT p.proname::pg_catalog.text AS name,
       pg_catalog.bool_or(p.prokind IN ('a', 'w')) AS takes_several_rows,
       pg_catalog.bool_or(p.provolatile = 'v') AS is_volatile,
       pg_catalog.bool_or(p.proretset) AS returns_set,
       pg_catalog.bool_and(p.proisstrict) AS is_strict
  FROM pg_catalog.pg_proc AS p
 WHERE p.proname = ANY ($1)
 GROUP BY p.proname

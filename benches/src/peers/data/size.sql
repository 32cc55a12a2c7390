-- The size of what is moved, as one text.
SELECT pg_size_pretty(sum(pg_table_size(c.oid))) || ' in tables, '
       || pg_size_pretty(sum(pg_indexes_size(c.oid))) || ' in indexes'
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname IN ('public', 'many')

-- Tables, views and foreign tables of users, partitions left out, with what the catalogue guesses.
-- $1 text: the schema, or NULL for all but the system's and towpath's own.
SELECT n.nspname AS schema,
       c.relname AS name,
       c.relkind AS kind,
       CASE WHEN c.relkind = 'p'
            THEN (SELECT pg_catalog.sum(NULLIF(l.reltuples, -1))
                    FROM pg_catalog.pg_partition_tree(c.oid) AS t
                    JOIN pg_catalog.pg_class AS l ON l.oid = t.relid
                   WHERE t.isleaf)
            ELSE NULLIF(c.reltuples, -1) END::pg_catalog.float8 AS estimated_rows,
       -- The size of a table that is being dropped is NULL.
       COALESCE(CASE WHEN c.relkind = 'p'
            THEN (SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(t.relid))
                    FROM pg_catalog.pg_partition_tree(c.oid) AS t)
            WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_total_relation_size(c.oid)
            ELSE 0 END, 0)::pg_catalog.int8 AS size_bytes,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.pg_index AS i,
                    pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, position)
               JOIN pg_catalog.pg_attribute AS a ON a.attnum = k.attnum
              WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid
              ORDER BY k.position) AS key
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND NOT c.relispartition
   AND CASE WHEN $1::pg_catalog.text IS NULL
            THEN n.nspname NOT IN ('information_schema', 'towpath', 'towpath_staging')
                 AND n.nspname !~ '^pg_'
            ELSE n.nspname = $1 END
 ORDER BY n.nspname, c.relname

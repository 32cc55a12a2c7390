-- Valid unique indexes of one table, the primary key's first; an expression's column is NULL.
-- $1 oid: pg_class.oid of the table.
SELECT x.relname AS name,
       i.indisprimary AS is_primary,
       NOT i.indimmediate AS deferrable,
       i.indpred IS NOT NULL AS partial,
       -- indnullsnotdistinct is of version 15; to_jsonb gives NULL where it is missing.
       COALESCE((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::pg_catalog.bool, false)
           AS nulls_equal,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k (position)
               LEFT JOIN pg_catalog.pg_attribute AS a
                 ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.position] AND a.attnum > 0
              ORDER BY k.position) AS columns
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
 WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indislive
 ORDER BY i.indisprimary DESC, x.relname

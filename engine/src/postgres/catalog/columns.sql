-- Columns of one table, in attnum order, without dropped ones.
-- $1 oid: pg_class.oid of the table.
WITH RECURSIVE heir AS (
    -- Tables that inherit from it may hold NULL where it does not; partitions may not.
    SELECT i.inhrelid AS oid
      FROM pg_catalog.pg_inherits AS i
      JOIN pg_catalog.pg_class AS c ON c.oid = i.inhparent AND c.relkind <> 'p'
     WHERE i.inhparent = $1
     UNION
    SELECT i.inhrelid
      FROM heir JOIN pg_catalog.pg_inherits AS i ON i.inhparent = heir.oid
), unproven AS (
    -- NOT NULL that old rows need not fulfil; such constraints are of version 18.
    SELECT k.conrelid, k.conkey[1] AS attnum
      FROM pg_catalog.pg_constraint AS k
     WHERE k.contype = 'n' AND NOT k.convalidated
       AND (k.conrelid = $1 OR k.conrelid IN (SELECT oid FROM heir))
)
SELECT a.attname AS name,
       a.atttypid AS type_oid,
       a.atttypmod AS typmod,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type_sql,
       NOT a.attnotnull
       OR EXISTS (SELECT FROM unproven AS u
                   WHERE u.conrelid = a.attrelid AND u.attnum = a.attnum)
       OR EXISTS (SELECT FROM heir
                    JOIN pg_catalog.pg_attribute AS h
                      ON h.attrelid = heir.oid AND h.attname = a.attname
                   WHERE NOT h.attnotnull
                      OR EXISTS (SELECT FROM unproven AS u
                                  WHERE u.conrelid = h.attrelid AND u.attnum = h.attnum))
           AS nullable,
       a.atthasdef OR a.attidentity <> '' AS has_default,
       a.attidentity AS identity,
       a.attgenerated <> '' AS generated,
       CASE WHEN a.attcollation <> t.typcollation
            THEN pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
       END AS collation,
       NOT COALESCE(co.collisdeterministic, true) AS nondeterministic,
       COALESCE(pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'), false)
           AS may_select
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_collation AS co ON co.oid = a.attcollation
  LEFT JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
 WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum

-- One table: what it is, how large, and what it is to others.
-- $1 text: schema; $2 text: name.
WITH RECURSIVE heap AS (
    -- The table and all that inherit from it, partitions included.
    SELECT c.oid, c.relkind, c.relam
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
     UNION ALL
    SELECT c.oid, c.relkind, c.relam
      FROM heap
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = heap.oid
      JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
)
SELECT c.oid,
       c.relkind AS kind,
       (SELECT COALESCE(pg_catalog.max(
                   pg_catalog.pg_relation_size(heap.oid)
                   / pg_catalog.current_setting('block_size')::pg_catalog.int8), 0)
          FROM heap WHERE heap.relkind IN ('r', 'm'))::pg_catalog.int8 AS pages,
       (SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_table_size(heap.oid)), 0)
          FROM heap WHERE heap.relkind IN ('r', 'm'))::pg_catalog.int8 AS size_bytes,
       (SELECT pg_catalog.sum(NULLIF(l.reltuples, -1))
          FROM heap JOIN pg_catalog.pg_class AS l ON l.oid = heap.oid
         WHERE l.relkind IN ('r', 'm', 'f'))::pg_catalog.float8 AS estimated_rows,
       -- Ranges of ctid need every row to be in a plain heap.
       (SELECT pg_catalog.bool_and(
                   heap.relkind = 'p'
                   OR heap.relkind IN ('r', 'm')
                      AND (SELECT a.amname = 'heap' FROM pg_catalog.pg_am AS a
                            WHERE a.oid = heap.relam))
          FROM heap)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension
                        WHERE extname IN ('timescaledb', 'citus')) AS has_ctid,
       ARRAY(SELECT DISTINCT a.attname::pg_catalog.text
               FROM pg_catalog.pg_constraint AS f
               JOIN pg_catalog.pg_attribute AS a
                 ON a.attrelid = f.confrelid AND a.attnum = ANY (f.confkey)
              WHERE f.contype = 'f' AND f.confrelid = c.oid AND f.conrelid <> c.oid
              ORDER BY 1) AS referenced_columns,
       c.relkind <> 'p'
       AND EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid)
           AS has_inheritors,
       c.relispopulated AS is_populated,
       ARRAY(SELECT r.rulename::pg_catalog.text FROM pg_catalog.pg_rewrite AS r
              WHERE r.ev_class = c.oid AND c.relkind IN ('r', 'p')
                AND r.ev_type IN ('2', '3', '4') AND r.ev_enabled IN ('O', 'A')
              ORDER BY r.rulename) AS rules,
       -- Bits of tgtype: 1 for each row, 2 before, 4 on INSERT, 16 on UPDATE.
       ARRAY(SELECT DISTINCT g.tgname::pg_catalog.text
               FROM heap JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = heap.oid
              WHERE g.tgtype & 3 = 3 AND g.tgtype & 20 <> 0
                AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
              ORDER BY 1) AS row_triggers,
       -- At a statement's end, triggers fire, and foreign keys and deferrable constraints are checked.
       -- A partition has those of its parents, too. An index may call keys equal that its columns'
       -- types tell apart.
       c.relispartition
       OR EXISTS (SELECT FROM heap JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = heap.oid
                   WHERE NOT g.tgisinternal AND g.tgenabled <> 'D')
       OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS f
                   WHERE f.conrelid = c.oid
                     AND (f.condeferrable AND f.contype <> 'f'
                          OR f.contype = 'f' AND f.confrelid = c.oid))
       OR EXISTS (SELECT FROM pg_catalog.pg_index AS i
                   WHERE i.indrelid = c.oid AND i.indisunique
                     AND (EXISTS (SELECT FROM pg_catalog.pg_collation AS l
                                   WHERE l.oid = ANY (i.indcollation) AND NOT l.collisdeterministic)
                          OR EXISTS (SELECT FROM pg_catalog.pg_opclass AS p
                                      WHERE p.oid = ANY (i.indclass) AND NOT p.opcdefault)))
           AS needs_one_statement,
       pg_catalog.row_security_active(c.oid) AS row_security,
       -- The provider's columns are of versions 15 and 17; to_jsonb gives NULL where they are missing.
       (SELECT CASE COALESCE(pg_catalog.to_jsonb(d) ->> 'datlocprovider', 'c')
               WHEN 'c' THEN d.datctype IN ('C', 'POSIX')
               WHEN 'b' THEN pg_catalog.to_jsonb(d) ->> 'datlocale' = 'C'
               ELSE false END
          FROM pg_catalog.pg_database AS d
         WHERE d.datname = pg_catalog.current_database()) AS has_ascii_case
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')

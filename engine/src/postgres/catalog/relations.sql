-- What the rows of relations depend on beside themselves: their files, the names and types of their columns, their
-- partitions and children, the queries of views; as the transaction's snapshot shows it.
-- $1 oid[]: the relations; NULL stands for those that the session has locked. The catalogue's own are left out.
WITH wanted AS (
    SELECT pg_catalog.unnest($1::pg_catalog.oid[]) AS oid
    UNION
    SELECT l.relation FROM pg_catalog.pg_locks AS l
    JOIN pg_catalog.pg_database AS d ON d.oid = l.database
    WHERE $1::pg_catalog.oid[] IS NULL AND l.pid = pg_catalog.pg_backend_pid()
        AND l.locktype = 'relation' AND d.datname = pg_catalog.current_database()
        -- Objects of the system have lower OIDs.
        AND l.relation >= 16384
)
SELECT
    wanted.oid,
    n.nspname::pg_catalog.text AS schema,
    c.relname::pg_catalog.text AS name,
    pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)) AS readable,
    c.relkind = 'f' AS is_foreign,
    -- Views, foreign and partitioned tables have no file.
    c.relfilenode AS file,
    ARRAY(
        SELECT pg_catalog.concat_ws(' ', a.attnum, a.atttypid, a.atttypmod, a.attname)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
    ) AS columns,
    ARRAY(
        SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid ORDER BY i.inhrelid
    ) AS children,
    ARRAY(
        SELECT pg_catalog.hashtextextended(r.ev_action::pg_catalog.text, 0)
        FROM pg_catalog.pg_rewrite AS r
        WHERE r.ev_class = c.oid AND c.relkind = 'v'
        ORDER BY r.oid
    ) AS queries
FROM wanted
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = wanted.oid
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IS NULL OR c.relkind IN ('r', 'm', 'v', 'f', 'p')

-- Tables that the session has locked, and parts of them, of which its snapshot does not show what is to be read:
-- those that were emptied or rewritten since, which are empty under an older snapshot; parts that are not read with
-- their table any more; and those of the given names, which have been written.
WITH locked AS (
    SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
    JOIN pg_catalog.pg_database AS d ON d.oid = l.database
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
        AND d.datname = pg_catalog.current_database()
), seen AS (
    SELECT relation FROM locked
    UNION
    SELECT i.inhrelid FROM locked JOIN pg_catalog.pg_inherits AS i ON i.inhparent = locked.relation
)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, w.is_written
FROM seen
JOIN pg_catalog.pg_class AS c ON c.oid = seen.relation
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]),
            pg_catalog.unnest($2::pg_catalog.text[])) AS w (schema, name)
        WHERE w.schema = n.nspname::pg_catalog.text AND w.name = c.relname::pg_catalog.text
    ) AS is_written
) AS w
-- The function sees the file as it is now, the table as it was. Objects of the system have lower OIDs.
WHERE c.relkind IN ('r', 'm', 'p', 'f') AND c.oid >= 16384 AND (
    c.relfilenode <> pg_catalog.pg_relation_filenode(c.oid)
    OR w.is_written
    OR NOT EXISTS (SELECT FROM locked WHERE locked.relation = c.oid))
ORDER BY 1

-- Tables that the session has locked, and of which its snapshot does not show what is to be read: those that were
-- emptied or rewritten since, which have no rows to an older snapshot; those that were created since; those of the
-- given names, which have been written; and the table that was planned for, if its name means another one by now.
WITH locked AS (
    SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
    JOIN pg_catalog.pg_database AS d ON d.oid = l.database
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
        AND d.datname = pg_catalog.current_database()
        -- Objects of the system have lower OIDs.
        AND l.relation >= 16384
)
SELECT
    CASE
        WHEN c.oid IS NULL THEN locked.relation::pg_catalog.regclass::pg_catalog.text
        ELSE pg_catalog.format('%I.%I', n.nspname, c.relname)
    END AS name,
    w.is_written
FROM locked
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = locked.relation
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]),
            pg_catalog.unnest($2::pg_catalog.text[])) AS w (schema, name)
        WHERE w.schema = n.nspname::pg_catalog.text AND w.name = c.relname::pg_catalog.text
    ) AS is_written
) AS w
-- Tables of the catalogue are read as they were; functions see how it is now.
WHERE (c.oid IS NULL AND pg_catalog.pg_get_indexdef(locked.relation) IS NULL)
    OR (c.relkind IN ('r', 'm') AND c.relfilenode <> pg_catalog.pg_relation_filenode(c.oid))
    OR w.is_written
UNION
SELECT $4::pg_catalog.text, false
WHERE $3::pg_catalog.oid >= 16384 AND NOT EXISTS (SELECT FROM locked WHERE locked.relation = $3::pg_catalog.oid)
ORDER BY 1

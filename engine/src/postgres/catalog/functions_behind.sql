-- Functions that a view calls, or one behind it, and that may read tables: planning a query on the view looks into none
-- of them, unless it is inlined.
-- $1 oid: the view.
WITH RECURSIVE views AS (
    SELECT $1::pg_catalog.oid AS oid
    UNION
    SELECT d.refobjid FROM views
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = views.oid
    JOIN pg_catalog.pg_depend AS d ON d.objid = r.oid
        AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
)
SELECT DISTINCT pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(p.proname)) AS name
FROM views
JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = views.oid
JOIN pg_catalog.pg_depend AS d ON d.objid = r.oid
    AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
JOIN pg_catalog.pg_proc AS p ON p.oid = d.refobjid
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
-- Those of extensions in C read no tables, as a rule, nor do immutable ones.
WHERE l.lanname NOT IN ('internal', 'c') AND p.provolatile <> 'i'
ORDER BY 1

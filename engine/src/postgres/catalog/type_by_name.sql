-- A type, or its array type, by name, and what SQL calls it here.
-- $1 text: schema; $2 text: name; $3 text: the extension it belongs to, in whatever schema, or NULL;
-- $4 boolean: whether the array type is meant; $5 integer: the modifier.
SELECT f.oid, pg_catalog.format_type(f.oid, $5) AS sql
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_type AS f ON f.oid = CASE WHEN $4 THEN t.typarray ELSE t.oid END
  LEFT JOIN pg_catalog.pg_depend AS d
         ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid
        AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension AS x ON x.oid = d.refobjid
 WHERE t.typname = $2
   AND t.typisdefined
   AND CASE WHEN $3::pg_catalog.text IS NULL THEN n.nspname = $1 ELSE x.extname = $3 END

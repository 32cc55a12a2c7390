-- Types by OID: what they are and what they are made of.
-- $1 oid[]: pg_type.oid of the types.
SELECT t.oid,
       n.nspname AS schema,
       t.typname AS name,
       pg_catalog.format_type(t.oid, NULL) AS sql,
       t.typtype AS kind,
       -- A true array: typlen -1 and an element type whose array type is this one.
       CASE WHEN e.typarray = t.oid THEN t.typelem ELSE 0 END AS element_oid,
       t.typbasetype AS base_oid,
       t.typtypmod AS base_typmod,
       pg_catalog.format_type(t.typbasetype, t.typtypmod) AS base_sql,
       t.typsend <> 0 AND t.typreceive <> 0 AS has_binary,
       ARRAY(SELECT l.enumlabel::pg_catalog.text FROM pg_catalog.pg_enum AS l
              WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder) AS labels,
       ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute AS a
              WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0
                AND NOT a.attisdropped ORDER BY a.attnum) AS field_names,
       ARRAY(SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
              WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0
                AND NOT a.attisdropped ORDER BY a.attnum) AS field_oids,
       ARRAY(SELECT a.atttypmod FROM pg_catalog.pg_attribute AS a
              WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0
                AND NOT a.attisdropped ORDER BY a.attnum) AS field_typmods,
       ARRAY(SELECT pg_catalog.format_type(a.atttypid, a.atttypmod)
               FROM pg_catalog.pg_attribute AS a
              WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0
                AND NOT a.attisdropped ORDER BY a.attnum) AS field_sqls,
       COALESCE((SELECT r.rngsubtype FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid), 0)
           AS subtype_oid,
       x.extname AS extension,
       x.extversion AS extension_version,
       xn.nspname AS extension_schema
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem
  LEFT JOIN pg_catalog.pg_depend AS d
         ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid
        AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension AS x ON x.oid = d.refobjid
  LEFT JOIN pg_catalog.pg_namespace AS xn ON xn.oid = x.extnamespace
 WHERE t.oid = ANY ($1)

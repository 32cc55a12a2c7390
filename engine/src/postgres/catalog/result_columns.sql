-- Columns of a query's result: what their types are called, and which columns of tables they are.
-- $1 oid[]: pg_type.oid; $2 int4[]: modifiers; $3 oid[]: pg_class.oid, or 0; $4 int2[]: pg_attribute.attnum.
SELECT pg_catalog.format_type(r.type_oid, r.typmod) AS type_sql,
       r.table_oid,
       a.attname::pg_catalog.text AS origin
  FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.int4[]),
                  pg_catalog.unnest($3::pg_catalog.oid[]), pg_catalog.unnest($4::pg_catalog.int2[]))
       WITH ORDINALITY AS r (type_oid, typmod, table_oid, attnum, number)
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.table_oid AND a.attnum = r.attnum
 ORDER BY r.number

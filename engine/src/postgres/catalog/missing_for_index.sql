-- What an index needs and the database does not have, in words.
-- $1 text: access method; $2 text[]: operator classes; $3 text[]: collations; $4 text[]: operators,
-- all quoted and with schema.
SELECT pg_catalog.format('access method "%s" is missing in the destination', $1::pg_catalog.text)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_am WHERE amname = $1)
 UNION ALL
SELECT pg_catalog.format('operator class %s is missing in the destination', u.name)
  FROM pg_catalog.unnest($2::pg_catalog.text[]) AS u (name)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_opclass AS o
                     JOIN pg_catalog.pg_am AS m ON m.oid = o.opcmethod
                     JOIN pg_catalog.pg_namespace AS n ON n.oid = o.opcnamespace
                    WHERE m.amname = $1
                      AND pg_catalog.quote_ident(n.nspname) || '.'
                          || pg_catalog.quote_ident(o.opcname) = u.name)
 UNION ALL
SELECT pg_catalog.format('collation %s is missing in the destination', u.name)
  FROM pg_catalog.unnest($3::pg_catalog.text[]) AS u (name)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_collation AS o
                     JOIN pg_catalog.pg_namespace AS n ON n.oid = o.collnamespace
                    WHERE pg_catalog.quote_ident(n.nspname) || '.'
                          || pg_catalog.quote_ident(o.collname) = u.name)
 UNION ALL
SELECT pg_catalog.format('operator %s is missing in the destination', u.name)
  FROM pg_catalog.unnest($4::pg_catalog.text[]) AS u (name)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_operator AS o
                     JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
                    WHERE pg_catalog.concat(
                              pg_catalog.quote_ident(n.nspname), '.', o.oprname, '(',
                              pg_catalog.format_type(o.oprleft, NULL), ',',
                              pg_catalog.format_type(o.oprright, NULL), ')') = u.name)

-- A collation that the database's encoding can use, and whether strings that it calls equal are
-- the same.
-- $1 text: its name, quoted and with schema.
SELECT c.collisdeterministic AS is_deterministic, c.collprovider AS provider
  FROM pg_catalog.pg_collation AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace
 WHERE pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.collname) = $1
   AND c.collencoding IN (-1, (SELECT d.encoding FROM pg_catalog.pg_database AS d
                                WHERE d.datname = pg_catalog.current_database()))
 ORDER BY c.collencoding DESC
 LIMIT 1

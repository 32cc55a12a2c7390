-- Whether the role may write the ledger, or create it if it is missing.
SELECT COALESCE(
       (SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
               AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
          FROM pg_catalog.pg_class AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname = 'towpath' AND c.relname = 'runs'),
       (SELECT pg_catalog.has_schema_privilege(n.oid, 'CREATE')
          FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'towpath'),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'))

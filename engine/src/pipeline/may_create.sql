-- Whether the role may create a table in a schema: 'may', or what it lacks.
-- $1 text: the schema.
SELECT CASE
       WHEN EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)
       THEN CASE WHEN pg_catalog.has_schema_privilege($1, 'CREATE')
                  AND pg_catalog.has_schema_privilege($1, 'USAGE')
                 THEN 'may' ELSE 'schema' END
       WHEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
       THEN 'may' ELSE 'database' END

-- Removes every table and every schema that some program has made, so that the next one starts from
-- nothing. Types stay, and so do what the measuring itself keeps (bench) and towpath's ledger.
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('DROP SCHEMA %I CASCADE', nspname)
          FROM pg_namespace
         WHERE nspname NOT IN ('public', 'bench', 'towpath', 'information_schema')
           AND nspname NOT LIKE 'pg\_%'
        UNION ALL
        SELECT format('DROP TABLE %s CASCADE', oid::regclass)
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$

-- Whether an extension is installed in the database, and whether it could be.
-- $1 text: its name.
SELECT EXISTS (SELECT FROM pg_catalog.pg_extension AS x WHERE x.extname = $1) AS is_installed,
       EXISTS (SELECT FROM pg_catalog.pg_available_extensions AS a WHERE a.name = $1) AS is_available

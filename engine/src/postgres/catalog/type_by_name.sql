-- The OIDs of a type and of its array type.
-- $1 text: schema; $2 text: name.
SELECT t.oid, t.typarray AS array_oid
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
 WHERE n.nspname = $1 AND t.typname = $2 AND t.typisdefined

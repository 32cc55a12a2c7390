-- The range type of a multirange type; the column is of version 14.
-- $1 oid: pg_type.oid of the multirange type.
SELECT r.rngtypid AS range_oid FROM pg_catalog.pg_range AS r WHERE r.rngmultitypid = $1

-- What two equal tables have in common, as texts: the number of rows, a hash of all rows that does
-- not depend on their order, columns with type and whether they are NOT NULL, the primary key.
-- {table}: the table.
SELECT count(*)::text,
       coalesce(sum(hashtextextended(t::text, 0))::text, ''),
       (SELECT string_agg(concat_ws(E'\t', attname, format_type(atttypid, atttypmod), attnotnull::text),
                          E'\n' ORDER BY attnum)
          FROM pg_attribute
         WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped),
       coalesce((SELECT pg_get_constraintdef(oid)
                   FROM pg_constraint
                  WHERE conrelid = '{table}'::regclass AND contype = 'p'), '')
  FROM {table} AS t

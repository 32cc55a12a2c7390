-- What two equal tables have in common, as texts: the number of rows, a hash of all rows that does
-- not depend on their order, columns with type and nullability, the primary key.
SELECT count(*)::text,
       coalesce(sum(hashtextextended(t::text, 0))::text, ''),
       (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod),
                                    CASE WHEN attnotnull THEN 'NOT NULL' END), ', ' ORDER BY attnum)
          FROM pg_attribute
         WHERE attrelid = 'public.lineitem'::regclass AND attnum > 0 AND NOT attisdropped),
       coalesce((SELECT pg_get_constraintdef(oid)
                   FROM pg_constraint
                  WHERE conrelid = 'public.lineitem'::regclass AND contype = 'p'), '')
  FROM public.lineitem AS t

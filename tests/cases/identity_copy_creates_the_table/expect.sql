-- both: the rows
SELECT * FROM public.orders
-- both: the columns that are NOT NULL
SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 'public.orders'::regclass AND attnum > 0
-- both: the primary key
SELECT pg_get_constraintdef(oid) AS key FROM pg_constraint WHERE conrelid = 'public.orders'::regclass AND contype = 'p'

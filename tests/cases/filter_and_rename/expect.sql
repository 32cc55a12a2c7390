-- source: what PostgreSQL makes of the same SQL
SELECT id AS customer_id, lower(email) AS email, credit AS "Credit", born, address
  FROM public.customers WHERE deleted_at IS NULL AND country = 'DE' AND credit > 10.5
-- destination:
SELECT * FROM analytics.german_customers
-- source: the key
SELECT 'PRIMARY KEY (customer_id)' AS key
-- destination:
SELECT pg_get_constraintdef(oid) AS key FROM pg_constraint WHERE conrelid = 'analytics.german_customers'::regclass AND contype = 'p'

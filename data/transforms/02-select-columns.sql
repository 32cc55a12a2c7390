-- Select columns
-- Only the columns that are named. The others are not read.
-- source: public.orders

SELECT id, customer_id, status, placed_at FROM {{ source }};

-- Rename columns
-- An alias is the name of the column at the destination.
-- In double quotes it keeps its capitals and may hold spaces.
-- source: public.orders

SELECT
    id AS order_id,
    customer_id AS buyer_id,
    placed_at AS ordered_at,
    currency AS "Currency code"
FROM {{ source }};

-- Cast columns
-- The destination gets another type than the source has.
-- `CAST(x AS type)` and `x::type` are the same.
-- source: public.orders

SELECT
    id::text AS order_key,
    CAST(amount AS double precision) AS amount,
    placed_at::date AS day,
    currency::varchar(3) AS currency,
    took::text AS took,
    ip::text AS ip
FROM {{ source }};

-- Widen types
-- Each column gets a type that holds all values of its own, and more.
-- source: public.orders

SELECT
    id::numeric(20, 0) AS id,
    amount_cents::bigint AS amount_cents,
    amount::numeric(20, 4) AS amount,
    currency::text AS currency,
    shipped_on::timestamp AS shipped_at,
    tags::varchar[] AS tags
FROM {{ source }};

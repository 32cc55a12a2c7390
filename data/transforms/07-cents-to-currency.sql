-- Cents to currency
-- An integer number of cents becomes an exact decimal number.
-- The divisor is `100.0`: `amount_cents / 100` would drop the cents.
-- source: public.orders

SELECT
    id,
    (amount_cents / 100.0)::numeric(12, 2) AS amount,
    (amount_cents / 100.0)::numeric(12, 2)::text || ' ' || currency AS price
FROM {{ source }};

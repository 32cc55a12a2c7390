-- Pivot a status to flags
-- One boolean column for each value of `status`.
-- A comparison with NULL is NULL: `coalesce` makes it false.
-- source: public.orders

SELECT
    id,
    coalesce(status = 'new', false) AS is_new,
    coalesce(status = 'paid', false) AS is_paid,
    coalesce(status IN ('shipped', 'delivered'), false) AS is_sent,
    coalesce(status = 'cancelled', false) AS is_cancelled,
    status IS NULL AS is_unknown
FROM {{ source }};

-- Fill in what is NULL
-- `coalesce` gives the first value that is not NULL. `nullif` makes a value NULL.
-- `IS DISTINCT FROM` compares, and takes NULL for a value.
-- source: public.orders

SELECT
    id,
    coalesce(status, 'unknown') AS status,
    coalesce(amount, amount_cents / 100.0, 0)::numeric(12, 2) AS amount,
    coalesce(discount, 0) AS discount,
    coalesce(nullif(trim(notes), ''), '(none)') AS notes,
    status IS DISTINCT FROM 'cancelled' AS counts
FROM {{ source }};

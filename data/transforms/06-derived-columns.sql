-- Derive columns
-- New columns, computed from those of the same row.
-- source: public.orders

SELECT
    id,
    upper(status) AS status,
    round(amount * 0.19, 2) AS vat,
    amount - coalesce(discount, 0) AS net,
    shipped_on - placed_at::date AS days_to_ship,
    CASE
        WHEN amount IS NULL THEN 'unknown'
        WHEN amount < 50 THEN 'small'
        WHEN amount < 150 THEN 'medium'
        ELSE 'large'
    END AS size
FROM {{ source }};

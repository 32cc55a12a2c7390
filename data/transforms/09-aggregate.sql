-- Aggregate
-- One row for each month and currency.
-- `FILTER` counts some of the rows of a group.
-- source: public.orders

SELECT
    date_trunc('month', placed_at) AS month,
    currency,
    count(*) AS orders,
    count(DISTINCT customer_id) AS customers,
    sum(amount) AS revenue,
    count(*) FILTER (WHERE status = 'cancelled') AS cancelled
FROM {{ source }}
GROUP BY date_trunc('month', placed_at), currency;

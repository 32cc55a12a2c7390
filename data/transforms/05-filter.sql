-- Filter rows
-- Only rows for which the condition is true. A row for which it is NULL is left out, too.
-- source: public.orders

SELECT id, status, amount, currency
FROM {{ source }}
WHERE status IN ('paid', 'shipped', 'delivered')
  AND amount >= 50
  AND placed_at >= '2023-12-01';

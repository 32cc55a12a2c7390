-- WITH, WITH RECURSIVE, MATERIALIZED.
-- source: public.orders

WITH paid AS (SELECT * FROM {{ source }} WHERE status = 'paid') SELECT id, amount FROM paid;

WITH a AS (SELECT id, amount FROM {{ source }}), b AS (SELECT * FROM a WHERE amount > 100) SELECT id, amount * 2 AS twice FROM b;

WITH totals AS (SELECT customer_id, sum(amount) AS total FROM {{ source }} GROUP BY customer_id) SELECT o.id, t.total FROM {{ source }} AS o JOIN totals AS t ON t.customer_id = o.customer_id;

WITH q (number, word) AS (SELECT id, status FROM {{ source }}) SELECT number, word FROM q WHERE word IS NOT NULL;

WITH q AS MATERIALIZED (SELECT id, amount FROM {{ source }}) SELECT a.id, b.id AS next_id FROM q AS a JOIN q AS b ON b.id = a.id + 1;

WITH q AS NOT MATERIALIZED (SELECT id, status FROM {{ source }}) SELECT status, count(*) AS n FROM q GROUP BY status;

WITH big AS (SELECT id FROM {{ source }} WHERE amount > 150) SELECT id, id IN (SELECT id FROM big) AS big FROM {{ source }};

WITH a AS (WITH b AS (SELECT id, amount_cents FROM {{ source }}) SELECT id, amount_cents + 1 AS more FROM b) SELECT * FROM a;

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT o.id, n.i FROM {{ source }} AS o JOIN n ON n.i <= o.id % 6;

WITH RECURSIVE days (day, last) AS (
    SELECT min(placed_at)::date, max(placed_at)::date FROM {{ source }}
    UNION ALL
    SELECT day + 1, last FROM days WHERE day < last
)
SELECT d.day, count(o.id) AS n FROM days AS d LEFT JOIN {{ source }} AS o ON o.placed_at::date = d.day GROUP BY d.day;

WITH ranked AS (SELECT id, currency, row_number() OVER (PARTITION BY currency ORDER BY amount DESC NULLS LAST, id) AS place FROM {{ source }}) SELECT id, currency FROM ranked WHERE place <= 2;

WITH unused AS (SELECT 1 / 0 AS x), used AS (SELECT id FROM {{ source }}) SELECT id FROM used;

-- source: public.customers
WITH RECURSIVE chain AS (
    SELECT id, referred_by, 0 AS depth, ARRAY[id] AS path FROM {{ source }} WHERE referred_by IS NULL
    UNION ALL
    SELECT c.id, c.referred_by, chain.depth + 1, chain.path || c.id FROM {{ source }} AS c JOIN chain ON c.referred_by = chain.id
)
SELECT id, depth, path FROM chain;

-- source: public.customers
WITH RECURSIVE up (start, id, referred_by) AS (
    SELECT id, id, referred_by FROM {{ source }}
    UNION
    SELECT up.start, c.id, c.referred_by FROM up JOIN {{ source }} AS c ON c.id = up.referred_by
)
SELECT start, count(*) - 1 AS ancestors FROM up GROUP BY start;

-- source: public.orders
SELECT id FROM (WITH x AS (SELECT id, payload ->> 'channel' AS ch FROM {{ source }}) SELECT id, ch FROM x) AS y WHERE id IN (WITH x AS (SELECT id FROM {{ source }} WHERE id < 5) SELECT id FROM x);

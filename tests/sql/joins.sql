-- Joins of the source with itself.
-- source: public.orders

SELECT a.id, b.id AS other FROM {{ source }} AS a JOIN {{ source }} AS b ON a.customer_id = b.customer_id AND a.id < b.id;

SELECT a.id, b.status AS next_status FROM {{ source }} AS a LEFT JOIN {{ source }} AS b ON b.id = a.id + 1;

SELECT a.id AS a_id, b.id AS b_id FROM {{ source }} AS a RIGHT JOIN {{ source }} AS b ON b.id = a.id + 10;

SELECT a.id AS a_id, b.id AS b_id FROM {{ source }} AS a FULL JOIN {{ source }} AS b ON b.id = a.id + 55;

SELECT a.id, b.id AS other FROM {{ source }} AS a CROSS JOIN {{ source }} AS b WHERE a.id <= 3 AND b.id <= 3;

SELECT id, a.amount AS amount_a, b.amount AS amount_b FROM {{ source }} AS a JOIN {{ source }} AS b USING (id) WHERE a.status = 'paid';

SELECT id, b.n FROM {{ source }} AS a NATURAL JOIN (SELECT customer_id, count(*) AS n FROM {{ source }} GROUP BY customer_id) AS b;

SELECT customer_id, a.id, b.id AS other FROM {{ source }} AS a FULL JOIN (SELECT * FROM {{ source }} WHERE amount > 100) AS b USING (customer_id);

SELECT a.id FROM {{ source }} AS a LEFT JOIN {{ source }} AS b ON b.customer_id = a.customer_id AND b.placed_at > a.placed_at WHERE b.id IS NULL;

SELECT a.id, b.id AS later FROM {{ source }} AS a JOIN {{ source }} AS b ON b.placed_at > a.placed_at AND b.placed_at < a.placed_at + interval '5 days';

SELECT a.id, b.id AS second, c.id AS third FROM {{ source }} AS a JOIN {{ source }} AS b ON b.id = a.id * 2 JOIN {{ source }} AS c ON c.id = b.id * 2;

SELECT a.status, count(b.id) AS pairs FROM {{ source }} AS a LEFT JOIN {{ source }} AS b ON b.status = a.status AND b.currency <> a.currency GROUP BY a.status;

SELECT a.id, a.discount, b.id AS same_discount FROM {{ source }} AS a JOIN {{ source }} AS b ON a.discount IS NOT DISTINCT FROM b.discount AND b.id = a.id + 6;

SELECT a.id, b.tags FROM {{ source }} AS a JOIN {{ source }} AS b ON a.tags = b.tags AND a.id = b.id - 1;

-- source: public.customers
SELECT c.id, c.name, r.name AS referred_by_name FROM {{ source }} AS c LEFT JOIN {{ source }} AS r ON r.id = c.referred_by;

-- source: public.customers
SELECT a.id, b.id AS same_mail FROM {{ source }} AS a JOIN {{ source }} AS b ON lower(trim(a.email)) = lower(trim(b.email)) AND a.id < b.id;

-- source: public.sample
SELECT a.id, b.id AS other FROM {{ source }} AS a JOIN {{ source }} AS b ON a.i = b.l;

-- source: public.sample
SELECT a.id, b.id AS other FROM {{ source }} AS a JOIN {{ source }} AS b ON a.m = b.n;

-- source: public.sample
SELECT a.id, b.id AS other FROM {{ source }} AS a LEFT JOIN {{ source }} AS b ON a.d = b.d AND a.id <> b.id;

-- source: public.sample
SELECT a.id, b.id AS other FROM {{ source }} AS a JOIN {{ source }} AS b ON a.c = b.v;

-- source: public.orders
SELECT a.id, coalesce(b.payload ->> 'nokey', 'none') AS x FROM {{ source }} AS a LEFT JOIN {{ source }} AS b ON b.id = a.id + 30;

-- source: public.orders
SELECT a.id, b.id AS bid FROM {{ source }} AS a LEFT JOIN {{ source }} AS b ON b.id = a.id + 30 WHERE (b.payload ->> 'channel') IS NULL;

-- source: public.orders
SELECT coalesce(b.payload ->> 'channel', 'none') AS channel, count(*) AS n FROM {{ source }} AS a LEFT JOIN {{ source }} AS b ON b.id = a.id + 30 GROUP BY coalesce(b.payload ->> 'channel', 'none');

-- source: public.orders
WITH b AS (SELECT id, payload ->> 'channel' AS ch FROM {{ source }} WHERE id < 10) SELECT a.id, coalesce(b.ch, 'none') AS ch FROM {{ source }} AS a LEFT JOIN b ON b.id = a.id;

-- source: public.orders
SELECT a.id, num_nulls(a.status, a.notes) AS missing FROM {{ source }} AS a RIGHT JOIN {{ source }} AS b ON b.id = a.id + 30;

-- source: public.orders
SELECT a.id, to_char(b.placed_at, 'YYYY-MM') AS month FROM {{ source }} AS a JOIN {{ source }} AS b ON b.id = a.id + 1 AND b.payload ->> 'channel' = a.payload ->> 'channel';

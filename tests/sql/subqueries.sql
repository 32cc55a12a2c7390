-- Subqueries: scalar, correlated, IN, EXISTS, ANY, ALL, in FROM.
-- source: public.orders

SELECT id, amount - (SELECT avg(amount) FROM {{ source }}) AS over_mean FROM {{ source }};

SELECT id, (SELECT count(*) FROM {{ source }} AS x WHERE x.customer_id = o.customer_id) AS of_customer FROM {{ source }} AS o;

SELECT id, (SELECT max(x.placed_at) FROM {{ source }} AS x WHERE x.placed_at < o.placed_at) AS previous FROM {{ source }} AS o;

SELECT id FROM {{ source }} WHERE amount = (SELECT max(amount) FROM {{ source }});

SELECT id FROM {{ source }} AS o WHERE amount > (SELECT avg(x.amount) FROM {{ source }} AS x WHERE x.currency = o.currency);

SELECT id FROM {{ source }} WHERE customer_id IN (SELECT customer_id FROM {{ source }} WHERE status = 'returned');

SELECT id FROM {{ source }} WHERE customer_id NOT IN (SELECT customer_id FROM {{ source }} WHERE status = 'returned' AND customer_id IS NOT NULL);

SELECT count(*) AS n FROM {{ source }} WHERE 1 NOT IN (SELECT customer_id FROM {{ source }});

SELECT id FROM {{ source }} AS o WHERE EXISTS (SELECT 1 FROM {{ source }} AS x WHERE x.customer_id = o.customer_id AND x.id <> o.id AND x.currency = o.currency);

SELECT id FROM {{ source }} AS o WHERE NOT EXISTS (SELECT FROM {{ source }} AS x WHERE x.customer_id = o.customer_id AND x.placed_at > o.placed_at);

SELECT id FROM {{ source }} WHERE amount > ALL (SELECT amount FROM {{ source }} WHERE status = 'new' AND amount IS NOT NULL);

SELECT id FROM {{ source }} WHERE amount_cents = ANY (SELECT amount_cents FROM {{ source }} WHERE status = 'paid');

SELECT id FROM {{ source }} WHERE (customer_id, currency) IN (SELECT customer_id, currency FROM {{ source }} WHERE status = 'paid');

SELECT id, EXISTS (SELECT 1 FROM {{ source }} AS x WHERE x.id = o.id + 60) AS next_page FROM {{ source }} AS o;

SELECT q.status, q.n FROM (SELECT status, count(*) AS n FROM {{ source }} GROUP BY status) AS q WHERE q.n > 8;

SELECT q.a, q.b FROM (SELECT id, status FROM {{ source }}) AS q (a, b);

SELECT id, (SELECT NULL::integer) AS nothing, (SELECT x.id FROM {{ source }} AS x WHERE false) AS none FROM {{ source }};

SELECT id, ARRAY(SELECT x.id FROM {{ source }} AS x WHERE x.customer_id = o.customer_id ORDER BY x.id) AS of_customer FROM {{ source }} AS o;

SELECT id FROM (SELECT id, amount FROM {{ source }} ORDER BY amount DESC NULLS LAST, id LIMIT 10) AS top ORDER BY amount, id LIMIT 3;

SELECT id, CASE WHEN id = (SELECT min(id) FROM {{ source }}) THEN 'first' END AS place FROM {{ source }};

-- source: public.orders
SELECT id, -amount_cents AS amount_cents FROM {{ source }} ORDER BY (amount_cents), id LIMIT 5;

-- source: public.customers
SELECT id, (SELECT id FROM {{ source }} WHERE id < 0) IS NULL AS none FROM {{ source }};

-- source: public.customers
SELECT id FROM {{ source }} WHERE (SELECT id FROM {{ source }} WHERE id < 0) IS NULL;

-- source: public.customers
SELECT id, coalesce((SELECT id FROM {{ source }} WHERE id < 0), -1) AS none FROM {{ source }};

-- source: public.customers
SELECT id FROM {{ source }} WHERE id NOT IN (SELECT referred_by FROM {{ source }}) OR id = 2;

-- source: public.customers
SELECT id FROM {{ source }} WHERE NOT (id IN (SELECT referred_by FROM {{ source }}) AND country = 'US');

-- source: public.customers
SELECT id FROM {{ source }} WHERE (referred_by IN (SELECT id FROM {{ source }} WHERE id < 5)) IS NULL;

-- source: public.customers
SELECT c.id FROM {{ source }} c WHERE c.id NOT IN (SELECT o.customer_id FROM {{ source('public.orders') }} o WHERE o.customer_id = c.id AND o.status = 'paid');

-- source: public.customers
SELECT c.id FROM {{ source }} c WHERE EXISTS (SELECT max(o.id) FROM {{ source('public.orders') }} o WHERE o.customer_id = c.id);

-- source: public.customers
SELECT c.id FROM {{ source }} c WHERE 0 IN (SELECT count(*) FROM {{ source('public.orders') }} o WHERE o.customer_id = c.id);

-- source: public.customers
SELECT c.id FROM {{ source }} c WHERE EXISTS (SELECT 1 FROM {{ source('public.orders') }} o WHERE o.customer_id = c.id OFFSET 3);

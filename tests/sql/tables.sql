-- Several tables of the source: joins, subqueries and set operations between them.
-- source: public.orders

SELECT o.id, c.name, o.amount FROM {{ source }} o JOIN {{ source('public.customers') }} c ON c.id = o.customer_id;

SELECT o.id, c.name, c.country FROM {{ source }} o LEFT JOIN {{ source('public.customers') }} c ON c.id = o.customer_id AND c.country = 'US';

SELECT customers.name, count(o.id) AS orders, sum(o.amount) AS total FROM {{ source('public.customers') }} LEFT JOIN {{ source }} o ON o.customer_id = customers.id GROUP BY customers.name;

SELECT e.id, e.kind, o.status, c.name FROM {{ source('public.events') }} e JOIN {{ source }} o ON o.id = e.order_id JOIN {{ source('public.customers') }} c ON c.id = o.customer_id;

SELECT id, status FROM {{ source }} WHERE customer_id IN (SELECT id FROM {{ source('public.customers') }} WHERE country = 'GB');

SELECT id, status FROM {{ source }} WHERE customer_id NOT IN (SELECT id FROM {{ source('public.customers') }} WHERE country = 'GB');

SELECT o.id FROM {{ source }} o WHERE EXISTS (SELECT 1 FROM {{ source('public.events') }} e WHERE e.order_id = o.id AND e.kind = 'error');

SELECT o.id FROM {{ source }} o WHERE NOT EXISTS (SELECT 1 FROM {{ source('public.events') }} e WHERE e.order_id = o.id);

SELECT o.id, (SELECT count(*) FROM {{ source('public.events') }} e WHERE e.order_id = o.id) AS events FROM {{ source }} o;

SELECT o.id, (SELECT max(e.at) FROM {{ source('public.events') }} e WHERE e.order_id = o.id) AS last_event FROM {{ source }} o;

SELECT 'order' AS what, id FROM {{ source }} UNION ALL SELECT 'event', id FROM {{ source('public.events') }};

SELECT customer_id AS id FROM {{ source }} INTERSECT SELECT id FROM {{ source('public.customers') }} WHERE country = 'US';

SELECT id FROM {{ source('public.customers') }} EXCEPT SELECT customer_id FROM {{ source }};

WITH customers AS (SELECT id, lower(name) AS name FROM {{ source('public.customers') }}), paid AS (SELECT id, customer_id FROM {{ source }} WHERE status = 'paid') SELECT paid.id, customers.name FROM paid JOIN customers ON customers.id = paid.customer_id;

WITH per_order AS (SELECT order_id, count(*) AS n FROM {{ source('public.events') }} GROUP BY order_id) SELECT o.id, coalesce(p.n, 0) AS events FROM {{ source }} o LEFT JOIN per_order p ON p.order_id = o.id;

SELECT o.id, c.attributes ->> 'plan' AS plan, o.payload ->> 'channel' AS channel FROM {{ source }} o JOIN {{ source('public.customers') }} c ON c.id = o.customer_id;

SELECT c.attributes ->> 'plan' AS plan, count(*) AS orders FROM {{ source }} o JOIN {{ source('public.customers') }} c ON c.id = o.customer_id WHERE o.payload ->> 'channel' = 'web' GROUP BY c.attributes ->> 'plan';

SELECT o.id, i.item ->> 'sku' AS sku, c.name FROM {{ source }} o CROSS JOIN LATERAL jsonb_array_elements(o.payload -> 'items') AS i(item) JOIN {{ source('public.customers') }} c ON c.id = o.customer_id;

SELECT c.id, referrer.name AS referred_by FROM {{ source('public.customers') }} c JOIN {{ source('public.customers') }} referrer ON referrer.id = c.referred_by WHERE c.id IN (SELECT customer_id FROM {{ source }});

SELECT o.id, e.id AS event_id, row_number() OVER (PARTITION BY o.id ORDER BY e.at, e.id) AS number FROM {{ source }} o JOIN {{ source('public.events') }} e ON e.order_id = o.id;

SELECT o.id, c.name, o.period, o.location, o.ip, o.tags FROM {{ source }} o FULL JOIN {{ source('public.customers') }} c ON c.id = o.customer_id;

SELECT DISTINCT c.country, o.status FROM {{ source }} o JOIN {{ source('public.customers') }} c ON c.id = o.customer_id;

SELECT c.name, array_agg(o.id ORDER BY o.id) AS orders FROM {{ source }} o JOIN {{ source('public.customers') }} c ON c.id = o.customer_id GROUP BY c.name;

SELECT o.id, latest.kind FROM {{ source }} o LEFT JOIN LATERAL (SELECT e.kind FROM {{ source('public.events') }} e WHERE e.order_id = o.id ORDER BY e.at DESC, e.id DESC LIMIT 1) latest ON true;

SELECT o.id, x.doubled FROM {{ source }} o, (SELECT id, id * 2 AS doubled FROM {{ source('public.customers') }}) x WHERE x.id = o.customer_id;

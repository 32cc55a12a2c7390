-- LATERAL, functions in FROM, rows from arrays and JSON.
-- source: public.orders

SELECT o.id, item ->> 'sku' AS sku FROM {{ source }} AS o CROSS JOIN LATERAL jsonb_array_elements(o.payload -> 'items') AS item;

SELECT o.id, i.n, i.item ->> 'sku' AS sku FROM {{ source }} AS o CROSS JOIN LATERAL jsonb_array_elements(o.payload -> 'items') WITH ORDINALITY AS i (item, n);

SELECT o.id, i.item -> 'price' AS price FROM {{ source }} AS o LEFT JOIN LATERAL jsonb_array_elements(o.payload -> 'items') AS i (item) ON true;

SELECT o.id, sum((item ->> 'qty')::integer * (item ->> 'price')::numeric) AS total FROM {{ source }} AS o, jsonb_array_elements(o.payload -> 'items') AS item GROUP BY o.id;

SELECT o.id, t.tag, t.n FROM {{ source }} AS o CROSS JOIN LATERAL unnest(o.tags) WITH ORDINALITY AS t (tag, n);

SELECT o.id, g FROM {{ source }} AS o CROSS JOIN generate_series(1, 3) AS g;

SELECT o.id, g.i FROM {{ source }} AS o CROSS JOIN LATERAL generate_series(1, jsonb_array_length(o.payload -> 'items')) AS g (i);

SELECT o.id, x.doubled, x.doubled + 1 AS more FROM {{ source }} AS o CROSS JOIN LATERAL (SELECT o.amount * 2 AS doubled) AS x;

SELECT o.id, p.id AS previous_id, p.amount FROM {{ source }} AS o LEFT JOIN LATERAL (SELECT id, amount FROM {{ source }} AS x WHERE x.customer_id = o.customer_id AND x.placed_at < o.placed_at ORDER BY x.placed_at DESC, x.id LIMIT 1) AS p ON true;

SELECT c.currency, top.id FROM (SELECT DISTINCT currency FROM {{ source }}) AS c CROSS JOIN LATERAL (SELECT id FROM {{ source }} AS o WHERE o.currency = c.currency ORDER BY amount DESC NULLS LAST, id LIMIT 2) AS top;

SELECT o.id, v.name, v.value FROM {{ source }} AS o CROSS JOIN LATERAL (VALUES ('status', o.status), ('currency', o.currency::text)) AS v (name, value);

SELECT id, generate_series(1, 2) AS g FROM {{ source }};

SELECT o.id, d.day::date AS day FROM {{ source }} AS o CROSS JOIN LATERAL generate_series(lower(o.period)::date, upper(o.period)::date, '1 day') AS d (day);

SELECT o.id, r.a, r.b FROM {{ source }} AS o, ROWS FROM (generate_series(1, 2), unnest(o.tags)) AS r (a, b);

SELECT o.id, k.key, k.value FROM {{ source }} AS o CROSS JOIN LATERAL jsonb_each_text(o.payload) AS k WHERE k.key <> 'items';

-- source: public.everything
SELECT e.id, u.w, u.n FROM {{ source }} AS e CROSS JOIN LATERAL unnest(e.wholes) WITH ORDINALITY AS u (w, n);

-- source: public.everything
SELECT e.id, a.element FROM {{ source }} AS e CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(e.docb) WHEN 'array' THEN e.docb END) AS a (element);

-- source: public.everything
SELECT e.id, l.lexeme, l.positions FROM {{ source }} AS e CROSS JOIN LATERAL unnest(e.words) AS l;

-- source: public.orders
SELECT id, -g AS g FROM {{ source }}, generate_series(1, 3) AS g ORDER BY g, id LIMIT 5;

-- source: public.orders
SELECT id, generate_series(1, 3) AS g FROM {{ source }} ORDER BY id, g LIMIT 7;

-- source: public.orders
SELECT DISTINCT id, unnest(tags) AS t FROM {{ source }};

-- source: public.orders
SELECT count(*) AS n FROM (SELECT DISTINCT ON (id) id, unnest(tags) AS t FROM {{ source }} ORDER BY id) AS q;

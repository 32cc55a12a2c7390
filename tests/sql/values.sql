-- VALUES as a table.
-- source: public.orders

SELECT o.id, v.label FROM {{ source }} AS o JOIN (VALUES ('new', 'open'), ('paid', 'open'), ('shipped', 'moving')) AS v (status, label) ON v.status = o.status;

SELECT o.id, coalesce(v.rate, 1) * o.amount AS eur FROM {{ source }} AS o LEFT JOIN (VALUES ('USD', 0.92), ('CHF', 1.05), ('GBP', 1.17)) AS v (currency, rate) ON v.currency = o.currency;

SELECT o.id, v.x FROM {{ source }} AS o CROSS JOIN (VALUES (1), (NULL), (3)) AS v (x);

SELECT id FROM {{ source }} WHERE status IN (VALUES ('paid'), ('new'));

SELECT v.a, v.b, count(o.id) AS n FROM (VALUES (0, 50), (50, 100), (100, 1000)) AS v (a, b) LEFT JOIN {{ source }} AS o ON o.amount >= v.a AND o.amount < v.b GROUP BY v.a, v.b;

WITH names (code, name) AS (VALUES ('EUR', 'euro'), ('USD', 'dollar')) SELECT o.id, n.name FROM {{ source }} AS o JOIN names AS n ON n.code = o.currency;

SELECT id AS column1, status AS column2 FROM {{ source }} UNION ALL VALUES (0, 'none'), (-1, NULL);

SELECT o.id, v.* FROM {{ source }} AS o, (VALUES (1, 'a', 1.5, DATE '2024-01-01'), (2, NULL, 2, NULL)) AS v (n, word, number, day) WHERE v.n = o.id % 3;

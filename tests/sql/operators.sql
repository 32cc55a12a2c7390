-- Operators: how they bind, numbers in quotes, conditions that fail, and windows by computed keys.
-- source: public.sample

SELECT id FROM {{ source }} WHERE b IS DISTINCT FROM false OR i < 3;

SELECT id FROM {{ source }} WHERE b IS NOT DISTINCT FROM true AND i <= 3;

SELECT id, NOT b IS DISTINCT FROM true AND i > 1 AS a, b IS DISTINCT FROM i > 2 AS c FROM {{ source }};

SELECT x.id, y.id AS other FROM {{ source }} x JOIN {{ source('public.sample') }} y ON x.b IS NOT DISTINCT FROM y.b AND x.id < y.id;

SELECT b, count(*) FILTER (WHERE b IS DISTINCT FROM true OR i > 1) AS n FROM {{ source }} GROUP BY b;

SELECT id, - i ^ 2 AS a, -2 ^ 2 AS b, ~ i + 1 AS c, @ i - 5 AS d FROM {{ source }} WHERE i < 1000;

SELECT count(*) AS n, sum(- i * 2) AS a FROM {{ source }} WHERE i < 1000;

SELECT id, m + '1.555' AS a, m * '2' AS b, '.5' - m AS c, m / '4' AS d FROM {{ source }};

SELECT id FROM {{ source }} WHERE m = '2.501' OR m = '2.50' OR m < '-0.001';

SELECT id FROM {{ source }} WHERE m IN ('2.501', '2.5', ' 7 ') AND id < 100;

SELECT id FROM {{ source }} WHERE m BETWEEN '-0.005' AND '100.001' AND m IS DISTINCT FROM '0.001';

SELECT id, nullif(m, '2.501') AS a, coalesce(m, '1.555') AS c, greatest(m, '1.555') AS d FROM {{ source }};

SELECT id, CASE m WHEN '2.501' THEN 1 WHEN '2.5' THEN 2 END AS a, CASE WHEN id > 3 THEN m ELSE '1.555' END AS c FROM {{ source }};

SELECT b, max(m) AS a FROM {{ source }} GROUP BY b HAVING max(m) > '0.001';

-- since: 14
SELECT id, lag(m, 1, '1.555') OVER (ORDER BY id) AS a, lag(i, 1, 1.5) OVER (ORDER BY id) AS c FROM {{ source }};

SELECT id, lag(id, NULL) OVER (ORDER BY id) AS a FROM {{ source }};

SELECT id, lead(id, NULL, 5) OVER (ORDER BY id) AS a FROM {{ source }};

SELECT id, lag(i, 2, 0) OVER (ORDER BY id) AS a, ntile(3) OVER (ORDER BY id) AS c, nth_value(i, 2) OVER (ORDER BY id) AS d FROM {{ source }};

SELECT id, nullif(m, 0) AS a, nullif(m, i) AS c FROM {{ source }};

SELECT id, numeric '1.50' AS a, '1.50'::numeric AS c FROM {{ source }};

SELECT v.x, s.id FROM {{ source }} s CROSS JOIN (VALUES (1.5), ('1.555')) AS v(x) WHERE s.id < 3;

SELECT b, sum(round((j ->> 'a')::numeric, 2)) AS a FROM {{ source }} WHERE j ->> 'a' ~ '^[0-9.]+$' GROUP BY b;

SELECT b, max(round(d::numeric, 2)) AS a FROM {{ source }} WHERE d BETWEEN -1000 AND 1000 GROUP BY b;

SELECT id, min(d) AS a, max(d) AS c, min(r) AS d, max(r) AS e FROM {{ source }} GROUP BY id;

SELECT b, min(d) AS a, max(d) AS c FROM {{ source }} GROUP BY b;

SELECT x.id FROM {{ source }} x WHERE x.d = (SELECT max(y.d) FROM {{ source('public.sample') }} y WHERE y.b = x.b);

SELECT id, min(d) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS a FROM {{ source }};

SELECT id FROM {{ source }} WHERE i < 2000000000 OR i + 1 > 0;

SELECT id FROM {{ source }} WHERE i > 0 AND 100 / i > 1;

SELECT count(*) AS n FROM {{ source }} x JOIN {{ source('public.sample') }} y ON x.id = y.id WHERE x.i = 0 OR 10 / x.i > y.i;

SELECT n, count(*) AS c FROM {{ source }} GROUP BY n;

SELECT x.id, y.id AS other FROM {{ source }} x JOIN {{ source('public.sample') }} y ON x.n = y.n;

SELECT rank() OVER (ORDER BY abs(id)) AS a, count(*) OVER (ORDER BY abs(id)) AS n FROM {{ source }};

SELECT id, row_number() OVER (PARTITION BY date_trunc('month', ts) ORDER BY ts, id) AS a, sum(i) OVER (PARTITION BY date_trunc('month', ts) ORDER BY ts, id) AS s FROM {{ source }};

WITH a AS (SELECT id, row_number() OVER (ORDER BY id) AS y FROM {{ source }}) SELECT id, y FROM a WHERE NOT EXISTS (SELECT 1 FROM {{ source('public.sample') }} s WHERE s.i = a.y);

SELECT id FROM {{ source }} ORDER BY iv, id LIMIT 4;

SELECT id, row_number() OVER (ORDER BY iv DESC NULLS LAST, id) AS a FROM {{ source }};

SELECT DISTINCT ON (b) b, id FROM {{ source }} ORDER BY b, iv, id;

SELECT id, t::date AS a FROM {{ source }} WHERE t ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$';

SELECT count(DISTINCT iv) AS n FROM {{ source }};

SELECT string_agg(id::text, ',' ORDER BY iv, id) AS s FROM {{ source }};

SELECT id, nullif(iv, lag(iv) OVER (ORDER BY id)) AS a, greatest(iv, lag(iv) OVER (ORDER BY id)) AS c FROM {{ source }};

SELECT id, least(ts - lag(ts) OVER (ORDER BY id), interval '30 hours') AS a FROM {{ source }};

SELECT DISTINCT iv FROM {{ source }} WHERE id IN (1, 2, 6);

SELECT iv FROM {{ source }} UNION SELECT interval '30 days';

SELECT id FROM {{ source }} ORDER BY a, id LIMIT 4;

SELECT id, greatest(a, lag(a) OVER (ORDER BY id)) AS g FROM {{ source }} WHERE id < 4;

SELECT b, avg(DISTINCT i) AS a, count(*) AS n FROM {{ source }} GROUP BY b;

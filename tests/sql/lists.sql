-- Lists of values, some of them over the same expression, which may be NULL.
-- source: public.sample

SELECT id FROM {{ source }} WHERE i NOT IN (1, 2) OR i NOT IN (7, 8);

SELECT id FROM {{ source }} WHERE t NOT IN ('a', 'b') OR t NOT IN ('z');

SELECT id FROM {{ source }} WHERE i IN (1, 2) AND i NOT IN (2, NULL);

SELECT id FROM {{ source }} WHERE i NOT IN (1, 2) OR i NOT IN (2, 3, NULL);

SELECT id FROM {{ source }} WHERE NOT (i IN (1, NULL) AND i NOT IN (1, NULL));

SELECT id FROM {{ source }} WHERE NOT (i IN (1, 2) AND i IN (7, 8));

SELECT id FROM {{ source }} WHERE NOT ((i = 1 OR i = 2) AND (i = 7 OR i = 8));

SELECT id FROM {{ source }} WHERE (i IN (1, 2) AND i IN (7, 8)) IS NULL;

SELECT id, i IN (1, 2) AND i IN (7, 8) AS a, i IN (1, 2) AND i NOT IN (1, 2) AS b, i IN (1, 2) AND i IN (2, NULL) AS c FROM {{ source }};

SELECT id, b IN (true) AND b IN (false) AS e, length(t) IN (1, 2) AND length(t) IN (3) AS l FROM {{ source }};

SELECT id, coalesce(i IN (1, 2) AND i IN (7, 8), true) AS a FROM {{ source }};

SELECT id, CASE WHEN t NOT IN ('a', 'b') OR t NOT IN ('z') THEN 'other' ELSE 'none' END AS a FROM {{ source }};

SELECT b, count(*) AS n FROM {{ source }} WHERE t NOT IN ('a', 'b') OR t NOT IN ('z', 'B') GROUP BY b;

SELECT (i IN (1, 2) AND i IN (7, 8)) AS a, count(*) AS n FROM {{ source }} GROUP BY 1;

SELECT count(*) FILTER (WHERE NOT (i IN (1, 2) AND i IN (7, 8))) AS a FROM {{ source }};

SELECT i, count(*) AS n FROM {{ source }} GROUP BY i HAVING i NOT IN (1, 2) OR i NOT IN (3, 4);

SELECT a.id, b.id AS bid FROM {{ source }} a LEFT JOIN {{ source }} b ON a.id = b.id AND NOT (b.i IN (1, 2) AND b.i IN (7, 8));

SELECT a.id, b.id AS bid FROM {{ source }} a JOIN {{ source }} b ON a.id = b.id AND (a.i NOT IN (1, 2) OR a.i NOT IN (7, 8));

SELECT id FROM (SELECT id, i IN (1, 2) AS a, i IN (7, 8) AS b FROM {{ source }}) x WHERE NOT (a AND b);

SELECT id FROM {{ source }} WHERE s = 1 OR s = 2 OR s = 3 OR s = -32768;

SELECT id FROM {{ source }} WHERE i IN (1, 2, 3, 4, 5, 6) OR i IS NULL;

SELECT id FROM {{ source }} WHERE NOT ((s = 1 OR s = 2) AND (7 = s OR s = 8));

SELECT id FROM {{ source }} WHERE NOT ((z = 1 OR z = 2) AND (z = 7 OR z = 8 OR z = 9));

SELECT id FROM {{ source }} WHERE NOT ((i = 1::bigint OR i = 2::bigint) AND (i = 7::bigint OR i IN (8::bigint)));

-- Values of a domain, which is their type only where PostgreSQL says so.
-- source: public.everything

SELECT id, positive FROM {{ source }};

SELECT id, positive - 1 AS x, abs(positive) AS y FROM {{ source }};

SELECT max(positive) AS x, count(DISTINCT positive) AS y FROM {{ source }};

SELECT id, coalesce(positive, positive) AS x, coalesce(positive, 7) AS y FROM {{ source }};

SELECT id, nullif(positive, 5) AS x, greatest(positive, positive) AS y FROM {{ source }};

SELECT id, CASE WHEN id > 3 THEN positive END AS x FROM {{ source }};

SELECT id, CASE WHEN id > 3 THEN positive ELSE id END AS x FROM {{ source }};

SELECT id, 5::public.positive AS x FROM {{ source }};

SELECT id, positive::integer AS x FROM {{ source }};

SELECT positive FROM {{ source }} UNION SELECT positive FROM {{ source }};

SELECT positive AS x FROM {{ source }} UNION ALL SELECT id FROM {{ source }};

SELECT id, lag(positive) OVER (ORDER BY id) AS x, first_value(positive) OVER (ORDER BY id) AS y FROM {{ source }};

SELECT a.id, (SELECT max(b.positive) FROM {{ source }} AS b WHERE b.id < a.id) AS x FROM {{ source }} AS a;

WITH t AS (SELECT id, positive AS p FROM {{ source }}) SELECT p, count(*) FROM t GROUP BY p;

SELECT id, array_agg(positive) OVER (ORDER BY id) AS x FROM {{ source }};

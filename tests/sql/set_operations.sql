-- UNION, INTERSECT, EXCEPT.
-- source: public.orders

SELECT id FROM {{ source }} WHERE amount > 100 UNION SELECT id FROM {{ source }} WHERE status = 'paid';

SELECT status AS word FROM {{ source }} UNION ALL SELECT currency FROM {{ source }};

SELECT customer_id FROM {{ source }} WHERE status = 'paid' INTERSECT SELECT customer_id FROM {{ source }} WHERE status = 'returned';

SELECT customer_id FROM {{ source }} WHERE status = 'paid' EXCEPT SELECT customer_id FROM {{ source }} WHERE status = 'returned';

SELECT currency FROM {{ source }} INTERSECT ALL SELECT currency FROM {{ source }} WHERE amount > 100;

SELECT currency FROM {{ source }} EXCEPT ALL SELECT currency FROM {{ source }} WHERE amount > 100;

SELECT id, 'order' AS kind FROM {{ source }} UNION ALL SELECT customer_id, 'customer' FROM {{ source }} WHERE customer_id IS NOT NULL;

SELECT amount_cents AS n FROM {{ source }} UNION ALL SELECT amount FROM {{ source }};

(SELECT id FROM {{ source }} ORDER BY amount DESC NULLS LAST, id LIMIT 3) UNION ALL (SELECT id FROM {{ source }} ORDER BY amount, id LIMIT 3);

SELECT id FROM {{ source }} UNION SELECT id + 50 FROM {{ source }} ORDER BY id DESC LIMIT 10;

SELECT n, count(*) AS times FROM (SELECT amount_cents % 10 AS n FROM {{ source }} UNION ALL SELECT id % 10 FROM {{ source }}) AS q GROUP BY n;

(SELECT status FROM {{ source }} UNION SELECT currency FROM {{ source }}) EXCEPT SELECT 'paid' ORDER BY 1;

SELECT NULL AS nothing, id FROM {{ source }} UNION ALL SELECT amount, id FROM {{ source }};

SELECT tags FROM {{ source }} UNION SELECT ARRAY[status] FROM {{ source }};

-- source: public.sample
SELECT i AS n FROM {{ source }} UNION SELECT l FROM {{ source }} UNION SELECT s FROM {{ source }};

-- source: public.sample
SELECT t FROM {{ source }} EXCEPT SELECT v FROM {{ source }};

-- source: public.sample
SELECT r AS x FROM {{ source }} UNION ALL SELECT i FROM {{ source }};

-- source: public.sample
SELECT v FROM {{ source }} UNION ALL SELECT v::varchar(5) FROM {{ source }};

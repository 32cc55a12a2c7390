-- DISTINCT and DISTINCT ON.
-- source: public.orders

SELECT DISTINCT status FROM {{ source }};

SELECT DISTINCT status, currency FROM {{ source }};

SELECT DISTINCT ON (customer_id) customer_id, id, placed_at FROM {{ source }} ORDER BY customer_id, placed_at DESC, id;

SELECT DISTINCT ON (status) status, id, amount FROM {{ source }} ORDER BY status, amount DESC NULLS LAST, id;

SELECT DISTINCT ON (currency, status) currency, status, id FROM {{ source }} ORDER BY currency, status, id;

SELECT DISTINCT ON (date_trunc('month', placed_at)) date_trunc('month', placed_at) AS month, id FROM {{ source }} ORDER BY date_trunc('month', placed_at), id;

SELECT DISTINCT ON (lower(status)) id, upper(status) AS status FROM {{ source }} ORDER BY lower(status), id DESC;

SELECT DISTINCT ON (1) currency, id FROM {{ source }} ORDER BY 1, 2 DESC;

SELECT id FROM (SELECT DISTINCT ON (customer_id) * FROM {{ source }} ORDER BY customer_id, id) AS q WHERE amount > 50;

SELECT count(*) AS n FROM (SELECT DISTINCT tags, currency FROM {{ source }}) AS q;

SELECT DISTINCT payload ->> 'channel' AS channel, payload #>> '{shipping,method}' AS method FROM {{ source }};

-- source: public.sample
SELECT DISTINCT t, c, d FROM {{ source }};

-- source: public.sample
SELECT DISTINCT b, i > 0 AS positive FROM {{ source }};

-- source: public.readings
SELECT DISTINCT ON (sensor) sensor, at, value FROM {{ source }} WHERE value IS NOT NULL ORDER BY sensor, at DESC;

-- What PostgreSQL calls a result column that has no alias.
-- source: public.orders

SELECT count(*), sum(amount), max(id), string_agg(currency, '' ORDER BY id) FROM {{ source }};

SELECT id, amount + 1 FROM {{ source }};

SELECT id, coalesce(status, 'none'), nullif(notes, ''), greatest(amount, 0), least(id, 5) FROM {{ source }};

SELECT id, CASE WHEN amount > 1 THEN 'many' END FROM {{ source }};

SELECT id, CASE WHEN amount > 1 THEN 'many' ELSE status END FROM {{ source }};

SELECT amount::integer, id::text::varchar, CAST(placed_at AS date) FROM {{ source }} WHERE id <> 27;

-- since: 14
SELECT id, 1::bigint, 'x'::text, true FROM {{ source }};

-- since: 14
SELECT id, extract(year FROM placed_at)::integer, upper(status), trim(notes) FROM {{ source }};

SELECT id, date_trunc('day', placed_at), substring(notes FROM 1 FOR 2), position('a' IN notes), overlay(notes PLACING 'x' FROM 1) FROM {{ source }};

SELECT id, tags[1], payload -> 'items' FROM {{ source }};

SELECT id, ARRAY[id], ROW(id, status)::text FROM {{ source }};

SELECT id, (SELECT 1), EXISTS (SELECT 1), ARRAY(SELECT 1) FROM {{ source }};

SELECT id, (SELECT max(amount) AS inner_name FROM {{ source }}) FROM {{ source }};

SELECT id, row_number() OVER (ORDER BY id), lag(id) OVER (ORDER BY id) FROM {{ source }};

SELECT id, status IS NULL FROM {{ source }};

SELECT id, placed_at AT TIME ZONE 'UTC', amount AS "Amount in €", currency AS "select" FROM {{ source }};

SELECT ID, Status, o.Amount FROM {{ source }} AS o;

SELECT o.*, 1 AS one FROM {{ source }} AS o;

SELECT id, localtime IS NOT NULL AS clock, current_schema IS NOT NULL AS schema_known FROM {{ source }};

SELECT id, date '2024-01-01', interval '1 day', 1.5, NULL AS nothing FROM {{ source }} WHERE id < 3;

SELECT id, notes COLLATE "C", -amount FROM {{ source }};

-- source: public.everything
SELECT id, (place).city, (place).zip FROM {{ source }};

-- source: public.everything
SELECT (place).city, count(*) AS n FROM {{ source }} GROUP BY (place).city;

-- source: public.everything
SELECT wholes[1], row_number() OVER (ORDER BY id) AS r FROM {{ source }};

-- SELECTs on which PostgreSQL fails: while it plans, or at some row.
-- source: public.sample

SELECT id, 10 / i AS x FROM {{ source }};

SELECT id, i % 0 AS x FROM {{ source }};

SELECT id, m / 0 AS x FROM {{ source }};

SELECT id, d / 0 AS x FROM {{ source }};

SELECT id, l * 9223372036854775807 AS x FROM {{ source }};

SELECT id, i * 1000000 AS x FROM {{ source }};

SELECT id, s * s * s AS x FROM {{ source }};

SELECT id, l::integer AS x FROM {{ source }};

SELECT id, i::smallint AS x FROM {{ source }};

SELECT id, m::smallint AS x FROM {{ source }};

SELECT id, d::integer AS x FROM {{ source }};

SELECT id, m::numeric(3, 2) AS x FROM {{ source }};

SELECT id, t::integer AS x FROM {{ source }};

SELECT id, v::date AS x FROM {{ source }};

SELECT id, t::boolean AS x FROM {{ source }};

SELECT id, t::uuid AS x FROM {{ source }};

SELECT id, t::jsonb AS x FROM {{ source }};

SELECT id, t::inet AS x FROM {{ source }};

SELECT id, sqrt(d) AS x FROM {{ source }};

SELECT id, ln(i) AS x FROM {{ source }};

SELECT id, power(d, 400) AS x FROM {{ source }};

SELECT id, chr(0) AS x FROM {{ source }};

SELECT id, split_part(t, ',', 0) AS x FROM {{ source }};

SELECT id, substring(t FROM 2 FOR -1) AS x FROM {{ source }};

SELECT id, t ~ '(' AS x FROM {{ source }};

SELECT id, t LIKE '\' AS x FROM {{ source }};

SELECT id, decode(t, 'hex') AS x FROM {{ source }};

SELECT id, day + 2147483000 AS x FROM {{ source }};

SELECT id, ts + interval '300000 years' AS x FROM {{ source }};

SELECT id, make_date(2023, 2, 29) AS x FROM {{ source }};

SELECT id, date_trunc('fortnight', ts) AS x FROM {{ source }};

SELECT id, ts AT TIME ZONE 'Mars/Olympus' AS x FROM {{ source }};

SELECT id, to_date(t, 'YYYY-MM-DD') AS x FROM {{ source }};

SELECT id, (SELECT id FROM {{ source }}) AS x FROM {{ source }};

SELECT sum(l) * 9223372036854775807::bigint::double precision * 1e300 AS x FROM {{ source }} WHERE id IN (4, 9);

SELECT id, no_such_column AS x FROM {{ source }};

SELECT id, no_such_function(i) AS x FROM {{ source }};

SELECT id, i + t AS x FROM {{ source }};

SELECT id, t = 1 AS x FROM {{ source }};

SELECT id, i AND b AS x FROM {{ source }};

SELECT id, lower(i) AS x FROM {{ source }};

SELECT sum(sum(i)) AS x FROM {{ source }};

SELECT id, count(*) AS x FROM {{ source }};

SELECT id FROM {{ source }} WHERE count(*) > 1;

SELECT id FROM {{ source }} WHERE row_number() OVER (ORDER BY id) = 1;

SELECT id FROM {{ source }} WHERE i;

SELECT a.id FROM {{ source }} AS a JOIN {{ source }} AS b ON a.id = b.id WHERE t = 'x';

SELECT id FROM {{ source }} UNION SELECT t FROM {{ source }};

SELECT id FROM {{ source }} UNION SELECT id, t FROM {{ source }};

SELECT id, CASE WHEN b THEN i ELSE t END AS x FROM {{ source }};

SELECT DISTINCT ON (t) t, id FROM {{ source }} ORDER BY id;

SELECT id FROM {{ source }} LIMIT -1;

SELECT id, t COLLATE "no_such" AS x FROM {{ source }};

SELECT id, i::no_such_type AS x FROM {{ source }};

SELECT id FROM {{ source }} WHERE (i, s) = (1, 2, 3);

SELECT id, lag(i) AS x FROM {{ source }};

SELECT id, ntile(0) OVER (ORDER BY id) AS x FROM {{ source }};

SELECT id, nth_value(i, 0) OVER (ORDER BY id) AS x FROM {{ source }};

SELECT id, sum(i) OVER (ORDER BY id ROWS BETWEEN -1 PRECEDING AND CURRENT ROW) AS x FROM {{ source }};

SELECT id, i[1] AS x FROM {{ source }};

-- source: public.orders
SELECT id, (payload ->> 'channel')::integer AS x FROM {{ source }};

-- source: public.orders
SELECT id, (payload -> 'channel')::numeric AS x FROM {{ source }};

-- source: public.orders
SELECT id, (payload #>> '{items,0,sku}')::date AS x FROM {{ source }};

-- source: public.orders
SELECT id, jsonb_array_length(payload) AS x FROM {{ source }};

-- source: public.orders
SELECT id, e FROM {{ source }}, jsonb_array_elements(payload -> 'channel') AS e;

-- source: public.orders
SELECT id, k FROM {{ source }}, jsonb_object_keys(payload -> 'items') AS k;

-- source: public.orders
SELECT id, tstzrange(upper(period), lower(period)) AS x FROM {{ source }};

-- source: public.orders
SELECT id, int4range(1, 0) AS x FROM {{ source }};

-- source: public.orders
SELECT id, set_masklen(ip, 64) AS x FROM {{ source }};

-- source: public.orders
SELECT id, ARRAY[1, status] AS x FROM {{ source }};

-- source: public.orders
SELECT id, tags['a'] AS x FROM {{ source }};

-- source: public.orders
SELECT id, amount::integer / (amount_cents - 4900) AS x FROM {{ source }};

-- source: public.orders
SELECT id, status::bigint AS x FROM {{ source }} WHERE status = 'paid';

-- source: public.orders
SELECT currency, jsonb_object_agg(status, id) AS x FROM {{ source }} GROUP BY currency;

-- source: public.orders
SELECT status, jsonb_set(payload, 'channel', '1') AS x FROM {{ source }};

-- source: public.orders
SELECT id, format('%d', id) AS x FROM {{ source }};

-- source: public.orders
SELECT id, to_char(amount, '9.9EEEE9') AS x FROM {{ source }};

-- source: public.orders
SELECT id, generate_series(1, 3, 0) AS x FROM {{ source }};

-- source: public.everything
SELECT id, feeling = 'angry' AS x FROM {{ source }};

-- source: public.everything
SELECT id, body::public.mood AS x FROM {{ source }};

-- source: public.everything
SELECT id, (whole - 100)::public.positive AS x FROM {{ source }};

-- source: public.everything
SELECT id, big + 1 AS x FROM {{ source }};

-- source: public.everything
SELECT id, -small AS x FROM {{ source }};

-- source: public.everything
SELECT id, abs(whole) AS x FROM {{ source }};

-- source: public.everything
SELECT id, doubled * 10 AS x FROM {{ source }};

-- source: public.everything
SELECT id, doubled::real AS x FROM {{ source }};

-- source: public.everything
SELECT id, num::bigint AS x FROM {{ source }};

-- source: public.everything
SELECT id, num::numeric(10, 2) AS x FROM {{ source }};

-- source: public.everything
SELECT DISTINCT doc FROM {{ source }};

-- source: public.everything
SELECT doc, count(*) AS x FROM {{ source }} GROUP BY doc;

-- source: public.everything
SELECT id, spot = spot AS x FROM {{ source }};

-- source: public.everything
SELECT id, get_byte(raw, 0) AS x FROM {{ source }};

-- source: public.everything
SELECT id, bits & bits_var AS x FROM {{ source }};

-- source: public.everything
SELECT id, whole_range + int4range(1000, 2000) AS x FROM {{ source }};

-- source: public.everything
SELECT id, nums || wholes AS x FROM {{ source }};

-- source: public.everything
SELECT id, convert_from(raw, 'UTF8') AS x FROM {{ source }};

-- source: public.everything
SELECT id, (place).street AS x FROM {{ source }};

-- source: public.sample
SELECT id FROM {{ source }} WHERE id == 3;

SELECT count() FROM {{ source }};

SELECT upper(DISTINCT t) AS upper FROM {{ source }};

SELECT id AS 'x' FROM {{ source }};

SELECT lag('word') OVER (ORDER BY id) AS before FROM {{ source }};

SELECT id, CASE WHEN id > 100000 THEN 1 / 0 ELSE i END AS x FROM {{ source }};

SELECT id FROM {{ source }} WHERE id < 0 AND 'x'::integer = 1;

SELECT id, coalesce(i, 1 / 0) AS x FROM {{ source }};

SELECT t, count(*) AS n FROM {{ source }} GROUP BY t, id, 10 / (id - 1);

SELECT id FROM {{ source }} GROUP BY id, id + 2147483646;

-- since: 14
SELECT id, extract(hour FROM day) AS x FROM {{ source }};

-- SELECTs such as are written every day to move and clean data.
-- source: public.orders

SELECT * FROM {{ source }};

SELECT id, customer_id, status, amount FROM {{ source }};

SELECT id AS order_id, customer_id AS buyer, placed_at AS ordered_at FROM {{ source }};

SELECT id, status FROM {{ source }} WHERE status IN ('paid', 'shipped', 'delivered');

SELECT id, amount FROM {{ source }} WHERE amount >= 50 AND currency = 'EUR';

SELECT id, placed_at FROM {{ source }} WHERE placed_at >= '2024-01-01' AND placed_at < '2024-02-01';

SELECT * FROM {{ source }} WHERE status IS NOT NULL AND amount IS NOT NULL AND customer_id IS NOT NULL;

SELECT id, amount FROM {{ source }} WHERE id BETWEEN 10 AND 20 ORDER BY id;

SELECT id, amount FROM {{ source }} ORDER BY amount DESC NULLS LAST, id LIMIT 10;

SELECT id, amount FROM {{ source }} ORDER BY placed_at, id LIMIT 10 OFFSET 20;

SELECT id, amount_cents / 100.0 AS amount FROM {{ source }};

SELECT id, (amount_cents / 100.0)::numeric(12, 2) AS amount FROM {{ source }};

SELECT id, round(amount_cents::numeric / 100, 2) AS amount, currency FROM {{ source }};

SELECT id, (amount * 100)::bigint AS amount_minor FROM {{ source }};

SELECT id, amount_cents::bigint * 10000 AS micros FROM {{ source }};

SELECT id, amount::text || ' ' || currency AS price FROM {{ source }};

SELECT id, CASE currency WHEN 'EUR' THEN amount WHEN 'USD' THEN round(amount * 0.92, 2) WHEN 'CHF' THEN round(amount * 1.05, 2) ELSE round(amount * 1.17, 2) END AS amount_eur FROM {{ source }};

SELECT id, amount - coalesce(discount, 0) AS net FROM {{ source }};

SELECT id, round(amount * (1 - coalesce(discount, 0) / 100), 2) AS net, round(amount * 0.19, 2) AS vat FROM {{ source }};

SELECT id, coalesce(status, 'unknown') AS status, coalesce(amount, 0) AS amount, coalesce(notes, '') AS notes FROM {{ source }};

SELECT id, nullif(trim(notes), '') AS notes FROM {{ source }};

SELECT id, upper(status) AS status, lower(currency) AS currency FROM {{ source }};

SELECT id, status = 'new' AS is_new, status = 'paid' AS is_paid, status = 'shipped' AS is_shipped FROM {{ source }};

SELECT id, CASE WHEN status = 'paid' THEN 1 ELSE 0 END AS paid, CASE WHEN status = 'returned' THEN 1 ELSE 0 END AS returned FROM {{ source }};

SELECT id, coalesce(status IN ('cancelled', 'returned'), false) AS lost FROM {{ source }};

SELECT id, CASE WHEN amount < 20 THEN 'small' WHEN amount < 100 THEN 'medium' WHEN amount IS NULL THEN 'unknown' ELSE 'large' END AS size FROM {{ source }};

SELECT id, CASE status WHEN 'new' THEN 1 WHEN 'paid' THEN 2 WHEN 'shipped' THEN 3 WHEN 'delivered' THEN 4 ELSE 9 END AS status_code FROM {{ source }};

SELECT id, placed_at::date AS day FROM {{ source }};

SELECT id, date_trunc('day', placed_at) AS day, date_trunc('month', placed_at) AS month FROM {{ source }};

SELECT id, extract(year FROM placed_at)::integer AS year, extract(month FROM placed_at)::integer AS month FROM {{ source }};

SELECT id, to_char(placed_at, 'YYYY-MM') AS month FROM {{ source }};

SELECT id, to_char(placed_at, 'YYYYMMDD')::integer AS date_key FROM {{ source }};

SELECT id, extract(epoch FROM placed_at)::bigint AS unix_seconds FROM {{ source }};

SELECT id, (extract(epoch FROM placed_at) * 1000)::bigint AS unix_millis FROM {{ source }};

SELECT id, extract(isodow FROM placed_at) IN (6, 7) AS weekend FROM {{ source }};

SELECT id, placed_at AT TIME ZONE 'UTC' AS placed_at_utc FROM {{ source }};

SELECT id, (placed_at AT TIME ZONE 'Europe/Berlin')::date AS local_day FROM {{ source }};

SELECT id, shipped_on - placed_at::date AS days_to_ship FROM {{ source }} WHERE shipped_on IS NOT NULL;

SELECT id, extract(epoch FROM took) / 3600 AS hours FROM {{ source }};

SELECT id, took::text AS took FROM {{ source }};

SELECT id, date_part('day', timestamp '2024-06-01' - placed_at::timestamp) AS days_old FROM {{ source }};

SELECT id, placed_at + interval '14 days' AS return_until, shipped_on + 14 AS return_day FROM {{ source }};

SELECT id, payload ->> 'channel' AS channel FROM {{ source }};

SELECT id, payload #>> '{shipping,address,city}' AS city, payload #>> '{shipping,address,zip}' AS zip FROM {{ source }};

SELECT id, payload -> 'shipping' ->> 'method' AS method, (payload -> 'shipping' ->> 'cost')::numeric AS cost FROM {{ source }};

SELECT id, coalesce((payload ->> 'gift')::boolean, false) AS gift, payload ->> 'coupon' AS coupon FROM {{ source }};

SELECT id, payload -> 'items' -> 0 ->> 'sku' AS first_sku, coalesce(jsonb_array_length(payload -> 'items'), 0) AS items FROM {{ source }};

SELECT id, payload::text AS payload FROM {{ source }};

SELECT o.id AS order_id, i.n AS line, i.item ->> 'sku' AS sku, (i.item ->> 'qty')::integer AS qty, (i.item ->> 'price')::numeric(10, 2) AS price FROM {{ source }} AS o CROSS JOIN LATERAL jsonb_array_elements(o.payload -> 'items') WITH ORDINALITY AS i (item, n);

SELECT i.item ->> 'sku' AS sku, sum((i.item ->> 'qty')::integer) AS sold FROM {{ source }} AS o CROSS JOIN LATERAL jsonb_array_elements(o.payload -> 'items') AS i (item) GROUP BY 1;

SELECT id, tags[1] AS first_tag, cardinality(tags) AS tag_count FROM {{ source }};

SELECT id, array_to_string(tags, ',') AS tags FROM {{ source }};

SELECT id, coalesce('gift' = ANY (tags), false) AS is_gift, coalesce('vip' = ANY (tags), false) AS is_vip FROM {{ source }};

SELECT id AS order_id, unnest(tags) AS tag FROM {{ source }};

SELECT tag, count(*) AS n FROM {{ source }}, unnest(tags) AS tag GROUP BY tag;

SELECT id, lower(period) AS valid_from, upper(period) AS valid_to FROM {{ source }};

SELECT id, coalesce(lower(period), '-infinity') AS valid_from, coalesce(upper(period), 'infinity') AS valid_to FROM {{ source }};

SELECT id, period::text AS period, location::text AS location, ip::text AS ip, tags::text AS tags FROM {{ source }};

SELECT id, location[0] AS lon, location[1] AS lat FROM {{ source }};

SELECT id, host(ip) AS ip FROM {{ source }};

SELECT id, md5(id::text) AS row_key FROM {{ source }};

SELECT id, md5(concat_ws('|', id, status, amount, currency)) AS row_hash FROM {{ source }};

SELECT id, encode(sha256(convert_to(coalesce(notes, ''), 'UTF8')), 'hex') AS notes_hash FROM {{ source }};

SELECT id, 'shop' AS source_system, 1 AS version, NULL::timestamptz AS deleted_at FROM {{ source }};

SELECT 'ORD-' || lpad(id::text, 8, '0') AS order_number, amount FROM {{ source }};

SELECT id, left(notes, 10) AS notes_short, length(notes) AS notes_length FROM {{ source }};

SELECT id, replace(replace(notes, chr(10), ' '), chr(13), '') AS notes FROM {{ source }};

SELECT id, regexp_replace(trim(notes), '\s+', ' ', 'g') AS notes FROM {{ source }};

SELECT id, trim(both '-' FROM regexp_replace(lower(notes), '[^a-z0-9]+', '-', 'g')) AS slug FROM {{ source }};

SELECT id, substring(notes FROM '[A-Z]+-?\d+') AS reference FROM {{ source }};

SELECT id, split_part(notes, chr(59), 1) AS level, split_part(notes, chr(59), 2) AS urgency FROM {{ source }} WHERE notes LIKE '%' || chr(59) || '%';

SELECT id FROM {{ source }} WHERE notes ILIKE '%gift%' OR 'gift' = ANY (tags) OR payload ? 'gift';

SELECT id, notes FROM {{ source }} WHERE notes LIKE '%discount%' OR notes IS NULL;

SELECT status, count(*) AS orders, sum(amount) AS revenue FROM {{ source }} GROUP BY status;

SELECT placed_at::date AS day, count(*) AS orders, sum(amount) AS revenue FROM {{ source }} GROUP BY placed_at::date;

SELECT date_trunc('month', placed_at) AS month, currency, sum(amount) AS revenue, count(DISTINCT customer_id) AS buyers FROM {{ source }} GROUP BY 1, 2;

SELECT customer_id, count(*) AS orders, min(placed_at) AS first_order, max(placed_at) AS last_order, sum(amount) AS spent FROM {{ source }} GROUP BY customer_id;

SELECT customer_id, sum(amount) AS spent FROM {{ source }} WHERE status <> 'cancelled' GROUP BY customer_id HAVING sum(amount) > 200;

SELECT date_trunc('week', placed_at)::date AS week, count(*) FILTER (WHERE status = 'paid') AS paid, count(*) FILTER (WHERE status = 'cancelled') AS cancelled FROM {{ source }} GROUP BY 1;

SELECT currency, sum(CASE WHEN status = 'paid' THEN amount ELSE 0 END) AS paid, sum(CASE WHEN status = 'returned' THEN amount ELSE 0 END) AS returned FROM {{ source }} GROUP BY currency;

SELECT customer_id, string_agg(DISTINCT currency, ',' ORDER BY currency) AS currencies, array_agg(id ORDER BY id) AS order_ids FROM {{ source }} GROUP BY customer_id;

SELECT DISTINCT customer_id FROM {{ source }} WHERE customer_id IS NOT NULL;

SELECT DISTINCT ON (customer_id) customer_id, id AS last_order_id, status AS last_status FROM {{ source }} ORDER BY customer_id, placed_at DESC, id DESC;

SELECT id, customer_id, status FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY placed_at DESC, id DESC) AS n FROM {{ source }}) AS q WHERE n = 1;

SELECT id, currency, amount FROM (SELECT id, currency, amount, rank() OVER (PARTITION BY currency ORDER BY amount DESC NULLS LAST) AS place FROM {{ source }}) AS q WHERE place <= 3;

SELECT id, customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY placed_at, id) AS order_number FROM {{ source }};

SELECT id, placed_at, sum(amount) OVER (ORDER BY placed_at, id) AS running_total FROM {{ source }};

SELECT id, customer_id, sum(amount) OVER (PARTITION BY customer_id ORDER BY placed_at, id) AS lifetime_value FROM {{ source }};

SELECT id, placed_at - lag(placed_at) OVER (PARTITION BY customer_id ORDER BY placed_at, id) AS since_last FROM {{ source }};

SELECT id, amount, round(amount / sum(amount) OVER (PARTITION BY currency) * 100, 2) AS percent FROM {{ source }};

SELECT day, revenue, sum(revenue) OVER (ORDER BY day) AS so_far FROM (SELECT placed_at::date AS day, sum(amount) AS revenue FROM {{ source }} GROUP BY 1) AS daily;

WITH monthly AS (SELECT date_trunc('month', placed_at) AS month, sum(amount) AS revenue FROM {{ source }} GROUP BY 1) SELECT month, revenue, revenue - lag(revenue) OVER (ORDER BY month) AS growth FROM monthly;

SELECT d.day::date AS day, count(o.id) AS orders FROM generate_series(timestamptz '2024-01-01', timestamptz '2024-01-31', interval '1 day') AS d (day) LEFT JOIN {{ source }} AS o ON o.placed_at >= d.day AND o.placed_at < d.day + interval '1 day' GROUP BY d.day;

SELECT id, amount::double precision AS amount, customer_id::text AS customer_id, status::varchar(20) AS status FROM {{ source }};

SELECT id::integer AS id, amount::numeric(14, 4) AS amount, placed_at::timestamp AS placed_at, currency::text AS currency FROM {{ source }};

SELECT id, greatest(amount, 0) AS amount, abs(amount_cents) AS cents, sign(amount_cents) AS direction FROM {{ source }};

SELECT id, customer_id % 4 AS shard, width_bucket(amount, 0, 250, 5) AS bucket FROM {{ source }};

SELECT id, jsonb_build_object('id', id, 'amount', amount, 'at', placed_at) AS document FROM {{ source }};

SELECT id, payload - 'items' || jsonb_build_object('status', status) AS payload FROM {{ source }};

SELECT id, status FROM {{ source }} UNION ALL SELECT -id, 'copy' FROM {{ source }} WHERE status = 'returned';

-- source: public.customers
SELECT id, lower(trim(email)) AS email FROM {{ source }};

-- source: public.customers
SELECT id, nullif(lower(btrim(email)), '') AS email FROM {{ source }} WHERE email LIKE '%@%';

-- source: public.customers
SELECT id, split_part(lower(email), '@', 2) AS domain FROM {{ source }};

-- source: public.customers
SELECT id, left(email, 2) || '***' || substring(email FROM position('@' IN email)) AS masked FROM {{ source }} WHERE position('@' IN email) > 2;

-- source: public.customers
SELECT id, regexp_replace(email, '^(.).*(@.*)$', '\1***\2') AS masked FROM {{ source }};

-- source: public.customers
SELECT id, md5(lower(trim(coalesce(email, '')))) AS email_hash FROM {{ source }};

-- source: public.customers
SELECT id, regexp_replace(trim(name), '\s+', ' ', 'g') AS name FROM {{ source }};

-- source: public.customers
SELECT id, split_part(trim(name), ' ', 1) AS first_name, reverse(split_part(reverse(trim(name)), ' ', 1)) AS last_name FROM {{ source }};

-- source: public.customers
SELECT id, regexp_replace(lower(trim(name)), '[^a-z0-9]+', '-', 'g') AS slug FROM {{ source }};

-- source: public.customers
SELECT id, upper(left(trim(name), 1)) AS initial, initcap(lower(name)) AS name FROM {{ source }};

-- source: public.customers
SELECT id, coalesce(country, '??') AS country, country IN ('DE', 'FR', 'ES') AS in_euro FROM {{ source }};

-- source: public.customers
SELECT id, regexp_replace(attributes ->> 'phone', '\D', '', 'g') AS phone_digits FROM {{ source }};

-- source: public.customers
SELECT id, attributes ->> 'plan' AS plan, coalesce((attributes ->> 'newsletter')::boolean, false) AS newsletter FROM {{ source }};

-- source: public.customers
SELECT id, interest FROM {{ source }}, jsonb_array_elements_text(attributes -> 'interests') AS interest;

-- source: public.customers
SELECT lower(trim(email)) AS email, min(id) AS kept_id, count(*) AS copies FROM {{ source }} WHERE email <> '' GROUP BY 1 HAVING count(*) > 1;

-- source: public.customers
SELECT DISTINCT ON (lower(trim(email))) lower(trim(email)) AS email, id FROM {{ source }} WHERE email IS NOT NULL ORDER BY lower(trim(email)), created_at DESC, id;

-- source: public.customers
SELECT date_trunc('quarter', created_at) AS quarter, count(*) AS joined, count(*) FILTER (WHERE attributes ->> 'plan' = 'pro') AS pro FROM {{ source }} GROUP BY 1;

-- source: public.customers
SELECT c.id, c.name, count(r.id) AS referred FROM {{ source }} AS c LEFT JOIN {{ source }} AS r ON r.referred_by = c.id GROUP BY c.id, c.name;

-- source: public.events
SELECT id, order_id, kind, at FROM {{ source }} WHERE kind <> 'view';

-- source: public.events
SELECT order_id, count(*) AS events, min(at) AS first_at, max(at) AS last_at FROM {{ source }} GROUP BY order_id;

-- source: public.events
SELECT at::date AS day, kind, count(*) AS n FROM {{ source }} GROUP BY 1, 2;

-- source: public.events
SELECT id, at, sum(starts) OVER (ORDER BY at, id) AS session FROM (SELECT id, at, CASE WHEN at - lag(at) OVER (ORDER BY at, id) < interval '30 minutes' THEN 0 ELSE 1 END AS starts FROM {{ source }}) AS q;

-- source: public.events
SELECT order_id, bool_or(kind = 'pay') AS paid, bool_or(kind = 'ship') AS shipped, count(*) FILTER (WHERE kind = 'error') AS errors FROM {{ source }} GROUP BY order_id;

-- source: public.events
SELECT id, data ->> 'method' AS method, (data ->> 'ok')::boolean AS ok, (data ->> 'attempt')::integer AS attempt FROM {{ source }} WHERE kind = 'pay';

-- source: public.events
SELECT id, split_part(data ->> 'page', '?', 1) AS path, nullif(split_part(data ->> 'page', '?', 2), '') AS query FROM {{ source }} WHERE kind = 'view';

-- source: public.events
SELECT id, kind, lead(kind) OVER (PARTITION BY order_id ORDER BY at, id) AS next_kind FROM {{ source }} WHERE order_id IS NOT NULL;

-- source: public.events
SELECT kind, percentile_cont(0.95) WITHIN GROUP (ORDER BY (data ->> 'ms')::integer) AS p95 FROM {{ source }} WHERE kind = 'view' GROUP BY kind;

-- source: public.events
SELECT date_trunc('hour', at) + floor(extract(minute FROM at) / 15) * interval '15 minutes' AS quarter, count(*) AS n FROM {{ source }} GROUP BY 1;

-- source: public.events
SELECT id, p ->> 'code' AS code, (p ->> 'kg')::numeric AS kg FROM {{ source }}, jsonb_array_elements(data -> 'parcels') AS p;

-- source: public.events
SELECT DISTINCT ON (order_id) order_id, kind AS last_kind, at FROM {{ source }} ORDER BY order_id, at DESC, id DESC;

-- source: public.readings
SELECT sensor, at, coalesce(value, 0) AS value, quality IS NOT NULL AND quality < 2 AS good FROM {{ source }};

-- source: public.readings
SELECT sensor, date_trunc('hour', at) AS hour, avg(value) AS mean, min(value) AS low, max(value) AS high FROM {{ source }} GROUP BY 1, 2;

-- source: public.readings
SELECT sensor, at, count(value) OVER (PARTITION BY sensor ORDER BY at) AS run, max(value) OVER (PARTITION BY sensor ORDER BY at ROWS 4 PRECEDING) AS recent FROM {{ source }};

-- source: public.readings
SELECT at, max(value) FILTER (WHERE sensor = 'boiler') AS boiler, max(value) FILTER (WHERE sensor = 'roof') AS roof FROM (SELECT date_trunc('minute', at) AS at, sensor, value FROM {{ source }}) AS r GROUP BY at;

-- source: public.readings
SELECT sensor, at, value FROM (SELECT *, avg(value) OVER (PARTITION BY sensor) AS mean FROM {{ source }}) AS r WHERE value > mean + 2;

-- source: public.readings
SELECT sensor, at, extract(epoch FROM at - lag(at) OVER (PARTITION BY sensor ORDER BY at)) AS seconds FROM {{ source }};

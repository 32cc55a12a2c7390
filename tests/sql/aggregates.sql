-- Aggregates: filters, distinct, ordered sets, statistics, grouping sets, lists.
-- source: public.orders

SELECT count(*) AS n, count(status) AS known, count(DISTINCT status) AS kinds FROM {{ source }};

SELECT sum(amount_cents) AS cents, sum(amount) AS total, avg(amount_cents) AS mean, avg(amount) AS mean_amount FROM {{ source }};

SELECT min(amount) AS least, max(amount) AS most, min(placed_at) AS first_order, max(placed_at) AS last_order FROM {{ source }};

SELECT min(status) AS first_status, max(status) AS last_status, min(shipped_on) AS first_day FROM {{ source }};

SELECT status, count(*) AS n FROM {{ source }} GROUP BY status;

SELECT currency, sum(amount) AS total, round(avg(amount), 2) AS mean FROM {{ source }} GROUP BY currency;

SELECT currency, round(avg(amount) FILTER (WHERE id > 4), 4) AS late, round(avg(amount_cents), 3) AS cents, round(avg(amount) FILTER (WHERE amount < -1000), 1) AS none FROM {{ source }} GROUP BY currency;

SELECT status, currency, count(*) AS n FROM {{ source }} GROUP BY status, currency HAVING count(*) > 1;

SELECT count(*) FILTER (WHERE status = 'paid') AS paid, sum(amount) FILTER (WHERE amount > 100) AS big FROM {{ source }};

SELECT currency, count(DISTINCT customer_id) AS customers, sum(DISTINCT amount_cents) AS cents FROM {{ source }} GROUP BY currency;

SELECT status IS NULL AS unknown, bool_and(amount > 0) AS all_paid, bool_or(amount > 200) AS any_big, every(id > 0) AS all_ids FROM {{ source }} GROUP BY 1;

SELECT status, string_agg(id::text, ',' ORDER BY id) AS ids FROM {{ source }} GROUP BY status;

SELECT status, array_agg(id ORDER BY id DESC) AS ids, array_agg(amount ORDER BY id) AS amounts FROM {{ source }} GROUP BY status;

SELECT currency, array_agg(DISTINCT status ORDER BY status) AS statuses FROM {{ source }} GROUP BY currency;

SELECT currency, string_agg(DISTINCT status, '|' ORDER BY status) AS statuses FROM {{ source }} GROUP BY currency;

SELECT customer_id, jsonb_agg(jsonb_build_object('id', id, 'amount', amount) ORDER BY id) AS orders FROM {{ source }} GROUP BY customer_id;

SELECT currency, jsonb_object_agg(id, status ORDER BY id) AS status_by_id FROM {{ source }} GROUP BY currency;

SELECT json_agg(status ORDER BY id)::text AS statuses FROM {{ source }};

SELECT currency, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount_cents) AS median FROM {{ source }} GROUP BY currency;

SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY amount) AS ninth, percentile_disc(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY id) AS quartiles FROM {{ source }};

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS median_taken FROM {{ source }};

SELECT currency, mode() WITHIN GROUP (ORDER BY status DESC) AS usual FROM {{ source }} GROUP BY currency;

SELECT rank(5000) WITHIN GROUP (ORDER BY amount_cents) AS place, dense_rank(5000) WITHIN GROUP (ORDER BY amount_cents) AS dense FROM {{ source }};

SELECT stddev(amount_cents) AS deviation, stddev_pop(amount_cents) AS population, variance(amount) AS variance FROM {{ source }};

SELECT currency, var_samp(amount_cents) AS sample, var_pop(amount_cents) AS population, stddev_samp(amount) AS deviation FROM {{ source }} GROUP BY currency;

SELECT round(corr(amount_cents, id)::numeric, 6) AS correlation, regr_count(amount_cents, customer_id) AS pairs FROM {{ source }};

SELECT round(regr_slope(amount_cents, id)::numeric, 6) AS slope, round(covar_pop(amount_cents, id)::numeric, 4) AS covariance FROM {{ source }};

SELECT bit_and(id) AS all_bits, bit_or(id) AS any_bits FROM {{ source }};

SELECT status, currency, count(*) AS n FROM {{ source }} GROUP BY ROLLUP (status, currency);

SELECT status, currency, sum(amount) AS total, grouping(status, currency) AS level FROM {{ source }} GROUP BY CUBE (status, currency);

SELECT status, currency, count(*) AS n FROM {{ source }} GROUP BY GROUPING SETS ((status), (currency), ());

SELECT date_trunc('month', placed_at) AS month, grouping(date_trunc('month', placed_at)) AS whole, count(*) AS n FROM {{ source }} GROUP BY ROLLUP (1);

SELECT sum(took) AS taken, avg(took) AS mean, max(took) AS longest FROM {{ source }};

SELECT sum(amount) AS total, count(*) AS n, max(status) AS status FROM {{ source }} WHERE false;

SELECT status, count(*) AS n FROM {{ source }} WHERE amount > 1000000 OR status = 'paid' GROUP BY status;

SELECT (payload ->> 'channel') AS channel, count(*) AS n, sum(jsonb_array_length(payload -> 'items')) AS items FROM {{ source }} GROUP BY payload ->> 'channel';

SELECT tags, count(*) AS n FROM {{ source }} GROUP BY tags;

SELECT extract(year FROM placed_at) AS year, extract(month FROM placed_at) AS month, count(*) AS n FROM {{ source }} GROUP BY 1, 2;

SELECT sum(amount) / count(*) AS mean, count(*) * 2 AS twice, -max(id) AS negative FROM {{ source }};

SELECT max(n) AS most, avg(n) AS mean FROM (SELECT count(*) AS n FROM {{ source }} GROUP BY customer_id) AS c;

SELECT currency FROM {{ source }} GROUP BY currency HAVING sum(amount) > 1000 AND bool_or(status = 'paid');

SELECT 1 AS one FROM {{ source }} HAVING count(*) > 5;

-- source: public.readings
SELECT sensor, sum(value) AS total, avg(value) AS mean, min(value) AS least, max(value) AS most FROM {{ source }} GROUP BY sensor;

-- source: public.readings
SELECT sensor, percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY value) AS quartiles FROM {{ source }} GROUP BY sensor;

-- source: public.readings
SELECT sensor, quality, count(*) AS n, count(value) AS measured FROM {{ source }} GROUP BY sensor, quality;

-- source: public.readings
SELECT sensor, round(stddev(value)::numeric, 6) AS deviation, sum(quality) AS quality, avg(quality) AS mean_quality FROM {{ source }} GROUP BY sensor;

-- source: public.sample
SELECT sum(s) AS s_sum, sum(i) AS i_sum, sum(l) AS l_sum, sum(n) AS n_sum, sum(m) AS m_sum FROM {{ source }};

-- source: public.sample
SELECT c, count(*) AS n FROM {{ source }} GROUP BY c;

-- source: public.sample
SELECT d, count(*) AS n FROM {{ source }} GROUP BY d;

-- source: public.sample
SELECT iv, count(*) AS n FROM {{ source }} WHERE id NOT IN (1, 9) GROUP BY iv;

-- source: public.sample
SELECT min(n) AS least, max(n) AS most, max(d) AS float_most, min(r) AS float_least FROM {{ source }};

-- source: public.everything
SELECT docb, count(*) AS n FROM {{ source }} GROUP BY docb;

-- source: public.everything
SELECT feeling, count(*) AS n, max(feeling) AS most, min(addr) AS first_addr FROM {{ source }} GROUP BY feeling;

-- source: public.everything
SELECT min(stamp) AS first_stamp, max(stamp_tz) AS last_stamp, max(day) AS last_day, max(clock) AS latest, min(span) AS shortest FROM {{ source }};

-- source: public.everything
SELECT count(DISTINCT key) AS keys, count(DISTINCT raw) AS raws, count(DISTINCT doc::text) AS docs, count(DISTINCT addr) AS addrs FROM {{ source }};

-- source: public.everything
SELECT c, count(*) AS n FROM (SELECT CASE WHEN flag THEN fixed END AS c, addr FROM {{ source }}) AS x GROUP BY c;

-- source: public.sample
SELECT b, sum(100 / i) FILTER (WHERE i <> 0) AS x, max(10 / s) FILTER (WHERE s > 0) AS y, count(10 / i) FILTER (WHERE i <> 0) AS z FROM {{ source }} GROUP BY b;

-- source: public.sample
SELECT sum(v::integer) FILTER (WHERE v ~ '^[0-9]+$') AS x, min(10 / i) FILTER (WHERE i < 0) AS y FROM {{ source }};

-- source: public.sample
SELECT b, sum(i + 2147483600) FILTER (WHERE i < 0) AS x, sum(i + 2147483601) FILTER (WHERE i < 0) AS y FROM {{ source }} GROUP BY b;

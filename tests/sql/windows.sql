-- Window functions: ranks, neighbours, frames and exclusions.
-- source: public.orders

SELECT id, row_number() OVER (ORDER BY placed_at, id) AS n FROM {{ source }};

SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY placed_at, id) AS n FROM {{ source }};

SELECT id, rank() OVER (ORDER BY discount) AS place, dense_rank() OVER (ORDER BY discount DESC NULLS LAST) AS dense FROM {{ source }};

SELECT id, percent_rank() OVER (ORDER BY amount) AS percent, cume_dist() OVER (ORDER BY amount) AS share FROM {{ source }};

SELECT id, ntile(4) OVER (ORDER BY amount, id) AS quarter FROM {{ source }};

SELECT id, lag(amount) OVER (ORDER BY id) AS previous, lead(amount, 2, 0.00) OVER (ORDER BY id) AS after_next FROM {{ source }};

SELECT id, first_value(status) OVER w AS first_status, last_value(status) OVER w AS last_status, nth_value(status, 2) OVER w AS second FROM {{ source }} WINDOW w AS (PARTITION BY currency ORDER BY id);

SELECT id, last_value(id) OVER (PARTITION BY currency ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_id FROM {{ source }};

SELECT id, sum(amount) OVER (ORDER BY id) AS running FROM {{ source }};

SELECT id, sum(amount) OVER (PARTITION BY customer_id) AS of_customer, count(*) OVER () AS of_all FROM {{ source }};

SELECT id, round(100 * amount / nullif(sum(amount) OVER (PARTITION BY currency), 0), 2) AS share FROM {{ source }};

SELECT id, avg(amount_cents) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving FROM {{ source }};

SELECT id, max(amount) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS around FROM {{ source }};

SELECT id, sum(amount_cents) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS remaining FROM {{ source }};

SELECT id, count(*) OVER (ORDER BY placed_at RANGE BETWEEN interval '7 days' PRECEDING AND CURRENT ROW) AS last_week FROM {{ source }};

SELECT id, sum(amount_cents) OVER (ORDER BY id RANGE BETWEEN 5 PRECEDING AND 5 FOLLOWING) AS nearby FROM {{ source }};

SELECT id, count(*) OVER (ORDER BY amount RANGE BETWEEN 10 PRECEDING AND 10 FOLLOWING) AS similar FROM {{ source }};

SELECT id, count(*) OVER (ORDER BY discount RANGE UNBOUNDED PRECEDING) AS with_peers FROM {{ source }};

SELECT id, sum(amount_cents) OVER (ORDER BY status GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS two_groups FROM {{ source }};

SELECT id, count(*) OVER (ORDER BY currency GROUPS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS this_and_next FROM {{ source }};

SELECT id, sum(amount_cents) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) AS neighbours FROM {{ source }};

SELECT id, count(*) OVER (ORDER BY currency RANGE UNBOUNDED PRECEDING EXCLUDE GROUP) AS before_group FROM {{ source }};

SELECT id, count(*) OVER (ORDER BY currency GROUPS UNBOUNDED PRECEDING EXCLUDE TIES) AS without_ties FROM {{ source }};

SELECT id, count(*) OVER (ORDER BY currency ROWS UNBOUNDED PRECEDING EXCLUDE NO OTHERS) - row_number() OVER (ORDER BY currency) AS nothing FROM {{ source }};

SELECT id, count(*) FILTER (WHERE status = 'paid') OVER (ORDER BY id) AS paid_so_far FROM {{ source }};

SELECT id, placed_at - lag(placed_at) OVER (PARTITION BY customer_id ORDER BY placed_at, id) AS gap FROM {{ source }};

SELECT status, count(*) AS n, rank() OVER (ORDER BY count(*) DESC) AS place, sum(count(*)) OVER () AS of_all FROM {{ source }} GROUP BY status;

SELECT id, array_agg(id) OVER (ORDER BY id ROWS 2 PRECEDING) AS last_three FROM {{ source }};

SELECT id, string_agg(currency, '') OVER (PARTITION BY customer_id ORDER BY id) AS currencies FROM {{ source }};

SELECT id, bool_or(status = 'returned') OVER (PARTITION BY customer_id) AS ever_returned FROM {{ source }};

SELECT id, sum(n) OVER w AS total, avg(n) OVER w AS mean FROM (SELECT id, id % 5 AS n, currency FROM {{ source }}) AS q WINDOW w AS (PARTITION BY n ORDER BY id);

SELECT DISTINCT currency, first_value(id) OVER (PARTITION BY currency ORDER BY amount DESC NULLS LAST, id) AS dearest FROM {{ source }};

SELECT id FROM {{ source }} ORDER BY row_number() OVER (ORDER BY amount NULLS LAST, id) LIMIT 7;

SELECT id, sum(amount_cents) OVER (v ROWS 1 PRECEDING) AS pair FROM {{ source }} WINDOW u AS (PARTITION BY currency), v AS (u ORDER BY id);

-- source: public.readings
SELECT sensor, at, value - lag(value) OVER (PARTITION BY sensor ORDER BY at) AS change FROM {{ source }};

-- source: public.readings
SELECT sensor, at, avg(value) OVER (PARTITION BY sensor ORDER BY at RANGE BETWEEN interval '30 minutes' PRECEDING AND CURRENT ROW) AS smooth FROM {{ source }};

-- source: public.readings
SELECT sensor, at, min(value) OVER (PARTITION BY sensor ORDER BY at) AS lowest, max(value) OVER (PARTITION BY sensor ORDER BY at ROWS 3 PRECEDING) AS recent_high FROM {{ source }};

-- source: public.sample
SELECT id, rank() OVER (ORDER BY d) AS by_float, rank() OVER (ORDER BY n DESC) AS by_numeric, rank() OVER (ORDER BY b NULLS FIRST) AS by_flag FROM {{ source }};

-- source: public.sample
SELECT id, lag(t, 1, 'none') OVER (ORDER BY id) AS previous, lead(day) OVER (ORDER BY id) AS next_day FROM {{ source }};

-- source: public.sample
SELECT id, nth_value(t, 3) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS third FROM {{ source }};

-- source: public.sample
SELECT id, rank() OVER (ORDER BY d) AS place, count(*) OVER (ORDER BY r) AS up_to, lag(id) OVER (ORDER BY d, id DESC) AS before FROM {{ source }};

-- source: public.sample
SELECT id, lag(v) OVER (ORDER BY id) AS before, first_value(v) OVER (ORDER BY id) AS first, lead(m) OVER (ORDER BY id) AS after FROM {{ source }};

-- source: public.sample
SELECT id, bool_or(b) OVER (ORDER BY id ROWS 1 PRECEDING) AS x, bool_and(b) OVER (ORDER BY id) AS y FROM {{ source }};

-- source: public.sample
SELECT id, every(b) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS x FROM {{ source }};

-- source: public.sample
SELECT id, sum(100 / i) FILTER (WHERE i <> 0) OVER (ORDER BY id) AS x FROM {{ source }};

-- source: public.sample
SELECT id, sum(r) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS x, avg(d) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING) AS y FROM {{ source }} WHERE id IN (1, 2, 5, 10);

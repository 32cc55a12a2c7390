-- Dates, times, intervals and time zones.
-- source: public.orders

SELECT id, date_trunc('month', placed_at) AS month FROM {{ source }};

SELECT id, date_trunc('week', placed_at) AS week, date_trunc('quarter', placed_at) AS quarter FROM {{ source }};

SELECT id, date_trunc('hour', placed_at)::timestamp AS hour, date_trunc('minute', placed_at) AS minute FROM {{ source }};

SELECT id, date_trunc('day', placed_at, 'America/New_York') AS day_in_new_york FROM {{ source }};

SELECT id, date_trunc('day', shipped_on) AS day, date_trunc('hour', took) AS hours FROM {{ source }};

SELECT id, extract(year FROM placed_at) AS year, extract(month FROM placed_at) AS month, extract(day FROM placed_at) AS day FROM {{ source }};

SELECT id, extract(dow FROM placed_at) AS dow, extract(isodow FROM placed_at) AS isodow, extract(doy FROM placed_at) AS doy FROM {{ source }};

SELECT id, extract(week FROM placed_at) AS week, extract(isoyear FROM placed_at) AS isoyear, extract(quarter FROM placed_at) AS quarter FROM {{ source }};

-- since: 14
SELECT id, extract(epoch FROM placed_at) AS epoch, extract(second FROM placed_at) AS second FROM {{ source }};

SELECT id, extract(milliseconds FROM placed_at) AS ms, extract(microseconds FROM placed_at) AS us FROM {{ source }};

SELECT id, date_part('hour', placed_at) AS hour, date_part('century', placed_at) AS century, date_part('decade', placed_at) AS decade FROM {{ source }};

SELECT id, extract(epoch FROM took) AS seconds, extract(day FROM took) AS days, extract(month FROM took) AS months FROM {{ source }};

SELECT id, extract(month FROM shipped_on) AS month, extract(epoch FROM shipped_on) AS epoch FROM {{ source }};

SELECT id, age(placed_at, '2023-01-31') AS old FROM {{ source }};

SELECT id, age(timestamp '2024-12-31', shipped_on) AS old FROM {{ source }};

SELECT id, placed_at + interval '1 month' AS next_month, placed_at - interval '36 hours' AS earlier FROM {{ source }};

SELECT id, shipped_on + 30 AS due, shipped_on - 7 AS before, shipped_on + interval '1 month' AS due_stamp FROM {{ source }};

SELECT id, shipped_on - placed_at::date AS days FROM {{ source }};

SELECT id, shipped_on::timestamptz - placed_at AS waited FROM {{ source }};

SELECT id, placed_at + took AS done, took * 2 AS twice, took / 2 AS half, -took AS negative FROM {{ source }};

SELECT id, took * 1.5 AS longer, took + interval '1 day 1 second' AS later FROM {{ source }};

SELECT id, justify_hours(took) AS hours, justify_days(took) AS days, justify_interval(took) AS both FROM {{ source }};

SELECT id, took > interval '2 days' AS long, took = interval '24 hours' AS one_day FROM {{ source }};

SELECT id, placed_at AT TIME ZONE 'UTC' AS utc, placed_at AT TIME ZONE 'Europe/Zurich' AS zurich FROM {{ source }};

SELECT id, (placed_at AT TIME ZONE 'Asia/Tokyo')::date AS day_in_tokyo FROM {{ source }};

SELECT id, shipped_on::timestamp AT TIME ZONE 'America/New_York' AS midnight_in_new_york FROM {{ source }};

SELECT id, timezone('Asia/Kolkata', placed_at) AS kolkata, placed_at AT TIME ZONE interval '-03:30' AS offset_zone FROM {{ source }};

SELECT id, placed_at::date AS day, placed_at::time AS clock, placed_at::timestamp AS stamp FROM {{ source }};

SELECT id, placed_at::timestamptz(0) AS rounded, placed_at::timestamp(3) AS millis FROM {{ source }};

SELECT id, placed_at::timetz AS clock_tz FROM {{ source }};

SELECT id, make_date(2024, 1 + (id % 12)::integer, 28) AS day, make_time((id % 24)::integer, 30, 1.5) AS clock FROM {{ source }};

SELECT id, make_timestamp(2024, 2, 29, (id % 24)::integer, 0, 0) AS stamp, make_timestamptz(2024, 7, 1, 12, 0, 0, 'Europe/Paris') AS paris FROM {{ source }};

SELECT id, make_interval(days => id::integer, mins => 5) AS taken, make_interval(0, 1, 2, 3, 4, 5, 6.5) AS all_parts FROM {{ source }};

SELECT id, (placed_at, placed_at + took) OVERLAPS (timestamptz '2024-01-01', timestamptz '2024-02-01') AS in_january FROM {{ source }};

SELECT id, placed_at BETWEEN '2024-01-01' AND '2024-03-31' AS first_quarter FROM {{ source }};

SELECT id, day::date AS day FROM {{ source }}, generate_series(shipped_on::timestamp, shipped_on + interval '2 days', interval '1 day') AS day;

SELECT id, m FROM {{ source }}, generate_series(date_trunc('month', placed_at), timestamptz '2024-05-01', interval '1 month') AS m WHERE id < 10;

SELECT id, greatest(placed_at, shipped_on) AS later, least(placed_at, timestamptz '2024-01-01') AS earlier FROM {{ source }};

-- source: public.sample
SELECT id, date_trunc('century', ts) AS century, date_trunc('decade', ts) AS decade, date_trunc('millennium', ts) AS millennium FROM {{ source }};

-- source: public.sample
SELECT id, date_trunc('milliseconds', tz) AS ms, date_trunc('second', ts) AS second FROM {{ source }};

-- source: public.sample
SELECT id, day + tm AS moment, tm + interval '13 hours' AS wrapped, tm - time '01:00' AS span FROM {{ source }};

-- source: public.sample
SELECT id, iv + iv AS twice, iv * -1 AS negative, iv::text AS shown, justify_interval(iv) AS justified FROM {{ source }};

-- source: public.sample
SELECT id, extract(hour FROM tm) AS hour, extract(second FROM tm) AS second, date_part('minute', tm) AS minute FROM {{ source }};

-- source: public.sample
SELECT id, ts - lag(ts) OVER (ORDER BY id) AS gap FROM {{ source }};

-- source: public.sample
SELECT id, ts + interval '1 mon' AS month, ts + interval '1 year -1 day' AS year FROM {{ source }};

-- source: public.sample
SELECT id, day - date '2000-01-01' AS days, extract(julian FROM day) AS julian FROM {{ source }};

-- source: public.sample
SELECT id, isfinite(day) AS finite, day < 'infinity' AS below FROM {{ source }};

-- source: public.everything
SELECT id, isfinite(day) AS day_finite, isfinite(stamp) AS stamp_finite, isfinite(span) AS span_finite FROM {{ source }};

-- source: public.everything
SELECT id, stamp > '2000-01-01' AS later, day = 'infinity' AS forever, stamp_tz = '-infinity' AS never FROM {{ source }};

-- source: public.everything
SELECT id, clock_tz AT TIME ZONE 'UTC' AS utc, clock_tz = '12:34:56+02' AS same, extract(timezone FROM clock_tz) AS seconds_east FROM {{ source }};

-- source: public.everything
SELECT id, span = interval '26:03:04' AS same, span > interval '1 mon' AS longer FROM {{ source }};

-- source: public.readings
SELECT sensor, at, at AT TIME ZONE 'Europe/Berlin' AS instant, to_char(at, 'HH24:MI') AS clock FROM {{ source }};

-- source: public.readings
SELECT sensor, at, date_trunc('hour', at) + interval '20 min' * floor(extract(minute FROM at) / 20) AS third FROM {{ source }};

SELECT id, timezone('Asia/Kolkata', placed_at) AS kolkata, timezone('Europe/Berlin', placed_at::timestamp) AS berlin FROM {{ source }};

-- source: public.sample
SELECT id, date_trunc('mon', ts) AS x, date_trunc('qtr', tz) AS y FROM {{ source }};

-- source: public.sample
SELECT id, date_part('hour', day) AS x, extract(month FROM day) AS y FROM {{ source }};

-- source: public.sample
SELECT id, ts::text::date AS x, tz::text::date AS y, (day::text || 't10:20')::timestamp AS z FROM {{ source }};

-- source: public.sample
SELECT id, '2024-01-05 10:20:30+010'::timestamptz AS x, '2024-01-05 10:20:30-0530'::timestamptz AS y, '2024-01-05T10:20:30Z'::date AS z FROM {{ source }};

-- Ranges: bounds, containment, overlap, arithmetic, text.
-- source: public.orders

SELECT id, lower(period) AS starts, upper(period) AS ends FROM {{ source }};

SELECT id, lower_inc(period) AS lower_inc, upper_inc(period) AS upper_inc, lower_inf(period) AS lower_inf, upper_inf(period) AS upper_inf FROM {{ source }};

SELECT id, isempty(period) AS empty, period IS NULL AS missing, period = 'empty' AS equals_empty FROM {{ source }};

SELECT id, period::text AS shown FROM {{ source }};

SELECT id, upper(period) - lower(period) AS length FROM {{ source }};

SELECT id FROM {{ source }} WHERE period @> timestamptz '2024-01-01 12:00+00';

SELECT id, period && tstzrange('2024-01-01', '2024-02-01') AS in_january, period <@ tstzrange('2024-01-01', NULL) AS since FROM {{ source }};

SELECT id, period << tstzrange('2024-01-01', NULL) AS before, period >> tstzrange(NULL, '2024-01-01') AS after FROM {{ source }};

SELECT id, period * tstzrange('2023-12-24', '2024-01-08') AS holidays FROM {{ source }};

SELECT id, daterange(lower(period)::date, upper(period)::date, '[]') AS days FROM {{ source }};

SELECT id, numrange(0, greatest(amount, 0)) @> 100.0 AS above, int4range(0, greatest(amount_cents, 0), '[]') AS cents FROM {{ source }};

SELECT a.id, b.id AS other FROM {{ source }} AS a JOIN {{ source }} AS b ON a.period && b.period AND a.id < b.id WHERE a.id < 20;

-- source: public.everything
SELECT id, whole_range, lower(whole_range) AS low, upper(whole_range) AS high, whole_range @> 7 AS has_seven FROM {{ source }};

-- source: public.everything
SELECT id, big_range && int8range(5, 8) AS overlaps, big_range -|- int8range(10, 20) AS adjacent FROM {{ source }};

-- source: public.everything
SELECT id, num_range @> 1.5 AS inside, lower(num_range) AS low, upper_inc(num_range) AS inclusive FROM {{ source }};

-- source: public.everything
SELECT id, upper(stamp_range) - lower(stamp_range) AS length, stamp_range @> timestamp '2024-01-15' AS inside FROM {{ source }};

-- source: public.everything
SELECT id, day_range, upper(day_range) - lower(day_range) AS days FROM {{ source }};

-- source: public.everything
SELECT id, whole_range + int4range(lower(whole_range), 12) AS merged FROM {{ source }} WHERE lower(whole_range) < 12;

-- source: public.everything
SELECT id, range_merge(whole_range, int4range(20, 30)) AS spanned, whole_range - int4range(0, 2) AS less FROM {{ source }} WHERE id IN (1, 7, 8, 9, 12);

-- source: public.everything
SELECT id, whole_range = '[1,10)' AS same, whole_range > '[1,5)' AS after, whole_range &< int4range(0, 10) AS not_right FROM {{ source }};

-- source: public.everything
SELECT DISTINCT whole_range, day_range FROM {{ source }};

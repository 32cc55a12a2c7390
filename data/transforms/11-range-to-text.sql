-- Ranges to text
-- A range as text, and its parts: both bounds, and whether they belong to it.
-- A bound is NULL where the range has none, and in an empty range.
-- source: public.orders

SELECT
    id,
    period::text AS period,
    lower(period) AS starts_at,
    upper(period) AS ends_at,
    lower_inc(period) AS includes_start,
    upper_inc(period) AS includes_end,
    upper_inf(period) AS is_open
FROM {{ source }};

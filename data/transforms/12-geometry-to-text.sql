-- Geometric types to text
-- A point as text, and its coordinates as numbers.
-- source: public.orders

SELECT
    id,
    location::text AS location,
    location[0] AS x,
    location[1] AS y
FROM {{ source }};

-- Copy a table as it is
-- All columns and all rows, with the names and types that the source has.
-- source: public.events

SELECT * FROM {{ source }};

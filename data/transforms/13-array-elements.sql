-- Take elements from arrays
-- Subscripts count from 1. Beyond the end, an element is NULL and a slice is empty.
-- source: public.orders

SELECT
    id,
    tags,
    tags[1] AS first_tag,
    tags[2:3] AS second_and_third,
    tags[99] AS beyond_the_end,
    cardinality(tags) AS tag_count,
    array_to_string(tags, ',') AS tag_list
FROM {{ source }};

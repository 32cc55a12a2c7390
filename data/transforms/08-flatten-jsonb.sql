-- Flatten JSONB
-- `->` and `#>` give JSON, `->>` and `#>>` give text; a cast gives any other type.
-- Elements of JSON arrays are counted from 0, from the end with -1. What is missing is NULL.
-- source: public.orders

SELECT
    id,
    payload ->> 'channel' AS channel,
    payload -> 'shipping' ->> 'method' AS method,
    payload #> '{shipping,address}' AS address,
    payload #>> '{shipping,address,city}' AS city,
    payload -> 'items' -> 0 ->> 'sku' AS first_sku,
    payload -> 'items' -> -1 ->> 'sku' AS last_sku,
    (payload #>> '{items,0,qty}')::integer AS first_qty,
    (payload #>> '{items,0,price}')::numeric(10, 2) AS first_price,
    jsonb_array_length(payload -> 'items') AS item_count
FROM {{ source }};

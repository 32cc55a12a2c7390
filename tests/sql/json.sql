-- json and jsonb: fields, paths, containment, building, taking apart.
-- source: public.orders

SELECT id, payload -> 'channel' AS channel_json, payload ->> 'channel' AS channel FROM {{ source }};

SELECT id, payload -> 'items' -> 0 ->> 'sku' AS first_sku, payload -> 'items' -> -1 ->> 'sku' AS last_sku FROM {{ source }};

SELECT id, payload #> '{shipping,address}' AS address, payload #>> '{shipping,address,city}' AS city FROM {{ source }};

SELECT id, payload #>> '{items,0,price}' AS price, (payload #>> '{items,0,qty}')::integer AS qty FROM {{ source }};

SELECT id, payload ? 'coupon' AS has_coupon, payload ?| ARRAY['gift', 'coupon'] AS some, payload ?& ARRAY['gift', 'coupon'] AS both FROM {{ source }};

SELECT id, payload @> '{"channel": "web"}' AS web, '{"gift": true, "channel": "app"}'::jsonb <@ payload AS gift FROM {{ source }};

SELECT id FROM {{ source }} WHERE payload @> '{"items": [{"sku": "BK-100"}]}';

SELECT id, payload @? '$.items[*] ? (@.price > 50)' AS dear, payload @@ '$.shipping.cost == 0' AS free FROM {{ source }};

SELECT id, jsonb_path_query_array(payload, '$.items[*].sku') AS skus FROM {{ source }};

SELECT id, jsonb_path_query_first(payload, '$.items[*] ? (@.qty >= $least)', '{"least": 2}') AS many FROM {{ source }};

SELECT id, price FROM {{ source }}, jsonb_path_query(payload, '$.items[*].price') AS price;

SELECT id, jsonb_array_length(payload -> 'items') AS n FROM {{ source }};

SELECT id, jsonb_typeof(payload) AS whole, jsonb_typeof(payload -> 'shipping') AS shipping, jsonb_typeof(payload -> 'gift') AS gift FROM {{ source }};

SELECT id, payload - 'items' AS without_items, payload - ARRAY['items', 'shipping'] AS without_two FROM {{ source }};

SELECT id, payload #- '{shipping,address,zip}' AS without_zip FROM {{ source }};

SELECT id, payload || '{"seen": true}' AS extended FROM {{ source }};

SELECT id, jsonb_set(payload, '{channel}', '"shop"') AS replaced, jsonb_set(payload, '{a}', '1', false) AS kept FROM {{ source }};

SELECT id, jsonb_insert(payload, '{items,0}', '{"sku": "NEW"}') AS inserted FROM {{ source }} WHERE id < 20;

SELECT id, jsonb_strip_nulls(payload) AS stripped, jsonb_pretty(payload -> 'shipping') AS pretty FROM {{ source }};

SELECT id, key FROM {{ source }}, jsonb_object_keys(payload) AS key;

SELECT id, e.key, e.value FROM {{ source }}, jsonb_each(payload) AS e;

SELECT id, e.key, e.value FROM {{ source }}, jsonb_each_text(payload -> 'shipping' -> 'address') AS e WHERE jsonb_typeof(payload -> 'shipping') = 'object';

SELECT id, x.sku, x.qty, x.price FROM {{ source }}, jsonb_to_recordset(payload -> 'items') AS x (sku text, qty integer, price numeric(8, 2));

SELECT id, x.channel, x.gift FROM {{ source }}, jsonb_to_record(payload) AS x (channel text, gift boolean);

SELECT id, jsonb_build_object('id', id, 'status', status, 'amount', amount) AS built FROM {{ source }};

SELECT id, jsonb_build_array(id, status, amount, placed_at, tags) AS built FROM {{ source }};

SELECT id, to_jsonb(placed_at) AS stamp, to_jsonb(tags) AS tags_json, to_jsonb(amount) AS number, to_jsonb(notes) AS string FROM {{ source }};

SELECT id, json_build_object('n', id, 't', took)::text AS built, to_json(shipped_on)::text AS day FROM {{ source }};

SELECT id, row_to_json(o)::jsonb - 'payload' AS whole_row FROM {{ source }} AS o;

SELECT id, to_jsonb(o) - ARRAY['payload', 'period', 'location'] AS whole_row FROM {{ source }} AS o;

SELECT id, jsonb_object(ARRAY['a', 'b'], ARRAY[status, currency::text]) AS paired FROM {{ source }};

SELECT id, (payload ->> 'gift')::boolean IS TRUE AS gift, coalesce(payload ->> 'coupon', 'none') AS coupon FROM {{ source }};

SELECT id, (payload -> 'shipping' -> 'cost')::numeric AS cost FROM {{ source }} WHERE jsonb_typeof(payload #> '{shipping,cost}') = 'number';

SELECT id, payload -> 'coupon' = 'null' AS json_null, payload ->> 'coupon' IS NULL AS sql_null FROM {{ source }};

-- source: public.everything
SELECT id, docb -> 'name' AS name, docb -> 0 AS first_element, docb #>> '{address,geo,lat}' AS lat FROM {{ source }};

-- source: public.everything
SELECT id, doc -> 'a' AS a, doc ->> 'k' AS k, json_typeof(doc) AS kind FROM {{ source }};

-- source: public.everything
SELECT id, docb = '{}' AS empty, docb > '1' AS above, docb IS NULL AS missing FROM {{ source }};

-- source: public.everything
SELECT DISTINCT docb FROM {{ source }};

-- source: public.everything
SELECT id, docb::text AS shown, docb #>> '{}' AS unquoted FROM {{ source }};

-- source: public.everything
SELECT id, element FROM {{ source }}, jsonb_array_elements(docb) AS element WHERE jsonb_typeof(docb) = 'array';

-- source: public.everything
SELECT id, element FROM {{ source }}, json_array_elements_text(doc) AS element WHERE json_typeof(doc) = 'array';

-- source: public.customers
SELECT id, attributes ->> 'plan' AS plan, (attributes #>> '{limits,credit}')::integer AS credit FROM {{ source }};

-- source: public.customers
SELECT id, (attributes ->> 'newsletter')::boolean AS newsletter, attributes -> 'interests' ? 'books' AS reads FROM {{ source }};

-- source: public.sample
SELECT id, j ->> 'a' AS a, j -> 'b' -> 1 AS b, j IS NULL AS missing, j = '{"a": 1}' AS same FROM {{ source }};

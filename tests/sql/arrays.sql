-- Arrays: subscripts, slices, membership, building, taking apart.
-- source: public.orders

SELECT id, tags[1] AS first_tag, tags[2] AS second_tag, tags[9] AS beyond, tags[0] AS before FROM {{ source }};

SELECT id, tags[1:2] AS two, tags[2:] AS rest, tags[:1] AS start, tags[5:9] AS none FROM {{ source }};

SELECT id, cardinality(tags) AS n, array_length(tags, 1) AS length, array_ndims(tags) AS dims, array_dims(tags) AS bounds FROM {{ source }};

SELECT id, 'gift' = ANY (tags) AS gift, 'vip' = ALL (tags) AS only_vip, 'gift' <> ALL (tags) AS no_gift FROM {{ source }};

SELECT id FROM {{ source }} WHERE tags @> ARRAY['vip'];

SELECT id, tags && ARRAY['gift', 'b2b'] AS some, tags <@ ARRAY['gift', 'vip', 'express'] AS only FROM {{ source }};

SELECT id, tags || 'new'::text AS appended, 'old'::text || tags AS prepended, tags || ARRAY['x', 'y'] AS joined FROM {{ source }};

SELECT id, array_append(tags, status) AS appended, array_prepend(status, tags) AS prepended, array_cat(tags, tags) AS doubled FROM {{ source }};

SELECT id, array_remove(tags, 'gift') AS removed, array_remove(tags, NULL) AS no_nulls, array_replace(tags, 'vip', 'VIP') AS replaced FROM {{ source }};

SELECT id, array_position(tags, 'express') AS place, array_positions(tags, 'gift') AS places FROM {{ source }};

SELECT id, array_to_string(tags, ',') AS joined, array_to_string(tags, ',', '?') AS with_nulls FROM {{ source }};

SELECT id, tag FROM {{ source }}, unnest(tags) AS tag;

SELECT id, unnest(tags) AS tag FROM {{ source }};

SELECT id, u.tag, u.n FROM {{ source }}, unnest(tags) WITH ORDINALITY AS u (tag, n);

SELECT id, ARRAY[amount_cents, 0] AS pair, ARRAY[status, notes] AS texts, ARRAY[]::integer[] AS none FROM {{ source }};

SELECT id, ARRAY(SELECT upper(x) FROM unnest(tags) AS x ORDER BY x COLLATE "C") AS sorted FROM {{ source }};

SELECT id, tags = ARRAY['gift'] AS equal, tags < ARRAY['h'] AS below, tags IS DISTINCT FROM '{}' AS distinct_from FROM {{ source }};

SELECT id, status = ANY (ARRAY['paid', 'shipped']) AS active, status = ANY ('{new,paid}') AS early FROM {{ source }};

SELECT id, coalesce(tags, '{}') AS filled, nullif(tags, '{}') AS emptied FROM {{ source }};

SELECT id, string_to_array(trim(notes), ' ') AS words, (string_to_array(notes, ' '))[1] AS first_word FROM {{ source }};

SELECT id, string_to_array(notes, NULL, ' ') AS letters FROM {{ source }} WHERE length(notes) < 12;

SELECT id, array_fill(0, ARRAY[2, 2]) AS zeros, array_fill(id, ARRAY[2], ARRAY[5]) AS from_five FROM {{ source }} WHERE id < 5;

-- source: public.everything
SELECT id, wholes[1] AS one, wholes[1][1] AS one_one, wholes[2][1] AS two_one, wholes[0] AS zero FROM {{ source }};

-- source: public.everything
SELECT id, wholes[1:1] AS row_one, wholes[1:2][1:1] AS column_one, array_upper(wholes, 1) AS high, array_lower(wholes, 1) AS low FROM {{ source }};

-- source: public.everything
SELECT id, array_ndims(bodies) AS dims, array_dims(bodies) AS bounds, cardinality(bodies) AS n FROM {{ source }};

-- source: public.everything
SELECT id, 7 = ANY (wholes) AS seven, wholes @> ARRAY[1, 2] AS one_two, wholes && '{10,12}' AS ten FROM {{ source }};

-- source: public.everything
SELECT id, w FROM {{ source }}, unnest(wholes) AS w;

-- source: public.everything
SELECT id, u.w, u.body FROM {{ source }}, unnest(wholes, bodies) AS u (w, body);

-- source: public.everything
SELECT id, nums[1] AS num, stamps[1] AS stamp, docs[1] AS doc, docs[1] -> 'k' AS k FROM {{ source }};

-- source: public.everything
SELECT id, nums = '{1.5,2.5}' AS equal, nums || 1.0 AS more FROM {{ source }} WHERE array_ndims(nums) = 1;

-- source: public.everything
SELECT id, k, wholes[k] AS w FROM {{ source }}, generate_subscripts(wholes, 1) AS k;

-- source: public.everything
SELECT id, (SELECT sum(w) FROM unnest(wholes) AS w) AS total, (SELECT max(x) FROM unnest(nums) AS x) AS most FROM {{ source }};

-- source: public.sample
SELECT id, a[1] AS one, a[2] AS two, a || 5 AS more, 1 = ANY (a) AS has_one FROM {{ source }} WHERE array_ndims(a) = 1;

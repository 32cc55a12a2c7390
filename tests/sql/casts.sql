-- Casts between types, explicit and implied.
-- source: public.sample

SELECT id, i::bigint AS wider, s::integer AS from_small, l::numeric AS exact FROM {{ source }};

SELECT id, i::text AS i_text, l::text AS l_text, m::text AS m_text, b::text AS b_text FROM {{ source }};

SELECT id, n::text AS n_text, d::text AS d_text, r::text AS r_text FROM {{ source }};

SELECT id, day::text AS day_text, ts::text AS ts_text, tz::text AS tz_text, tm::text AS tm_text, iv::text AS iv_text FROM {{ source }};

SELECT id, j::text AS j_text, u::text AS u_text, a::text AS a_text, by::text AS by_text FROM {{ source }};

SELECT id, t::varchar(3) AS short, t::char(3) AS padded, v::text AS plain, c::text AS trimmed FROM {{ source }};

SELECT id, m::numeric(14, 4) AS more_digits, m::numeric(12, 1) AS fewer_digits, i::numeric(12, 2) AS from_integer FROM {{ source }};

SELECT id, m::integer AS rounded, round(m)::bigint AS explicit FROM {{ source }} WHERE abs(m) < 1000000;

SELECT id, d::integer AS to_even, r::bigint AS from_real, d::numeric AS exact FROM {{ source }} WHERE abs(d) < 1000;

SELECT id, i::double precision AS float, m::real AS single, l::real AS lossy FROM {{ source }};

SELECT id, b::integer AS number, i::boolean AS truth FROM {{ source }};

SELECT id, CAST(i AS numeric(12, 3)) AS standard, CAST(t AS varchar(2)) AS cut FROM {{ source }};

SELECT id, day::timestamp AS midnight, ts::date AS day, tz::date AS tz_day, ts::time AS clock FROM {{ source }};

SELECT id, ts::timestamptz AS with_zone, tz::timestamp AS without_zone, day::timestamptz AS day_zone FROM {{ source }};

SELECT id, ts::timestamp(0) AS seconds, tm::time(1) AS tenth, iv::interval(0) AS whole_seconds FROM {{ source }};

SELECT id, tm::interval AS span, iv::time AS clock FROM {{ source }};

SELECT id, i::oid AS object FROM {{ source }} WHERE i >= 0;

SELECT id, a::text[] AS texts, a::bigint[] AS bigs, a::numeric[] AS numerics FROM {{ source }};

SELECT id, '12'::integer + i AS literal, integer '5' AS typed, '2024-02-30'::text AS not_a_date FROM {{ source }};

SELECT id, 'yes'::boolean AS yes, 'off'::boolean AS off, 't'::boolean AS t, '0'::boolean AS zero FROM {{ source }};

SELECT id, NULL::integer AS no_number, NULL::text AS no_text, CAST(NULL AS date) AS no_day FROM {{ source }};

SELECT id, '1e3'::numeric AS exponent, ' 42 '::integer AS spaces, 'inf'::float8 AS infinite, 'nan'::real AS not_a_number FROM {{ source }};

SELECT id, 'epoch'::timestamp AS epoch, '20240229T1200'::timestamp AS compact, '2024-02-29 12:00+02'::timestamptz AS zoned FROM {{ source }};

SELECT id, 'P1Y2M3DT4H5M6S'::interval AS iso, '1-2'::interval AS years, '3 4:05'::interval AS days, interval '90' minute AS minutes FROM {{ source }};

SELECT id, coalesce(i, 1.5) AS numeric_wins, coalesce(s, l) AS bigint_wins, CASE WHEN b THEN i ELSE d END AS float_wins FROM {{ source }};

SELECT id, i::text::integer = i AS there_and_back, m::text::numeric = m AS exact_back FROM {{ source }};

SELECT id, u::text::uuid AS again, j::text::jsonb AS json_again, by::text::bytea AS bytes_again FROM {{ source }};

SELECT id, i::bit(8) AS bits, 5::bit(4)::integer AS back FROM {{ source }};

-- source: public.everything
SELECT id, feeling::text AS feeling_text, positive::integer AS base, positive::bigint AS wider FROM {{ source }};

-- source: public.everything
SELECT id, addr::text AS addr_text, net::text AS net_text, mac::text AS mac_text, host(addr)::inet AS single_host FROM {{ source }};

-- source: public.everything
SELECT id, doc::jsonb AS as_jsonb, docb::json AS as_json, doc::text AS doc_text FROM {{ source }};

-- source: public.everything
SELECT id, bits::text AS bits_text, bits::bit varying AS varying_bits, bits::integer AS number FROM {{ source }};

-- source: public.everything
SELECT id, words::text AS words_text, wholes::text AS wholes_text, nums::text[] AS nums_texts FROM {{ source }};

-- source: public.everything
SELECT id, place::text AS place_text, (place).city AS city, (place).floor AS floor FROM {{ source }};

-- source: public.everything
SELECT id, letter::text AS letter_text, fixed::varchar AS fixed_varchar, ident::text AS ident_text, body::name AS body_name FROM {{ source }};

-- source: public.everything
SELECT id, day::text AS day_text, stamp::text AS stamp_text, clock_tz::text AS clock_text, span::text AS span_text FROM {{ source }};

-- source: public.everything
SELECT id, rect::polygon AS rect_polygon, rect::circle AS rect_circle, shape::box AS shape_box FROM {{ source }} WHERE id IN (1, 7, 10, 11);

-- source: public.everything
SELECT id, feeling = 'happy' AS happy, feeling > 'sad' AS above, feeling::text > 'sad' AS text_above FROM {{ source }};

-- source: public.everything
SELECT id, num::double precision AS num_float, price::double precision AS price_float FROM {{ source }};

-- source: public.sample
SELECT id, m::numeric AS free, +m AS plus, CAST(m AS decimal) AS decimal FROM {{ source }};

-- Functions and operators of text: cutting, padding, joining, searching, letters.
-- source: public.sample

SELECT id, upper(t) AS up, lower(t) AS low FROM {{ source }};

SELECT id, initcap(v) AS capitals FROM {{ source }};

SELECT id, length(t) AS chars, octet_length(t) AS bytes, bit_length(t) AS bits FROM {{ source }};

SELECT id, length(c) AS without_padding, octet_length(c) AS with_padding FROM {{ source }};

SELECT id, t || '/' || v AS both FROM {{ source }};

SELECT id, c || '|' AS padded, c::text || '|' AS trimmed FROM {{ source }};

SELECT id, concat(t, v, NULL, i, b) AS joined FROM {{ source }};

SELECT id, concat_ws(', ', nullif(trim(t), ''), nullif(v, ''), i) AS listed FROM {{ source }};

SELECT id, trim(t) AS both, ltrim(t) AS front, rtrim(t) AS behind FROM {{ source }};

SELECT id, trim(LEADING 'P' FROM t) AS front, trim(TRAILING 'n' FROM t) AS behind, trim(BOTH 'Pn' FROM t) AS both FROM {{ source }};

SELECT id, substr(t, 2, 3) AS some, substring(t FROM 3) AS rest, substring(t FOR 2) AS start FROM {{ source }};

SELECT id, substr(t, -1, 4) AS before_the_start, substr(t, 100) AS after_the_end FROM {{ source }};

SELECT id, "left"(t, 3) AS first_three, "right"(t, 3) AS last_three FROM {{ source }};

SELECT id, left(t, -2) AS without_last_two, right(t, -2) AS without_first_two FROM {{ source }};

SELECT id, lpad(t, 8, '*') AS before, rpad(t, 8, 'xy') AS after, lpad(t, 2) AS cut FROM {{ source }};

SELECT id, replace(t, 'a', 'AA') AS replaced, replace(t, '', 'x') AS nothing FROM {{ source }};

SELECT id, translate(t, 'abc', 'x') AS mapped FROM {{ source }};

SELECT id, reverse(t) AS backwards FROM {{ source }};

SELECT id, repeat(v, 2) AS twice, repeat(v, 0) AS never, repeat(v, -1) AS negative FROM {{ source }};

SELECT id, strpos(t, 'a') AS place, position('in' IN t) AS place_in FROM {{ source }};

SELECT id, split_part(t, ',', 1) AS one, split_part(t, ',', 2) AS two, split_part(t, ',', 9) AS nine FROM {{ source }};

SELECT id, starts_with(t, 'P') AS p FROM {{ source }};

SELECT id, ascii(t) AS code, chr(64 + id) AS letter FROM {{ source }};

SELECT id, overlay(t PLACING '###' FROM 2 FOR 3) AS masked FROM {{ source }};

SELECT id, md5(t) AS hash FROM {{ source }};

SELECT id, to_hex(i) AS hex, to_hex(l) AS hex_long FROM {{ source }};

SELECT id, normalize(t, NFC) = t AS composed FROM {{ source }};

SELECT id, t = 'Plain' AS equal, t <> 'Plain' AS different, t IS DISTINCT FROM 'Plain' AS distinct_from FROM {{ source }};

SELECT id, t COLLATE "C" < 'a' AS below FROM {{ source }};

SELECT id, greatest(t COLLATE "C", v) AS later, least(t COLLATE "C", v) AS earlier FROM {{ source }};

SELECT id, c = 'ab' AS unpadded, c = 'ab   ' AS padded, c::text = 'ab' AS as_text FROM {{ source }};

SELECT id, string_to_array(t, ',') AS parts FROM {{ source }};

-- source: public.everything
SELECT id, upper(body) AS up, length(body) AS chars, reverse(short) AS backwards FROM {{ source }};

-- source: public.everything
SELECT id, letter, letter::text AS letter_text, ident || '!' AS loud FROM {{ source }};

-- source: public.everything
SELECT id, quote_literal(body) AS literal, quote_ident(body) AS name, quote_nullable(short) AS nullable FROM {{ source }};

-- source: public.everything
SELECT id, translate(initcap(replace(ident::text, '_', ' ')), ' ', '') AS camel FROM {{ source }};

-- source: public.customers
SELECT id, split_part(trim(name), ' ', 1) AS first_name, length(name) - length(replace(name, ' ', '')) AS spaces FROM {{ source }};

-- bytea, hashes, encodings and bit strings.
-- source: public.everything

SELECT id, encode(raw, 'hex') AS hex, encode(raw, 'base64') AS base64, encode(raw, 'escape') AS escaped FROM {{ source }};

SELECT id, length(raw) AS n, octet_length(raw) AS bytes, bit_length(raw) AS bits_count FROM {{ source }};

SELECT id, md5(raw) AS md5, encode(sha256(raw), 'hex') AS sha256 FROM {{ source }};

SELECT id, sha224(raw) AS sha224, sha384(raw) AS sha384, sha512(raw) AS sha512 FROM {{ source }};

SELECT id, md5(body) AS md5, sha256(convert_to(body, 'UTF8')) AS sha256 FROM {{ source }};

SELECT id, raw || '\x00' AS longer, substring(raw FROM 2 FOR 2) AS some, position('\x00'::bytea IN raw) AS place FROM {{ source }};

SELECT id, get_byte(raw, 0) AS first_byte, set_byte(raw, 0, 255) AS changed, get_bit(raw, 0) AS first_bit FROM {{ source }} WHERE length(raw) > 0;

SELECT id, trim(BOTH '\x00'::bytea FROM raw) AS trimmed, overlay(raw PLACING '\xff' FROM 1 FOR 1) AS overlaid FROM {{ source }};

SELECT id, decode(encode(raw, 'hex'), 'hex') = raw AS there_and_back, decode('aGVsbG8=', 'base64') AS hello FROM {{ source }};

SELECT id, raw = '\xdeadbeef' AS same, raw > '\x01' AS above, raw::text AS shown FROM {{ source }};

SELECT id, convert_from('\xc3a4'::bytea, 'UTF8') || body AS decoded FROM {{ source }};

SELECT id, bits & B'11110000' AS high, bits | B'00001111' AS filled, bits # B'11111111' AS flipped, ~bits AS inverted FROM {{ source }};

SELECT id, bits << 2 AS shifted, bits || bits_var AS joined, length(bits_var) AS n, get_bit(bits, 0) AS first_bit FROM {{ source }};

SELECT id, substring(bits FROM 1 FOR 4) AS half, bits::integer AS number, position(B'11' IN bits) AS place FROM {{ source }};

SELECT id, words @@ to_tsquery('simple', 'cat') AS cat, length(words) AS lexemes, strip(words) AS stripped FROM {{ source }};

-- source: public.sample
SELECT id, encode(by, 'hex') AS hex, by || by AS twice, length(by) AS n FROM {{ source }};

//! Text, bytes, bits and documents.

use super::groups;

/// Text that a text format would have to escape, and letters of one to four bytes.
const TEXTS: &[&str] = &[
    "''",
    "' '",
    "E'tab\\tnew\\nline\\rback\\\\slash'",
    "E'\\\\.'",
    "E'\\\\N'",
    "E'\\x01\\x02\\x1f\\x7f'",
    "'é ü 表 😀'",
    "E'e\\u0301\\uffff'",
    "'NULL'",
    "'\"quoted\", with {braces}'",
];

groups! {
    texts_keep_the_empty_one_and_every_character ("") &[
        ("text", TEXTS),
        ("character varying", TEXTS),
        ("character varying(40)", TEXTS),
        ("name", &["''", "repeat('n', 63)", "'ünïcödé'"]),
    ];

    padded_texts_keep_their_length ("") &[
        ("character(40)", TEXTS),
        ("character(1)", &["''", "'x'", "'表'"]),
    ];

    single_bytes_keep_all_their_bits ("") &[
        ("\"char\"", &["''", "'x'", "(-128)::\"char\"", "127::\"char\"", "(-1)::\"char\""]),
    ];

    texts_keep_their_collation ("CREATE COLLATION public.no_case \
            (provider = icu, locale = 'und-u-ks-level2', deterministic = false)") &[
        ("text COLLATE \"C\"", &["'a'", "'B'"]),
        ("text COLLATE public.no_case", &["'a'", "'A'"]),
    ];

    bytes_keep_every_value_and_the_empty_one ("") &[
        ("bytea", &["''", "'\\x00'", "'\\xdeadbeef'", "decode(repeat('000102ff', 5000), 'hex')",
            "(SELECT decode(string_agg(lpad(to_hex(n), 2, '0'), '' ORDER BY n), 'hex') FROM generate_series(0, 255) AS n)"]),
    ];

    bits_keep_their_number_and_leading_zeros ("") &[
        ("bit(1)", &["B'0'", "B'1'"]),
        ("bit(8)", &["B'00000001'"]),
        ("bit(9)", &["B'000000001'", "B'100000000'"]),
        ("bit(83)", &["repeat('01', 41)::bit(83)"]),
        ("bit varying", &["B''", "B'0'", "B'00000001'"]),
        ("bit varying(10)", &["B'0000000011'"]),
    ];

    uuids_keep_their_sixteen_bytes ("") &[
        ("uuid", &["'00000000-0000-0000-0000-000000000000'", "'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'"]),
    ];

    json_keeps_its_text ("") &[
        ("json", &["' { \"b\" : 1.00, \"a\":  [1, 2,3] , \"b\": \"twice\" } '", "'1e400'",
            "'12345678901234567890'", "'null'", "E'\"\\\\u0000\"'"]),
    ];

    jsonb_keeps_numbers_and_depth ("") &[
        ("jsonb", &["'{\"b\": 1.10, \"a\": [null, \"é\"]}'", "'12345678901234567890.10'", "'null'",
            "(repeat('[', 1000) || repeat(']', 1000))::jsonb"]),
        ("jsonpath", &["'$'", "'strict $.a[*] ? (@ > 2)'", "'$.\"a b\".type() ? (@ like_regex \"^x\" flag \"i\")'"]),
    ];

    xml_keeps_declaration_and_fragments ("") &[
        ("xml", &["'<a b=\"1\">text</a>'", "'content without a root'", "''", "'<a/><b/>'",
            "'<?xml version=\"1.0\" standalone=\"yes\"?><a/>'"]),
    ];

    search_vectors_keep_weights_positions_and_phrases ("") &[
        ("tsvector", &["''", "'a:1A b:2,3 c'", "'''it''''s'''"]),
        ("tsquery", &["'a & (b | !c) <-> d:*A'", "'x'", "'a <3> b'"]),
    ];
}

//! Types that users make: enums, domains, rows, ranges, and what they are nested in.

use super::groups;

groups! {
    ranges_keep_their_bounds_and_emptiness ("") &[
        ("int4range", &["'empty'", "'(,)'", "'[1,10)'", "'(,5]'"]),
        ("int8range", &["'[1,9223372036854775806]'"]),
        ("numrange", &["'[1.0,1.10]'", "'(0,NaN]'", "'[0.00,)'", "14: '[-Infinity,Infinity]'"]),
        ("daterange", &["'[-infinity,infinity]'", "'(,2024-01-01)'"]),
        ("tsrange", &["'[2024-01-01,infinity]'"]),
        ("tstzrange", &["'[2024-01-01 00:00+00,2024-02-01 00:00+00)'", "'(,)'", "'[-infinity,infinity)'"]),
    ];

    multiranges_keep_their_ranges ("") &[
        ("14: int4multirange", &["'{}'", "'{[1,3),[5,8)}'", "'{(,)}'"]),
        ("14: int8multirange", &["'{[1,3)}'"]),
        ("14: nummultirange", &["'{[1.0,1.10]}'"]),
        ("14: datemultirange", &["'{[-infinity,2024-01-01)}'"]),
        ("14: tsmultirange", &["'{[2024-01-01,infinity)}'"]),
        ("14: tstzmultirange", &["'{(,2024-01-01 00:00+00)}'"]),
    ];

    ranges_of_users_keep_their_bounds (
        "CREATE TYPE public.floats AS RANGE (subtype = float8, subtype_diff = float8mi);
         CREATE TYPE public.spans AS RANGE (subtype = interval);
         CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'good');
         CREATE TYPE public.moods AS RANGE (subtype = public.mood)") &[
        ("public.floats", &["'[1.5,NaN]'", "'empty'"]),
        ("public.floats[]", &["'{\"[1.5,2)\"}'"]),
        ("public.spans", &["'[1 day,1 mon]'", "17: '[1 day,infinity]'"]),
        ("public.moods", &["'[sad,ok]'", "'(,good)'"]),
    ];

    enums_keep_labels_of_every_kind (
        "CREATE TYPE public.mood AS ENUM ('sad', 'ok, \"really\"', '');
         ALTER TYPE public.mood ADD VALUE 'added before' BEFORE 'sad';
         CREATE TYPE public.\"Long Mood\" AS ENUM ('ünïcödé', 'Case', 'case',
             'exactly-63-bytes-exactly-63-bytes-exactly-63-bytes-exactly-63-b')") &[
        ("public.mood", &["'sad'", "'ok, \"really\"'", "''", "'added before'"]),
        ("public.\"Long Mood\"", &["'ünïcödé'", "'Case'", "'case'",
            "'exactly-63-bytes-exactly-63-bytes-exactly-63-bytes-exactly-63-b'"]),
        ("public.mood[]", &["'{}'", "'{sad,NULL,\"\"}'", "'{{sad},{\"added before\"}}'", "'[0:0]={sad}'"]),
    ];

    domains_keep_the_values_of_what_they_are_over (
        "CREATE DOMAIN public.positive AS integer CHECK (VALUE > 0);
         CREATE DOMAIN public.price AS numeric(10,2);
         CREATE DOMAIN public.nice_price AS public.price CHECK (VALUE <> 13);
         CREATE DOMAIN public.tags AS text[] CHECK (cardinality(VALUE) < 5);
         CREATE TYPE public.mood AS ENUM ('sad', 'ok');
         CREATE DOMAIN public.good_mood AS public.mood CHECK (VALUE <> 'sad');
         CREATE DOMAIN public.span AS interval") &[
        ("public.positive", &["1", "2147483647"]),
        ("public.price", &["'NaN'", "1.10"]),
        ("public.nice_price", &["99999999.99"]),
        ("public.tags", &["'{}'", "'{a,\"b,c\",NULL}'", "'[0:0]={a}'"]),
        ("public.good_mood", &["'ok'"]),
        ("public.span", &["'1 mon'", "17: 'infinity'"]),
        ("public.positive[]", &["'{1,2,NULL}'"]),
        ("public.good_mood[]", &["'{ok}'"]),
        ("public.tags[]", &["ARRAY['{a}'::public.tags, NULL]"]),
    ];

    rows_keep_fields_nulls_and_nesting (
        "CREATE TYPE public.mood AS ENUM ('sad', 'ok');
         CREATE TYPE public.pair AS (gone integer, a integer, b text);
         ALTER TYPE public.pair DROP ATTRIBUTE gone;
         CREATE TYPE public.nested AS (pair public.pair, mood public.mood, moods public.mood[]);
         CREATE TYPE public.spanned AS (at timestamptz, span interval);
         CREATE TABLE public.row_type (x numeric, y timestamptz)") &[
        ("public.pair", &["ROW(1, 'a,\"b\"')", "ROW(NULL, '')", "ROW(NULL, NULL)"]),
        ("public.pair[]", &["ARRAY[ROW(1, 'a'), NULL]::public.pair[]", "'{}'"]),
        ("public.nested", &["ROW(ROW(1, 'x')::public.pair, 'ok', '{sad,NULL}')"]),
        ("public.spanned", &["ROW('infinity', '1 mon')", "17: ROW(NULL, 'infinity')"]),
        ("public.row_type", &["ROW('NaN', 'infinity')", "14: ROW('Infinity', NULL)"]),
    ];
}

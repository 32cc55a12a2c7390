//! SQL means what PostgreSQL means: the same SELECT both ways, names, types and rows compared.

#![allow(clippy::too_many_lines, reason = "the functions are tables of cases")]

use crate::harness::{Oracle, Verdict, Versions};

/// Values at the limits of every type that SQL computes on, and NULL in every column.
const SAMPLE: &str = "CREATE TABLE public.sample (
        id integer PRIMARY KEY, s smallint, i integer, l bigint, r real, d double precision,
        n numeric, m numeric(12, 2), t text, v varchar(20), c char(6), b boolean,
        day date, ts timestamp, tz timestamptz, tm time, iv interval, by bytea, j jsonb, u uuid, a integer[], z numeric(5, 0));
    INSERT INTO public.sample VALUES
        (1, 1, 1, 1, 1.5, 1.5, 1.5, 1.50, 'Plain', 'plain', 'ab', true, '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+00', '12:34:56', '1 day', '\\x00ff', '{\"a\": 1}', '0f0e0d0c-0b0a-0908-0706-050403020100', '{1,2}', 12345),
        (2, -1, -7, -7, -2.5, -2.5, -2.5, -2.50, ' trimmed ', ' v ', ' x', false, '1969-12-31', '1969-12-31 23:59:59.5', '1969-12-31 23:59:59.5+00', '00:00:00', '-1 day', '', '[]', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '{}', -99999),
        (3, 0, 0, 0, 0, 0, 0, 0, '', '', '', NULL, '2000-01-01', '2000-01-01', '2000-01-01 00:00+00', '23:59:59.999999', '1 mon', NULL, 'null', NULL, NULL, 0),
        (4, 32767, 46340, 3037000499, 1e10, 1e15, 12345678901234567890.123456789, 9999999999.99, 'a,b;c', 'abcabc', 'abcdef', true, '1999-12-31', '1999-12-31 23:59:59.999999', '1999-12-31 23:59:59.999999+00', '01:02:03.4', '1 year 2 mons', '\\xdeadbeef', '{\"b\": [1, 2]}', NULL, '{3,NULL}', 99999),
        (5, -32767, -46340, -3037000499, 0.1, 0.1, 0.001, 0.01, 'ünïcödé 表 😀', 'ü', 'ü', false, '0001-01-01', '0001-01-01', '0001-01-01 00:00+00', '12:00', '00:00:01.5', '\\x41', '\"x\"', NULL, '{{1},{2}}', 5),
        (6, 2, 3, 5, 'NaN', 'NaN', 100, 100, 'NULL', 'null', 'null', true, '2024-12-30', '2024-12-30 00:00:00.000001', '2024-12-30 00:00:00.000001+00', '06:00', '0', NULL, NULL, NULL, NULL, 100),
        (7, 10, 10, 10, 'Infinity', 'Infinity', 1e20, -0.01, 'percent % _ \\', 'a%b_c', 'a_b', false, '2023-01-01', '2023-01-01 08:00', '2023-01-01 08:00+00', '08:00', '25:00:00', NULL, '1.10', NULL, '{}', 7),
        (8, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (9, 5, 100, 1000, -0.0, -0.0, 2.5, 2.50, 'Plain', 'plain', 'ab', true, '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+00', '12:34:56', '1 day', '\\x00ff', '{\"a\": 1}', '0f0e0d0c-0b0a-0908-0706-050403020100', '{1,2}', 12345),
        (10, -5, -100, -1000, 3.5, 4.5, -3.5, 3.55, E'line\\nbreak\\ttab', 'x', 'x', false, '2024-01-07', '2024-01-07', '2024-01-07 00:00+00', '00:00:00.000001', '-00:00:01', '\\x00', '{}', NULL, '{7}', 1)";

#[tokio::test]
async fn columns_pass_by_name_star_and_alias() {
    works_as_queries(&[
        "SELECT * FROM {{ source }}",
        "SELECT id, t AS \"Odd Name\", m amount FROM {{ source }}",
        "SELECT s.* FROM {{ source }} s",
        "SELECT x.id, x.t FROM {{ source }} AS x WHERE x.id > 3",
        "SELECT id, id AS again, t, t AS t2, j AS j2, j FROM {{ source }}",
        "SELECT T, Id FROM {{ source }}",
    ])
    .await;
}

#[tokio::test]
async fn result_columns_have_postgresqls_names() {
    works_as_queries(&[
        "SELECT id, lower(t), coalesce(v, 'x'), i::bigint, CASE WHEN b THEN 1 END FROM {{ source }}",
        "SELECT upper(t), i::text::varchar(3), m::numeric(14,3), date_trunc('day', tz) FROM {{ source }}",
        "SELECT extract(year FROM ts), nullif(i, 0), greatest(i, s), id FROM {{ source }}",
    ])
    .await;
}

#[tokio::test]
async fn integer_arithmetic() {
    works(&[
        "i + l",
        "s + s / 2",
        "i - 1",
        "i * 2",
        "l / 3",
        "i / -2",
        "i % 3",
        "-i % 3",
        "-i",
        "+l",
        "s * i",
        "s + 1",
        "l - s",
        "abs(i)",
        "mod(i, 4)",
        "i + 1::bigint",
        "s::integer * i",
        "sign(i::double precision)",
    ])
    .await;
}

#[tokio::test]
async fn numeric_arithmetic() {
    works(&[
        "n + 1",
        "n - m",
        "m * 2",
        "m * m",
        "m + m",
        "n * 1.10",
        "m + i",
        "i * 1.5",
        "-m",
        "-n",
        "abs(n)",
        "m * 0.1",
        "z + 1",
        "z * m",
        "m + 0.001",
        "1 + n",
        "1.0 - m",
    ])
    .await;
}

#[tokio::test]
async fn numeric_division_and_rounding() {
    works_or_is_refused(&[
        "n / 3",
        "m / 3",
        "m / 7.0",
        "1 / nullif(m, 0)",
        "m % 3",
        "n % 2",
        "round(m)",
        "round(m, 1)",
        "round(n, 2)",
        "round(m, -2)",
        "trunc(m, 1)",
        "ceil(m)",
        "floor(m)",
        "sqrt(abs(m))",
        "power(m, 2)",
        "n / nullif(i, 0)",
        "sum(m) OVER ()",
        "round(m / 3, 4)",
        "trunc(n)",
        "ceiling(n)",
        "sign(m)",
        "exp(m / 1000000000000)",
        "ln(abs(m) + 1)",
        "mod(m, 2)",
        "div(m, 3)",
    ])
    .await;
}

#[tokio::test]
async fn float_arithmetic() {
    works(&[
        "d + 1",
        "d * 2",
        "d / 3",
        "-d",
        "r + r",
        "r * 2",
        "r + d",
        "d - r",
        "abs(d)",
        "i * d",
        "l + r",
        "d::real",
        "r::double precision",
        "floor(d)",
        "ceil(d)",
        "round(d)",
        "trunc(d)",
        "sqrt(abs(d))",
        "sign(d)",
        "power(2.0::float8, 3)",
    ])
    .await;
}

#[tokio::test]
async fn comparisons() {
    works(&[
        "i = 1",
        "i <> 1",
        "i < l",
        "s <= i",
        "l >= 0",
        "m > 1.5",
        "n = 1.50",
        "n < m",
        "t = 'Plain'",
        "v = t",
        "c = 'ab'",
        "d = 0",
        "d = 'NaN'",
        "r < d",
        "b = true",
        "NOT b",
        "b IS TRUE",
        "b IS NOT FALSE",
        "b IS UNKNOWN",
        "day = '2024-02-29'",
        "day < ts",
        "ts < '2000-01-01'",
        "tz >= '2000-01-01 00:00:00+00'",
        "i IS NULL",
        "t IS NOT NULL",
        "i IS DISTINCT FROM 1",
        "t IS NOT DISTINCT FROM NULL",
        "i BETWEEN 0 AND 10",
        "m NOT BETWEEN 0 AND 1.5",
        "i IN (1, 10, NULL)",
        "t IN ('Plain', '')",
        "i NOT IN (1, 2)",
        "c = 'ab    '",
        "i > 1.5",
        "i = 1.0",
        "m = 1.5::float8",
        "tm > '12:00'",
        "b AND i > 0",
        "b OR i > 0",
        "NOT (b AND NULL)",
        "day > '2000-01-01'::date",
        "u = '0f0e0d0c-0b0a-0908-0706-050403020100'",
    ])
    .await;
}

#[tokio::test]
async fn text_functions() {
    works(&[
        "upper(v)",
        "lower('ABC' || id)",
        "length(t)",
        "char_length(v)",
        "octet_length(t)",
        "t || '-' || v",
        "t || i",
        "concat(t, i, NULL, b)",
        "concat_ws('-', t, NULL, v)",
        "trim(t)",
        "ltrim(t)",
        "rtrim(t)",
        "btrim(t, ' P')",
        "trim(BOTH 'n' FROM t)",
        "substr(t, 2)",
        "substr(t, 2, 3)",
        "substring(t FROM 2 FOR 2)",
        "substr(t, -1, 4)",
        "left(t, 3)",
        "left(t, -2)",
        "right(t, 2)",
        "right(t, -2)",
        "replace(t, 'a', 'A')",
        "reverse(t)",
        "repeat(v, 3)",
        "lpad(t, 8, '*')",
        "rpad(t, 3)",
        "lpad(v, 5)",
        "strpos(t, 'a')",
        "position('a' IN t)",
        "split_part(t, ',', 1)",
        "translate(t, 'ab', 'x')",
        "ascii(t)",
        "chr(65 + id)",
        "md5(t)",
        "starts_with(t, 'P')",
        "to_hex(l)",
        "bit_length(t)",
    ])
    .await;
}

#[tokio::test]
async fn parts_are_counted_from_the_end_as_from_version_14_on() {
    let expression = "split_part(t, ',', -1)";
    if Versions::of_servers().await.source >= 14 {
        return works(&[expression]).await;
    }
    let select = format!("SELECT id, {expression} AS r FROM {{{{ source }}}}");
    assert!(Oracle::over(SAMPLE).await.postgresql_fails(&select).await);
}

#[tokio::test]
async fn text_functions_of_other_letters() {
    works_or_is_refused(&[
        "upper(t)",
        "lower(t)",
        "initcap(t)",
        "t ~ 'ä'",
        "length(c)",
        "c || 'x'",
        "upper(c)",
        "c || c",
        "concat(c, 'x')",
        "c LIKE 'ab%'",
    ])
    .await;
}

#[tokio::test]
async fn patterns() {
    works(&[
        "t LIKE 'P%'",
        "t NOT LIKE '%a%'",
        "v LIKE 'a\\%b%'",
        "t LIKE '%\\\\'",
        "t LIKE '_lain'",
        "v LIKE 'a%' AND b",
    ])
    .await;
    works_or_is_refused(&[
        "t ILIKE 'p%'",
        "t ~ '^P'",
        "t ~* '^p'",
        "t !~ 'a'",
        "t SIMILAR TO '(P|a)%'",
        "regexp_replace(t, 'a+', 'X')",
        "regexp_match(t, 'a')",
        "regexp_replace(t, '(.)', '\\1\\1', 'g')",
        "t LIKE 'x!%' ESCAPE '!'",
        "t ~ '\\d'",
        "substring(t FROM 'a.')",
    ])
    .await;
}

#[tokio::test]
async fn casts() {
    works(&[
        "i::bigint",
        "i::text",
        "l::text",
        "m::text",
        "b::text",
        "t::varchar(3)",
        "'12'::integer + i",
        "i::numeric",
        "i::numeric(10, 2)",
        "m::numeric(14, 4)",
        "s::double precision",
        "b::integer",
        "day::text",
        "ts::text",
        "tz::text",
        "day::timestamp",
        "ts::date",
        "i::double precision",
        "d::text",
        "r::text",
        "v::text",
        "t::text",
        "CAST(s AS bigint) + 1",
        "(i > 0)::text",
        "j::text",
        "u::text",
        "z::integer",
        "CASE WHEN abs(m) < 1000 THEN m::integer END",
        "'2024-01-01'::date - day",
        "NULL::integer",
        "NULL::text",
        "c::text",
        "m::numeric(12, 1)",
        "z::bigint",
    ])
    .await;
    works_or_is_refused(&[
        "CASE WHEN abs(d) < 1e300 THEN d::numeric END",
        "CASE WHEN abs(r) < 1e30 THEN r::numeric END",
        "tz::date",
        "ts::timestamptz",
        "ts::time",
        "tz::timestamp",
        "t::char(3)",
        "i::char(2)",
        "i::boolean",
        "(m * 3)::numeric(20, 1)",
        "tm::text",
        "m::double precision",
        "n::double precision",
        "m::real",
        "ts::timestamp(0)",
        "day::timestamptz",
        "tz::timestamptz(3)",
        "n::numeric(30, 4)",
        "j::text::jsonb",
        "u::text::uuid",
        "l::money",
        "i::oid",
        "tm::interval",
        "t::name",
    ])
    .await;
}

#[tokio::test]
async fn conditionals() {
    works(&[
        "CASE WHEN b THEN i ELSE l END",
        "CASE i WHEN 1 THEN 'one' WHEN 2 THEN 'two' END",
        "CASE WHEN b THEN m ELSE 0 END",
        "CASE WHEN b THEN m END",
        "CASE WHEN i = 0 THEN NULL ELSE 10 / i END",
        "coalesce(i, 0)",
        "coalesce(t, v, 'none')",
        "coalesce(m, 0)",
        "coalesce(m, 1.123)",
        "nullif(i, 0)",
        "nullif(t, '')",
        "greatest(i, s, 5)",
        "least(i, l)",
        "least(m, 1)",
        "greatest(d, 1)",
        "CASE WHEN b THEN t ELSE v END",
        "CASE WHEN b THEN 1 ELSE 1.5 END",
        "coalesce(day, '2000-01-01')",
        "coalesce(NULL, i)",
        "CASE WHEN b THEN day ELSE ts END",
    ])
    .await;
}

#[tokio::test]
async fn dates_and_times() {
    works(&[
        "date_trunc('day', ts)",
        "date_trunc('month', tz)",
        "date_trunc('year', ts)",
        "date_trunc('week', ts)",
        "date_trunc('quarter', ts)",
        "date_trunc('hour', tz)",
        "date_trunc('minute', ts)",
        "date_trunc('second', ts)",
        "date_trunc('milliseconds', ts)",
        "extract(year FROM ts)",
        "extract(month FROM day)",
        "extract(day FROM tz)",
        "extract(dow FROM ts)",
        "extract(isodow FROM day)",
        "extract(doy FROM ts)",
        "extract(week FROM ts)",
        "extract(isoyear FROM ts)",
        "extract(quarter FROM ts)",
        "extract(hour FROM ts)",
        "extract(minute FROM tz)",
        "extract(second FROM ts)",
        "extract(milliseconds FROM ts)",
        "extract(microseconds FROM ts)",
        "extract(epoch FROM tz)",
        "date_part('year', ts)",
        "date_part('epoch', ts)",
        "tz AT TIME ZONE 'UTC'",
        "ts AT TIME ZONE 'UTC'",
        "day + 1",
        "day - 1",
        "day - '2000-01-01'::date",
    ])
    .await;
    works_or_is_refused(&[
        "ts + interval '1 day'",
        "tz + interval '1 month'",
        "ts - interval '1 hour'",
        "ts - '2000-01-01'::timestamp",
        "iv * 2",
        "iv + interval '1 day'",
        "day + interval '1 day'",
        "tz AT TIME ZONE 'Europe/Berlin'",
        "age(ts)",
        "to_char(ts, 'YYYY-MM-DD')",
        "extract(epoch FROM iv)",
        "justify_days(iv)",
        "make_date(2024, 1, id)",
        "date_trunc('day', iv)",
        "extract(hour FROM tm)",
        "tm + interval '1 hour'",
        "extract(century FROM ts)",
        "extract(julian FROM ts)",
        "date_bin('15 minutes', ts, '2001-01-01')",
        "extract(timezone FROM tz)",
        "iv > interval '1 day'",
        "tz > '2024-01-01'",
        "isfinite(ts)",
        "to_timestamp(i)",
        "date_trunc('day', day)",
        "ts::date = day",
        "date_trunc('day', tz, 'Asia/Tokyo')",
    ])
    .await;
}

#[tokio::test]
async fn types_without_arrow_form_are_compared_as_text_or_refused() {
    works_or_is_refused(&[
        "j IS NULL",
        "j = '{\"a\": 1}'",
        "j ->> 'a'",
        "j -> 'a'",
        "u::text || 'x'",
        "a = '{1,2}'",
        "a[1]",
        "cardinality(a)",
        "array_length(a, 1)",
        "1 = ANY(a)",
        "CASE WHEN array_ndims(a) = 1 THEN a || 5 END",
        "iv = interval '24 hours'",
        "tm < '12:00'",
        "encode(by, 'hex')",
        "length(by)",
        "by || by",
        "u > '00000000-0000-0000-0000-000000000000'",
        "jsonb_typeof(j)",
        "count(*) FILTER (WHERE b) OVER ()",
        "unnest(a)",
        "array[i, s]",
        "j ? 'a'",
        "to_jsonb(i)",
        "sha256(by)",
        "coalesce(j, '{}')",
        "nullif(a, '{}')",
        "max(iv) OVER ()",
    ])
    .await;
}

#[tokio::test]
async fn aggregates() {
    works_as_queries(&[
        "SELECT count(*) AS n, count(i) AS c, count(DISTINCT t) AS d FROM {{ source }}",
        "SELECT sum(s) AS a, sum(i) AS b, sum(l) AS c, sum(m) AS d FROM {{ source }}",
        "SELECT bool_and(b) AS a, bool_or(b) AS b, every(i > -5) AS c FROM {{ source }}",
        "SELECT b, count(*) AS n, sum(i) AS s FROM {{ source }} GROUP BY b",
        "SELECT t, max(m) AS m FROM {{ source }} GROUP BY t HAVING count(*) > 1",
        "SELECT i > 0 AS positive, count(*) AS n FROM {{ source }} GROUP BY 1",
        "SELECT sum(i) AS s FROM {{ source }} WHERE false",
        "SELECT count(*) AS s FROM {{ source }} WHERE false",
        "SELECT b, count(*) FILTER (WHERE i > 0) AS n FROM {{ source }} GROUP BY b",
        "SELECT sum(i) + 1 AS s, count(*) * 2 AS c FROM {{ source }}",
        "SELECT sum(d) AS s FROM {{ source }} WHERE id IN (1, 2, 10)",
        "SELECT date_trunc('year', ts) AS y, sum(m) AS m FROM {{ source }} GROUP BY 1",
        "SELECT c, count(*) AS n FROM {{ source }} GROUP BY c",
        "SELECT d, count(*) AS n FROM {{ source }} GROUP BY d",
    ])
    .await;
    works_or_is_refused_as_queries(&[
        "SELECT avg(i) AS a FROM {{ source }}",
        "SELECT avg(m) AS a FROM {{ source }}",
        "SELECT avg(d) AS a FROM {{ source }} WHERE id < 5",
        "SELECT sum(n) AS a FROM {{ source }}",
        "SELECT sum(r) AS a FROM {{ source }} WHERE id < 3",
        "SELECT string_agg(t, ',' ORDER BY id) AS a FROM {{ source }}",
        "SELECT array_agg(i ORDER BY id) AS a FROM {{ source }}",
        "SELECT stddev(i) AS a FROM {{ source }}",
        "SELECT n, count(*) AS c FROM {{ source }} GROUP BY n",
        "SELECT j, count(*) AS c FROM {{ source }} GROUP BY j",
        "SELECT iv, count(*) AS c FROM {{ source }} GROUP BY iv",
        "SELECT max(n) AS m, min(n) AS x FROM {{ source }}",
        "SELECT count(DISTINCT n) AS m FROM {{ source }}",
        "SELECT jsonb_agg(i) AS a FROM {{ source }}",
        "SELECT b, t, count(*) AS n FROM {{ source }} GROUP BY ROLLUP (b, t)",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY i) AS p FROM {{ source }}",
        "SELECT var_pop(d) AS v FROM {{ source }} WHERE id < 3",
        "SELECT max(b::int) AS m FROM {{ source }}",
        "SELECT max(u::text) AS m FROM {{ source }}",
        "SELECT bit_and(i) AS m FROM {{ source }}",
    ])
    .await;
}

#[tokio::test]
async fn shapes_of_queries() {
    works_as_queries(&[
        "SELECT DISTINCT b FROM {{ source }}",
        "SELECT count(*), sum(i), min(day), max(tz) FROM {{ source }} WHERE id < 8",
        "SELECT DISTINCT t, c FROM {{ source }}",
        "SELECT id FROM {{ source }} ORDER BY id DESC LIMIT 3",
        "SELECT id FROM {{ source }} ORDER BY i, id LIMIT 5",
        "SELECT id FROM {{ source }} ORDER BY i DESC, id LIMIT 5",
        "SELECT id FROM {{ source }} ORDER BY id LIMIT 2 OFFSET 3",
        "WITH big AS (SELECT * FROM {{ source }} WHERE i > 0) SELECT id, i * 2 AS x FROM big",
        "SELECT id, x FROM (SELECT id, i + 1 AS x FROM {{ source }}) AS q WHERE x > 1",
        "SELECT id, row_number() OVER (PARTITION BY b ORDER BY id) AS n FROM {{ source }}",
        "SELECT id, rank() OVER (ORDER BY m) AS n, lag(i) OVER (ORDER BY id) AS p FROM {{ source }}",
        "SELECT id, sum(i) OVER (ORDER BY id) AS running FROM {{ source }}",
        "SELECT id, t FROM {{ source }} WHERE i IN (SELECT max(i) FROM {{ source }})",
        "SELECT a.id, b.id AS other FROM {{ source }} a JOIN {{ source }} b ON a.t = b.t AND a.id < b.id",
        "SELECT id FROM {{ source }} UNION ALL SELECT i FROM {{ source }} WHERE i IS NOT NULL",
        "SELECT id FROM {{ source }} WHERE t = 'Plain' OR (m > 5 AND day IS NOT NULL)",
        "SELECT id, 1 AS one, 'x' AS x, NULL AS nothing, true AS yes, 1.50 AS dec FROM {{ source }}",
        "SELECT id FROM {{ source }} WHERE lower(v) LIKE 'p%'",
        "SELECT id FROM {{ source }} ORDER BY t COLLATE \"C\", id LIMIT 4",
    ])
    .await;
    works_or_is_refused_as_queries(&[
        "SELECT DISTINCT ON (t) t, id FROM {{ source }} ORDER BY t, id",
        "SELECT id FROM {{ source }} EXCEPT SELECT i FROM {{ source }}",
        "SELECT a.id, b.t FROM {{ source }} a LEFT JOIN {{ source }} b ON a.i = b.id",
        "SELECT id, (SELECT count(*) FROM {{ source }} x WHERE x.i < s.i) AS n FROM {{ source }} s",
        "SELECT id FROM {{ source }} s WHERE EXISTS (SELECT 1 FROM {{ source }} x WHERE x.i = s.id)",
        "SELECT id, x FROM {{ source }}, generate_series(1, 2) AS x",
        "SELECT id, x.v FROM {{ source }}, (VALUES (1), (2)) AS x (v)",
        "SELECT id, first_value(t) OVER (PARTITION BY b ORDER BY id) AS f FROM {{ source }}",
        "SELECT id, ntile(3) OVER (ORDER BY id) AS f FROM {{ source }}",
        "SELECT * FROM {{ source }} ORDER BY random()",
        "SELECT id FROM {{ source }} TABLESAMPLE SYSTEM (10)",
        "SELECT id FROM {{ source }} FOR UPDATE",
        "TABLE {{ source }}",
        "SELECT id, n FROM {{ source }} ORDER BY n LIMIT 3",
        "SELECT id, t FROM {{ source }} ORDER BY t DESC LIMIT 3",
        "SELECT id FROM {{ source }} INTERSECT SELECT s FROM {{ source }}",
        "SELECT id, max(i) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS f FROM {{ source }}",
        "SELECT FROM {{ source }}",
        "SELECT id, sample.t FROM {{ source }}",
        "SELECT id, ctid FROM {{ source }}",
    ])
    .await;
}

#[tokio::test]
async fn what_depends_on_a_collation_or_is_rare_may_be_refused() {
    works_or_is_refused(&[
        "t < 'b'",
        "t >= v",
        "(i, s) = (1, 1)",
        "d > 1e300",
        "by = '\\x00ff'",
        "greatest(t, v)",
        "n::text",
        "iv::text",
        "by::text",
        "a::text",
        "t LIKE '%' || v || '%'",
        "date_trunc('decade', ts)",
        "date_trunc('century', ts)",
        "date_trunc('millennium', ts)",
        "i & 6",
        "i | 1",
        "~i",
        "i << 2",
        "i >> 1",
        "overlay(t placing 'X' from 2)",
    ])
    .await;
    works_or_is_refused_as_queries(&[
        "SELECT id, t FROM {{ source }} ORDER BY t NULLS FIRST, id LIMIT 4",
        "SELECT count(*), sum(l), min(t) FROM {{ source }}",
        "SELECT max(c) AS c, min(c) AS d FROM {{ source }}",
        "SELECT min(i) AS a, max(t) AS b, min(day) AS c, max(tz) AS d, min(m) AS e, max(c) AS f FROM {{ source }} WHERE id < 8",
    ])
    .await;
}

#[tokio::test]
async fn what_fails_in_postgresql_fails_here() {
    let oracle = Oracle::over(SAMPLE).await;
    for expression in [
        "10 / i",
        "i % 0",
        "l * 9223372036854775807",
        "i * 1000000",
        "s * s * 1000::smallint * s",
        "-((-32768)::smallint) + s",
        "l::integer",
        "i::smallint",
        "t::integer",
        "v::date",
        "t::boolean",
        "m::smallint",
        "m / 0",
        "d / 0",
        "sqrt(d)",
        "chr(0)",
        "ln(i)",
        "d::integer",
        "repeat(t, -1)::integer",
        "m::numeric(3, 2)",
        "i + no_such_column",
        "no_such_function(i)",
        "i + t",
        "t + 1",
        "sum(sum(i))",
        "lower(i)",
        "i AND b",
        "t = 1",
        "split_part(t, ',', 0)",
        "day + 10000000000",
    ] {
        let select = format!("SELECT id, {expression} AS r FROM {{{{ source }}}}");
        assert!(
            oracle.postgresql_fails(&select).await,
            "PostgreSQL accepts {select}"
        );
        let verdict = oracle.judge(&select).await;
        assert!(
            matches!(verdict, Verdict::Failed(_) | Verdict::Refused(_)),
            "{verdict:?}: {select}"
        );
    }
}

/// Fails unless every expression, over the sample, gives what PostgreSQL gives.
async fn works(expressions: &[&str]) {
    works_as_queries(
        &queries(expressions)
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    )
    .await;
}

/// Fails unless every expression gives what PostgreSQL gives, or is refused by the plan.
async fn works_or_is_refused(expressions: &[&str]) {
    let queries = queries(expressions);
    works_or_is_refused_as_queries(&queries.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

fn queries(expressions: &[&str]) -> Vec<String> {
    let query = |expression| format!("SELECT id, {expression} AS r FROM {{{{ source }}}}");
    expressions.iter().map(query).collect()
}

async fn works_as_queries(selects: &[&str]) {
    let complaints = complaints(selects, |_| true).await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

async fn works_or_is_refused_as_queries(selects: &[&str]) {
    let complaints = complaints(selects, |verdict| !matches!(verdict, Verdict::Refused(_))).await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Verdicts other than the same, as far as they `count`.
async fn complaints(selects: &[&str], count: impl Fn(&Verdict) -> bool) -> Vec<String> {
    let oracle = Oracle::over(SAMPLE).await;
    let mut complaints = Vec::new();
    for select in selects {
        let verdict = oracle.judge(select).await;
        if !matches!(verdict, Verdict::Same) && count(&verdict) {
            complaints.push(match verdict {
                Verdict::Same => String::new(),
                Verdict::Refused(text) => format!("refused: {text}"),
                Verdict::Failed(text) => format!("failed: {text}"),
                Verdict::Different(text) => format!("different: {text}"),
            });
        }
    }
    complaints
}

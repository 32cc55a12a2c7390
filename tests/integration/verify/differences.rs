//! Every kind of difference is found and named.

use super::{assert_differs, assert_equal, named, verify_t};
use crate::harness::Databases;

#[tokio::test]
async fn a_value_that_is_equal_and_not_the_same_differs() {
    for (pg_type, source, destination) in [
        ("double precision", "0", "'-0'"),
        ("real", "0", "'-0'"),
        ("numeric", "1.0", "1.00"),
        ("text", "'a'", "'A'"),
        ("text", "NULL", "''"),
        ("text", "'a'", "'a '"),
        ("text", "'NULL'", "NULL"),
        ("bytea", r"'\x00'", r"'\x0000'"),
        ("integer[]", "'{1,2}'", "'[0:1]={1,2}'"),
        ("integer[]", "'{{1,2}}'", "'{1,2}'"),
        ("integer[]", "'{}'", "NULL"),
        ("integer[]", "'{NULL}'", "'{}'"),
        ("json", "'{\"a\":1}'", "'{\"a\": 1}'"),
        ("jsonb", "'1.0'", "'1.00'"),
        ("interval", "'1 mon'", "'30 days'"),
        ("timetz", "'12:00+00'", "'13:00+01'"),
        (
            "timestamptz",
            "'infinity'",
            "'294276-12-31 23:59:59.999999+00'",
        ),
        ("bit(9)", "B'000000001'", "B'000000000'"),
        ("bigint", "1", "1 + (1::bigint << 62)"),
        ("inet", "'10.1.2.3/8'", "'10.0.0.0/8'"),
        ("int4range", "'empty'", "'(,)'"),
    ] {
        let table = format!(
            "CREATE TABLE public.t (id integer PRIMARY KEY, v {pg_type}, w text); \
             INSERT INTO public.t VALUES (1, NULL, 'x'), (2, {{v}}, NULL), (3, NULL, NULL)"
        );
        let of = |value: &str| table.replace("{v}", value);
        let databases = Databases::with(&of(source), &of(destination)).await;
        assert_differs(&databases, &[], &["different 2 v"]).await;
    }
}

#[tokio::test]
async fn a_value_does_not_slip_into_the_next_column() {
    let table = "CREATE TABLE public.t (id integer PRIMARY KEY, a text, b text);";
    let databases = Databases::with(
        &format!(
            "{table} INSERT INTO public.t VALUES (1, 'ab', 'c'), (2, NULL, 'x'), (3, '', NULL)"
        ),
        &format!(
            "{table} INSERT INTO public.t VALUES (1, 'a', 'bc'), (2, 'x', NULL), (3, NULL, '')"
        ),
    )
    .await;
    let expected = ["different 1 a,b", "different 2 a,b", "different 3 a,b"];
    assert_differs(&databases, &[], &expected).await;
}

#[tokio::test]
async fn rows_that_are_swapped_are_found() {
    let table = "CREATE TABLE public.t (id integer PRIMARY KEY, v integer);";
    let databases = Databases::with(
        &format!("{table} INSERT INTO public.t VALUES (1, 10), (2, 20), (3, 30)"),
        &format!("{table} INSERT INTO public.t VALUES (1, 20), (2, 10), (3, 30)"),
    )
    .await;
    assert_differs(&databases, &[], &["different 1 v", "different 2 v"]).await;
}

#[tokio::test]
async fn missing_different_and_surplus_rows_are_told_apart() {
    let table = "CREATE TABLE public.t (id integer PRIMARY KEY, v text, w integer);";
    let databases = Databases::with(
        &format!(
            "{table} INSERT INTO public.t SELECT g, 'v' || g, g FROM generate_series(1, 100) g"
        ),
        &format!(
            "{table} INSERT INTO public.t SELECT g, 'v' || g, g FROM generate_series(0, 100) g;
             DELETE FROM public.t WHERE id IN (7, 70); UPDATE public.t SET v = 'x' WHERE id = 9"
        ),
    )
    .await;
    let expected = ["surplus 0", "missing 7", "different 9 v", "missing 70"];
    let report = assert_differs(&databases, &[], &expected).await;
    assert_eq!(
        [
            "source_rows",
            "destination_rows",
            "missing",
            "different",
            "surplus"
        ]
        .map(|n| &report[n]),
        [100, 99, 2, 1, 1]
    );
}

#[tokio::test]
async fn one_row_of_a_hundred_thousand_is_found() {
    let table = "CREATE TABLE public.t (id bigint PRIMARY KEY, v text);
        INSERT INTO public.t SELECT g * 7, 'value ' || g FROM generate_series(1, 100000) g;";
    let change = "UPDATE public.t SET v = 'Value 77777' WHERE id = 77777 * 7";
    let databases = Databases::with(table, &format!("{table} {change}")).await;
    assert_differs(&databases, &[], &["different 544439 v"]).await;
}

#[tokio::test]
async fn rows_at_both_ends_of_a_large_table_are_found() {
    let table = |from: i32, to: i32| {
        format!(
            "CREATE TABLE public.t (a integer, b text, v integer, PRIMARY KEY (b, a));
             INSERT INTO public.t SELECT g, 'Ä' || g % 50, g FROM generate_series({from}, {to}) g"
        )
    };
    let databases = Databases::with(&table(1, 60_000), &table(2, 60_002)).await;
    let expected = ["missing Ä1,1", "surplus Ä1,60001", "surplus Ä2,60002"];
    assert_differs(&databases, &[], &expected).await;
}

#[tokio::test]
async fn a_whole_range_can_be_missing() {
    let table = "CREATE TABLE public.t (id integer PRIMARY KEY, v integer);
        INSERT INTO public.t SELECT g, g FROM generate_series(1, 50000) g;";
    let gone = "DELETE FROM public.t WHERE id > 45000";
    let databases = Databases::with(table, &format!("{table} {gone}")).await;
    let (report, code) = verify_t(&databases, &["--max-differences", "3"]).await;
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(
        named(&report),
        ["missing 45001", "missing 45002", "missing 45003"]
    );
    assert_eq!(report["differing"], 5000, "{report}");
}

#[tokio::test]
async fn everything_may_differ() {
    let table = "CREATE TABLE public.t (id integer PRIMARY KEY, v integer);";
    let rows = |v: i32| {
        format!("{table} INSERT INTO public.t SELECT g, {v} FROM generate_series(1, 300000) g")
    };
    let databases = Databases::with(&rows(1), &rows(2)).await;
    let (report, code) = verify_t(&databases, &["--max-differences", "2"]).await;
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(named(&report), ["different 1 v", "different 2 v"]);
    assert_eq!(report["is_complete"], false, "{report}");
    let found = report["differing"].as_u64().unwrap();
    assert!((2..=300_000).contains(&found), "{report}");
}

#[tokio::test]
async fn no_row_is_named_if_none_is_wanted() {
    let table = "CREATE TABLE public.t (id integer PRIMARY KEY);";
    let databases = Databases::with(
        &format!("{table} INSERT INTO public.t VALUES (1), (2), (3)"),
        table,
    )
    .await;
    let (report, code) = verify_t(&databases, &["--max-differences", "0"]).await;
    assert_eq!(
        (code, &report["differing"], &report["is_complete"]),
        (Some(1), &3.into(), &false.into())
    );
    assert_eq!(named(&report), [""; 0]);
}

#[tokio::test]
async fn keys_of_every_kind_tell_rows_apart() {
    for (pg_type, values) in [
        (
            "uuid",
            [
                "'00000000-0000-0000-0000-000000000001'",
                "'ffffffff-0000-0000-0000-000000000002'",
            ],
        ),
        ("text", ["'a''b'", "'É'"]),
        ("character(5)", ["'a'", "'b'"]),
        ("bytea", [r"'\x01'", r"'\x02'"]),
        ("date", ["'2026-01-01'", "'infinity'"]),
        (
            "timestamptz",
            ["'2026-01-01 00:00:00.000001+02'", "'-infinity'"],
        ),
        ("numeric", ["'1.50'", "'NaN'"]),
        ("double precision", ["'0.1'", "'NaN'"]),
        ("boolean", ["true", "false"]),
        ("inet", ["'10.0.0.1'", "'::1'"]),
        ("public.mood", ["'sad'", "'it''s'"]),
        ("public.code", ["'a'", "'b'"]),
        ("integer[]", ["'{1}'", "'{2,3}'"]),
        ("interval", ["'1 day'", "'2 mons'"]),
        ("public.pair", ["'(1,a)'", "'(2,\"b,c\")'"]),
    ] {
        let (first, second) = (values[0], values[1]);
        let table = format!(
            "CREATE TYPE public.mood AS ENUM ('it''s', 'sad'); CREATE DOMAIN public.code AS text;
             CREATE TYPE public.pair AS (a integer, b text);
             CREATE TABLE public.t (id {pg_type} PRIMARY KEY, v integer);
             INSERT INTO public.t VALUES ({first}, 1), ({second}, 2);"
        );
        let change = format!("UPDATE public.t SET v = 3 WHERE id = {second}::{pg_type}");
        let databases = Databases::with(&table, &format!("{table} {change}")).await;
        let key = databases
            .source
            .value(&format!("SELECT ({second}::{pg_type})::text"))
            .await;
        let (report, _) = verify_t(&databases, &[]).await;
        let expected = match pg_type {
            "timestamptz" | "interval" | "numeric" => named(&report),
            _ => vec![format!("different {key} v")],
        };
        assert_eq!(
            (named(&report), report["different"].as_u64()),
            (expected, Some(1)),
            "{pg_type}: {report}"
        );
    }
}

#[tokio::test]
async fn texts_are_ordered_alike_where_databases_order_them_differently() {
    let table = |collation: &str| {
        format!(
            "CREATE TABLE public.t (id text COLLATE \"{collation}\" PRIMARY KEY, v integer);
             INSERT INTO public.t SELECT (ARRAY['a', 'B', '_', 'ä', 'Z'])[g % 5 + 1] || g, g
             FROM generate_series(1, 50000) g;"
        )
    };
    let databases = Databases::with(&table("C"), &table("en-x-icu")).await;
    assert_equal(&databases, &[]).await;
    databases
        .destination
        .run("UPDATE public.t SET v = 0 WHERE id = 'ä48'")
        .await;
    databases
        .source
        .run("DELETE FROM public.t WHERE id = '_2'")
        .await;
    assert_differs(&databases, &[], &["surplus _2", "different ä48 v"]).await;
}

#[tokio::test]
async fn a_key_of_equal_values_is_one_row_that_differs() {
    let table = "CREATE TABLE public.t (id numeric PRIMARY KEY, v integer);";
    let databases = Databases::with(
        &format!("{table} INSERT INTO public.t VALUES (1.0, 1)"),
        &format!("{table} INSERT INTO public.t VALUES (1.00, 1)"),
    )
    .await;
    assert_differs(&databases, &[], &["different 1 id"]).await;
}

#[tokio::test]
async fn rows_without_key_are_counted() {
    let table = "CREATE TABLE public.t (a integer, b text);";
    let databases = Databases::with(
        &format!("{table} INSERT INTO public.t VALUES (1, 'x'), (1, 'x'), (2, NULL), (NULL, NULL)"),
        &format!(
            "{table} INSERT INTO public.t VALUES (1, 'x'), (2, NULL), (3, NULL), (NULL, NULL)"
        ),
    )
    .await;
    let (report, code) = verify_t(&databases, &[]).await;
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(
        (&report["missing"], &report["surplus"]),
        (&1.into(), &1.into())
    );
    assert_eq!((named(&report).len(), &report["different"]), (0, &0.into()));
}

#[tokio::test]
async fn one_row_without_key_is_missed_among_many() {
    let table = "CREATE TABLE public.t (a integer, b text);
        INSERT INTO public.t SELECT g % 1000, 'x' FROM generate_series(1, 60000) g;";
    let change = "DELETE FROM public.t WHERE ctid = (SELECT min(ctid) FROM public.t WHERE a = 77)";
    let databases = Databases::with(table, &format!("{table} {change}")).await;
    let (report, code) = verify_t(&databases, &[]).await;
    assert_eq!(
        (code, &report["missing"], &report["is_complete"]),
        (Some(1), &1.into(), &true.into())
    );
}

#[tokio::test]
async fn a_key_may_be_null_or_shared() {
    let table = "CREATE TABLE public.t (k integer, v integer);";
    let databases = Databases::with(
        &format!(
            "{table} INSERT INTO public.t VALUES (1, 1), (1, 2), (NULL, 3), (NULL, 4), (2, 5)"
        ),
        &format!("{table} INSERT INTO public.t VALUES (1, 2), (1, 9), (NULL, 4), (2, 5), (2, 5)"),
    )
    .await;
    let expected = ["different 1", "surplus 2", "missing NULL"];
    assert_differs(&databases, &["--key", "k"], &expected).await;
}

#[tokio::test]
async fn too_many_rows_with_one_key_are_not_looked_through() {
    let table = "CREATE TABLE public.t (k integer NOT NULL, v integer);
        INSERT INTO public.t SELECT CASE WHEN g < 40000 THEN 5 ELSE g END, g
        FROM generate_series(1, 60000) g;";
    let change = "UPDATE public.t SET v = 0 WHERE v IN (17, 50000)";
    let databases = Databases::with(table, &format!("{table} {change}")).await;
    let (report, code) = verify_t(&databases, &["--key", "k"]).await;
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(named(&report), ["different 50000 v"]);
    assert_eq!(
        (&report["differing"], &report["is_complete"]),
        (&2.into(), &false.into()),
        "{report}"
    );
}

#[tokio::test]
async fn a_row_of_1600_columns_is_compared() {
    let columns: Vec<String> = (1..=1600).map(|at| format!("c{at} smallint")).collect();
    let table = format!(
        "CREATE TABLE public.t ({}); INSERT INTO public.t (c1) SELECT g FROM generate_series(1, 3) g;",
        columns.join(", ")
    );
    let databases = Databases::with(
        &table,
        &format!("{table} UPDATE public.t SET c1600 = 1 WHERE c1 = 2"),
    )
    .await;
    assert_differs(&databases, &["--key", "c1"], &["different 2 c1600"]).await;
}

#[tokio::test]
async fn rows_larger_than_a_value_may_be_are_compared() {
    // No table holds such a row for long: a view makes it. The other side has the same row but for
    // those columns.
    let columns = |value: &str| {
        let columns: Vec<String> = (1..=5)
            .map(|at| format!("{value}::text AS c{at}"))
            .collect();
        format!(
            "CREATE VIEW public.t AS SELECT 1 AS id, {}",
            columns.join(", ")
        )
    };
    let large = columns("repeat(repeat('x', 10000), 22000)");
    let databases = Databases::with(&large, &columns("'x'")).await;
    let arguments = ["--key", "id", "--max-differences", "0"];
    let (report, code) = verify_t(&databases, &arguments).await;
    assert_eq!(
        (code, &report["source_rows"]),
        (Some(1), &1.into()),
        "{report}"
    );
}

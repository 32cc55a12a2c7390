//! Ways in which a value or a row could get lost without a word: each is kept, or refused.

use crate::harness::{Databases, Program, Versions};

#[tokio::test]
async fn a_mirror_keeps_rows_whose_key_is_null_where_nulls_are_equal() {
    if Versions::of_servers().await.destination < 15 {
        return; // NULLS NOT DISTINCT came with version 15.
    }
    let databases = Databases::with(
        "CREATE TABLE public.t (k integer, v integer); INSERT INTO public.t VALUES (1, 1), (NULL, 2)",
        "CREATE TABLE public.t (k integer, v integer, UNIQUE NULLS NOT DISTINCT (k));
         INSERT INTO public.t VALUES (99, 99)",
    )
    .await;
    done(&databases, "public.t: { write: mirror, key: [k] }").await;
    check(
        &databases,
        "SELECT coalesce(k, 0) || ':' || v FROM public.t ORDER BY 1",
        &["0:2", "1:1"],
    )
    .await;
}

#[tokio::test]
async fn rows_without_key_are_refused_by_an_upsert_into_an_empty_table() {
    let databases = Databases::with(
        "CREATE TABLE public.t (k integer, v integer); INSERT INTO public.t VALUES (NULL, 2)",
        "CREATE TABLE public.t (k integer UNIQUE, v integer)",
    )
    .await;
    refused(
        &databases,
        "public.t: { key: [k] }",
        1,
        &["NULL in their key"],
    )
    .await;
}

#[tokio::test]
async fn a_key_that_is_equal_and_not_the_same_is_updated() {
    let databases = Databases::with(
        "CREATE TABLE public.t (n numeric PRIMARY KEY, v integer); INSERT INTO public.t VALUES (1.00, 1)",
        "CREATE TABLE public.t (n numeric PRIMARY KEY, v integer); INSERT INTO public.t VALUES (1.0, 1)",
    )
    .await;
    done(&databases, "public.t: {}").await;
    check(&databases, "SELECT n::text FROM public.t", &["1.00"]).await;
}

#[tokio::test]
async fn a_type_as_value_goes_by_its_name() {
    let databases = Databases::with(
        "CREATE TYPE public.mood AS ENUM ('ok'); CREATE TABLE public.t (id integer, r regtype);
         INSERT INTO public.t VALUES (1, 'public.mood')",
        "CREATE TYPE public.other AS ENUM ('x'); CREATE TYPE public.mood AS ENUM ('ok')",
    )
    .await;
    done(&databases, "public.t: { write: append }").await;
    check(&databases, "SELECT r::text FROM public.t", &["mood"]).await;
}

#[tokio::test]
async fn modifiers_inside_rows_and_arrays_count() {
    let databases = Databases::with(
        "CREATE TYPE public.pair AS (n numeric(10, 4)); CREATE DOMAIN public.d AS numeric(10, 4);
         CREATE TABLE public.rows (p public.pair); INSERT INTO public.rows VALUES (row(1.2345));
         CREATE TABLE public.arrays (a public.d[]); INSERT INTO public.arrays VALUES ('{1.2345}')",
        "CREATE TYPE public.pair AS (n numeric(10, 2)); CREATE DOMAIN public.d AS numeric(10, 2);
         CREATE TABLE public.rows (p public.pair); CREATE TABLE public.arrays (a public.d[])",
    )
    .await;
    refused(
        &databases,
        "public.rows: { write: append }",
        2,
        &["does not fit"],
    )
    .await;
    refused(
        &databases,
        "public.arrays: { write: append }",
        2,
        &["does not fit"],
    )
    .await;
}

#[tokio::test]
async fn text_that_a_cast_would_cut_is_refused() {
    for to in [
        "\"char\"",
        "bit(3)",
        "money",
        "time(0) with time zone",
        "numeric(100, 2)",
    ] {
        let databases = Databases::with(
            "CREATE TABLE public.t (x text)",
            &format!("CREATE TABLE public.t (x {to})"),
        )
        .await;
        refused(
            &databases,
            "public.t: { write: append }",
            2,
            &["cannot be assigned"],
        )
        .await;
    }
}

#[tokio::test]
async fn an_integer_does_not_go_into_a_numeric_that_rounds_it() {
    if Versions::of_servers().await.destination < 15 {
        return; // A scale below zero came with version 15.
    }
    let databases = Databases::with(
        "CREATE TABLE public.t (x smallint)",
        "CREATE TABLE public.t (x numeric(5, -2))",
    )
    .await;
    refused(
        &databases,
        "public.t: { write: append }",
        2,
        &["cannot be kept", "allow: lossy"],
    )
    .await;
}

#[tokio::test]
async fn an_outer_join_creates_columns_that_may_be_null() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, v integer NOT NULL);
         INSERT INTO public.t VALUES (1, 1), (2, 2)",
        "",
    )
    .await;
    let sql =
        "SELECT a.id, b.v FROM {{ source }} AS a LEFT JOIN {{ source }} AS b ON b.id = a.id + 1";
    done(
        &databases,
        &format!("public.t: {{ sql: '{sql}', key: [id] }}"),
    )
    .await;
    check(
        &databases,
        "SELECT id || ':' || coalesce(v::text, '-') FROM public.t ORDER BY 1",
        &["1:2", "2:-"],
    )
    .await;
}

#[tokio::test]
async fn a_watermark_counts_for_its_own_tables_only() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, at integer); INSERT INTO public.t VALUES (1, 1), (2, 2)",
        "",
    )
    .await;
    let stream = |into| format!("public.t: {{ into: {into}, sync: incremental, cursor: at }}");
    done(&databases, &stream("public.a")).await;
    done(&databases, &stream("public.b")).await;
    check(
        &databases,
        "SELECT id::text FROM public.b ORDER BY 1",
        &["1", "2"],
    )
    .await;
    databases.destination.run("DROP TABLE public.a").await;
    done(&databases, &stream("public.a")).await;
    check(
        &databases,
        "SELECT id::text FROM public.a ORDER BY 1",
        &["1", "2"],
    )
    .await;
}

#[tokio::test]
async fn infinity_does_not_freeze_a_cursor() {
    // A numeric may be infinite since version 14, and NaN before that.
    let infinity = match Versions::of_servers().await.both_since(14) {
        true => "Infinity",
        false => "NaN",
    };
    let databases = Databases::with(
        &format!(
            "CREATE TABLE public.t (id integer PRIMARY KEY, at numeric);
             INSERT INTO public.t VALUES (1, 1), (2, '{infinity}'), (3, 'NaN')"
        ),
        "",
    )
    .await;
    let stream = "public.t: { sync: incremental, cursor: at }";
    done(&databases, stream).await;
    databases
        .source
        .run("INSERT INTO public.t VALUES (4, 5)")
        .await;
    done(&databases, stream).await;
    check(&databases, "SELECT count(*)::text FROM public.t", &["4"]).await;
}

#[tokio::test]
async fn an_identity_that_cannot_be_updated_is_refused() {
    let databases = Databases::with(
        "CREATE TABLE public.t (code text PRIMARY KEY, id bigint); INSERT INTO public.t VALUES ('a', 50)",
        "CREATE TABLE public.t (code text PRIMARY KEY, id bigint GENERATED ALWAYS AS IDENTITY);
         INSERT INTO public.t (code) VALUES ('a')",
    )
    .await;
    refused(&databases, "public.t: {}", 2, &["GENERATED ALWAYS", "id"]).await;
}

#[tokio::test]
async fn rows_of_inheriting_tables_are_not_doubled() {
    let tables = "CREATE TABLE public.parent (id integer PRIMARY KEY);
        CREATE TABLE public.child () INHERITS (public.parent)";
    let databases = Databases::with(tables, tables).await;
    refused(&databases, "public.parent: {}", 2, &["inherit"]).await;
}

#[tokio::test]
async fn default_privileges_of_the_schema_apply_to_a_created_table() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY)",
        "CREATE SCHEMA s; ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC",
    )
    .await;
    done(&databases, "public.t: { into: s.t }").await;
    check(
        &databases,
        "SELECT has_table_privilege('pg_monitor', 's.t', 'SELECT')::text",
        &["true"],
    )
    .await;
}

#[tokio::test]
async fn the_last_of_duplicates_is_not_chosen_by_text() {
    let databases = Databases::with(
        "CREATE TABLE public.t (k integer, ver integer); INSERT INTO public.t VALUES (1, 9), (1, 10)",
        "CREATE TABLE public.t (k integer PRIMARY KEY, ver text)",
    )
    .await;
    refused(
        &databases,
        "public.t: { duplicates: { last: ver } }",
        2,
        &["ver", "text"],
    )
    .await;
}

#[tokio::test]
async fn a_table_is_not_copied_onto_itself() {
    let databases = Databases::with("CREATE TABLE public.t (id integer)", "").await;
    let source = databases.source_url.clone();
    let outcome = Program::new(
        &databases,
        &[
            "copy", "--from", &source, "--to", &source, "--table", "t", "--write", "append",
        ],
    )
    .run()
    .await;
    outcome.assert_refused(2, &["onto itself"]);
}

#[tokio::test]
async fn a_query_without_words_is_a_value() {
    let databases = Databases::with(
        "CREATE TYPE public.pair AS (q tsquery, n integer);
         CREATE TABLE public.t (id integer PRIMARY KEY, q tsquery, qs tsquery[], p public.pair);
         INSERT INTO public.t VALUES (1, '', ARRAY['', 'a & !b']::tsquery[], ROW('', 1))",
        "CREATE TYPE public.pair AS (q tsquery, n integer)",
    )
    .await;
    done(&databases, "public.t: {}").await;
    let rows = "SELECT concat_ws(' ', q, qs, p) FROM public.t";
    let expected = databases.source.column(rows).await;
    assert_eq!(databases.destination.column(rows).await, expected);
}

#[tokio::test]
async fn a_document_keeps_its_declaration() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, x xml);
         INSERT INTO public.t VALUES (1, '<?xml version=\"1.0\"?><a/>'),
            (2, '<?xml version=\"1.0\" encoding=\"latin1\"?><a>ä</a>'), (3, 'text <b/> text'),
            (4, '<!DOCTYPE a [<!ELEMENT a ANY>]><a/>')",
        "",
    )
    .await;
    done(&databases, "public.t: {}").await;
    let rows = "SELECT x::text FROM public.t ORDER BY id";
    let expected = databases.source.column(rows).await;
    assert_eq!(databases.destination.column(rows).await, expected);
}

#[tokio::test]
async fn the_key_of_a_parent_is_no_key_of_its_rows() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY); CREATE TABLE public.child () INHERITS (public.t);
         INSERT INTO public.t VALUES (1), (2); INSERT INTO public.child VALUES (2)",
        "",
    )
    .await;
    refused(&databases, "public.t: {}", 2, &["needs a key"]).await;
    done(&databases, "public.t: { write: replace }").await;
    check(
        &databases,
        "SELECT id::text FROM public.t ORDER BY id",
        &["1", "2", "2"],
    )
    .await;
}

#[tokio::test]
async fn a_column_named_like_one_of_the_system_is_refused() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer); CREATE VIEW public.v AS SELECT ctid, id FROM public.t",
        "",
    )
    .await;
    let stream = "public.v: { write: append }";
    refused(&databases, stream, 2, &["column ctid", "AS"]).await;
}

#[tokio::test]
async fn a_materialized_view_that_was_never_filled_is_refused() {
    let databases = Databases::with(
        "CREATE MATERIALIZED VIEW public.v AS SELECT 1 AS id WITH NO DATA",
        "",
    )
    .await;
    let stream = "public.v: { write: append }";
    refused(&databases, stream, 2, &["never been populated", "REFRESH"]).await;
}

#[tokio::test]
async fn a_name_that_means_nothing_at_the_destination_tells_its_column() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, r regclass);
         INSERT INTO public.t VALUES (1, 'public.t')",
        "",
    )
    .await;
    let stream = "into: { table: public.t, into: public.other }";
    refused(
        &databases,
        stream,
        1,
        &["public.t", "type of: r", "as: text"],
    )
    .await;
}

async fn done(databases: &Databases, stream: &str) {
    Program::run_of(databases, stream).run().await.assert_done();
}

async fn refused(databases: &Databases, stream: &str, code: i32, texts: &[&str]) {
    Program::run_of(databases, stream)
        .run()
        .await
        .assert_refused(code, texts);
}

async fn check(databases: &Databases, query: &str, expected: &[&str]) {
    assert_eq!(databases.destination.column(query).await, expected);
}

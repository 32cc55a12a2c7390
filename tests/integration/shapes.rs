//! Tables of every kind and shape.

use crate::harness::{Databases, Program, assert_same, relation};

#[tokio::test]
async fn a_table_without_columns_keeps_its_row_count() {
    let databases = Databases::with(
        "CREATE TABLE public.t (); INSERT INTO public.t SELECT FROM generate_series(1, 12345)",
        "",
    )
    .await;
    Program::run_of(&databases, "public.t: { write: replace }")
        .run()
        .await
        .assert_done();
    assert_eq!(
        databases
            .destination
            .value("SELECT count(*) FROM public.t")
            .await,
        "12345"
    );
}

#[tokio::test]
async fn a_table_of_generated_columns_only_keeps_its_row_count() {
    let table = "CREATE TABLE public.t (x integer GENERATED ALWAYS AS (7) STORED)";
    let databases = Databases::with(
        &format!("{table}; INSERT INTO public.t SELECT FROM generate_series(1, 10)"),
        table,
    )
    .await;
    Program::run_of(&databases, "public.t: { write: append }")
        .run()
        .await
        .assert_done();
    assert_eq!(
        databases
            .destination
            .value("SELECT sum(x) FROM public.t")
            .await,
        "70"
    );
}

#[tokio::test]
async fn generated_columns_can_be_read_into_plain_ones() {
    check(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a integer, b integer GENERATED ALWAYS AS (a * 2) STORED);
         INSERT INTO public.t SELECT n, n FROM generate_series(1, 10) AS n",
        "public.t",
        "{}",
    )
    .await;
}

#[tokio::test]
async fn a_table_without_rows_is_created() {
    check(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a numeric(10,2) NOT NULL, b text[])",
        "public.t",
        "{}",
    )
    .await;
}

#[tokio::test]
async fn dropped_columns_are_gone() {
    check(
        "CREATE TABLE public.t (a text, b integer, c integer PRIMARY KEY, d text);
         INSERT INTO public.t SELECT 'a', n, n, 'd' FROM generate_series(1, 100) AS n;
         ALTER TABLE public.t DROP COLUMN a; ALTER TABLE public.t DROP COLUMN d; ALTER TABLE public.t ADD COLUMN e text DEFAULT 'e'",
        "public.t",
        "{}",
    )
    .await;
}

#[tokio::test]
async fn a_table_without_key_is_appended_and_replaced() {
    let table = "CREATE TABLE public.t (a integer, b text); INSERT INTO public.t VALUES (1, 'x'), (1, 'x'), (NULL, NULL)";
    check(table, "public.t", "{ write: append }").await;
    check(table, "public.t", "{ write: replace }").await;
}

#[tokio::test]
async fn a_unique_index_that_is_no_primary_key_will_do_as_key() {
    check(
        "CREATE TABLE public.t (a integer NOT NULL, b text NOT NULL, c text); CREATE UNIQUE INDEX ON public.t (b, a);
         INSERT INTO public.t SELECT n % 5, n::text, 'c' FROM generate_series(1, 50) AS n",
        "public.t",
        "{ key: [a, b] }",
    )
    .await;
}

#[tokio::test]
async fn a_partitioned_table_is_a_destination() {
    let table = "CREATE TABLE public.t (id integer, day date, v text, PRIMARY KEY (id, day))";
    let databases = Databases::with(
        &format!("{table}; INSERT INTO public.t SELECT n, date '2024-01-01' + n, 'v' FROM generate_series(1, 500) AS n"),
        &format!(
            "{table} PARTITION BY RANGE (day);
             CREATE TABLE public.t_1 PARTITION OF public.t FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
             CREATE TABLE public.t_2 PARTITION OF public.t DEFAULT"
        ),
    )
    .await;
    for _ in 0..2 {
        Program::run_of(&databases, "public.t: {}")
            .run()
            .await
            .assert_done();
        let expected = relation(&databases.source, "SELECT * FROM public.t").await;
        assert_same(
            &expected,
            &relation(&databases.destination, "SELECT * FROM public.t").await,
            "rows",
        );
        databases
            .source
            .run("UPDATE public.t SET v = 'w' WHERE id % 3 = 0")
            .await;
    }
}

#[tokio::test]
async fn an_inheritance_parent_gives_the_rows_of_its_children() {
    check(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a text); CREATE TABLE public.child (extra text) INHERITS (public.t);
         INSERT INTO public.t VALUES (1, 'parent'); INSERT INTO public.child VALUES (2, 'child', 'x')",
        "public.t",
        "{ write: replace }",
    )
    .await;
}

#[tokio::test]
async fn a_materialized_view_is_a_source() {
    check(
        "CREATE MATERIALIZED VIEW public.t AS SELECT n AS id, n / 7.0 AS a FROM generate_series(1, 5000) AS n",
        "public.t",
        "{ key: id }",
    )
    .await;
}

#[tokio::test]
async fn an_unlogged_table_is_a_source() {
    check(
        "CREATE UNLOGGED TABLE public.t (id integer PRIMARY KEY, a text); INSERT INTO public.t VALUES (1, 'a')",
        "public.t",
        "{}",
    )
    .await;
}

#[tokio::test]
async fn a_system_view_is_a_source() {
    check(
        "SELECT 1",
        "pg_catalog.pg_timezone_abbrevs",
        "{ key: abbrev, into: public.abbreviations }",
    )
    .await;
}

#[tokio::test]
async fn a_foreign_table_is_a_source() {
    let databases = Databases::create().await;
    let name = databases.name();
    let address = databases.source_url.trim_start_matches("postgresql://");
    let (login, rest) = address.split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap();
    let port = rest.split([':', '/']).nth(1).unwrap();
    let setup = format!(
        "CREATE TABLE public.there (id integer, a text[]); INSERT INTO public.there SELECT n, ARRAY['a', NULL] FROM generate_series(1, 300) AS n;
         CREATE EXTENSION postgres_fdw;
         CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}', dbname '{name}');
         CREATE USER MAPPING FOR CURRENT_USER SERVER self OPTIONS (user '{user}', password '{password}');
         CREATE FOREIGN TABLE public.t (id integer, a text[]) SERVER self OPTIONS (schema_name 'public', table_name 'there')"
    );
    databases.source.run(&setup).await;
    Program::run_of(&databases, "public.t: { key: id }")
        .run()
        .await
        .assert_done();
    let expected = relation(&databases.source, "SELECT * FROM public.t").await;
    assert_same(
        &expected,
        &relation(&databases.destination, "SELECT * FROM public.t").await,
        "rows",
    );
}

#[tokio::test]
async fn a_view_as_destination_is_refused() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1)",
        "CREATE TABLE public.base (id integer PRIMARY KEY); CREATE VIEW public.t AS SELECT * FROM public.base",
    )
    .await;
    let outcome = Program::run_of(&databases, "public.t: {}").run().await;
    outcome.assert_refused(2, &["public.t", "takes rows"]);
}

#[tokio::test]
async fn columns_that_the_source_fills_hold_what_it_filled_in() {
    check(
        "CREATE TABLE public.t (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), k smallserial);
         INSERT INTO public.t (at) SELECT timestamptz '2024-01-01 00:00+00' FROM generate_series(1, 30)",
        "public.t",
        "{}",
    )
    .await;
}

#[tokio::test]
async fn batches_of_every_size_hold_the_same_rows() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a text);
         INSERT INTO public.t SELECT n, CASE WHEN n % 3 > 0 THEN repeat('x', n % 50) END FROM generate_series(1, 100) AS n",
        "",
    )
    .await;
    for rows in ["1", "99", "100", "101"] {
        databases
            .destination
            .run("DROP TABLE IF EXISTS public.t")
            .await;
        let arguments = [
            "--table",
            "t",
            "--batch-rows",
            rows,
            "--sql",
            "SELECT id, a FROM {{ source }} WHERE id > 0",
        ];
        Program::copy(&databases, &arguments)
            .run()
            .await
            .assert_done();
        let expected = relation(&databases.source, "SELECT * FROM public.t").await;
        assert_same(
            &expected,
            &relation(&databases.destination, "SELECT * FROM public.t").await,
            rows,
        );
    }
}

/// Runs `setup` at the source, moves `table` twice, and compares what SELECT * gives.
async fn check(setup: &str, table: &str, stream: &str) {
    let databases = Databases::with(setup, "").await;
    let into = match stream.contains("into: public.abbreviations") {
        true => "public.abbreviations",
        false => table,
    };
    let times = if stream.contains("append") { 1 } else { 2 };
    for _ in 0..times {
        Program::run_of(&databases, &format!("{table}: {stream}"))
            .run()
            .await
            .assert_done();
        let expected = relation(&databases.source, &format!("SELECT * FROM {table}")).await;
        let found = relation(&databases.destination, &format!("SELECT * FROM {into}")).await;
        assert_same(&expected, &found, table);
    }
    databases.assert_no_staging().await;
}

//! A full table onto a full table: both sides are read, and only rows that differ are written.

use serde_json::Value;

use crate::harness::{Databases, Program, assert_same, relation};

const ORDERS: &str =
    "CREATE TABLE public.orders (id integer PRIMARY KEY, total numeric(12, 2), note text);
    INSERT INTO public.orders SELECT n, n / 3.0, 'note ' || n FROM generate_series(1, 10000) AS n";

/// The same rows, in another order on the pages, 40 MB of them: more than are kept in memory.
const LONG: &str = "CREATE TABLE public.long (id integer PRIMARY KEY, at timestamptz, note text);
    INSERT INTO public.long SELECT n, to_timestamp(n), repeat('x', 1000) FROM";

#[tokio::test]
async fn nothing_is_written_where_nothing_differs() {
    let databases = Databases::with(ORDERS, ORDERS).await;
    databases
        .destination
        .run("UPDATE public.orders SET note = note WHERE id % 7 = 0")
        .await;
    let before = databases.destination_state().await;
    let stream = only_stream(&databases, "public.orders: {}").await;
    assert_eq!(databases.destination_state().await, before);
    check(&stream, [10_000, 0, 0, 10_000]);
    assert_eq!(stream["bytes_written"], 0);
    databases.assert_no_staging().await;
}

#[tokio::test]
async fn only_rows_that_differ_are_sent() {
    let databases = Databases::with(ORDERS, ORDERS).await;
    databases.source.run(CHANGES).await;
    let stream = only_stream(&databases, "public.orders: {}").await;
    check(&stream, [9_990, 5, 7, 9_978]);
    let sent = stream["bytes_written"].as_u64().unwrap();
    assert!((300..30_000).contains(&sent), "{sent}");
    databases
        .destination
        .run("DELETE FROM public.orders WHERE id BETWEEN 101 AND 115")
        .await;
    assert_equal(&databases, "public.orders").await;
}

#[tokio::test]
async fn a_table_that_is_not_kept_in_memory_is_read_again_for_what_differs() {
    let databases = Databases::with(
        &format!("{LONG} generate_series(1, 40000) AS n"),
        &format!("{LONG} generate_series(40000, 1, -1) AS n"),
    )
    .await;
    databases
        .source
        .run(
            "UPDATE public.long SET at = 'infinity' WHERE id IN (1, 20000, 40000);
             INSERT INTO public.long VALUES (50000, NULL, NULL)",
        )
        .await;
    let stream = only_stream(&databases, "public.long: {}").await;
    check(&stream, [40_001, 1, 3, 39_997]);
    assert!(stream["bytes_written"].as_u64().unwrap() < 1_000_000);
    assert_equal(&databases, "public.long").await;
}

#[tokio::test]
async fn rows_are_compared_in_the_types_of_the_destination() {
    let wider = "CREATE TABLE public.orders (total numeric, note varchar, id bigint PRIMARY KEY);
        INSERT INTO public.orders SELECT round(n / 3.0, 2), 'note ' || n, n
        FROM generate_series(1, 10000) AS n";
    let databases = Databases::with(ORDERS, wider).await;
    databases.source.run(CHANGES).await;
    let stream = only_stream(&databases, "public.orders: {}").await;
    check(&stream, [9_990, 5, 7, 9_978]);
    assert!(stream["bytes_written"].as_u64().unwrap() < 30_000);
}

#[tokio::test]
async fn rows_are_compared_after_the_transform() {
    let databases = Databases::with(ORDERS, "").await;
    let streams = "public.orders: { sql: \"SELECT id, total * 2 AS twice, lower(note) AS note \
                   FROM {{ source }} WHERE id > 100\" }";
    only_stream(&databases, streams).await;
    databases.source.run(CHANGES).await;
    databases.run_in_both("ANALYZE public.orders").await;
    let stream = only_stream(&databases, streams).await;
    check(&stream, [9_890, 5, 7, 9_878]);
    assert!(stream["bytes_written"].as_u64().unwrap() < 30_000);
}

#[tokio::test]
async fn types_that_travel_as_text_are_compared_as_text() {
    let setup = "CREATE TABLE public.orders (id integer PRIMARY KEY, doc xml, kind regclass);
        INSERT INTO public.orders SELECT n, ('<a>' || n || '</a>')::xml, 'pg_class'::regclass
        FROM generate_series(1, 10000) AS n";
    let databases = Databases::with(setup, setup).await;
    databases
        .source
        .run("UPDATE public.orders SET doc = '<b/>' WHERE id = 7")
        .await;
    let stream = only_stream(&databases, "public.orders: {}").await;
    check(&stream, [10000, 0, 1, 9999]);
    assert!(stream["bytes_written"].as_u64().unwrap() < 3_000);
}

#[tokio::test]
async fn a_few_rows_onto_many_are_not_compared() {
    let databases = Databases::with(ORDERS, ORDERS).await;
    databases.run_in_both("ANALYZE public.orders").await;
    let few = "public.orders: { sql: 'SELECT * FROM {{ source }} WHERE id <= 100' }";
    let stream = only_stream(&databases, few).await;
    check(&stream, [100, 0, 0, 100]);
    assert!(stream["bytes_written"].as_u64().unwrap() > 3_000);
}

#[tokio::test]
async fn small_tables_are_not_compared() {
    let table = "CREATE TABLE public.orders (id integer PRIMARY KEY, note text);
        INSERT INTO public.orders SELECT n, 'note ' || n FROM generate_series(1, 500) AS n";
    let databases = Databases::with(table, table).await;
    let stream = only_stream(&databases, "public.orders: {}").await;
    check(&stream, [500, 0, 0, 500]);
    assert!(stream["bytes_written"].as_u64().unwrap() > 3_000);
    assert_equal(&databases, "public.orders").await;
}

#[tokio::test]
async fn the_plan_says_that_both_sides_are_compared() {
    let databases = Databases::with(ORDERS, ORDERS).await;
    let arguments = ["--table", "public.orders", "--plan"];
    let outcome = Program::copy(&databases, &arguments).run().await;
    outcome.assert_done();
    assert!(
        outcome.stdout.contains("both sides are read and compared"),
        "{}",
        outcome.stdout
    );
    let trigger = "CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN RETURN NEW; END';
        CREATE TRIGGER keep BEFORE INSERT ON public.orders
            FOR EACH ROW EXECUTE FUNCTION public.keep()";
    databases.destination.run(trigger).await;
    let outcome = Program::copy(&databases, &arguments).run().await;
    assert!(!outcome.stdout.contains("compared"), "{}", outcome.stdout);
}

/// Seven rows change, fifteen go, five are new.
const CHANGES: &str = "UPDATE public.orders SET total = -total WHERE id BETWEEN 201 AND 207;
    DELETE FROM public.orders WHERE id BETWEEN 101 AND 115;
    INSERT INTO public.orders SELECT n, NULL, NULL FROM generate_series(20001, 20005) AS n";

/// The report of the only stream of a run.
async fn only_stream(databases: &Databases, streams: &str) -> Value {
    let program = Program::run_of(databases, streams).with_json();
    program.run().await.json()["streams"][0].take()
}

/// Fails unless so many rows were read, inserted, updated and unchanged.
#[track_caller]
fn check(stream: &Value, expected: [u64; 4]) {
    let names = [
        "rows_read",
        "rows_inserted",
        "rows_updated",
        "rows_unchanged",
    ];
    let found = names.map(|name| stream[name].as_u64().unwrap());
    assert_eq!(found, expected, "{stream}");
}

async fn assert_equal(databases: &Databases, table: &str) {
    let query = format!("SELECT * FROM {table}");
    let source = relation(&databases.source, &query).await;
    let destination = relation(&databases.destination, &query).await;
    assert_same(&source, &destination, table);
}

//! What happens at the source while a run is under way loses no row: where the run's snapshot does not
//! show a table as it is, a newer one does.
//!
//! Source and destination are one database, so that triggers of what one stream writes change what the
//! next one reads.

use crate::harness::{Databases, Outcome, Program};

/// `public.first` has a row to move into `public.into`, and `public.t` two.
const TABLES: &str = "CREATE TABLE public.first (id integer PRIMARY KEY);
    INSERT INTO public.first VALUES (1); CREATE TABLE public.into (id integer PRIMARY KEY);
    CREATE TABLE public.t (id integer PRIMARY KEY, v text);
    INSERT INTO public.t VALUES (1, 'a'), (2, 'b');
    CREATE VIEW public.w AS SELECT * FROM public.t;";

const FIRST: &str = "public.first: { into: public.into, key: id }";

#[tokio::test]
async fn a_table_that_is_emptied_and_filled_again_is_not_read_as_empty() {
    let change = "TRUNCATE public.t; INSERT INTO public.t VALUES (2, 'B'), (3, 'c')";
    for read in ["public.t", "public.w"] {
        for how in [
            "",
            ", on: source, sql: 'SELECT id, max(v) AS v FROM {{ source }} GROUP BY id'",
        ] {
            let databases = changing(change).await;
            let second = format!("{read}: {{ into: public.copy, key: id, write: mirror{how} }}");
            let outcome = run(&databases, &[FIRST, &second]).await;
            let note = "read under a newer snapshot than earlier streams: public.t was emptied or rewritten";
            assert!(outcome.stdout.contains(note), "{outcome}");
            assert_eq!(rows(&databases, "public.copy").await, "2 B, 3 c");
        }
    }
}

#[tokio::test]
async fn a_table_that_is_rewritten_is_not_read_as_empty() {
    let change = "ALTER TABLE public.other ALTER v TYPE varchar(20); ALTER TABLE public.other ALTER v TYPE text";
    let databases = changing(change).await;
    let join = "sql: \"SELECT t.id, o.v FROM {{ source }} AS t JOIN {{ source('public.other') }} AS o USING (id)\"";
    let second = format!("public.t: {{ into: public.copy, key: id, write: replace, {join} }}");
    let other = "CREATE TABLE public.other AS SELECT id, v || v AS v FROM public.t";
    databases.destination.run(other).await;
    run(&databases, &[FIRST, &second]).await;
    assert_eq!(rows(&databases, "public.copy").await, "1 aa, 2 bb");
}

#[tokio::test]
async fn a_partition_that_is_taken_out_is_told() {
    let databases = changing("ALTER TABLE public.p DETACH PARTITION public.p2").await;
    let partitions =
        "CREATE TABLE public.p (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
        CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (0) TO (2);
        CREATE TABLE public.p2 PARTITION OF public.p FOR VALUES FROM (2) TO (4);
        INSERT INTO public.p SELECT * FROM public.t";
    databases.destination.run(partitions).await;
    let second = "public.p: { into: public.copy, key: id, write: mirror }";
    let outcome = run(&databases, &[FIRST, second]).await;
    assert!(
        outcome
            .stdout
            .contains("public.p2 was emptied or rewritten"),
        "{outcome}"
    );
    assert_eq!(rows(&databases, "public.copy").await, "1 a");
}

#[tokio::test]
async fn a_stream_reads_what_an_earlier_one_has_written() {
    let databases = changing("SELECT").await;
    let tables = "CREATE TABLE public.copy (id integer PRIMARY KEY, v text);
        CREATE VIEW public.shown AS SELECT id, v || '!' AS v FROM public.copy";
    databases.destination.run(tables).await;
    let streams = [
        FIRST,
        "public.t: { into: public.copy, key: id }",
        "public.shown: { into: public.again, key: id }",
        "public.copy: { into: public.last, key: id }",
    ];
    let outcome = run(&databases, &streams).await;
    let note = "public.copy was written by an earlier stream";
    // The second time the snapshot is new enough.
    assert_eq!(outcome.stdout.matches(note).count(), 1, "{outcome}");
    assert_eq!(rows(&databases, "public.again").await, "1 a!, 2 b!");
    assert_eq!(rows(&databases, "public.last").await, "1 a, 2 b");
}

/// Tables in the destination, where writing into `public.into` makes `change`.
async fn changing(change: &str) -> Databases {
    let trigger = format!(
        "{TABLES} CREATE FUNCTION public.change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN EXECUTE $change${change}$change$; RETURN NULL; END $$;
         CREATE TRIGGER change AFTER INSERT ON public.into EXECUTE FUNCTION public.change()"
    );
    Databases::with("", &trigger).await
}

/// Runs `streams` within the destination, whose tables they read.
async fn run(databases: &Databases, streams: &[&str]) -> Outcome {
    let outcome = Program::run_of(databases, &streams.join("\n"))
        .with_variable("SOURCE_URL", &databases.destination_url)
        .run()
        .await;
    outcome.assert_done();
    outcome
}

/// The rows of a table of the destination, in their order.
async fn rows(databases: &Databases, table: &str) -> String {
    let rows = format!("SELECT string_agg(id || ' ' || v, ', ' ORDER BY id) FROM {table}");
    databases.destination.value(&rows).await
}

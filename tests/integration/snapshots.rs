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
            let note = "read under a newer snapshot than earlier streams: public.t was emptied";
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
async fn a_table_that_takes_the_place_of_another_is_read_or_refused() {
    let made = "CREATE TABLE public.made (id integer PRIMARY KEY, v text); INSERT INTO public.made VALUES (4, 'd');";
    let second = "public.t: { into: public.copy, key: id, write: mirror }";
    let change = "ALTER TABLE public.t RENAME TO old; DELETE FROM public.made;
        INSERT INTO public.made VALUES (5, 'e'); ALTER TABLE public.made RENAME TO t";
    let databases = changing(change).await;
    databases.destination.run(made).await;
    let outcome = run(&databases, &[FIRST, second]).await;
    assert!(
        outcome.stdout.contains("under a newer snapshot"),
        "{outcome}"
    );
    assert_eq!(rows(&databases, "public.copy").await, "5 e");

    let change = "DROP TABLE public.t CASCADE; ALTER TABLE public.made RENAME TO t";
    let databases = changing(change).await;
    let there = "CREATE TABLE public.copy (id integer PRIMARY KEY, v text);
        INSERT INTO public.copy VALUES (9, 'i')";
    databases.destination.run(made).await;
    databases.destination.run(there).await;
    let outcome = run(&databases, &[FIRST, second]).await;
    assert!(
        outcome.stdout.contains("changed since it was planned"),
        "{outcome}"
    );
    assert_eq!(rows(&databases, "public.copy").await, "4 d");
}

#[tokio::test]
async fn columns_that_change_their_names_are_not_read_as_null() {
    let change = "ALTER TABLE public.t ADD w text; UPDATE public.t SET w = upper(v);
        ALTER TABLE public.t RENAME v TO old; ALTER TABLE public.t RENAME w TO v";
    let databases = changing(change).await;
    let there = "CREATE TABLE public.copy (id integer PRIMARY KEY, v text);
        INSERT INTO public.copy VALUES (1, 'before')";
    databases.destination.run(there).await;
    let select = "sql: 'SELECT id, v FROM {{ source }}'";
    let second = format!("public.t: {{ into: public.copy, key: id, {select} }}");
    let outcome = run(&databases, &[FIRST, &second]).await;
    let note = "under a newer snapshot";
    assert!(outcome.stdout.contains(note), "{outcome}");
    assert_eq!(rows(&databases, "public.copy").await, "1 A, 2 B");
}

#[tokio::test]
async fn a_column_that_gets_another_name_is_read_under_that() {
    let databases = changing("ALTER TABLE public.t RENAME v TO w").await;
    let second = "public.t: { into: public.copy, key: id, write: mirror }";
    let outcome = run(&databases, &[FIRST, second]).await;
    assert!(
        outcome.stdout.contains("changed since it was planned"),
        "{outcome}"
    );
    let found = "SELECT string_agg(id || ' ' || w, ', ' ORDER BY id) FROM public.copy";
    assert_eq!(databases.destination.value(found).await, "1 a, 2 b");
}

#[tokio::test]
async fn a_column_that_is_added_is_no_reason_for_a_newer_snapshot() {
    let databases = changing("ALTER TABLE public.t ADD w text DEFAULT 'w'").await;
    let second = "public.t: { into: public.copy, key: id }";
    let outcome = run(&databases, &[FIRST, second]).await;
    assert!(!outcome.stdout.contains("newer snapshot"), "{outcome}");
    assert_eq!(rows(&databases, "public.copy").await, "1 a, 2 b");
}

#[tokio::test]
async fn a_view_that_is_replaced_is_not_read_as_empty() {
    let green = "CREATE TABLE public.green (id integer, v text)";
    let change = "INSERT INTO public.green VALUES (3, 'g');
        CREATE OR REPLACE VIEW public.w AS SELECT id, v FROM public.green";
    let databases = changing(change).await;
    databases.destination.run(green).await;
    let second = "public.w: { into: public.copy, key: id, write: mirror }";
    let outcome = run(&databases, &[FIRST, second]).await;
    assert!(outcome.stdout.contains("public.w was emptied"), "{outcome}");
    assert_eq!(rows(&databases, "public.copy").await, "3 g");
}

/// Nobody can tell which tables a function reads.
#[tokio::test]
async fn functions_that_read_for_a_view_are_told() {
    let databases = changing("SELECT").await;
    let functions =
        "CREATE FUNCTION public.rows() RETURNS SETOF public.t LANGUAGE plpgsql STABLE AS
            $$ BEGIN RETURN QUERY SELECT * FROM public.t; END $$;
        CREATE VIEW public.called AS SELECT * FROM public.rows();
        CREATE VIEW public.outer_one AS SELECT * FROM public.called";
    databases.destination.run(functions).await;
    let second = "public.outer_one: { into: public.copy, key: id, write: mirror }";
    let outcome = run(&databases, &[FIRST, second]).await;
    let note = "calls public.rows: tables that a function reads are not locked";
    assert_eq!(outcome.stdout.matches(note).count(), 1, "{outcome}");
    assert_eq!(rows(&databases, "public.copy").await, "1 a, 2 b");
}

#[tokio::test]
async fn partitions_that_are_exchanged_or_emptied_are_read_as_they_are() {
    let partitions = "CREATE TABLE public.p (id integer, v text) PARTITION BY LIST (id);
        CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES IN (1);
        CREATE TABLE public.made (id integer, v text);
        INSERT INTO public.p VALUES (1, 'p');
        CREATE VIEW public.looked_up AS
            SELECT id, (SELECT max(p.v) FROM public.p WHERE p.id = t.id) AS v FROM public.t";
    let exchange =
        "INSERT INTO public.made VALUES (1, 'x'); ALTER TABLE public.p DETACH PARTITION public.p1;
        ALTER TABLE public.p ATTACH PARTITION public.made FOR VALUES IN (1)";
    let empty = "TRUNCATE public.p1; INSERT INTO public.p1 VALUES (1, 'x')";
    for change in [exchange, empty] {
        let databases = changing(change).await;
        databases.destination.run(partitions).await;
        let second = "public.looked_up: { into: public.copy, key: id }";
        let third = "public.p: { into: public.all, key: id, write: mirror }";
        run(&databases, &[FIRST, second, third]).await;
        assert_eq!(rows(&databases, "public.copy WHERE id = 1").await, "1 x");
        assert_eq!(rows(&databases, "public.all").await, "1 x");
    }
}

/// Planning a view leaves out partitions, and tables that do not matter to its rows.
#[tokio::test]
async fn partitions_that_are_not_read_are_no_reason_for_a_newer_snapshot() {
    let change = "CREATE TABLE public.p3 PARTITION OF public.p FOR VALUES FROM (4) TO (6);
        DROP TABLE public.p1; CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (0) TO (2);
        INSERT INTO public.p VALUES (1, 'A'), (5, 'e')";
    let partitions = "CREATE TABLE public.p (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
        CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (0) TO (2);
        CREATE TABLE public.p2 PARTITION OF public.p FOR VALUES FROM (2) TO (4);
        INSERT INTO public.p SELECT * FROM public.t;
        CREATE VIEW public.pruned AS SELECT * FROM public.p WHERE id = 2;
        CREATE VIEW public.some AS SELECT id, v, (SELECT max(id) FROM public.p) AS unused FROM public.t";
    let pruned = "public.pruned: { into: public.copy, key: id, write: mirror }";
    let some =
        "public.some: { into: public.other, key: id, sql: 'SELECT id, v FROM {{ source }}' }";
    let all = "public.p: { into: public.all, key: id, write: mirror }";
    for (change, told) in [("SELECT", 0), (change, 1)] {
        let databases = changing(change).await;
        databases.destination.run(partitions).await;
        let outcome = run(&databases, &[FIRST, pruned, some, all]).await;
        let note = "under a newer snapshot";
        assert_eq!(outcome.stdout.matches(note).count(), told, "{outcome}");
        assert_eq!(rows(&databases, "public.copy").await, "2 b");
        assert_eq!(rows(&databases, "public.other").await, "1 a, 2 b");
        let expected = ["1 a, 2 b", "1 A, 2 b, 5 e"][told];
        assert_eq!(rows(&databases, "public.all").await, expected);
    }
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

/// What another database's snapshot shows already is no reason for a newer one.
#[tokio::test]
async fn a_database_that_is_read_after_it_was_written_is_read_once() {
    let source = "CREATE TABLE public.t AS SELECT 1 AS id, 'a' AS v";
    let copy = "CREATE TABLE public.copy (id integer PRIMARY KEY, v text)";
    let databases = Databases::with(source, copy).await;
    let join = "SELECT t.id, c.v || t.v AS v FROM {{ source }} AS t \
                JOIN {{ source('there', 'public.copy') }} AS c USING (id)";
    let file = format!(
        "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\n\
         connections: {{ there: '${{DESTINATION_URL}}' }}\nstreams:\n  \
         first: {{ table: public.t, into: public.copy, key: id }}\n  \
         second: {{ table: public.t, into: public.joined, key: id, sql: \"{join}\" }}\n"
    );
    let outcome = Program::new(&databases, &["run", "test.yaml"])
        .with_file("test.yaml", &file)
        .run()
        .await;
    outcome.assert_done();
    assert!(!outcome.stdout.contains("newer snapshot"), "{outcome}");
    assert_eq!(rows(&databases, "public.joined").await, "1 aa");
}

#[tokio::test]
async fn the_end_of_the_session_that_keeps_the_snapshot_is_told() {
    let change = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'towpath snapshot'";
    let databases = changing(change).await;
    let second = "public.t: { into: public.copy, key: id }";
    let outcome = program(&databases, &[FIRST, second]).run().await;
    outcome.assert_refused(1, &["the session that kept the snapshot of", "is lost"]);
    let found =
        "SELECT count(*) || coalesce(to_regclass('public.copy')::text, ' alone') FROM public.into";
    assert_eq!(databases.destination.value(found).await, "0 alone");
}

/// A run gives up locks only while it has some itself.
#[tokio::test]
async fn who_keeps_a_row_of_the_destination_is_waited_for() {
    let databases = changing("SELECT").await;
    let there = "CREATE TABLE public.copy (id integer PRIMARY KEY, v text);
        INSERT INTO public.copy VALUES (1, 'before')";
    databases.destination.run(there).await;
    let row = "BEGIN; UPDATE public.copy SET v = 'between' WHERE id = 1";
    databases.destination.run(row).await;
    let second = "public.t: { into: public.copy, key: id, write: mirror }";
    let keep = async {
        databases.destination.run("SELECT pg_sleep(8)").await;
        databases.destination.run("COMMIT").await;
    };
    let program = program(&databases, &[second]);
    let (outcome, ()) = tokio::join!(program.run(), keep);
    outcome.assert_done();
    assert!(!outcome.stderr.contains("begun again"), "{outcome}");
    assert_eq!(rows(&databases, "public.copy").await, "1 a, 2 b");
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
    let outcome = program(databases, streams).run().await;
    outcome.assert_done();
    outcome
}

fn program(databases: &Databases, streams: &[&str]) -> Program {
    Program::run_of(databases, &streams.join("\n"))
        .with_variable("SOURCE_URL", &databases.destination_url)
}

/// The rows of a table of the destination, in their order.
async fn rows(databases: &Databases, table: &str) -> String {
    let rows = format!("SELECT string_agg(id || ' ' || v, ', ' ORDER BY id) FROM {table}");
    databases.destination.value(&rows).await
}

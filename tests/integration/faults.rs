//! Whatever ends a run early leaves the destination as it was, and the next run works.

use std::process::{Child, Command};
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{Databases, Outcome, Program, Session, assert_same, relation};

/// A view that takes about ten milliseconds for a row, over a table with a few thousand of them.
const SLOW_VIEW: &str = "CREATE TABLE public.t (id integer PRIMARY KEY, v text);
    INSERT INTO public.t SELECT n, repeat('v', 500) FROM generate_series(1, 3000) AS n;
    CREATE VIEW public.slow AS SELECT id, v, CASE WHEN pg_sleep(0.01) IS NULL THEN 1 ELSE 0 END AS x FROM public.t";

const DESTINATION: &str = "CREATE TABLE public.slow (id integer PRIMARY KEY, v text, x integer);
    INSERT INTO public.slow VALUES (1, 'before', 9), (5000, 'kept', 9)";

/// Sessions of towpath in the connected database that are moving rows.
const MOVING: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
    AND application_name LIKE 'towpath%' AND state = 'active' AND query ILIKE '%copy %'";

#[tokio::test]
async fn a_reader_that_is_killed() {
    let (databases, child, _folder) = started("upsert").await;
    kill_backend(&databases.source, wait_for(&databases.source, MOVING).await).await;
    check_failure(&databases, Outcome::of(child).await, "public.slow").await;
}

#[tokio::test]
async fn a_writer_that_is_killed() {
    let (databases, child, _folder) = started("upsert").await;
    kill_backend(
        &databases.destination,
        wait_for(&databases.destination, MOVING).await,
    )
    .await;
    check_failure(&databases, Outcome::of(child).await, "public.slow").await;
}

#[tokio::test]
async fn a_writer_of_replace_that_is_killed() {
    let (databases, child, _folder) = started("replace").await;
    kill_backend(
        &databases.destination,
        wait_for(&databases.destination, MOVING).await,
    )
    .await;
    check_failure(&databases, Outcome::of(child).await, "public.slow").await;
}

/// Its end takes the locks with it that keep tables from being emptied while they are read.
#[tokio::test]
async fn a_session_with_the_snapshot_that_is_killed() {
    let (databases, child, _folder) = started("mirror").await;
    wait_for(&databases.source, MOVING).await;
    let snapshot = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'towpath snapshot'";
    kill_backend(
        &databases.source,
        wait_for(&databases.source, snapshot).await,
    )
    .await;
    let told = "the session that kept the snapshot of";
    check_failure(&databases, Outcome::of(child).await, told).await;
}

/// Who waits for a lock of one session of a run is waited for by the next one: nothing would go on.
#[tokio::test]
async fn somebody_who_waits_to_alter_what_is_read_goes_first() {
    let source = "CREATE TABLE public.t (id integer PRIMARY KEY, v text);
        INSERT INTO public.t SELECT n, 'v' FROM generate_series(1, 200) AS n;
        CREATE VIEW public.slow AS
            SELECT id, v, id + CASE WHEN pg_sleep(0.01) IS NULL THEN 1 ELSE 0 END AS x FROM public.t";
    let databases = Databases::with(source, DESTINATION).await;
    // The greatest cursor is asked for by the session that keeps the snapshot, before others read.
    let stream = "public.slow: { key: id, sync: incremental, cursor: x }";
    let (child, _folder) = Program::run_of(&databases, stream).start();
    let asking = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'towpath snapshot' AND state = 'active' AND query LIKE '%max(%'";
    wait_for(&databases.source, asking).await;
    let empty =
        "TRUNCATE public.t; INSERT INTO public.t SELECT n, 'new' FROM generate_series(1, 100) AS n";
    let (outcome, ()) = tokio::join!(Outcome::of(child), databases.source.run(empty));
    outcome.assert_done();
    assert!(
        outcome.stderr.contains("is begun again in 1 s"),
        "{outcome}"
    );
    let rows = "SELECT count(*) || ' ' || min(v) || ' ' || max(v) FROM public.slow WHERE id < 5000";
    assert_eq!(databases.destination.value(rows).await, "100 new new");
}

#[tokio::test]
async fn runs_create_tables_in_one_schema_at_the_same_time() {
    let one = "CREATE TABLE public.one AS SELECT 1 AS id";
    let databases = Databases::with(&format!("{SLOW_VIEW}; {one}"), "CREATE SCHEMA s").await;
    let stream = "public.slow: { into: s.slow, key: id }";
    let (mut child, _folder) = Program::run_of(&databases, stream).start();
    wait_for(&databases.destination, MOVING).await;
    let other = ["--table", "public.one", "--into", "s.one", "--key", "id"];
    let outcome = Program::copy(&databases, &other).run().await;
    outcome.assert_done();
    assert!(child.try_wait().unwrap().is_none(), "the first run is over");
    signal(&child, "INT");
    Outcome::of(child).await;
    let rows = "SELECT id FROM s.one";
    assert_eq!(databases.destination.value(rows).await, "1");
}

/// It takes no lock that would wait for who reads the partitions that are there.
#[tokio::test]
async fn a_partition_that_is_attached_while_others_are_read() {
    let source = "CREATE TABLE public.t (id integer, v text) PARTITION BY RANGE (id);
        CREATE TABLE public.p1 PARTITION OF public.t FOR VALUES FROM (0) TO (1000);
        CREATE TABLE public.p2 (id integer NOT NULL, v text);
        INSERT INTO public.t SELECT n, repeat('v', 500) FROM generate_series(1, 300) AS n;
        INSERT INTO public.p2 VALUES (1000, 'new');
        CREATE VIEW public.slow AS
            SELECT id, v, CASE WHEN pg_sleep(0.01) IS NULL THEN 1 ELSE 0 END AS x FROM public.t";
    let databases = Databases::with(source, DESTINATION).await;
    let stream = "public.slow: { key: id, write: mirror }";
    let (child, _folder) = Program::run_of(&databases, stream).start();
    wait_for(&databases.source, MOVING).await;
    let attach = "ALTER TABLE public.t ATTACH PARTITION public.p2 FOR VALUES FROM (1000) TO (2000)";
    databases.source.run(attach).await;
    let told = "public.t changed while it was read";
    check_failure(&databases, Outcome::of(child).await, told).await;
}

#[tokio::test]
async fn ctrl_c() {
    let (databases, child, _folder) = started("upsert").await;
    wait_for(&databases.destination, MOVING).await;
    signal(&child, "INT");
    let outcome = Outcome::of(child).await;
    assert_ne!(outcome.code, Some(0), "{outcome}");
    assert!(
        outcome.code.is_some(),
        "it must end in its own way: {outcome}"
    );
    check_failure(&databases, outcome, "interrupted").await;
}

#[tokio::test]
async fn sigterm() {
    let (databases, child, _folder) = started("append").await;
    wait_for(&databases.destination, MOVING).await;
    signal(&child, "TERM");
    let outcome = Outcome::of(child).await;
    check_failure(&databases, outcome, "interrupted").await;
}

#[tokio::test]
async fn a_program_that_is_killed_leaves_staging_to_the_next_run() {
    let (databases, child, _folder) = started("upsert").await;
    wait_for(&databases.destination, MOVING).await;
    signal(&child, "KILL");
    let outcome = Outcome::of(child).await;
    assert_eq!(outcome.code, None, "{outcome}");
    // The servers notice that the client is gone when they next write to it, or read from it.
    wait_for_none(&databases).await;
    check_nothing_changed(&databases).await;
    check_next_run(&databases).await;
}

#[tokio::test]
async fn a_value_that_the_source_cannot_compute() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, d integer);
         INSERT INTO public.t SELECT n, n - 5000 FROM generate_series(1, 10000) AS n;
         CREATE VIEW public.slow AS SELECT id, 'v'::text AS v, 100 / d AS x FROM public.t",
        DESTINATION,
    )
    .await;
    let outcome = Program::run_of(&databases, "public.slow: { key: id }")
        .run()
        .await;
    outcome.assert_refused(1, &["public.slow", "division by zero"]);
    check_nothing_changed(&databases).await;
    databases.assert_no_staging().await;
}

#[tokio::test]
async fn a_division_by_zero_in_the_transform() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, d integer); INSERT INTO public.t VALUES (1, 1), (2, 0)",
        "CREATE TABLE public.t (id integer PRIMARY KEY, x integer); INSERT INTO public.t VALUES (9, 9)",
    )
    .await;
    let before = databases.destination_state().await;
    let stream = "public.t: { sql: 'SELECT id, 10 / d AS x FROM {{ source }}' }";
    let outcome = Program::run_of(&databases, stream).run().await;
    outcome.assert_refused(1, &["public.t", "division by zero"]);
    assert_eq!(databases.destination_state().await, before);
    databases.assert_no_staging().await;
}

#[tokio::test]
async fn a_stream_that_fails_does_not_undo_those_before_it() {
    let databases = Databases::with(
        "CREATE TABLE public.good (id integer PRIMARY KEY); INSERT INTO public.good VALUES (1);
         CREATE TABLE public.bad (id integer PRIMARY KEY); INSERT INTO public.bad VALUES (1)",
        "CREATE TABLE public.bad (id integer PRIMARY KEY CONSTRAINT none CHECK (id > 5))",
    )
    .await;
    let outcome = Program::run_of(&databases, "public.good: {}\npublic.bad: {}")
        .run()
        .await;
    outcome.assert_refused(1, &["public.bad", "none"]);
    assert_eq!(
        databases
            .destination
            .value("SELECT count(*) FROM public.good")
            .await,
        "1"
    );
    assert_eq!(
        databases
            .destination
            .value("SELECT count(*) FROM public.bad")
            .await,
        "0"
    );
    databases.assert_no_staging().await;
}

#[tokio::test]
async fn a_plan_that_is_refused_stops_the_pipeline_before_its_first_row() {
    let databases = Databases::with(
        "CREATE TABLE public.good (id integer PRIMARY KEY); INSERT INTO public.good VALUES (1);
         CREATE TABLE public.bad (id bigint PRIMARY KEY)",
        "CREATE TABLE public.good (id integer PRIMARY KEY); CREATE TABLE public.bad (id smallint PRIMARY KEY)",
    )
    .await;
    let outcome = Program::run_of(&databases, "public.good: {}\npublic.bad: {}")
        .run()
        .await;
    outcome.assert_refused(2, &["public.bad", "bigint", "smallint"]);
    assert_eq!(
        databases
            .destination
            .value("SELECT count(*) FROM public.good")
            .await,
        "0"
    );
}

/// Databases with a slow source, and a run over it that has begun.
async fn started(write: &str) -> (Databases, Child, TempDir) {
    let databases = Databases::with(SLOW_VIEW, DESTINATION).await;
    let stream = format!("public.slow: {{ key: id, write: {write} }}");
    let (child, folder) = Program::run_of(&databases, &stream).start();
    (databases, child, folder)
}

/// The first value that `query` gives, once it gives one.
async fn wait_for(session: &Session, query: &str) -> String {
    for _ in 0..600 {
        if let Some(value) = session.column(query).await.into_iter().next() {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing came of {query}");
}

/// Waits until no session of towpath is left on either server.
async fn wait_for_none(databases: &Databases) {
    let gone = "SELECT 'gone' WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name LIKE 'towpath%')";
    wait_for(&databases.source, gone).await;
    wait_for(&databases.destination, gone).await;
}

async fn kill_backend(session: &Session, pid: String) {
    session
        .run(&format!("SELECT pg_terminate_backend({pid})"))
        .await;
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// Fails unless the run failed with `text`, changed nothing, and the next one works.
async fn check_failure(databases: &Databases, outcome: Outcome, text: &str) {
    outcome.assert_refused(1, &[text]);
    check_nothing_changed(databases).await;
    check_next_run(databases).await;
}

async fn check_nothing_changed(databases: &Databases) {
    let rows = databases
        .destination
        .column("SELECT t::text FROM public.slow AS t ORDER BY id")
        .await;
    assert_eq!(rows, ["(1,before,9)", "(5000,kept,9)"]);
}

/// Makes the source fast, runs again, and fails unless the rows are there and staging is not.
async fn check_next_run(databases: &Databases) {
    databases
        .source
        .run("CREATE OR REPLACE VIEW public.slow AS SELECT id, v, 0 AS x FROM public.t")
        .await;
    Program::run_of(databases, "public.slow: { key: id }")
        .run()
        .await
        .assert_done();
    let expected = relation(&databases.source, "SELECT * FROM public.slow").await;
    let query = "SELECT * FROM public.slow WHERE id < 5000";
    assert_same(
        &expected,
        &relation(&databases.destination, query).await,
        "the next run",
    );
    databases.assert_no_staging().await;
}

//! Limits that keep a run from harming its source.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr};
use std::time::Duration;

use serde_json::Value;

use crate::harness::{
    Databases, Outcome, Program, Replicated, Session, assert_same, relation, url_of_role,
};

/// Large enough for more than one connection to read: 4096 pages.
const LARGE: &str = "CREATE TABLE public.large (id integer PRIMARY KEY, v text);
    INSERT INTO public.large SELECT n, repeat('v', 1000) FROM generate_series(1, 32000) AS n;
    ANALYZE public.large; CREATE TABLE public.small AS SELECT 1 AS id";

/// Takes some seconds to be read.
const SLOW: &str = "CREATE TABLE public.t (id integer PRIMARY KEY, v text);
    INSERT INTO public.t SELECT n, repeat('v', 500) FROM generate_series(1, 2000) AS n;
    CREATE VIEW public.slow AS
        SELECT id, v, CASE WHEN pg_sleep(0.002) IS NULL THEN 1 ELSE 0 END AS x FROM public.t";

#[tokio::test]
async fn a_run_keeps_to_its_connections() {
    let databases = Databases::with(LARGE, "").await;
    let role = Role::create(&databases, "CONNECTION LIMIT 4").await;
    let copy = |limits: &[&str]| {
        let tables = ["--table", "public.large", "--table", "public.small"];
        let words = ["--write", "append", "--connections", "4"];
        Program::copy_from(&databases, &role.url, &[&tables, &words, limits].concat())
    };
    let limits = ["--max-connections", "4"];
    let free = copy(&["--plan"]).run().await;
    let limited = copy(&[&limits[..], &["--plan"]].concat()).run().await;
    // Before version 14 one connection reads a table.
    let is_cut = databases.versions.source >= 14;
    assert_eq!(free.stdout.contains("on 3 connections"), is_cut, "{free}");
    assert_eq!(
        limited.stdout.contains("on 2 connections"),
        is_cut,
        "{limited}"
    );
    copy(&limits).run().await.assert_done();
    role.drop(&databases).await;
    check_rows(&databases, "public.large").await;
}

/// Tables and SELECTs are read by sessions with other settings, and a stream whose types are created
/// is planned while others are open.
#[tokio::test]
async fn streams_of_every_kind_keep_to_the_connections() {
    let source = "CREATE TYPE public.mood AS ENUM ('fine', 'odd');
        CREATE TABLE public.t (id integer PRIMARY KEY, mood public.mood);
        INSERT INTO public.t VALUES (1, 'odd')";
    let databases = Databases::with(source, "").await;
    let role = Role::create(&databases, "CONNECTION LIMIT 3").await;
    let plain = "sql: 'SELECT id FROM {{ source }}'";
    let grouped = "create_types: true, on: source, \
                   sql: 'SELECT id, max(mood) AS mood FROM {{ source }} GROUP BY id'";
    let streams = [("a", plain), ("b", grouped), ("c", plain), ("d", grouped)];
    let streams = streams.map(|(into, how)| {
        format!("  {into}: {{ table: public.t, into: public.{into}, key: id, {how} }}\n")
    });
    let streams = streams.concat();
    let file =
        format!("source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\nstreams:\n{streams}");
    for limit in [["--connections", "1"], ["--max-connections", "3"]] {
        Program::new(&databases, &[&["run", "test.yaml"], &limit[..]].concat())
            .with_file("test.yaml", &file)
            .with_variable("SOURCE_URL", &role.url)
            .run()
            .await
            .assert_done();
        let rows = "SELECT b.id || ' ' || b.mood::text FROM public.b JOIN public.d USING (id, mood)
            JOIN public.c USING (id) JOIN public.a USING (id)";
        assert_eq!(databases.destination.value(rows).await, "1 odd");
        let again = "DROP TABLE public.a, public.b, public.c, public.d; DROP TYPE public.mood";
        databases.destination.run(again).await;
    }
    role.drop(&databases).await;
}

#[tokio::test]
async fn scans_of_a_join_share_the_connections() {
    let databases = Databases::with(LARGE, "").await;
    let role = Role::create(&databases, "CONNECTION LIMIT 5").await;
    let join = "SELECT a.id, b.v FROM {{ source }} a JOIN {{ source }} b ON b.id = a.id";
    let words = [
        "--table",
        "public.large",
        "--sql",
        join,
        "--connections",
        "4",
    ];
    let copy = |limit: &str| {
        let limits = ["--write", "append", "--max-connections", limit];
        Program::copy_from(&databases, &role.url, &[&words[..], &limits].concat())
    };
    let outcome = copy("3").run().await;
    outcome.assert_refused(2, &["2 places at once", "raise max_connections to 4"]);
    copy("5").run().await.assert_done();
    role.drop(&databases).await;
    check_rows(&databases, "public.large").await;
}

#[tokio::test]
async fn a_comparison_of_both_ways_keeps_to_the_connections() {
    let databases = Databases::with(LARGE, "").await;
    let role = Role::create(&databases, "CONNECTION LIMIT 5").await;
    let join = "SELECT a.id, b.v FROM {{ source }} AS a JOIN {{ source }} AS b ON b.id = a.id";
    let file = format!(
        "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\n\
         settings: {{ connections: 4 }}\nsource_limits: {{ max_connections: 5 }}\n\
         streams:\n  public.large: {{ key: id, sql: \"{join}\" }}\n"
    );
    let arguments = ["check", "test.yaml", "--compare", "--rows", "30000"];
    let outcome = Program::new(&databases, &arguments)
        .with_file("test.yaml", &file)
        .with_variable("SOURCE_URL", &role.url)
        .run()
        .await;
    outcome.assert_done();
    assert!(
        outcome.stdout.contains("engine and source give the same 3"),
        "{outcome}"
    );
    role.drop(&databases).await;
}

#[tokio::test]
async fn too_few_connections_are_refused() {
    let databases = Databases::with("CREATE TABLE public.t (id integer PRIMARY KEY)", "").await;
    let limits = ["--table", "public.t", "--max-connections", "2"];
    let outcome = Program::copy(&databases, &limits).run().await;
    outcome.assert_refused(2, &["max_connections is 2, and towpath needs 3"]);
}

#[tokio::test]
async fn a_rate_loses_nothing() {
    let databases = Databases::with(LARGE, "").await;
    let limits = ["--max-bytes-per-second", "16MB", "--connections", "3"];
    let words = ["--table", "public.large"];
    let outcome = Program::copy(&databases, &[&words[..], &limits].concat())
        .run()
        .await;
    outcome.assert_done();
    check_rows(&databases, "public.large").await;
}

#[tokio::test]
async fn who_does_not_see_other_sessions_is_told() {
    let databases = Databases::with("CREATE TABLE public.t (id integer PRIMARY KEY)", "").await;
    let role = Role::create(&databases, "").await;
    let words = [
        "--table",
        "public.t",
        "--pause-above-active-sessions",
        "1000",
    ];
    let copy = || Program::copy_from(&databases, &role.url, &words).run();
    let outcome = copy().await;
    let hint = format!("grant pg_monitor to {}", role.name);
    outcome.assert_refused(2, &["does not see what other sessions", &hint]);
    let grant = format!("GRANT pg_monitor TO {}", role.name);
    databases.source.run(&grant).await;
    let outcome = copy().await;
    role.drop(&databases).await;
    outcome.assert_done();
}

#[tokio::test]
async fn reading_pauses_while_the_source_is_busy() {
    let servers = Replicated::start().await;
    let databases = Databases::create().await;
    let source = Session::open(&servers.primary_url()).await;
    source.run(SLOW).await;
    let limits = "{ pause_above: { active_sessions: 1 } }";
    let busy = Busy::start(&servers.primary_url()).await;
    let mut run = Running::start(&databases, &servers.primary_url(), limits);
    run.wait_for_pause();
    let readers = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'towpath read'";
    assert_eq!(source.value(readers).await, "0");
    busy.end().await;
    source.wait_until(&format!("SELECT ({readers}) > 0")).await;
    let busy = Busy::start(&servers.primary_url()).await;
    run.wait_for_pause();
    busy.end().await;
    let report = run.report().await;
    let note = report["streams"][0]["notes"][0].as_str().unwrap();
    assert!(note.starts_with("reading paused for "), "{note}");
    let reason = " in 2 pauses: 2 other sessions were active at the source, above 1";
    assert!(note.ends_with(reason), "{note}");
    assert!(report["streams"][0]["paused_ms"].as_u64() > Some(0));
    check_slow(&source, &databases).await;
}

#[tokio::test]
async fn sessions_that_write_into_the_source_s_own_server_are_nobody_else_s() {
    let server = Replicated::start().await;
    let databases = Databases::create().await;
    let url = server.primary_url();
    Session::open(&url).await.run(SLOW).await;
    let words = ["copy", "--from", &url, "--to", &url, "--key", "id"];
    let tables = ["--table", "public.slow", "--into", "public.copied"];
    let limits = ["--pause-above-active-sessions", "0"];
    let program = Program::new(&databases, &[&words[..], &tables, &limits].concat());
    // If they counted, it would wait for itself.
    let limit = Duration::from_secs(120);
    let outcome = tokio::time::timeout(limit, program.run()).await;
    outcome.expect("it waits for itself").assert_done();
}

#[tokio::test]
async fn reading_pauses_while_a_replica_is_behind() {
    let servers = Replicated::start().await;
    let primary = Session::open(&servers.primary_url()).await;
    let standby = Session::open(servers.standby_url()).await;
    primary.run(SLOW).await;
    standby
        .wait_until("SELECT to_regclass('public.slow') IS NOT NULL")
        .await;
    let limits = "{ pause_above: { replica_lag: 2s } }";
    for source in [&servers.primary_url(), servers.standby_url()] {
        standby.run("SELECT pg_wal_replay_pause()").await;
        primary
            .run("CREATE TABLE public.news AS SELECT 1 AS id")
            .await;
        // What the primary knows of it, it knows from what the standby answers.
        let lag = "SELECT max(replay_lag) > '3s' FROM pg_stat_replication";
        primary.wait_until(lag).await;
        let databases = Databases::create().await;
        let mut run = Running::start(&databases, source, limits);
        run.wait_for_pause();
        standby.run("SELECT pg_wal_replay_resume()").await;
        let report = run.report().await;
        let note = report["streams"][0]["notes"][0].as_str().unwrap();
        assert!(note.contains("a replica was "), "{note}");
        check_slow(&primary, &databases).await;
        primary.run("DROP TABLE public.news").await;
    }
}

/// Two sessions that are active until they are ended.
struct Busy {
    sessions: Vec<Session>,
    observer: Session,
}

impl Busy {
    async fn start(url: &str) -> Self {
        let observer = Session::open(url).await;
        let sessions = vec![Session::open(url).await, Session::open(url).await];
        for session in &sessions {
            // Sent, and not waited for.
            let query = session.batch_execute("SELECT pg_sleep(3600) AS busy");
            let _ = tokio::time::timeout(Duration::from_millis(100), query).await;
        }
        let seen = "SELECT count(*) = 2 FROM pg_stat_activity \
            WHERE state = 'active' AND query LIKE '%AS busy' AND pid <> pg_backend_pid()";
        observer.wait_until(seen).await;
        Self { sessions, observer }
    }

    async fn end(self) {
        let end = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
            WHERE query LIKE '%AS busy' AND pid <> pg_backend_pid()";
        self.observer.run(end).await;
        drop(self.sessions);
    }
}

/// A run of the slow view.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start(databases: &Databases, source: &str, limits: &str) -> Self {
        let file = format!(
            "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\nsource_limits: {limits}\n\
             streams: {{ public.slow: {{ key: id }} }}\n"
        );
        let (mut child, folder) = Program::new(databases, &["run", "test.yaml"])
            .with_file("test.yaml", &file)
            .with_variable("SOURCE_URL", source)
            .with_json()
            .start();
        Self {
            stderr: BufReader::new(child.stderr.take().unwrap()),
            child,
            _folder: folder,
        }
    }

    /// Reads what it tells until it tells of a pause.
    fn wait_for_pause(&mut self) {
        let mut told = String::new();
        while !told.contains("reading pauses") {
            let bytes = self.stderr.read_line(&mut told).unwrap();
            assert!(bytes > 0, "it ended without a pause: {told}");
        }
    }

    /// What it reports at its end.
    async fn report(self) -> Value {
        drop(self.stderr);
        Outcome::of(self.child).await.json()
    }
}

/// A role of the source that may read everything.
struct Role {
    name: String,
    url: String,
}

impl Role {
    async fn create(databases: &Databases, options: &str) -> Self {
        let name = format!("{}_reader", databases.name());
        let create = format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'limits' {options};
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"
        );
        databases.source.run(&create).await;
        let url = url_of_role(&databases.source_url, &name, "limits");
        Self { name, url }
    }

    async fn drop(self, databases: &Databases) {
        let drop = format!("DROP OWNED BY {0}; DROP ROLE {0}", self.name);
        databases.source.run(&drop).await;
    }
}

async fn check_rows(databases: &Databases, table: &str) {
    let query = format!("SELECT * FROM {table}");
    let expected = relation(&databases.source, &query).await;
    let found = relation(&databases.destination, &query).await;
    assert_same(&expected, &found, table);
}

async fn check_slow(source: &Session, databases: &Databases) {
    let expected = relation(source, "SELECT id, v FROM public.t").await;
    let found = relation(&databases.destination, "SELECT id, v FROM public.slow").await;
    assert_same(&expected, &found, "public.slow");
}

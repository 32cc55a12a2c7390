//! Upserts that are merged part by part, while other rows are still on their way.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use towpath::server::{ServerOptions, ThrowawayServer};
use towpath_engine::postgres::Connection;
use towpath_engine::sink::WalWaker;

use crate::harness::{
    Databases, Outcome, Program, Session, assert_same, destination_programs, relation,
};

/// 20,000 rows of a kilobyte: several parts.
const SOURCE: &str = "CREATE TABLE public.t (id integer PRIMARY KEY, previous integer, note text);
    INSERT INTO public.t
    SELECT n, nullif(n + 1, 20001), CASE WHEN n % 3 = 0 THEN 'as before' ELSE 'new' END || repeat('x', 1000)
    FROM generate_series(1, 20000) AS n;
    ANALYZE public.t";

/// The first 15,000 of them, a third as they will be, and so many others that both sides are not
/// compared first.
const DESTINATION: &str =
    "CREATE TABLE public.t (id integer PRIMARY KEY, previous integer, note text);
    INSERT INTO public.t
    SELECT n, n + 1, 'as before' || repeat('x', 1000) FROM generate_series(1, 15000) AS n;
    INSERT INTO public.t SELECT n, NULL, 'kept' FROM generate_series(30001, 80000) AS n;
    ANALYZE public.t";

/// The last key differs from the first by case.
const TEXT_KEYS: &str = "CREATE TABLE public.t (id text PRIMARY KEY, note text);
    INSERT INTO public.t SELECT 'key ' || n, repeat('x', 1000) FROM generate_series(1, 20000) AS n;
    INSERT INTO public.t VALUES ('KEY 1', 'later'); ANALYZE public.t";

const STREAM: &str = "public.t: {}";

#[tokio::test]
async fn parts_give_what_the_whole_gives() {
    let databases = Databases::with(SOURCE, DESTINATION).await;
    databases.destination.run(COUNTS_STAGING).await;
    let one_writer = ["--table", "public.t", "--connections", "1"];
    let copy = Program::copy(&databases, &one_writer).with_json();
    let report = copy.run().await.json()["streams"][0].take();
    check(&report, [20_000, 5_000, 10_000, 5_000]);
    assert_loaded(&databases).await;
    let tables = "SELECT count(*)::text FROM public.staged";
    let tables: u32 = databases.destination.column(tables).await[0]
        .parse()
        .unwrap();
    assert!(tables > 1, "{tables} staging tables");
    databases.assert_no_staging().await;
}

#[tokio::test]
async fn the_plan_says_that_rows_are_merged_as_they_come() {
    let databases = Databases::with(SOURCE, DESTINATION).await;
    assert!(plan(&databases).await.contains("merges them as they come"));
    let key = "ALTER TABLE public.t ADD FOREIGN KEY (previous) REFERENCES public.t";
    databases
        .destination
        .run("UPDATE public.t SET previous = NULL")
        .await;
    databases.destination.run(key).await;
    assert!(!plan(&databases).await.contains("merges them as they come"));
}

#[tokio::test]
async fn rows_that_refer_to_each_other_are_merged_at_once() {
    let databases = Databases::with(SOURCE, DESTINATION).await;
    let key = "UPDATE public.t SET previous = NULL;
        ALTER TABLE public.t ADD FOREIGN KEY (previous) REFERENCES public.t";
    databases.destination.run(key).await;
    let report = run(&databases, STREAM).await;
    check(&report, [20_000, 5_000, 15_000, 0]);
    assert_loaded(&databases).await;
}

/// Such a transaction would see nothing that was staged after it began.
#[tokio::test]
async fn all_parts_are_seen_whatever_the_isolation() {
    for level in ["repeatable read", "serializable"] {
        let databases = Databases::with(SOURCE, DESTINATION).await;
        let set = format!(
            "ALTER DATABASE {} SET default_transaction_isolation = '{level}'",
            databases.name()
        );
        databases.destination.run(&set).await;
        let report = run(&databases, STREAM).await;
        check(&report, [20_000, 5_000, 10_000, 5_000]);
        assert_loaded(&databases).await;
    }
}

/// The first row leaves a value to the last, to which another table refers.
#[tokio::test]
async fn what_other_tables_refer_to_may_change_rows() {
    let destination = format!(
        "{DESTINATION};
         UPDATE public.t SET previous = CASE WHEN id = 1 THEN 20001 END;
         ALTER TABLE public.t ADD UNIQUE (previous);
         CREATE TABLE public.other (t integer REFERENCES public.t (previous));
         INSERT INTO public.other VALUES (20001)"
    );
    let databases = Databases::with(SOURCE, &destination).await;
    databases
        .source
        .run("UPDATE public.t SET previous = 20001 WHERE id = 20000")
        .await;
    let report = run(&databases, STREAM).await;
    check(&report, [20_000, 5_000, 15_000, 0]);
    assert_loaded(&databases).await;
}

#[tokio::test]
async fn an_index_with_another_equality_is_asked_at_once() {
    let destination = "CREATE COLLATION public.nocase \
            (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE public.t (id text PRIMARY KEY, note text);
        CREATE UNIQUE INDEX ON public.t (id COLLATE public.nocase);
        INSERT INTO public.t SELECT 'kept ' || n FROM generate_series(1, 80000) AS n;
        ANALYZE public.t";
    let databases = Databases::with(TEXT_KEYS, destination).await;
    let before = databases.destination_state().await;
    let outcome = Program::run_of(&databases, STREAM).run().await;
    outcome.assert_refused(1, &["cannot publish"]);
    assert!(databases.destination_state().await == before);
}

/// Nobody may take the later one for a change of the earlier one.
#[tokio::test]
async fn keys_that_only_the_destination_calls_equal_are_refused() {
    let destination = "CREATE COLLATION public.nocase \
            (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE public.t (id text COLLATE public.nocase PRIMARY KEY, note text);
        INSERT INTO public.t SELECT 'kept ' || n FROM generate_series(1, 80000) AS n;
        ANALYZE public.t";
    let databases = Databases::with(TEXT_KEYS, destination).await;
    let before = databases.destination_state().await;
    let outcome = Program::run_of(&databases, STREAM).run().await;
    outcome.assert_refused(1, &["cannot publish", "choose a key that tells rows apart"]);
    assert!(databases.destination_state().await == before);
    databases.assert_no_staging().await;
}

#[tokio::test]
async fn triggers_see_one_statement() {
    let databases = Databases::with(SOURCE, DESTINATION).await;
    let trigger = "CREATE TABLE public.seen (what text, row_count bigint);
        CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO public.seen SELECT TG_OP, count(*) FROM written; RETURN NULL; END $$;
        CREATE TRIGGER inserted AFTER INSERT ON public.t REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION public.see();
        CREATE TRIGGER updated AFTER UPDATE ON public.t REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION public.see()";
    databases.destination.run(trigger).await;
    let report = run(&databases, STREAM).await;
    check(&report, [20_000, 5_000, 10_000, 5_000]);
    let seen = "SELECT concat(what, ' ', row_count) FROM public.seen ORDER BY what";
    let seen = databases.destination.column(seen).await;
    assert_eq!(seen, ["INSERT 5000", "UPDATE 10000"]);
}

#[tokio::test]
async fn a_row_that_is_refused_takes_the_merged_parts_with_it() {
    let databases = Databases::with(SOURCE, DESTINATION).await;
    let check = "ALTER TABLE public.t ADD CONSTRAINT not_last CHECK (id <> 19999)";
    databases.destination.run(check).await;
    let before = databases.destination_state().await;
    let outcome = Program::run_of(&databases, STREAM).run().await;
    outcome.assert_refused(1, &["cannot publish \"public\".\"t\"", "not_last"]);
    assert!(databases.destination_state().await == before);
    databases.assert_no_staging().await;
}

#[tokio::test]
async fn a_source_that_fails_takes_the_merged_parts_with_it() {
    let databases = Databases::with(SOURCE, DESTINATION).await;
    let before = databases.destination_state().await;
    let stream =
        "public.t: { sql: 'SELECT id, 10 / (19999 - id) AS previous, note FROM {{ source }}' }";
    let outcome = Program::run_of(&databases, stream).run().await;
    outcome.assert_refused(1, &["division by zero"]);
    assert!(databases.destination_state().await == before);
    databases.assert_no_staging().await;
    run(&databases, STREAM).await;
    assert_loaded(&databases).await;
}

#[tokio::test]
async fn a_session_that_is_killed_while_it_merges() {
    let databases = Databases::with(SOURCE, DESTINATION).await;
    let before = databases.destination_state().await;
    let (child, _folder) = Program::copy(&databases, &SLOWLY).start();
    let pid = merging(&databases).await;
    let kill = format!("SELECT pg_terminate_backend({pid})");
    databases.destination.run(&kill).await;
    let outcome = Outcome::of(child).await;
    outcome.assert_refused(1, &["public", "\"t\""]);
    assert!(databases.destination_state().await == before);
    databases.assert_no_staging().await;
}

#[tokio::test]
async fn ctrl_c_while_it_merges() {
    let databases = Databases::with(SOURCE, DESTINATION).await;
    let before = databases.destination_state().await;
    let (child, _folder) = Program::copy(&databases, &SLOWLY).start();
    merging(&databases).await;
    let mut interrupt = Command::new("kill");
    interrupt.args(["-INT", &child.id().to_string()]);
    assert!(interrupt.status().unwrap().success());
    let outcome = Outcome::of(child).await;
    outcome.assert_refused(1, &["interrupted"]);
    assert!(databases.destination_state().await == before);
    databases.assert_no_staging().await;
}

/// Copies so slowly that the second part is some two seconds behind the first.
const SLOWLY: [&str; 6] = [
    "--table",
    "public.t",
    "--connections",
    "1",
    "--max-bytes-per-second",
    "2MB",
];

/// Waits until a transaction has merged a part and waits for the next; gives its session.
async fn merging(databases: &Databases) -> String {
    let waiting = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'towpath publish' AND state = 'idle in transaction'
        AND backend_xid IS NOT NULL";
    for _ in 0..3000 {
        if let Some(pid) = databases.destination.column(waiting).await.pop() {
            return pid;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing is merged before the last row has come");
}

/// The sequence tells how many rows were proposed: a transaction that is rolled back does not give
/// its numbers back.
#[tokio::test]
async fn locks_are_released_where_rows_come_slowly() {
    let databases = Databases::with(SOURCE, DESTINATION).await;
    let column = "ALTER TABLE public.t ADD arrival bigserial;
        ALTER SEQUENCE public.t_arrival_seq RESTART 1";
    databases.destination.run(column).await;
    let copy = Program::copy(&databases, &SLOWLY);
    copy.run().await.assert_done();
    assert_loaded(&databases).await;
    let proposed = "SELECT last_value::text FROM public.t_arrival_seq";
    let proposed: u32 = databases.destination.column(proposed).await[0]
        .parse()
        .unwrap();
    assert!(proposed > 20_000, "{proposed} rows were proposed");
    databases.assert_no_staging().await;
}

/// Notes each staging table that is created.
const COUNTS_STAGING: &str = "CREATE TABLE public.staged (name text);
    CREATE FUNCTION public.note_staging() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.staged SELECT object_identity FROM pg_event_trigger_ddl_commands()
        WHERE object_identity LIKE 'towpath_staging.run_%'; END $$;
    CREATE EVENT TRIGGER note_staging ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
        EXECUTE FUNCTION public.note_staging()";

/// The WAL writer would wake by itself only after ten seconds.
#[tokio::test]
async fn the_log_is_written_while_a_transaction_goes_on() {
    let settings = [
        ("wal_writer_delay", "10s"),
        ("wal_buffers", "4MB"),
        ("synchronous_commit", "on"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let options = ServerOptions {
        settings: settings.to_vec(),
    };
    let server = ThrowawayServer::start(&destination_programs(), &options).await;
    let server = server.unwrap();
    let url = server.url("postgres");
    let (writer, watcher) = (Session::open(&url).await, Session::open(&url).await);
    writer.run("CREATE TABLE public.t (v text)").await;
    writer.run("BEGIN").await;
    writer.run(FILL_BUFFERS).await;
    assert_eq!(watcher.value(UNWRITTEN).await, "much");
    let config = url.parse().unwrap();
    let control = Connection::open(&config, "control").await.unwrap();
    let waker = WalWaker::default();
    let is_written = waker.during(&control, async {
        for _ in 0..50 {
            if watcher.value(UNWRITTEN).await == "little" {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    });
    assert!(is_written.await, "nobody has woken the WAL writer");
    writer.run("COMMIT").await;
}

/// Two megabytes of the log, of which four find room in the buffers.
const FILL_BUFFERS: &str =
    "INSERT INTO public.t SELECT repeat('x', 1000) FROM generate_series(1, 2000)";

const UNWRITTEN: &str =
    "SELECT CASE WHEN pg_current_wal_insert_lsn() - pg_current_wal_lsn() > 1048576
    THEN 'much' ELSE 'little' END";

async fn run(databases: &Databases, streams: &str) -> Value {
    let program = Program::run_of(databases, streams).with_json();
    program.run().await.json()["streams"][0].take()
}

async fn plan(databases: &Databases) -> String {
    let outcome = Program::copy(databases, &["--table", "public.t", "--plan"]);
    let outcome = outcome.run().await;
    outcome.assert_done();
    outcome.stdout
}

/// Fails unless so many rows were read, inserted, updated and unchanged.
#[track_caller]
fn check(report: &Value, expected: [u64; 4]) {
    let names = [
        "rows_read",
        "rows_inserted",
        "rows_updated",
        "rows_unchanged",
    ];
    let found = names.map(|name| report[name].as_u64().unwrap());
    assert_eq!(found, expected, "{report}");
}

/// Fails unless the destination has all rows of the source, and the others that it had.
async fn assert_loaded(databases: &Databases) {
    let columns = "SELECT id, previous, note FROM public.t WHERE";
    let source = relation(&databases.source, &format!("{columns} true")).await;
    let loaded = relation(&databases.destination, &format!("{columns} id <= 20000")).await;
    assert_same(&source, &loaded, "public.t");
    let kept = "SELECT count(*)::text FROM public.t WHERE id > 20000 AND note = 'kept'";
    assert_eq!(databases.destination.column(kept).await, ["50000"]);
}

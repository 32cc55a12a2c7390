//! What a run leaves in the destination, and what it leaves alone.

use serde_json::Value;

use crate::harness::{Databases, Outcome, Program, assert_same, relation};

const ORDERS: &str =
    "CREATE TABLE public.orders (id integer PRIMARY KEY, total numeric(12, 2), note text);
    INSERT INTO public.orders SELECT n, n / 3.0, 'note ' || n FROM generate_series(1, 1000) AS n";

#[tokio::test]
async fn unchanged_rows_are_not_rewritten() {
    let databases = Databases::with(ORDERS, "").await;
    run(&databases, "public.orders: {}").await.assert_done();
    let before = databases.destination_state().await;
    let report = run(&databases, "public.orders: {}").await.json();
    assert_eq!(databases.destination_state().await, before);
    check_counts(
        &report,
        &[
            ("rows_inserted", 0),
            ("rows_updated", 0),
            ("rows_unchanged", 1000),
        ],
    );
}

#[tokio::test]
async fn an_upsert_counts_what_it_did() {
    let databases = Databases::with(ORDERS, "").await;
    let report = run(&databases, "public.orders: {}").await.json();
    check_counts(
        &report,
        &[
            ("rows_read", 1000),
            ("rows_inserted", 1000),
            ("rows_updated", 0),
        ],
    );
    databases
        .source
        .run(
            "UPDATE public.orders SET note = NULL WHERE id <= 7;
             DELETE FROM public.orders WHERE id > 990;
             INSERT INTO public.orders VALUES (2001, 1, 'x'), (2002, 2, 'y'), (2003, 3, 'z')",
        )
        .await;
    let report = run(&databases, "public.orders: {}").await.json();
    check_counts(
        &report,
        &[
            ("rows_read", 993),
            ("rows_inserted", 3),
            ("rows_updated", 7),
            ("rows_unchanged", 983),
            ("rows_deleted", 0),
        ],
    );
}

#[tokio::test]
async fn a_mirror_counts_what_it_deleted() {
    let databases = Databases::with(ORDERS, "").await;
    run(&databases, "public.orders: { write: mirror }")
        .await
        .assert_done();
    databases
        .source
        .run("DELETE FROM public.orders WHERE id <= 20")
        .await;
    let report = run(&databases, "public.orders: { write: mirror }")
        .await
        .json();
    check_counts(
        &report,
        &[
            ("rows_deleted", 20),
            ("rows_inserted", 0),
            ("rows_updated", 0),
            ("rows_unchanged", 980),
        ],
    );
}

#[tokio::test]
async fn staging_is_gone_after_every_write_mode() {
    let databases = Databases::with(ORDERS, "").await;
    databases
        .source
        .run("CREATE VIEW public.keyless AS SELECT * FROM public.orders")
        .await;
    for write in ["upsert", "append", "replace", "mirror"] {
        let table = if write == "append" {
            "keyless"
        } else {
            "orders"
        };
        let stream =
            format!("{write}: {{ table: public.{table}, into: public.{write}, write: {write} }}");
        run(&databases, &stream).await.assert_done();
        run(&databases, &stream).await.assert_done();
        databases.assert_no_staging().await;
    }
}

#[tokio::test]
async fn the_ledger_holds_a_row_for_every_stream_of_a_run() {
    let databases = Databases::with(ORDERS, "").await;
    let report = run(
        &databases,
        "public.orders: {}\ncopy: { table: orders, into: public.copy }",
    )
    .await
    .json();
    let ledger = "SELECT concat_ws(' ', run_id, pipeline, stream, write, rows_read, rows_inserted, \
                  finished_at >= started_at) FROM towpath.runs ORDER BY stream";
    let run_id = report["run_id"].as_str().unwrap();
    assert_eq!(
        databases.destination.column(ledger).await,
        [
            format!("{run_id} test copy upsert 1000 1000 t"),
            format!("{run_id} test public.orders upsert 1000 1000 t")
        ]
    );
}

#[tokio::test]
async fn the_report_says_what_was_created() {
    let databases = Databases::with(ORDERS, "").await;
    let report = run(&databases, "public.orders: {}").await.json();
    assert_eq!(report["streams"][0]["created"], Value::Bool(true));
    let report = run(&databases, "public.orders: {}").await.json();
    assert_eq!(report["streams"][0]["created"], Value::Bool(false));
}

#[tokio::test]
async fn a_created_table_survives_a_crash_and_has_its_key() {
    let databases = Databases::with(ORDERS, "").await;
    run(&databases, "public.orders: { into: new_schema.orders }")
        .await
        .assert_done();
    let facts = "SELECT concat_ws(' ', c.relpersistence, c.relkind, i.indkey, i.indisprimary, i.indisvalid) \
                 FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid \
                 WHERE c.oid = 'new_schema.orders'::regclass";
    assert_eq!(databases.destination.column(facts).await, ["p r 1 t t"]);
}

#[tokio::test]
async fn a_table_of_nothing_but_its_key_is_merged() {
    let databases = Databases::with(
        "CREATE TABLE public.tags (id integer, tag text, PRIMARY KEY (id, tag));
         INSERT INTO public.tags VALUES (1, 'a'), (1, 'b'), (2, 'a')",
        "CREATE TABLE public.tags (id integer, tag text, PRIMARY KEY (id, tag));
         INSERT INTO public.tags VALUES (1, 'a'), (9, 'kept')",
    )
    .await;
    let report = run(&databases, "public.tags: {}").await.json();
    check_counts(
        &report,
        &[
            ("rows_inserted", 2),
            ("rows_updated", 0),
            ("rows_unchanged", 1),
        ],
    );
    let rows = databases
        .destination
        .column("SELECT id || tag FROM public.tags ORDER BY 1")
        .await;
    assert_eq!(rows, ["1a", "1b", "2a", "9kept"]);
}

#[tokio::test]
async fn keys_of_many_types_merge() {
    let databases = Databases::with(
        "CREATE TABLE public.t (a text, b uuid, c timestamptz, d numeric, e date, f boolean, g bytea, v integer,
             PRIMARY KEY (a, b, c, d, e, f, g));
         INSERT INTO public.t SELECT 'k' || n, md5(n::text)::uuid, timestamptz '2024-01-01 00:00+00' + n * interval '1 us',
             n / 8.0, date '2024-01-01' + n, n % 2 = 0, n::text::bytea, n FROM generate_series(1, 300) AS n",
        "",
    )
    .await;
    run(&databases, "public.t: {}").await.assert_done();
    databases
        .source
        .run("UPDATE public.t SET v = -v, d = (d::text || '00')::numeric WHERE v <= 100")
        .await;
    let report = run(&databases, "public.t: {}").await.json();
    // 0.125 and 0.12500 are one key; the row is updated because v is another.
    check_counts(
        &report,
        &[
            ("rows_inserted", 0),
            ("rows_updated", 100),
            ("rows_unchanged", 200),
        ],
    );
}

#[tokio::test]
async fn an_empty_source_creates_an_empty_table() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, x jsonb)",
        "",
    )
    .await;
    let report = run(&databases, "public.t: {}").await.json();
    check_counts(&report, &[("rows_read", 0), ("rows_inserted", 0)]);
    assert_eq!(
        databases
            .destination
            .value("SELECT count(*) FROM public.t")
            .await,
        "0"
    );
}

#[tokio::test]
async fn replace_works_on_a_table_that_others_refer_to() {
    let databases = Databases::with(
        "CREATE TABLE public.countries (code char(2) PRIMARY KEY, name text);
         INSERT INTO public.countries VALUES ('DE', 'Germany'), ('FR', 'France')",
        "CREATE TABLE public.countries (code char(2) PRIMARY KEY, name text);
         INSERT INTO public.countries VALUES ('DE', 'old'), ('XX', 'gone');
         CREATE TABLE public.people (id integer, country char(2) REFERENCES public.countries);
         INSERT INTO public.people VALUES (1, 'DE')",
    )
    .await;
    run(&databases, "public.countries: { write: replace }")
        .await
        .assert_done();
    let same = relation(&databases.source, "SELECT * FROM public.countries").await;
    assert_same(
        &same,
        &relation(&databases.destination, "SELECT * FROM public.countries").await,
        "rows",
    );
    assert_eq!(
        databases
            .destination
            .value("SELECT count(*) FROM public.people")
            .await,
        "1"
    );
}

#[tokio::test]
async fn a_failed_constraint_names_itself_and_changes_nothing() {
    let databases = Databases::with(
        ORDERS,
        "CREATE TABLE public.orders (id integer PRIMARY KEY, total numeric(12, 2),
             note text CONSTRAINT no_secret CHECK (note <> 'note 500'));
         INSERT INTO public.orders VALUES (1, 1, 'old')",
    )
    .await;
    let before = databases.destination_state().await;
    let outcome = text(&databases, "public.orders: {}").await;
    outcome.assert_refused(1, &["public.orders", "no_secret"]);
    assert!(!outcome.stderr.contains("note 500"), "{outcome}");
    assert_eq!(databases.destination_state().await, before);
    databases.assert_no_staging().await;
}

#[tokio::test]
async fn a_null_for_a_not_null_column_names_it_and_changes_nothing() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, name text);
         INSERT INTO public.t VALUES (1, 'a'), (2, NULL)",
        "CREATE TABLE public.t (id integer PRIMARY KEY, name text NOT NULL)",
    )
    .await;
    let before = databases.destination_state().await;
    let outcome = text(&databases, "public.t: {}").await;
    outcome.assert_refused(1, &["public.t", "name"]);
    assert_eq!(databases.destination_state().await, before);
}

#[tokio::test]
async fn a_second_run_at_the_same_time_waits() {
    let databases = Databases::with(ORDERS, "").await;
    databases
        .source
        .run("CREATE VIEW public.keyless AS SELECT * FROM public.orders")
        .await;
    let stream = "public.keyless: { write: append }";
    let (first, _a) = Program::run_of(&databases, stream).start();
    let (second, _b) = Program::run_of(&databases, stream).start();
    let (first, second) = tokio::join!(Outcome::of(first), Outcome::of(second));
    first.assert_done();
    second.assert_done();
    assert_eq!(
        databases
            .destination
            .value("SELECT count(*) FROM public.keyless")
            .await,
        "2000"
    );
}

#[tokio::test]
async fn check_and_plan_change_nothing() {
    let databases = Databases::with(ORDERS, "").await;
    let before = databases.destination_state().await;
    let file =
        "source: ${SOURCE_URL}\ndestination: ${DESTINATION_URL}\nstreams: { public.orders: {} }\n";
    for command in ["check", "plan"] {
        let program = Program::new(&databases, &[command, "p.yaml"]).with_file("p.yaml", file);
        program.run().await.assert_done();
    }
    assert_eq!(databases.destination_state().await, before);
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'towpath%'";
    assert_eq!(databases.destination.value(schemas).await, "0");
}

#[tokio::test]
async fn one_stream_of_a_pipeline_runs_alone() {
    let databases = Databases::with(ORDERS, "").await;
    let file = "source: ${SOURCE_URL}\ndestination: ${DESTINATION_URL}\n\
                streams:\n  a: { table: orders, into: public.a }\n  b: { table: orders, into: public.b }\n";
    let program = Program::new(&databases, &["run", "p.yaml", "b"]).with_file("p.yaml", file);
    program.run().await.assert_done();
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(databases.destination.column(tables).await, ["b"]);
}

#[tokio::test]
async fn full_reads_all_rows_of_an_incremental_stream() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, v integer, at timestamptz);
         INSERT INTO public.t SELECT n, n, timestamptz '2024-01-01 00:00+00' + n * interval '1 day' FROM generate_series(1, 50) AS n",
        "",
    )
    .await;
    let file = "source: ${SOURCE_URL}\ndestination: ${DESTINATION_URL}\n\
                streams: { public.t: { sync: incremental, cursor: at } }\n";
    let run = |arguments: &[&str]| {
        Program::new(&databases, &[&["run", "p.yaml"], arguments].concat())
            .with_file("p.yaml", file)
            .with_json()
    };
    check_counts(&run(&[]).run().await.json(), &[("rows_read", 50)]);
    databases
        .source
        .run("UPDATE public.t SET v = 0 WHERE id = 5")
        .await;
    check_counts(
        &run(&[]).run().await.json(),
        &[("rows_read", 1), ("rows_updated", 0)],
    );
    check_counts(
        &run(&["--full"]).run().await.json(),
        &[("rows_read", 50), ("rows_updated", 1)],
    );
}

#[tokio::test]
async fn a_null_cursor_comes_with_the_first_run_and_stays() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, at timestamptz);
         INSERT INTO public.t VALUES (1, '2024-01-01 00:00+00'), (2, NULL)",
        "",
    )
    .await;
    let stream = "public.t: { sync: incremental, cursor: at }";
    run(&databases, stream).await.assert_done();
    databases
        .source
        .run("INSERT INTO public.t VALUES (3, '2024-01-02 00:00+00')")
        .await;
    run(&databases, stream).await.assert_done();
    let rows = databases
        .destination
        .column("SELECT id FROM public.t ORDER BY id")
        .await;
    assert_eq!(rows, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_cursor_at_infinity_does_not_freeze_the_stream() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, at timestamptz);
         INSERT INTO public.t VALUES (1, '2024-01-01 00:00+00'), (2, 'infinity')",
        "",
    )
    .await;
    let stream = "public.t: { sync: incremental, cursor: at }";
    run(&databases, stream).await.assert_done();
    databases
        .source
        .run("INSERT INTO public.t VALUES (3, '2024-01-02 00:00+00')")
        .await;
    run(&databases, stream).await.assert_done();
    let rows = databases
        .destination
        .column("SELECT id FROM public.t ORDER BY id")
        .await;
    assert_eq!(rows, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_role_that_may_only_create_temporary_tables_can_load() {
    let databases = with_poor_role(
        "loads_only",
        "CREATE SCHEMA towpath AUTHORIZATION loads_only",
    )
    .await;
    let outcome = run_as(&databases, "loads_only").await;
    let count = databases
        .destination
        .value("SELECT count(*) FROM public.orders")
        .await;
    databases.destination.run("DROP OWNED BY loads_only").await;
    outcome.assert_done();
    assert_eq!(count, "1000");
}

#[tokio::test]
async fn a_role_without_a_ledger_is_refused_before_a_row_moves() {
    let databases = with_poor_role("keeps_no_ledger", "").await;
    let outcome = run_as(&databases, "keeps_no_ledger").await;
    databases
        .destination
        .run("DROP OWNED BY keeps_no_ledger")
        .await;
    outcome.assert_refused(2, &["towpath", "CREATE SCHEMA", "keeps_no_ledger"]);
}

/// Databases with orders, where `role` may write `public.orders` of the destination and no more.
async fn with_poor_role(role: &str, more: &str) -> Databases {
    let destination = format!(
        "CREATE TABLE public.orders (id integer PRIMARY KEY, total numeric(12, 2), note text);
         DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN PASSWORD 'loads';
         GRANT SELECT, INSERT, UPDATE, DELETE ON public.orders TO {role};
         REVOKE CREATE ON SCHEMA public FROM PUBLIC; {more}"
    );
    Databases::with(ORDERS, &destination).await
}

async fn run_as(databases: &Databases, role: &str) -> Outcome {
    let url = crate::harness::url_of_role(&databases.destination_url, role, "loads");
    let program = Program::run_of(databases, "public.orders: {}");
    program.with_variable("DESTINATION_URL", &url).run().await
}

/// Runs a pipeline of `streams`, its report in JSON.
async fn run(databases: &Databases, streams: &str) -> Outcome {
    Program::run_of(databases, streams).with_json().run().await
}

/// Runs a pipeline of `streams`, its messages for people.
async fn text(databases: &Databases, streams: &str) -> Outcome {
    Program::run_of(databases, streams).run().await
}

/// Fails unless the only stream of `report` counts these.
#[track_caller]
fn check_counts(report: &Value, expected: &[(&str, u64)]) {
    for (name, count) in expected {
        assert_eq!(report["streams"][0][name], *count, "{name} in {report}");
    }
}

//! What bad input gets: one line that names object and reason, a hint, status 2, and no password;
//! nothing is created and nothing is changed.

use crate::harness::{Databases, Outcome, Program, url_of_role};

/// A password that no message may hold.
const PASSWORD: &str = "hunter2-very-secret";

const TABLE: &str =
    "CREATE TABLE public.orders (id integer PRIMARY KEY, total numeric(12, 2), customer text);
    INSERT INTO public.orders VALUES (1, 1.5, 'a')";

#[tokio::test]
async fn a_host_that_does_not_exist() {
    check_source_url(
        |_| format!("postgresql://u:{PASSWORD}@no-such-host.invalid/d"),
        &["no-such-host.invalid"],
    )
    .await;
}

#[tokio::test]
async fn a_port_where_nobody_listens() {
    check_source_url(
        |_| format!("postgresql://u:{PASSWORD}@127.0.0.1:1/d"),
        &["127.0.0.1", "1", "refused"],
    )
    .await;
}

#[tokio::test]
async fn a_wrong_password() {
    check_source_url(
        |url| url_of_role(url, "postgres", PASSWORD),
        &["password", "postgres", "127.0.0.1"],
    )
    .await;
}

#[tokio::test]
async fn a_database_that_does_not_exist() {
    check_source_url(
        |url| format!("{}/no_such_database", url.rsplit_once('/').unwrap().0),
        &["no_such_database", "does not exist"],
    )
    .await;
}

#[tokio::test]
async fn a_role_that_does_not_exist() {
    check_source_url(
        |url| url_of_role(url, "no_such_role", PASSWORD),
        &["no_such_role"],
    )
    .await;
}

#[tokio::test]
async fn a_url_that_is_none() {
    check_source_url(
        |_| format!("postgresql://u:{PASSWORD}@host:port/d"),
        &["port"],
    )
    .await;
}

#[tokio::test]
async fn a_url_of_another_database_system() {
    check_source_url(
        |_| format!("mysql://u:{PASSWORD}@host/d"),
        &["mysql", "postgresql://"],
    )
    .await;
}

#[tokio::test]
async fn an_unknown_parameter_in_a_url() {
    check_source_url(
        |url| format!("{url}?ssl_mode=require"),
        &["ssl_mode", "sslmode"],
    )
    .await;
}

#[tokio::test]
async fn tls_that_the_server_does_not_offer() {
    check_source_url(|url| format!("{url}?sslmode=require"), &["tls"]).await;
}

#[tokio::test]
async fn a_wrong_password_of_the_destination() {
    let databases = Databases::with(TABLE, "").await;
    let url = url_of_role(&databases.destination_url, "postgres", PASSWORD);
    let program = Program::run_of(&databases, "public.orders: {}");
    let outcome = program.with_variable("DESTINATION_URL", &url).run().await;
    check_refusal(&databases, &outcome, &["password", "postgres"]).await;
}

#[tokio::test]
async fn a_table_that_does_not_exist() {
    check_streams("public.order: {}", &["order", "public.orders"]).await;
}

#[tokio::test]
async fn a_schema_that_does_not_exist() {
    check_streams("pubic.orders: {}", &["pubic"]).await;
}

#[tokio::test]
async fn a_column_that_does_not_exist() {
    check_streams(
        "public.orders: { sql: 'SELECT id, totl FROM {{ source }}' }",
        &["totl", "total"],
    )
    .await;
}

#[tokio::test]
async fn a_key_that_is_no_column() {
    check_streams(
        "public.orders: { key: [ident] }",
        &["ident", "public.orders"],
    )
    .await;
}

#[tokio::test]
async fn a_key_that_the_transform_leaves_out() {
    check_streams(
        "public.orders: { sql: 'SELECT total FROM {{ source }}', key: id }",
        &["id"],
    )
    .await;
}

#[tokio::test]
async fn no_key_at_all() {
    let databases = Databases::with("CREATE TABLE public.t (a integer)", "").await;
    let outcome = Program::run_of(&databases, "public.t: {}").run().await;
    check_refusal(&databases, &outcome, &["public.t", "key", "hint"]).await;
}

#[tokio::test]
async fn a_cursor_that_is_no_column() {
    check_streams(
        "public.orders: { sync: incremental, cursor: updated }",
        &["updated", "orders"],
    )
    .await;
}

#[tokio::test]
async fn a_cursor_without_a_name() {
    check_streams("public.orders: { sync: incremental }", &["cursor"]).await;
}

#[tokio::test]
async fn an_order_of_duplicates_that_is_no_column() {
    check_streams("public.orders: { duplicates: { last: versn } }", &["versn"]).await;
}

#[tokio::test]
async fn sql_that_does_not_parse() {
    check_streams(
        "public.orders: { sql: 'SELEC id FROM {{ source }}' }",
        &["selec"],
    )
    .await;
}

#[tokio::test]
async fn sql_that_does_not_read_the_source() {
    check_streams(
        "public.orders: { sql: 'SELECT 1 AS id' }",
        &["{{ source }}"],
    )
    .await;
}

#[tokio::test]
async fn sql_that_reads_another_table() {
    check_streams(
        "public.orders: { sql: 'SELECT id FROM public.orders' }",
        &["source"],
    )
    .await;
}

#[tokio::test]
async fn sql_that_is_no_select() {
    check_streams(
        "public.orders: { sql: 'DELETE FROM {{ source }}' }",
        &["select"],
    )
    .await;
}

#[tokio::test]
async fn sql_with_two_statements() {
    check_streams(
        "public.orders: { sql: 'SELECT id FROM {{ source }}; SELECT 2' }",
        &["one"],
    )
    .await;
}

#[tokio::test]
async fn two_columns_of_one_name() {
    let databases = Databases::with(TABLE, "").await;
    let stream = "public.orders: { sql: 'SELECT id, total AS id FROM {{ source }}' }";
    let outcome = Program::run_of(&databases, stream).run().await;
    check_refusal(&databases, &outcome, &["id"]).await;
    assert!(!outcome.stderr.contains("ambiguous"), "{outcome}");
}

#[tokio::test]
async fn an_expression_of_the_wrong_types() {
    check_streams(
        "public.orders: { sql: 'SELECT id, customer + 1 AS x FROM {{ source }}' }",
        &["text", "integer"],
    )
    .await;
}

#[tokio::test]
async fn two_streams_for_one_destination() {
    check_streams(
        "a: { table: orders, into: public.both }\nb: { table: orders, into: public.both }",
        &["public.both", "a", "b"],
    )
    .await;
}

#[tokio::test]
async fn a_destination_column_that_is_too_narrow() {
    let databases = Databases::with(
        TABLE,
        "CREATE TABLE public.orders (id integer PRIMARY KEY, total numeric(6, 2), customer varchar(3)); INSERT INTO public.orders VALUES (7, 7, 'x')",
    )
    .await;
    let outcome = Program::run_of(&databases, "public.orders: {}").run().await;
    check_refusal(
        &databases,
        &outcome,
        &["total", "numeric(12,2)", "numeric(6,2)", "hint"],
    )
    .await;
}

#[tokio::test]
async fn a_destination_column_of_another_type() {
    let databases = Databases::with(
        TABLE,
        "CREATE TABLE public.orders (id integer PRIMARY KEY, total timestamptz, customer text)",
    )
    .await;
    let outcome = Program::run_of(&databases, "public.orders: {}").run().await;
    check_refusal(
        &databases,
        &outcome,
        &["total", "numeric(12,2)", "timestamp with time zone", "hint"],
    )
    .await;
}

#[tokio::test]
async fn a_required_destination_column_that_nobody_fills() {
    let databases = Databases::with(
        TABLE,
        "CREATE TABLE public.orders (id integer PRIMARY KEY, total numeric(12, 2), customer text, region text NOT NULL)",
    )
    .await;
    let outcome = Program::run_of(&databases, "public.orders: {}").run().await;
    check_refusal(&databases, &outcome, &["region", "public.orders"]).await;
}

#[tokio::test]
async fn a_source_that_may_not_be_read() {
    let databases = Databases::with(
        &format!("{TABLE}; DROP ROLE IF EXISTS reads_nothing; CREATE ROLE reads_nothing LOGIN PASSWORD '{PASSWORD}'"),
        "",
    )
    .await;
    let url = url_of_role(&databases.source_url, "reads_nothing", PASSWORD);
    let program = Program::run_of(&databases, "public.orders: {}");
    let outcome = program.with_variable("SOURCE_URL", &url).run().await;
    check_refusal(
        &databases,
        &outcome,
        &["public.orders", "may not", "GRANT SELECT"],
    )
    .await;
}

#[tokio::test]
async fn a_destination_that_may_not_be_written() {
    let databases = Databases::with(
        TABLE,
        &format!(
            "CREATE TABLE public.orders (id integer PRIMARY KEY, total numeric(12, 2), customer text);
             DROP ROLE IF EXISTS writes_nothing; CREATE ROLE writes_nothing LOGIN PASSWORD '{PASSWORD}'; CREATE SCHEMA towpath AUTHORIZATION writes_nothing; GRANT SELECT ON public.orders TO writes_nothing"
        ),
    )
    .await;
    let url = url_of_role(&databases.destination_url, "writes_nothing", PASSWORD);
    let program = Program::run_of(&databases, "public.orders: {}");
    let outcome = program.with_variable("DESTINATION_URL", &url).run().await;
    check_refusal(
        &databases,
        &outcome,
        &["public.orders", "may not", "GRANT", "TO writes_nothing"],
    )
    .await;
    databases
        .destination
        .run("DROP OWNED BY writes_nothing")
        .await;
}

#[tokio::test]
async fn a_schema_that_may_not_be_created() {
    let databases = Databases::with(
        TABLE,
        &format!("DROP ROLE IF EXISTS creates_nothing; CREATE ROLE creates_nothing LOGIN PASSWORD '{PASSWORD}'; CREATE SCHEMA towpath AUTHORIZATION creates_nothing"),
    )
    .await;
    let url = url_of_role(&databases.destination_url, "creates_nothing", PASSWORD);
    let program = Program::run_of(&databases, "public.orders: { into: new_schema.orders }");
    let outcome = program.with_variable("DESTINATION_URL", &url).run().await;
    check_refusal(
        &databases,
        &outcome,
        &["new_schema", "may not", "GRANT CREATE"],
    )
    .await;
}

#[tokio::test]
async fn a_ledger_that_may_not_be_written() {
    let databases = Databases::with(
        TABLE,
        &format!("DROP ROLE IF EXISTS records_nothing; CREATE ROLE records_nothing LOGIN PASSWORD '{PASSWORD}'"),
    )
    .await;
    let url = url_of_role(&databases.destination_url, "records_nothing", PASSWORD);
    let schema = "CREATE SCHEMA towpath AUTHORIZATION records_nothing";
    let usage = "GRANT CREATE, USAGE ON SCHEMA towpath TO records_nothing";
    let insert = "GRANT SELECT, INSERT ON towpath.runs TO records_nothing";
    for (there, grant) in [
        ("SELECT", schema),
        ("CREATE SCHEMA towpath", usage),
        ("CREATE TABLE towpath.runs (run_id text)", insert),
    ] {
        databases.destination.run(there).await;
        let program = Program::run_of(&databases, "public.orders: {}");
        let outcome = program.with_variable("DESTINATION_URL", &url).run().await;
        outcome.assert_refused(2, &["may not write the ledger towpath.runs", grant]);
    }
    databases
        .destination
        .run("DROP SCHEMA towpath CASCADE; DROP ROLE records_nothing")
        .await;
}

#[tokio::test]
async fn a_file_that_does_not_exist() {
    let databases = Databases::create().await;
    let outcome = Program::new(&databases, &["run", "no-such.yaml"])
        .run()
        .await;
    check_refusal(&databases, &outcome, &["no-such.yaml"]).await;
}

#[tokio::test]
async fn a_file_that_is_no_yaml() {
    check_file("source: [\n", &["test.yaml", "line"]).await;
}

#[tokio::test]
async fn an_empty_file() {
    check_file("", &["test.yaml", "source"]).await;
}

#[tokio::test]
async fn an_unknown_key_names_the_nearest() {
    check_file(
        "source: ${SOURCE_URL}\ndestination: ${DESTINATION_URL}\nstreams:\n  public.orders:\n    wirte: append\n",
        &["line 5", "wirte", "write"],
    )
    .await;
}

#[tokio::test]
async fn a_value_of_the_wrong_type() {
    check_file(
        "source: ${SOURCE_URL}\ndestination: ${DESTINATION_URL}\nsettings: { connections: many }\nstreams:\n  public.orders: {}\n",
        &["line 3", "connections"],
    )
    .await;
}

#[tokio::test]
async fn a_write_mode_that_does_not_exist() {
    check_file(
        "source: ${SOURCE_URL}\ndestination: ${DESTINATION_URL}\nstreams:\n  public.orders: { write: upser }\n",
        &["line 4", "upser", "upsert"],
    )
    .await;
}

#[tokio::test]
async fn a_variable_that_is_not_set() {
    check_file(
        "source: ${NO_SUCH_VARIABLE}\ndestination: ${DESTINATION_URL}\nstreams: { public.orders: {} }\n",
        &["line 1", "NO_SUCH_VARIABLE"],
    )
    .await;
}

#[tokio::test]
async fn a_connection_that_is_not_defined() {
    check_file(
        "source: ${SOURCE_URL}\ndestination: warehose\nconnections: { warehouse: { host: a } }\nstreams: { public.orders: {} }\n",
        &["warehose", "warehouse"],
    )
    .await;
}

#[tokio::test]
async fn all_mistakes_of_a_file_are_told_at_once() {
    check_file(
        &format!(
            "source: postgresql://u:{PASSWORD}@h/d\ndestination: ${{DESTINATION_URL}}\ndefaults: {{ writ: append }}\n\
             streams:\n  public.orders: {{ into: a.b.c, sync: partly }}\n"
        ),
        &["line 3", "writ", "line 5", "partly"],
    )
    .await;
}

#[tokio::test]
async fn a_stream_that_the_file_does_not_have() {
    let databases = Databases::with(TABLE, "").await;
    let file =
        "source: ${SOURCE_URL}\ndestination: ${DESTINATION_URL}\nstreams: { public.orders: {} }\n";
    let program =
        Program::new(&databases, &["run", "p.yaml", "public.order"]).with_file("p.yaml", file);
    let outcome = program.run().await;
    check_refusal(&databases, &outcome, &["public.order", "public.orders"]).await;
}

#[tokio::test]
async fn a_pattern_that_matches_nothing() {
    check_streams("public.nothing_*: {}", &["nothing_*"]).await;
}

#[tokio::test]
async fn an_argument_that_does_not_exist() {
    let databases = Databases::create().await;
    let outcome = Program::copy(&databases, &["--tabel", "x"]).run().await;
    check_refusal(&databases, &outcome, &["--tabel", "--table"]).await;
}

#[tokio::test]
async fn a_query_that_is_wrong() {
    let databases = Databases::create().await;
    let url = databases.source_url.clone();
    let outcome = Program::new(&databases, &["query", &url, "SELECT nothing"])
        .run()
        .await;
    check_refusal(&databases, &outcome, &["nothing", "does not exist"]).await;
}

#[tokio::test]
async fn errors_in_json_are_one_object() {
    let databases = Databases::with(TABLE, "").await;
    let outcome = Program::run_of(&databases, "public.order: {}")
        .with_json()
        .run()
        .await;
    assert_eq!(outcome.code, Some(2), "{outcome}");
    let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!(error["retry"], false, "{error}");
    assert!(
        error["error"].as_str().unwrap().contains("order"),
        "{error}"
    );
}

/// What the same data would bring about again is not worth another try.
#[tokio::test]
async fn a_duplicate_key_does_not_pass() {
    let databases = Databases::with(TABLE, "").await;
    let append = || Program::run_of(&databases, "public.orders: {write: append}").with_json();
    append().run().await.assert_done();
    let again = append().run().await;
    assert_eq!(again.code, Some(1), "{again}");
    let error: serde_json::Value = serde_json::from_str(&again.stderr).unwrap();
    assert!(error.to_string().contains("23505"), "{error}");
    assert_eq!(error["retry"], false, "{error}");
}

/// Runs a good pipeline from a source at another URL.
async fn check_source_url(url: impl Fn(&str) -> String, texts: &[&str]) {
    let databases = Databases::with(TABLE, "").await;
    let program = Program::run_of(&databases, "public.orders: {}");
    let outcome = program
        .with_variable("SOURCE_URL", &url(&databases.source_url))
        .run()
        .await;
    check_refusal(&databases, &outcome, texts).await;
}

/// Runs a pipeline of `streams` over one good table.
async fn check_streams(streams: &str, texts: &[&str]) {
    let databases = Databases::with(TABLE, "").await;
    let outcome = Program::run_of(&databases, streams).run().await;
    check_refusal(&databases, &outcome, texts).await;
}

/// Runs the pipeline file `text`.
async fn check_file(text: &str, texts: &[&str]) {
    let databases = Databases::with(TABLE, "").await;
    let outcome = Program::new(&databases, &["run", "test.yaml"])
        .with_file("test.yaml", text)
        .run()
        .await;
    check_refusal(&databases, &outcome, texts).await;
}

/// Fails unless the outcome is a refusal with these texts that left the destination alone.
async fn check_refusal(databases: &Databases, outcome: &Outcome, texts: &[&str]) {
    outcome.assert_refused(2, texts);
    assert!(outcome.stdout.is_empty(), "{outcome}");
    let shown = format!("{outcome}");
    for url in [&databases.source_url, &databases.destination_url] {
        let password = url.split([':', '@']).nth(2).unwrap();
        assert!(
            !shown.contains(password),
            "the password of a database is shown: {outcome}"
        );
    }
    assert!(!shown.contains(PASSWORD), "a password is shown: {outcome}");
    let first = outcome.stderr.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("error: ") && !first.ends_with('.'),
        "{outcome}"
    );
    let rows = databases.destination_state().await;
    assert!(
        !rows.iter().any(|line| line.contains("1.5")),
        "rows arrived: {rows:?}"
    );
    let schemas = "SELECT nspname FROM pg_namespace \
                   WHERE nspname ~ '^towpath|^new_schema' AND nspowner = 'postgres'::regrole";
    let created = databases.destination.column(schemas).await;
    assert!(created.is_empty(), "schemas were created: {created:?}");
}

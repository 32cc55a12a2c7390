//! No setting of a role or a database, and no encoding, changes a value or ends a run unexplained.

use std::fs;

use towpath::server::{ServerOptions, ThrowawayServer};

use crate::harness::{
    Databases, Program, Session, assert_same, destination_programs, relation, source_programs,
};

/// Settings of a database whose defaults say nothing good, with the version that brought each.
const SETTINGS: &[(u32, &str, &str)] = &[
    (13, "DateStyle", "'German, DMY'"),
    (13, "IntervalStyle", "'sql_standard'"),
    (13, "TimeZone", "'Asia/Kolkata'"),
    (13, "extra_float_digits", "-15"),
    (13, "bytea_output", "'escape'"),
    (13, "search_path", "nowhere"),
    (13, "statement_timeout", "'300ms'"),
    (13, "lock_timeout", "'300ms'"),
    (13, "idle_in_transaction_session_timeout", "'300ms'"),
    (14, "idle_session_timeout", "'300ms'"),
    (17, "transaction_timeout", "'300ms'"),
    (13, "default_transaction_isolation", "'serializable'"),
    (13, "default_transaction_deferrable", "on"),
    (13, "client_encoding", "'LATIN1'"),
    (13, "xmloption", "'document'"),
    (13, "lc_monetary", "'POSIX'"),
    (13, "array_nulls", "off"),
    (13, "standard_conforming_strings", "off"),
    (13, "backslash_quote", "off"),
    (13, "quote_all_identifiers", "on"),
    (13, "transform_null_equals", "on"),
    (13, "row_security", "off"),
    (13, "enable_tidscan", "off"),
    (13, "synchronize_seqscans", "on"),
    (13, "client_min_messages", "debug1"),
];

const VALUES: &str = "CREATE TABLE public.t (id integer PRIMARY KEY, at timestamptz, day date, span interval,
        f double precision, r real, b bytea, x xml, m money, n numeric, a text[], t text, j jsonb, c regclass);
    INSERT INTO public.t VALUES
        (1, '2024-03-31 02:30:00.123456+02', '2024-02-01', '1 mon -1 day', 0.1::float8 + 0.2, 0.1, '\\x00ff',
         'no root', 1.5, 1.10, ARRAY['NULL', NULL, 'a\\b'], E'é \\\\ \\' 表', '{\"é\": 1}', 'pg_class'),
        (2, NULL, 'infinity', '-1 year', '-0', '-0', '', '', -0.01, 'NaN', '{}', '', 'null', NULL)";

#[tokio::test]
async fn one_session_loads_one_small_table_after_the_other() {
    let tables = |columns: &str, more: &str| {
        let table = |n| format!("CREATE TABLE public.t{n} (id integer PRIMARY KEY{columns}); ");
        let tables: String = (1..=12).map(table).collect();
        tables + more
    };
    let rows: String = (1..=12)
        .map(|n| format!("INSERT INTO public.t{n} VALUES ({n}); "))
        .collect();
    let source = tables("", &rows);
    let destination = tables(", writer integer DEFAULT pg_backend_pid()", "");
    let databases = Databases::with(&source, &destination).await;
    let copy = Program::copy(&databases, &["--table", "public.t*"]);
    copy.run().await.assert_done();
    let writers: Vec<String> = (1..=12)
        .map(|n| format!("SELECT writer FROM public.t{n}"))
        .collect();
    let writers = format!(
        "SELECT count(*) || ' ' || count(DISTINCT writer) FROM ({}) AS w",
        writers.join(" UNION ALL ")
    );
    assert_eq!(databases.destination.value(&writers).await, "12 1");
}

#[tokio::test]
async fn one_session_reads_one_small_table_after_the_other() {
    let view =
        |n| format!("CREATE VIEW public.v{n:02} AS SELECT pg_catalog.pg_backend_pid() AS reader; ");
    let views: String = (1..=12).map(view).collect();
    let databases = Databases::with(&views, "").await;
    let copy = Program::copy(&databases, &["--table", "public.v*", "--write", "replace"]);
    copy.run().await.assert_done();
    let readers: Vec<String> = (1..=12)
        .map(|n| format!("SELECT reader FROM public.v{n:02}"))
        .collect();
    let readers = format!(
        "SELECT count(*) || ' ' || count(DISTINCT reader) FROM ({}) AS r",
        readers.join(" UNION ALL ")
    );
    assert_eq!(databases.destination.value(&readers).await, "12 1");
}

#[tokio::test]
async fn what_has_been_read_is_not_locked_while_later_streams_are() {
    let source = "CREATE TABLE public.a (id integer PRIMARY KEY); INSERT INTO public.a VALUES (1);
        CREATE TABLE public.c AS SELECT * FROM public.a;
        CREATE VIEW public.b AS SELECT c.relname AS name FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.pg_database AS d ON d.oid = l.database
            JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
            WHERE d.datname = current_database() AND c.relname IN ('a', 'b', 'c')";
    let databases = Databases::with(source, "").await;
    // The greatest value of a cursor is asked for beside.
    let streams = "public.a: {}\n\
        public.c: { key: id, sync: incremental, cursor: id }\n\
        public.b: { write: replace }";
    let outcome = Program::run_of(&databases, streams).run().await;
    outcome.assert_done();
    let rows = "SELECT count(*) FROM public.a";
    assert_eq!(databases.destination.value(rows).await, "1");
    // Only the view itself is locked, by who reads it.
    let locked = "SELECT string_agg(DISTINCT name, ', ') FROM public.b";
    assert_eq!(databases.destination.value(locked).await, "b");
}

#[tokio::test]
async fn a_stream_replaces_what_an_earlier_one_has_read() {
    let tables = "CREATE TABLE public.a (id integer PRIMARY KEY); INSERT INTO public.a VALUES (1);
        CREATE TABLE public.b AS SELECT 2 AS id";
    let databases = Databases::with("", tables).await;
    let streams = "public.a: { into: public.c, key: id, sync: incremental, cursor: id }\n\
        public.b: { into: public.a, write: replace }";
    Program::run_of(&databases, streams)
        .with_variable("SOURCE_URL", &databases.destination_url)
        .run()
        .await
        .assert_done();
    let rows = "SELECT (SELECT id FROM public.c) || ' ' || (SELECT id FROM public.a)";
    assert_eq!(databases.destination.value(rows).await, "1 2");
}

#[tokio::test]
async fn a_source_s_log_tells_of_no_lost_connection() {
    let server = ThrowawayServer::start(&source_programs(), &ServerOptions::default()).await;
    let server = server.unwrap();
    let url = server.url("postgres");
    let source = Session::open(&url).await;
    source.run(ONE_ROW).await;
    let there = "CREATE TABLE public.there (id integer CHECK (id <> 1))";
    let databases = Databases::with("", there).await;
    let select = "SELECT id FROM {{ source }}";
    let file = format!(
        "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\nstreams:\n  \
         public.t: {{ key: id, on: source, sql: '{select}' }}\n"
    );
    let one = ["--table", "public.t", "--sql", select];
    let fails = ["--into", "public.there", "--write", "append"];
    let (plan, fails) = (
        [&one[..], &["--plan"]].concat(),
        [&one[..], &fails].concat(),
    );
    for (words, code) in [(&one[..], 0), (&plan, 0), (&fails, 1)] {
        let outcome = Program::copy_from(&databases, &url, words).run().await;
        assert_eq!(outcome.code, Some(code), "{outcome}");
    }
    let preview = ["preview", &url, "public.t", "--sql", select];
    let compare = ["check", "test.yaml", "--compare"];
    for words in [&["plan", "test.yaml"][..], &compare, &preview] {
        let program = Program::new(&databases, words)
            .with_file("test.yaml", &file)
            .with_variable("SOURCE_URL", &url);
        program.run().await.assert_done();
    }
    let gone = "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity
        WHERE application_name LIKE 'towpath%')";
    source.wait_until(gone).await;
    let log = fs::read_to_string(server.folder().join("log")).unwrap();
    assert!(log.contains("ready to accept connections"), "{log}");
    for told in ["unexpected EOF", "Broken pipe", "lost"] {
        assert!(!log.contains(told), "{log}");
    }
}

#[tokio::test]
async fn no_setting_of_a_database_changes_a_value() {
    let databases = Databases::with(VALUES, "").await;
    let (source, destination) = (databases.versions.source, databases.versions.destination);
    let name = databases.name();
    databases.source.run(&settings(name, source)).await;
    databases
        .destination
        .run(&settings(name, destination))
        .await;
    // A reader that lasts longer than every timeout.
    databases
        .source
        .run("CREATE VIEW public.slow AS SELECT t.* FROM public.t, pg_catalog.pg_sleep(1)")
        .await;
    let streams = "\
        public.t: {}\n\
        selected: { table: public.t, into: public.selected, key: id, sql: 'SELECT * FROM {{ source }} WHERE n > 0 OR f < 1' }\n\
        texts: { table: public.t, into: public.texts, key: id, sql: 'SELECT id, at::text AS at, span::text AS span, f::text AS f, b::text AS b, m::text AS m FROM {{ source }}' }\n\
        slow: { table: public.slow, into: public.slow, key: id }";
    for _ in 0..2 {
        Program::run_of(&databases, streams)
            .run()
            .await
            .assert_done();
        let texts = "SELECT id, at::text AS at, span::text AS span, f::text AS f, b::text AS b, \
                     m::text AS m FROM public.t";
        for (at_source, at_destination) in [
            ("SELECT * FROM public.t", "SELECT * FROM public.t"),
            ("SELECT * FROM public.t", "SELECT * FROM public.selected"),
            (texts, "SELECT * FROM public.texts"),
            ("SELECT * FROM public.t", "SELECT * FROM public.slow"),
        ] {
            let expected = relation(&databases.source, at_source).await;
            let found = relation(&databases.destination, at_destination).await;
            assert_same(&expected, &found, at_destination);
        }
        databases
            .source
            .run("UPDATE public.t SET at = '2024-10-27 02:30:00+02', span = '2 days'")
            .await;
    }
}

#[tokio::test]
async fn settings_of_the_role_count_no_more_than_those_of_the_database() {
    let databases = Databases::with(VALUES, "").await;
    let role = format!("{}_role", databases.name());
    let create = format!(
        "CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'settings';
         ALTER ROLE {role} SET datestyle = 'SQL, MDY'; ALTER ROLE {role} SET statement_timeout = '300ms';
         ALTER ROLE {role} SET timezone = 'America/St_Johns'; ALTER ROLE {role} SET extra_float_digits = 0;
         ALTER ROLE {role} SET search_path = ''; ALTER ROLE {role} SET client_encoding = 'WIN1252'"
    );
    databases.run_in_both(&create).await;
    let url = |url: &str| crate::harness::url_of_role(url, &role, "settings");
    let outcome = Program::run_of(&databases, "public.t: {}")
        .with_variable("SOURCE_URL", &url(&databases.source_url))
        .with_variable("DESTINATION_URL", &url(&databases.destination_url))
        .run()
        .await;
    let expected = relation(&databases.source, "SELECT * FROM public.t").await;
    databases
        .source
        .run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await;
    outcome.assert_done();
    let found = relation(&databases.destination, "SELECT * FROM public.t").await;
    let reassign =
        format!("REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}");
    databases.destination.run(&reassign).await;
    assert_same(&expected, &found, "rows");
}

#[tokio::test]
async fn a_source_that_is_read_only_by_default_is_read() {
    let databases = Databases::with(VALUES, "").await;
    let name = databases.name();
    databases
        .source
        .run(&format!(
            "ALTER DATABASE {name} SET default_transaction_read_only = on"
        ))
        .await;
    for stream in [
        "public.t: {}",
        "public.t: { sql: 'SELECT * FROM {{ source }} WHERE id > 0' }",
    ] {
        Program::run_of(&databases, stream)
            .run()
            .await
            .assert_done();
    }
}

#[tokio::test]
async fn a_destination_that_is_read_only_by_default_is_explained() {
    let databases = Databases::with(VALUES, "").await;
    let name = databases.name();
    databases
        .destination
        .run(&format!(
            "ALTER DATABASE {name} SET default_transaction_read_only = on"
        ))
        .await;
    let before = databases.destination_state().await;
    let outcome = Program::run_of(&databases, "public.t: {}").run().await;
    assert_ne!(outcome.code, Some(0), "{outcome}");
    outcome.assert_refused(outcome.code.unwrap(), &["read-only"]);
    assert_eq!(databases.destination_state().await, before);
}

#[tokio::test]
async fn texts_of_every_encoding_are_converted() {
    for (encoding, text) in [
        ("LATIN1", "Zoë ß"),
        ("WIN1252", "€ „Zoë“"),
        ("EUC_JP", "日本語 カナ"),
        ("SQL_ASCII", "plain"),
    ] {
        let databases = Databases::create().await;
        let there = Other::create(&databases, encoding).await;
        let table = format!(
            "CREATE TABLE public.t (id integer PRIMARY KEY, t varchar(12), c char(12), j jsonb, a text[], n name, x xml);
             INSERT INTO public.t VALUES (1, '{text}', '{text}', jsonb_build_object('{text}', '{text}'),
                ARRAY['{text}'], '{text}', '<a>{text}</a>'), (2, '', '', 'null', '{{}}', '', '')"
        );
        // From that encoding to UTF-8, and the other way.
        let source = there.source().await;
        source.run(&table).await;
        let query = "SELECT t::text FROM public.t AS t ORDER BY id";
        let expected = source.column(query).await;
        assert!(expected[0].contains(text), "{expected:?}");
        let streams = "public.t: {}\nselected: { table: public.t, into: public.selected, key: id, \
                       sql: \"SELECT * FROM {{ source }} WHERE t || 'x' <> ''\" }";
        Program::run_of(&databases, streams)
            .with_variable("SOURCE_URL", &there.source_url)
            .run()
            .await
            .assert_done();
        for table in ["t", "selected"] {
            let query = format!("SELECT t::text FROM public.{table} AS t ORDER BY id");
            assert_eq!(
                databases.destination.column(&query).await,
                expected,
                "{encoding}"
            );
        }
        databases.source.run(&table).await;
        Program::run_of(&databases, streams)
            .with_variable("DESTINATION_URL", &there.destination_url)
            .run()
            .await
            .assert_done();
        let destination = Session::open(&there.destination_url).await;
        assert_eq!(destination.column(query).await, expected, "{encoding}");
        drop((source, destination));
        there.drop(&databases).await;
    }
}

#[tokio::test]
async fn a_character_that_the_destinations_encoding_lacks_is_refused() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, fine text, odd text); \
         INSERT INTO public.t VALUES (1, 'é', '表')",
        "",
    )
    .await;
    let there = Other::create(&databases, "LATIN1").await;
    let outcome = Program::run_of(&databases, "public.t: {}")
        .with_variable("DESTINATION_URL", &there.destination_url)
        .run()
        .await;
    there.drop(&databases).await;
    outcome.assert_refused(1, &["LATIN1", "column odd"]);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let databases = Databases::create().await;
    let there = Other::create(&databases, "SQL_ASCII").await;
    let source = there.source().await;
    source
        .run(
            "CREATE TABLE public.t (id integer PRIMARY KEY, fine text, odd text); \
             INSERT INTO public.t VALUES (1, 'a', E'\\xe9')",
        )
        .await;
    for stream in [
        "public.t: {}",
        "public.t: { sql: 'SELECT * FROM {{ source }}' }",
        "public.t: { sql: \"SELECT id, fine, odd || 'x' AS odd FROM {{ source }}\" }",
    ] {
        let outcome = Program::run_of(&databases, stream)
            .with_variable("SOURCE_URL", &there.source_url)
            .run()
            .await;
        // Which column it is, the source does not say.
        outcome.assert_refused(1, &["public.t", "invalid byte sequence for encoding UTF8"]);
    }
    drop(source);
    there.drop(&databases).await;
}

/// What is set higher, or lower, by others stays as it is.
#[tokio::test]
async fn servers_get_memory_and_no_more_processes_than_cores() {
    let databases = Databases::with(ONE_ROW, ANOTHER_ROW).await;
    let expected = |[sorts, indexes]: [&str; 2], asked: usize| {
        let processes = asked.min(helpers());
        let reading = format!("{sorts} {processes}");
        [reading.clone(), format!("{reading} {indexes} {processes}")]
    };
    set_in_both(&databases, ["4MB", "64MB", "64", "64"]).await;
    let (sorts, indexes) = ("64MB", "256MB");
    assert_eq!(
        settings_of(&databases).await,
        expected([sorts, indexes], 64)
    );
    set_in_both(&databases, ["1GB", "2GB", "0", "0"]).await;
    assert_eq!(settings_of(&databases).await, expected(["1GB", "2GB"], 0));
}

#[tokio::test]
async fn indexes_get_a_quarter_of_the_servers_cache() {
    let options = ServerOptions {
        settings: vec![("shared_buffers".to_owned(), "1200MB".to_owned())],
    };
    let server = ThrowawayServer::start(&destination_programs(), &options).await;
    let server = server.unwrap();
    let there = Session::open(&server.url("postgres")).await;
    there.run(ANOTHER_ROW).await;
    let databases = Databases::with(ONE_ROW, "").await;
    let url = server.url("postgres");
    Program::run_of(&databases, "public.t: {}")
        .with_variable("DESTINATION_URL", &url)
        .run()
        .await
        .assert_done();
    let publishing = "SELECT publishing FROM public.t WHERE id = 1";
    let publishing = there.value(publishing).await;
    assert!(publishing.contains(" 300MB "), "{publishing}");
}

const ONE_ROW: &str =
    "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1)";

/// A table with a row, so that the publishing session inserts, with its defaults.
const ANOTHER_ROW: &str =
    "CREATE TABLE public.t (id integer PRIMARY KEY, reading text, publishing text DEFAULT
        current_setting('work_mem') || ' ' || current_setting('max_parallel_workers_per_gather') || ' ' ||
        current_setting('maintenance_work_mem') || ' ' || current_setting('max_parallel_maintenance_workers'));
    INSERT INTO public.t VALUES (0)";

/// Gives both databases memory for sorts and for indexes, and processes for queries and for indexes.
async fn set_in_both(databases: &Databases, values: [&str; 4]) {
    let names = [
        "work_mem",
        "maintenance_work_mem",
        "max_parallel_workers_per_gather",
        "max_parallel_maintenance_workers",
    ];
    for (name, value) in names.into_iter().zip(values) {
        let database = databases.name();
        let set = format!("ALTER DATABASE {database} SET {name} = '{value}'");
        databases.run_in_both(&set).await;
    }
}

/// The settings of the session that runs a SELECT, and of the one that publishes.
async fn settings_of(databases: &Databases) -> [String; 2] {
    let sql = "SELECT id, current_setting('work_mem') || ' ' || \
               current_setting('max_parallel_workers_per_gather') AS reading FROM {{ source }}";
    let delete = "DELETE FROM public.t WHERE id = 1";
    databases.destination.run(delete).await;
    let copy = Program::copy(databases, &["--table", "public.t", "--sql", sql]);
    copy.run().await.assert_done();
    let row = "SELECT reading FROM public.t WHERE id = 1 UNION ALL
        SELECT publishing FROM public.t WHERE id = 1";
    databases.destination.column(row).await.try_into().unwrap()
}

/// Processes that have a core of this machine beside the one that they help; at least one.
fn helpers() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    cores.saturating_sub(1).max(1)
}

/// The statements that give database `name` all [`SETTINGS`] that its version knows.
fn settings(name: &str, version: u32) -> String {
    let known = SETTINGS
        .iter()
        .filter(|(since, _, value)| *since <= version && !value.is_empty());
    known
        .map(|(_, setting, value)| format!("ALTER DATABASE {name} SET {setting} = {value};"))
        .collect()
}

/// Another database on both servers, in another encoding.
struct Other {
    name: String,
    source_url: String,
    destination_url: String,
}

impl Other {
    async fn create(databases: &Databases, encoding: &str) -> Self {
        let name = format!("{}_{}", databases.name(), encoding.to_lowercase());
        let create =
            format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        databases.run_in_both(&create).await;
        let url = |url: &str| url.replace(databases.name(), &name);
        Self {
            source_url: url(&databases.source_url),
            destination_url: url(&databases.destination_url),
            name,
        }
    }

    async fn source(&self) -> Session {
        Session::open(&self.source_url).await
    }

    async fn drop(self, databases: &Databases) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        databases.run_in_both(&drop).await;
    }
}

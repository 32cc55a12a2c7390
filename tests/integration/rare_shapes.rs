//! Tables of rare kinds and sizes, and what the destination's own rules make of rows.

use crate::harness::{Databases, Program, Session, Versions, assert_same, relation};

#[tokio::test]
async fn a_table_of_1600_columns_is_created_and_merged() {
    let columns: Vec<String> = (1..1600).map(|at| format!("c{at} smallint")).collect();
    let values: Vec<String> = (1..1600).map(|at| at.to_string()).collect();
    let databases = Databases::with(
        &format!(
            "CREATE TABLE public.t (id integer PRIMARY KEY, {});
             INSERT INTO public.t SELECT n, {} FROM generate_series(1, 20) AS n",
            columns.join(", "),
            values.join(", ")
        ),
        "",
    )
    .await;
    for stream in [
        "public.t: {}",
        "public.t: { sql: 'SELECT * FROM {{ source }}' }",
    ] {
        Program::run_of(&databases, stream)
            .run()
            .await
            .assert_done();
        assert_rows(&databases, "public.t").await;
        databases
            .source
            .run("UPDATE public.t SET c7 = NULL, c1599 = 0 WHERE id > 10")
            .await;
    }
}

#[tokio::test]
async fn rows_that_are_too_wide_for_a_page_are_refused_and_nothing_changes() {
    // 1100 columns of 2 bytes fit a page; of 8 bytes they do not.
    let columns = |pg_type: &str| {
        let columns: Vec<String> = (0..1100).map(|at| format!("c{at} {pg_type}")).collect();
        format!(
            "CREATE TABLE public.t (id integer PRIMARY KEY, {})",
            columns.join(", ")
        )
    };
    let values = vec!["1"; 1100].join(", ");
    let databases = Databases::with(
        &format!(
            "{}; INSERT INTO public.t VALUES (1, {values})",
            columns("smallint")
        ),
        &columns("bigint"),
    )
    .await;
    let before = databases.destination_state().await;
    let outcome = Program::run_of(&databases, "public.t: {}").run().await;
    outcome.assert_refused(1, &["public.t", "row is too big"]);
    assert_eq!(databases.destination_state().await, before);
}

#[tokio::test]
async fn a_partitioned_table_of_every_kind_is_read_once() {
    let databases = Databases::create().await;
    let name = databases.name();
    let login = databases.source_url.trim_start_matches("postgresql://");
    let (login, rest) = login.split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap();
    let port = rest.split([':', '/']).nth(1).unwrap();
    databases
        .source
        .run(&format!(
            "CREATE TABLE public.t (dropped text, id integer, kind text, v text) PARTITION BY LIST (kind);
             ALTER TABLE public.t DROP COLUMN dropped;
             CREATE TABLE public.plain PARTITION OF public.t FOR VALUES IN ('plain');
             CREATE TABLE public.ranged PARTITION OF public.t FOR VALUES IN ('ranged') PARTITION BY RANGE (id);
             CREATE TABLE public.low PARTITION OF public.ranged FOR VALUES FROM (MINVALUE) TO (500);
             CREATE TABLE public.high PARTITION OF public.ranged FOR VALUES FROM (500) TO (MAXVALUE) PARTITION BY HASH (v);
             CREATE TABLE public.even PARTITION OF public.high FOR VALUES WITH (MODULUS 2, REMAINDER 0);
             CREATE TABLE public.odd PARTITION OF public.high FOR VALUES WITH (MODULUS 2, REMAINDER 1);
             CREATE TABLE public.attached (v text, kind text, id integer);
             ALTER TABLE public.t ATTACH PARTITION public.attached DEFAULT;
             CREATE TABLE public.there (id integer, kind text, v text);
             CREATE EXTENSION postgres_fdw;
             CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}', dbname '{name}');
             CREATE USER MAPPING FOR CURRENT_USER SERVER self OPTIONS (user '{user}', password '{password}');
             CREATE FOREIGN TABLE public.far PARTITION OF public.t FOR VALUES IN ('far')
                 SERVER self OPTIONS (schema_name 'public', table_name 'there')"
        ))
        .await;
    // Another session has to see the table.
    databases
        .source
        .run("INSERT INTO public.t SELECT n, (ARRAY['plain', 'ranged', 'other', 'far'])[1 + n % 4], 'v' || n
                 FROM generate_series(1, 1000) AS n")
        .await;
    let streams = "public.t: { key: id }\n\
        selected: { table: public.t, into: public.selected, key: id, sql: \"SELECT id, kind, v || '' AS v FROM {{ source }}\" }\n\
        part: { table: public.ranged, into: public.part, key: id }";
    for _ in 0..2 {
        Program::run_of(&databases, streams)
            .run()
            .await
            .assert_done();
        assert_rows(&databases, "public.t").await;
        for (source, destination) in [("t", "selected"), ("ranged", "part")] {
            let expected =
                relation(&databases.source, &format!("SELECT * FROM public.{source}")).await;
            let query = format!("SELECT * FROM public.{destination}");
            assert_same(
                &expected,
                &relation(&databases.destination, &query).await,
                destination,
            );
        }
        databases
            .source
            .run("UPDATE public.t SET v = v || 'x' WHERE id % 3 = 0")
            .await;
    }
}

#[tokio::test]
async fn virtual_generated_columns_are_read_and_never_written() {
    let Versions {
        source,
        destination,
    } = Versions::of_servers().await;
    // Generated columns are stored before version 18.
    let kind = |version: u32| if version >= 18 { "VIRTUAL" } else { "STORED" };
    let table = |version| {
        format!(
            "CREATE TABLE public.t (id integer PRIMARY KEY, a integer, \
             twice integer GENERATED ALWAYS AS (a * 2) {})",
            kind(version)
        )
    };
    let databases = Databases::with(
        &format!(
            "{}; INSERT INTO public.t SELECT n, n FROM generate_series(1, 100) AS n",
            table(source)
        ),
        &table(destination),
    )
    .await;
    let streams = "public.t: {}\n\
        plain: { table: public.t, into: public.plain }\n\
        computed: { table: public.t, into: public.computed, key: id, sql: 'SELECT id, twice + 1 AS more FROM {{ source }} WHERE twice > 10' }";
    for _ in 0..2 {
        Program::run_of(&databases, streams)
            .run()
            .await
            .assert_done();
        assert_rows(&databases, "public.t").await;
        for (expected, found) in [
            ("SELECT * FROM public.t", "SELECT * FROM public.plain"),
            (
                "SELECT id, twice + 1 AS more FROM public.t WHERE twice > 10",
                "SELECT * FROM public.computed",
            ),
        ] {
            let expected = relation(&databases.source, expected).await;
            assert_same(
                &expected,
                &relation(&databases.destination, found).await,
                found,
            );
        }
        databases
            .source
            .run("UPDATE public.t SET a = a + 1000 WHERE id <= 5")
            .await;
    }
}

#[tokio::test]
async fn a_temporary_table_of_another_session_is_refused() {
    let databases = Databases::create().await;
    databases
        .source
        .run("CREATE TEMP TABLE mine (id integer PRIMARY KEY); INSERT INTO mine VALUES (1)")
        .await;
    let schema = databases
        .source
        .value("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
        .await;
    let outcome = Program::run_of(&databases, &format!("{schema}.mine: {{ into: public.t }}"))
        .run()
        .await;
    assert_ne!(outcome.code, Some(0), "{outcome}");
    outcome.assert_refused(outcome.code.unwrap(), &["temporary"]);
}

#[tokio::test]
async fn a_foreign_table_as_destination_is_refused() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1)",
        "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
         CREATE FOREIGN TABLE public.t (id integer) SERVER files OPTIONS (filename '/dev/null')",
    )
    .await;
    let outcome = Program::run_of(&databases, "public.t: {}").run().await;
    outcome.assert_refused(2, &["public.t", "takes rows"]);
}

#[tokio::test]
async fn wider_columns_at_the_destination_keep_every_value() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a smallint, b varchar(10), c real, d numeric(5, 2), e timestamp(0));
         INSERT INTO public.t VALUES (1, -32768, 'ten chars!', 0.1, 999.99, '2024-01-01 00:00:01'), (2, NULL, '', '-0', 'NaN', 'infinity')",
        "CREATE TABLE public.t (e timestamp, d numeric(9, 4), c double precision, b varchar(20), a bigint, id bigint PRIMARY KEY)",
    )
    .await;
    for _ in 0..2 {
        Program::run_of(&databases, "public.t: {}")
            .run()
            .await
            .assert_done();
        let wider = "SELECT id::bigint, a::bigint, b::text, c::double precision, d::numeric(9, 4), e::timestamp FROM public.t";
        let here = "SELECT id, a, b::text, c, d, e FROM public.t";
        let expected = relation(&databases.source, wider).await;
        assert_same(
            &expected,
            &relation(&databases.destination, here).await,
            "rows",
        );
        databases
            .source
            .run("UPDATE public.t SET a = 5, b = 'é' WHERE id = 1")
            .await;
    }
}

#[tokio::test]
async fn two_rows_that_swap_a_unique_value_are_told() {
    let table =
        "CREATE TABLE public.t (id integer PRIMARY KEY, code text CONSTRAINT one_code UNIQUE)";
    let databases = Databases::with(
        &format!("{table}; INSERT INTO public.t VALUES (1, 'b'), (2, 'a')"),
        &format!("{table}; INSERT INTO public.t VALUES (1, 'a'), (2, 'b')"),
    )
    .await;
    let before = databases.destination_state().await;
    let outcome = Program::run_of(&databases, "public.t: {}").run().await;
    outcome.assert_refused(1, &["public.t", "one_code"]);
    assert_eq!(databases.destination_state().await, before);
}

#[tokio::test]
async fn a_deferred_foreign_key_that_fails_at_commit_is_told() {
    let databases = Databases::with(
        "CREATE TABLE public.child (id integer PRIMARY KEY, parent integer); INSERT INTO public.child VALUES (1, 7)",
        "CREATE TABLE public.parent (id integer PRIMARY KEY);
         CREATE TABLE public.child (id integer PRIMARY KEY,
            parent integer CONSTRAINT of_parent REFERENCES public.parent DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let before = databases.destination_state().await;
    let outcome = Program::run_of(&databases, "public.child: {}").run().await;
    outcome.assert_refused(1, &["public.child", "of_parent"]);
    assert_eq!(databases.destination_state().await, before);
    // The parent first, and it goes.
    databases.source.run("CREATE TABLE public.parent (id integer PRIMARY KEY); INSERT INTO public.parent VALUES (7)").await;
    let streams = "public.parent: {}\npublic.child: {}";
    Program::run_of(&databases, streams)
        .run()
        .await
        .assert_done();
    assert_rows(&databases, "public.child").await;
}

#[tokio::test]
async fn an_exclusion_constraint_names_itself_and_changes_nothing() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, during int4range); INSERT INTO public.t VALUES (1, '[1,5)'), (2, '[4,8)')",
        "CREATE TABLE public.t (id integer PRIMARY KEY, during int4range, CONSTRAINT apart EXCLUDE USING gist (during WITH &&));
         INSERT INTO public.t VALUES (9, '[100,200)')",
    )
    .await;
    let before = databases.destination_state().await;
    let outcome = Program::run_of(&databases, "public.t: {}").run().await;
    outcome.assert_refused(1, &["public.t", "apart"]);
    assert_eq!(databases.destination_state().await, before);
}

#[tokio::test]
async fn a_row_that_the_destinations_row_security_refuses_is_told() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1), (200)",
        "DROP ROLE IF EXISTS writes_some; CREATE ROLE writes_some LOGIN PASSWORD 'writes';
         CREATE TABLE public.t (id integer PRIMARY KEY); ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;
         CREATE POLICY small ON public.t USING (true) WITH CHECK (id < 100);
         GRANT ALL ON public.t TO writes_some; CREATE SCHEMA towpath AUTHORIZATION writes_some;
         CREATE SCHEMA towpath_staging AUTHORIZATION writes_some",
    )
    .await;
    let url = crate::harness::url_of_role(&databases.destination_url, "writes_some", "writes");
    let outcome = Program::run_of(&databases, "public.t: {}")
        .with_variable("DESTINATION_URL", &url)
        .run()
        .await;
    let rows = databases
        .destination
        .value("SELECT count(*) FROM public.t")
        .await;
    databases
        .destination
        .run("DROP OWNED BY writes_some; DROP ROLE writes_some")
        .await;
    assert_ne!(outcome.code, Some(0), "{outcome}");
    outcome.assert_refused(outcome.code.unwrap(), &["public.t", "row", "security"]);
    assert_eq!(rows, "0");
}

#[tokio::test]
async fn a_partition_that_comes_and_goes_while_a_table_is_read_does_not_change_what_is_read() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer, at integer) PARTITION BY RANGE (at);
         CREATE TABLE public.t_0 PARTITION OF public.t FOR VALUES FROM (0) TO (1);
         CREATE TABLE public.t_1 PARTITION OF public.t FOR VALUES FROM (1) TO (2);
         INSERT INTO public.t SELECT n, n % 2 FROM generate_series(1, 60000) AS n",
        "",
    )
    .await;
    let (mut child, _folder) = Program::run_of(&databases, "public.t: { key: id }").start();
    let other = Session::open(&databases.source_url).await;
    let mut number = 2;
    while child.try_wait().unwrap().is_none() {
        let create = format!(
            "CREATE TABLE public.t_{number} (id integer, at integer); \
             INSERT INTO public.t_{number} VALUES (-{number}, {number}); \
             ALTER TABLE public.t ATTACH PARTITION public.t_{number} FOR VALUES FROM ({number}) TO ({number} + 1)"
        );
        other.run(&create).await;
        number += 1;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    crate::harness::Outcome::of(child).await.assert_done();
    let rows = "SELECT count(*) FROM public.t WHERE id > 0";
    assert_eq!(databases.destination.value(rows).await, "60000");
}

/// Fails unless `table` is the same on both sides.
async fn assert_rows(databases: &Databases, table: &str) {
    let query = format!("SELECT * FROM {table}");
    let expected = relation(&databases.source, &query).await;
    let found = relation(&databases.destination, &query).await;
    assert_same(&expected, &found, table);
}

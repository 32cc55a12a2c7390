//! What a run sees of the source.

use crate::harness::{Databases, Program, Session, assert_same, relation};

#[tokio::test]
async fn a_table_of_many_pages_is_read_once_in_whole() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, filler text);
         INSERT INTO public.t SELECT n, repeat('x', 200) FROM generate_series(1, 60000) AS n;
         DELETE FROM public.t WHERE id % 7 = 0",
        "",
    )
    .await;
    let query = "SELECT count(*) AS n, sum(id) AS s, sum(length(filler)) AS l FROM public.t";
    for arguments in [
        &["--connections", "1"][..],
        &["--connections", "4"],
        &["--batch-rows", "1000"],
    ] {
        databases
            .destination
            .run("DROP TABLE IF EXISTS public.t")
            .await;
        let arguments = [&["--table", "public.t"], arguments].concat();
        Program::copy(&databases, &arguments)
            .run()
            .await
            .assert_done();
        let expected = relation(&databases.source, query).await;
        assert_same(
            &expected,
            &relation(&databases.destination, query).await,
            "sums",
        );
    }
}

#[tokio::test]
async fn all_tables_of_a_run_are_seen_at_one_moment() {
    let databases = Databases::with(
        "CREATE TABLE public.a (id integer PRIMARY KEY); CREATE TABLE public.b (id integer PRIMARY KEY);
         INSERT INTO public.a SELECT generate_series(1, 20000); INSERT INTO public.b SELECT generate_series(1, 20000)",
        "",
    )
    .await;
    let (child, _folder) = Program::run_of(&databases, "public.a: {}\npublic.b: {}").start();
    // Both tables grow together, one transaction a step, while the run reads them.
    let writer = Session::open(&databases.source_url).await;
    let mut child = child;
    let mut id = 20000;
    while child.try_wait().unwrap().is_none() {
        id += 1;
        writer
            .run(&format!(
                "BEGIN; INSERT INTO public.b VALUES ({id}); INSERT INTO public.a VALUES ({id}); COMMIT"
            ))
            .await;
    }
    crate::harness::Outcome::of(child).await.assert_done();
    let a = databases
        .destination
        .value("SELECT max(id) FROM public.a")
        .await;
    let b = databases
        .destination
        .value("SELECT max(id) FROM public.b")
        .await;
    assert_eq!(a, b);
}

#[tokio::test]
async fn settings_of_database_and_role_change_no_value() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, at timestamptz, day date, span interval, f double precision, b bytea, x xml, m money, n numeric);
         INSERT INTO public.t VALUES (1, '2024-03-31 02:30:00.123456+02', '2024-02-01', '1 mon -1 day', 0.1::float8 + 0.2, '\\x00ff', 'no root', 1.5, 1.10)",
        "",
    )
    .await;
    let name = databases.name();
    let settings = format!(
        "ALTER DATABASE {name} SET datestyle = 'German, DMY'; ALTER DATABASE {name} SET intervalstyle = 'sql_standard';
         ALTER DATABASE {name} SET timezone = 'Asia/Kolkata'; ALTER DATABASE {name} SET extra_float_digits = -15;
         ALTER DATABASE {name} SET bytea_output = 'escape'; ALTER DATABASE {name} SET xmloption = 'document';
         ALTER DATABASE {name} SET search_path = nowhere; ALTER DATABASE {name} SET standard_conforming_strings = off;
         ALTER DATABASE {name} SET statement_timeout = '5s'"
    );
    databases.run_in_both(&settings).await;
    let streams = "public.t: {}\n\
                   texts: { table: public.t, into: public.texts, key: id, sql: 'SELECT id, span, f, b, m, n, at, x FROM {{ source }} WHERE n > 1' }";
    Program::run_of(&databases, streams)
        .run()
        .await
        .assert_done();
    let expected = relation(&databases.source, "SELECT * FROM public.t").await;
    assert_same(
        &expected,
        &relation(&databases.destination, "SELECT * FROM public.t").await,
        "rows",
    );
    let query = "SELECT id, span, f, b, m, n, at, x FROM public.";
    let expected = relation(&databases.source, &format!("{query}t")).await;
    assert_same(
        &expected,
        &relation(&databases.destination, &format!("{query}texts")).await,
        "texts",
    );
}

#[tokio::test]
async fn functions_that_shadow_those_of_postgresql_are_not_called() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, name text); INSERT INTO public.t VALUES (1, 'A');
         CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'SELECT ''shadow''';
         CREATE FUNCTION public.format_type(oid, integer) RETURNS text LANGUAGE sql AS 'SELECT ''shadow''';
         CREATE OPERATOR public.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4ne)",
        "",
    )
    .await;
    let name = databases.name();
    databases
        .source
        .run(&format!(
            "ALTER DATABASE {name} SET search_path = public, pg_catalog"
        ))
        .await;
    let stream =
        "public.t: { sql: 'SELECT id, lower(name) AS name FROM {{ source }} WHERE id = 1' }";
    Program::run_of(&databases, stream)
        .run()
        .await
        .assert_done();
    assert_eq!(
        databases
            .destination
            .value("SELECT id || name FROM public.t")
            .await,
        "1a"
    );
}

#[tokio::test]
async fn a_database_in_another_encoding_is_converted() {
    let databases = Databases::create().await;
    let latin = format!("{}_latin1", databases.name());
    databases
        .source
        .run(&format!(
            "CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
        ))
        .await;
    let url = databases.source_url.replace(databases.name(), &latin);
    {
        let session = Session::open(&url).await;
        session
            .run("CREATE TABLE public.t (id integer PRIMARY KEY, name varchar(5), j jsonb, a text[]);
                  INSERT INTO public.t VALUES (1, 'Zoë ü', '{\"é\": \"ñ\"}', '{ß}')")
            .await;
    }
    let stream = "public.t: {}";
    let program = Program::run_of(&databases, stream).with_variable("SOURCE_URL", &url);
    program.run().await.assert_done();
    let row = databases
        .destination
        .value("SELECT t::text FROM public.t AS t")
        .await;
    assert_eq!(row, "(1,\"Zoë ü\",\"{\"\"é\"\": \"\"ñ\"\"}\",{ß})");
    databases
        .source
        .run(&format!("DROP DATABASE {latin} WITH (FORCE)"))
        .await;
}

#[tokio::test]
async fn columns_that_the_role_may_read_are_enough() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, name text, secret text); INSERT INTO public.t VALUES (1, 'a', 'b');
         DROP ROLE IF EXISTS reads_some; CREATE ROLE reads_some LOGIN PASSWORD 'reads';
         GRANT SELECT (id, name) ON public.t TO reads_some",
        "",
    )
    .await;
    let url = crate::harness::url_of_role(&databases.source_url, "reads_some", "reads");
    let stream = "public.t: { sql: 'SELECT id, name FROM {{ source }}' }";
    let outcome = Program::run_of(&databases, stream)
        .with_variable("SOURCE_URL", &url)
        .run()
        .await;
    let refusal = Program::run_of(&databases, "public.t: { into: public.all }")
        .with_variable("SOURCE_URL", &url)
        .run()
        .await;
    databases.source.run("DROP OWNED BY reads_some").await;
    outcome.assert_done();
    refusal.assert_refused(2, &["public.t", "secret"]);
}

#[tokio::test]
async fn row_security_that_hides_rows_is_refused() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1), (2);
         ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; CREATE POLICY odd ON public.t USING (id = 1);
         DROP ROLE IF EXISTS sees_some; CREATE ROLE sees_some LOGIN PASSWORD 'sees'; GRANT SELECT ON public.t TO sees_some",
        "",
    )
    .await;
    let url = crate::harness::url_of_role(&databases.source_url, "sees_some", "sees");
    let outcome = Program::run_of(&databases, "public.t: {}")
        .with_variable("SOURCE_URL", &url)
        .run()
        .await;
    databases.source.run("DROP OWNED BY sees_some").await;
    outcome.assert_refused(2, &["public.t", "row security"]);
}

#[tokio::test]
async fn a_filter_of_the_transform_is_part_of_what_the_source_is_asked() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, kind text, wide text);
         INSERT INTO public.t SELECT n, 'k' || n % 10, repeat('x', 1000) FROM generate_series(1, 5000) AS n",
        "",
    )
    .await;
    let stream = "public.t: { sql: \"SELECT id, kind FROM {{ source }} WHERE kind = 'k3'\" }";
    let report = Program::run_of(&databases, stream)
        .with_json()
        .run()
        .await
        .json();
    assert_eq!(report["streams"][0]["rows_read"], 500, "{report}");
    let bytes = report["streams"][0]["bytes_read"].as_u64().unwrap();
    assert!(bytes < 50_000, "{report}");
}

//! Names that SQL needs quotes for, and names that mean something elsewhere.

use crate::harness::{Databases, Program, assert_same, relation};

/// Column names that need quotes, or that a statement around the table may use itself.
const COLUMNS: &[&str] = &[
    "MixedCase",
    "mixedcase",
    "with \"quote\"",
    "with.dot",
    "ünïcödé 表",
    "1st",
    "select",
    "source",
    "excluded",
    "t",
    "CTID",
    "XMIN",
    "_op",
    "id2",
    "{{ source }}",
    "$1",
    "%",
    "\\",
    "'",
    " ",
    "towpath",
    "old",
    "new",
    "staging",
    "row_number",
];

#[tokio::test]
async fn every_odd_name_works_as_table() {
    let names = [
        "MixedCase",
        "with \"quote\"",
        "with.dot",
        "ünïcödé 表",
        "1st",
        "select",
        "a*b",
        "{{ source }}",
        "%s $1 \\",
        "'; DROP TABLE x; --",
        "exactly-63-bytes-exactly-63-bytes-exactly-63-bytes-exactly-63-b",
    ];
    let databases = Databases::create().await;
    let mut streams = String::new();
    for name in names {
        let table = format!("public.{}", quoted(name));
        let setup = format!(
            "CREATE TABLE {table} (id integer PRIMARY KEY, v text); INSERT INTO {table} VALUES (1, 'a')"
        );
        databases.source.run(&setup).await;
        streams.push_str(&format!("'{}': {{}}\n", table.replace('\'', "''")));
    }
    for _ in 0..2 {
        Program::run_of(&databases, &streams)
            .run()
            .await
            .assert_done();
        for name in names {
            let query = format!("SELECT * FROM public.{}", quoted(name));
            let expected = relation(&databases.source, &query).await;
            assert_same(
                &expected,
                &relation(&databases.destination, &query).await,
                name,
            );
            let update = format!("UPDATE public.{} SET v = 'b'", quoted(name));
            databases.source.run(&update).await;
        }
    }
}

#[tokio::test]
async fn every_odd_name_works_as_column() {
    let columns: Vec<String> = COLUMNS
        .iter()
        .map(|name| format!("{} text", quoted(name)))
        .collect();
    let columns = columns.join(", ");
    let values: Vec<String> = (0..COLUMNS.len())
        .map(|at| format!("'v{at} ' || n"))
        .collect();
    let values = values.join(", ");
    let databases = Databases::with(
        &format!(
            "CREATE TABLE public.t (\"Key\" integer PRIMARY KEY, {columns});
             INSERT INTO public.t SELECT n, {values} FROM generate_series(1, 10) AS n"
        ),
        "",
    )
    .await;
    let streams = "public.t: {}\nselected: { table: t, into: public.selected, sql: 'SELECT * FROM {{ source }}', key: Key }";
    for _ in 0..2 {
        Program::run_of(&databases, streams)
            .run()
            .await
            .assert_done();
        for table in ["t", "selected"] {
            let expected = relation(&databases.source, "SELECT * FROM public.t").await;
            let found = relation(
                &databases.destination,
                &format!("SELECT * FROM public.{table}"),
            )
            .await;
            assert_same(&expected, &found, table);
        }
        databases
            .source
            .run("UPDATE public.t SET \"MixedCase\" = 'changed', excluded = NULL")
            .await;
    }
}

#[tokio::test]
async fn names_that_differ_in_case_only_are_two_tables() {
    let databases = Databases::with(
        "CREATE TABLE public.\"Orders\" (id integer PRIMARY KEY); CREATE TABLE public.orders (id integer PRIMARY KEY);
         INSERT INTO public.\"Orders\" VALUES (1); INSERT INTO public.orders VALUES (2)",
        "",
    )
    .await;
    Program::run_of(&databases, "'public.\"Orders\"': {}\npublic.orders: {}")
        .run()
        .await
        .assert_done();
    assert_eq!(
        databases
            .destination
            .value("SELECT id FROM public.\"Orders\"")
            .await,
        "1"
    );
    assert_eq!(
        databases
            .destination
            .value("SELECT id FROM public.orders")
            .await,
        "2"
    );
}

#[tokio::test]
async fn long_names_that_share_their_beginning_do_not_meet_in_staging() {
    let long = "n".repeat(62);
    let databases = Databases::with(
        &format!(
            "CREATE TABLE public.{long}a (id integer PRIMARY KEY); CREATE TABLE public.{long}b (id integer PRIMARY KEY);
             INSERT INTO public.{long}a VALUES (1); INSERT INTO public.{long}b VALUES (2)"
        ),
        "",
    )
    .await;
    let streams = format!("public.{long}a: {{}}\npublic.{long}b: {{}}");
    for _ in 0..2 {
        Program::run_of(&databases, &streams)
            .run()
            .await
            .assert_done();
    }
    let ids = format!("SELECT id FROM public.{long}a UNION ALL SELECT id FROM public.{long}b");
    assert_eq!(databases.destination.column(&ids).await, ["1", "2"]);
}

#[tokio::test]
async fn a_pipeline_and_a_stream_may_be_called_anything() {
    let databases = Databases::with("CREATE TABLE public.t (id integer PRIMARY KEY)", "").await;
    let file = "name: \"a 'b' \\\"c\\\" $$ 表\"\nsource: ${SOURCE_URL}\ndestination: ${DESTINATION_URL}\n\
                streams: { \"it's; a \\\"stream\\\"\": { table: public.t } }\n";
    let program = Program::new(&databases, &["run", "p.yaml"]).with_file("p.yaml", file);
    program.run().await.assert_done();
    let name = databases
        .destination
        .value("SELECT pipeline || stream FROM towpath.runs")
        .await;
    assert_eq!(name, "a 'b' \"c\" $$ 表it's; a \"stream\"");
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

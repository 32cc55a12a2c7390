//! Types of the user's own: created where they are missing, or gone around.

use crate::harness::{Databases, Program, assert_same, relation};

/// Types that are made of each other, in an order that no alphabet gives.
const TYPES: &str = "CREATE SCHEMA app; CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
    CREATE TYPE app.\"Mood's\" AS ENUM ('sad', 'it''s ok', 'x,\"y\"');
    CREATE DOMAIN app.cents AS numeric(12, 2) DEFAULT 0 NOT NULL
        CONSTRAINT \"is positive\" CHECK (VALUE >= 0) CONSTRAINT small CHECK (VALUE < 1000);
    CREATE DOMAIN app.a_price AS app.cents;
    CREATE TYPE app.z_inner AS (mood app.\"Mood's\", code character varying(5) COLLATE \"C\");
    CREATE TYPE app.a_outer AS (items app.z_inner[], price app.a_price, name ext.citext);
    CREATE TYPE app.span AS RANGE (subtype = float8, subtype_diff = float8mi);
    CREATE TABLE app.parent (id integer, mood app.\"Mood's\");
    ALTER TABLE app.parent ADD gone text; ALTER TABLE app.parent DROP gone;";

/// A table of them.
const TABLE: &str = "CREATE TABLE public.t (id integer PRIMARY KEY, a app.a_outer, b app.a_outer[],
        c app.span, d app.a_price, e app.parent, f ext.citext[]);
    INSERT INTO public.t VALUES
        (1, ROW(ARRAY[ROW('x,\"y\"', 'ab')::app.z_inner], 1.50, 'Ann'),
            ARRAY[ROW(NULL, 2, NULL)::app.a_outer], '[1.0,2)', 3, ROW(7, 'sad'), '{A,b}'),
        (2, NULL, '{}', 'empty', 0, NULL, NULL)";

#[tokio::test]
async fn missing_types_are_listed_in_the_order_in_which_they_must_be_created() {
    let databases = Databases::with(&format!("{TYPES}{TABLE}"), "").await;
    let before = databases.destination_state().await;
    let plan = Program::copy(&databases, &["--table", "public.t", "--plan"]).with_json();
    let outcome = plan.run().await;
    assert_eq!(outcome.code, Some(2), "{outcome}");
    let plan: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let statements: Vec<&str> = plan["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|statement| statement.as_str().unwrap())
        .collect();
    assert_eq!(
        statements,
        [
            "CREATE SCHEMA IF NOT EXISTS \"app\"",
            "CREATE TYPE app.\"Mood's\" AS ENUM ('sad', 'it''s ok', 'x,\"y\"')",
            "CREATE TYPE app.z_inner AS (mood app.\"Mood's\", code character varying(5) COLLATE pg_catalog.\"C\")",
            "CREATE DOMAIN app.cents AS numeric(12,2) DEFAULT 0 NOT NULL \
             CONSTRAINT \"is positive\" CHECK ((VALUE >= (0)::numeric)) \
             CONSTRAINT small CHECK ((VALUE < (1000)::numeric))",
            "CREATE DOMAIN app.a_price AS app.cents DEFAULT 0",
            "CREATE SCHEMA IF NOT EXISTS \"ext\"",
            "CREATE EXTENSION IF NOT EXISTS \"citext\" SCHEMA \"ext\" CASCADE",
            "CREATE TYPE app.a_outer AS (items app.z_inner[], price app.a_price, name ext.citext)",
            &span(&databases).await,
            "CREATE TYPE app.parent AS (id integer, mood app.\"Mood's\")",
        ]
    );
    let run = Program::copy(&databases, &["--table", "public.t"]).run();
    run.await.assert_refused(
        2,
        &[
            "type app.a_outer is missing in the destination",
            "--create-types",
            "as: text",
            "CREATE DOMAIN app.cents",
        ],
    );
    assert_eq!(databases.destination_state().await, before);
}

#[tokio::test]
async fn missing_types_are_created_on_request() {
    let databases = Databases::with(&format!("{TYPES}{TABLE}"), "").await;
    let arguments = ["--table", "public.t", "--create-types"];
    Program::copy(&databases, &arguments)
        .run()
        .await
        .assert_done();
    assert_table_is_same(&databases).await;
    let again = Program::copy(&databases, &arguments).with_json().run();
    let report = again.await.json();
    assert_eq!(report["streams"][0]["rows_unchanged"], 2, "{report}");
    let constraints = "SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
                       WHERE contypid = 'app.cents'::regtype AND contype = 'c'";
    assert_same(
        &relation(&databases.source, constraints).await,
        &relation(&databases.destination, constraints).await,
        "the checks of the domain",
    );
}

#[tokio::test]
async fn streams_of_one_run_share_the_types_that_it_creates() {
    let more = "CREATE TABLE public.u AS SELECT id, b, d FROM public.t;
                ALTER TABLE public.u ADD PRIMARY KEY (id)";
    let databases = Databases::with(&format!("{TYPES}{TABLE};{more}"), "").await;
    Program::run_of(
        &databases,
        "public.t: { create_types: true }\npublic.u: { create_types: true }",
    )
    .run()
    .await
    .assert_done();
    assert_table_is_same(&databases).await;
}

#[tokio::test]
async fn types_that_the_destination_refuses_to_create_leave_nothing_behind() {
    let databases = Databases::with(
        "CREATE FUNCTION public.is_good(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
         CREATE DOMAIN public.good AS integer CHECK (public.is_good(VALUE));
         CREATE TYPE public.mood AS ENUM ('ok');
         CREATE TABLE public.t (id integer PRIMARY KEY, mood public.mood, good public.good)",
        "",
    )
    .await;
    let arguments = ["--table", "public.t", "--create-types"];
    let outcome = Program::copy(&databases, &arguments).run().await;
    outcome.assert_refused(1, &["is_good", "CREATE DOMAIN public.good"]);
    let types = "SELECT count(*)::text FROM pg_type WHERE typname IN ('good', 'mood')";
    assert_eq!(databases.destination.column(types).await, ["0"]);
}

#[tokio::test]
async fn labels_that_are_missing_are_added_on_request_where_they_belong() {
    let databases = Databases::with(
        "CREATE TYPE public.mood AS ENUM ('first', 'sad', 'new''s', 'ok');
         CREATE TABLE public.t (id integer PRIMARY KEY, mood public.mood, moods public.mood[]);
         INSERT INTO public.t VALUES (1, 'first', '{new''s}'), (2, 'ok', NULL)",
        "CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'own');
         CREATE TABLE public.t (id integer PRIMARY KEY, mood public.mood, moods public.mood[]);
         INSERT INTO public.t VALUES (1, 'own', NULL)",
    )
    .await;
    let outcome = Program::copy(&databases, &["--table", "public.t"]).run();
    outcome.await.assert_refused(
        2,
        &[
            "has no label 'first'",
            "--create-types",
            "ALTER TYPE public.mood ADD VALUE 'new''s' AFTER 'sad'",
        ],
    );
    let arguments = ["--table", "public.t", "--create-types"];
    Program::copy(&databases, &arguments)
        .run()
        .await
        .assert_done();
    assert_table_is_same(&databases).await;
    let labels = "SELECT enumlabel::text FROM pg_enum ORDER BY enumsortorder";
    assert_eq!(
        databases.destination.column(labels).await,
        ["first", "sad", "new's", "ok", "own"]
    );
}

#[tokio::test]
async fn an_extension_may_be_in_another_schema_of_the_destination() {
    let databases = Databases::with(
        "CREATE EXTENSION citext;
         CREATE TABLE public.t (id integer PRIMARY KEY, name citext, names citext[]);
         INSERT INTO public.t VALUES (1, 'Ann', '{B,c}')",
        "CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions",
    )
    .await;
    Program::copy(&databases, &["--table", "public.t"])
        .run()
        .await
        .assert_done();
    let texts = "SELECT id, name::text, names::text FROM public.t";
    assert_same(
        &relation(&databases.source, texts).await,
        &relation(&databases.destination, texts).await,
        "the values",
    );
    let column = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute \
                  WHERE attrelid = 'public.t'::regclass AND attname = 'names'";
    assert_eq!(
        databases.destination.column(column).await,
        ["extensions.citext[]"]
    );
}

#[tokio::test]
async fn a_column_may_travel_as_text() {
    let databases = Databases::with(
        &format!("{TYPES}{TABLE}"),
        "CREATE TABLE public.there (id integer PRIMARY KEY, n numeric);",
    )
    .await;
    let columns = "a: { as: text }, b: { as: text }, c: { as: text }, d: { as: text }, \
                   e: { as: text }, f: { as: text }";
    Program::run_of(
        &databases,
        &format!(
            "public.t: {{ columns: {{ {columns} }} }}\n\
             through: {{ table: public.t, into: public.through, key: id, \
                        sql: 'SELECT id, a AS x FROM {{{{ source }}}}', \
                        columns: {{ x: {{ as: text }} }} }}\n\
             there: {{ table: public.t, into: public.there, \
                      sql: 'SELECT id, d AS n FROM {{{{ source }}}}', \
                      columns: {{ n: {{ as: text }} }} }}"
        ),
    )
    .run()
    .await
    .assert_done();
    for (here, there) in [
        (
            "SELECT id, a::text, b::text, c::text, d::text, e::text, f::text FROM public.t",
            "SELECT * FROM public.t",
        ),
        (
            "SELECT id, a::text AS x FROM public.t",
            "SELECT * FROM public.through",
        ),
        (
            "SELECT id, d::numeric AS n FROM public.t",
            "SELECT * FROM public.there",
        ),
    ] {
        let (here, there) = tokio::join!(
            relation(&databases.source, here),
            relation(&databases.destination, there)
        );
        assert_same(&here, &there, "as text");
    }
}

#[tokio::test]
async fn loss_happens_only_where_it_is_allowed() {
    for (from, to, value, kept) in [
        ("numeric", "numeric(10,2)", "1.555", "1.56"),
        ("numeric(10,4)[]", "numeric(10,2)[]", "{1.555}", "{1.56}"),
        (
            "character varying(20)",
            "character varying(3)",
            "abcdef",
            "abc",
        ),
        ("text[]", "character varying(3)[]", "{abcdef}", "{abc}"),
        ("bit(5)", "bit(3)", "10111", "101"),
        (
            "timestamp",
            "timestamp(0)",
            "2024-01-01 00:00:00.7",
            "2024-01-01 00:00:01",
        ),
        (
            "timestamptz",
            "timestamp",
            "2024-01-01 12:00+02",
            "2024-01-01 10:00:00",
        ),
        ("timestamp", "date", "2024-01-01 12:00", "2024-01-01"),
        (
            "interval",
            "interval hour",
            "1 day 02:03:04",
            "1 day 02:00:00",
        ),
        ("double precision", "real", "0.1234567891", "0.12345679"),
        ("double precision", "numeric", "1e-10", "0.0000000001"),
        ("bigint", "integer", "7", "7"),
        (
            "json",
            "jsonb",
            "{\"b\":1, \"a\":2,\"a\":3}",
            "{\"a\": 3, \"b\": 1}",
        ),
    ] {
        let databases = Databases::with(
            &format!("CREATE TABLE public.t (x {from}); INSERT INTO public.t VALUES ('{value}')"),
            &format!("CREATE TABLE public.t (x {to})"),
        )
        .await;
        let arguments = ["--table", "public.t", "--write", "append"];
        let outcome = Program::copy(&databases, &arguments).run().await;
        outcome.assert_refused(2, &["column x of", "allow: lossy"]);
        let allowed = [&arguments[..], &["--allow-lossy", "x"]].concat();
        Program::copy(&databases, &allowed)
            .run()
            .await
            .assert_done();
        let rows = "SELECT x::text FROM public.t";
        assert_eq!(
            databases.destination.column(rows).await,
            [kept],
            "{from} into {to}"
        );
    }
}

#[tokio::test]
async fn an_integer_that_is_too_large_is_refused_even_where_loss_is_allowed() {
    let databases = Databases::with(
        "CREATE TABLE public.t (x bigint); INSERT INTO public.t VALUES (1), (3000000000)",
        "CREATE TABLE public.t (x integer)",
    )
    .await;
    let arguments = [
        "--table",
        "public.t",
        "--write",
        "append",
        "--allow-lossy",
        "x",
    ];
    let outcome = Program::copy(&databases, &arguments).run().await;
    outcome.assert_refused(1, &["out of range"]);
    let rows = "SELECT count(*)::text FROM public.t";
    assert_eq!(databases.destination.column(rows).await, ["0"]);
}

#[tokio::test]
async fn text_is_not_cut_to_a_shorter_column() {
    for value in ["äöüß", "abc  "] {
        let databases = Databases::with(
            &format!(
                "CREATE TABLE public.t (x text); INSERT INTO public.t VALUES ('äöü'), ('{value}')"
            ),
            "CREATE TABLE public.t (x character varying(3))",
        )
        .await;
        let arguments = ["--table", "public.t", "--write", "append"];
        let outcome = Program::copy(&databases, &arguments).run().await;
        outcome.assert_refused(1, &["column x", "characters, where 3 are room"]);
        databases
            .source
            .run(&format!("DELETE FROM public.t WHERE x = '{value}'"))
            .await;
        Program::copy(&databases, &arguments)
            .run()
            .await
            .assert_done();
    }
}

#[tokio::test]
async fn options_of_a_column_that_is_not_there_are_refused() {
    let databases = Databases::with("CREATE TABLE public.t (id integer PRIMARY KEY)", "").await;
    let outcome = Program::copy(&databases, &["--table", "public.t", "--as-text", "idd"]);
    outcome.run().await.assert_refused(2, &["idd", "id"]);
}

#[tokio::test]
async fn the_plan_says_what_becomes_of_each_column() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, n numeric(10,4), u uuid, d text)",
        "CREATE TABLE public.t (id bigint PRIMARY KEY, n numeric(10,2), u text, d varchar(9))",
    )
    .await;
    let plan = Program::copy(&databases, &["--table", "public.t", "--plan"]).run();
    let outcome = plan.await;
    assert_eq!(outcome.code, Some(2), "{outcome}");
    let lines: Vec<String> = outcome
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for line in [
        "id integer native bigint exact",
        "u uuid text text converted: its text form",
        "d text wire character varying(9) converted: refused if longer than character varying(9)",
    ] {
        assert!(
            lines.iter().any(|found| found == line),
            "{line} in {outcome}"
        );
    }
    let refused = "n numeric(10,4) text numeric(10,2) REFUSED: column \"n\" of \"public\".\"t\": \
                   numeric(10,4) does not fit numeric(10,2); change";
    assert!(
        lines.iter().any(|found| found.starts_with(refused)),
        "{outcome}"
    );
}

/// The range type has a multirange from version 14 on, which is named where both servers have it.
async fn span(databases: &Databases) -> String {
    let version = "SELECT current_setting('server_version_num')";
    let source = databases.source.column(version).await;
    let destination = databases.destination.column(version).await;
    let has_multiranges = [source, destination]
        .iter()
        .all(|version| *version[0] >= *"140000");
    let multirange = match has_multiranges {
        true => ", MULTIRANGE_TYPE_NAME = app.span_multirange",
        false => "",
    };
    format!(
        "CREATE TYPE app.span AS RANGE (SUBTYPE = double precision, \
         SUBTYPE_OPCLASS = pg_catalog.float8_ops, SUBTYPE_DIFF = pg_catalog.float8mi{multirange})"
    )
}

async fn assert_table_is_same(databases: &Databases) {
    let all = "SELECT * FROM public.t";
    assert_same(
        &relation(&databases.source, all).await,
        &relation(&databases.destination, all).await,
        "the table",
    );
}

//! What the engine does not run is left to the source, as far as that is allowed.

use crate::harness::{Databases, Outcome, Program, assert_same, relation};

const ORDERS: &str = "CREATE FUNCTION public.label(integer) RETURNS text IMMUTABLE LANGUAGE sql
        AS $$ SELECT 'order ' || $1 $$;
    CREATE TABLE public.orders (id integer PRIMARY KEY, status text, doc jsonb, changed integer NOT NULL);
    INSERT INTO public.orders SELECT n, (ARRAY['new', 'paid'])[n % 2 + 1],
        jsonb_build_object('n', n, 'tags', jsonb_build_array('a', n)), n
        FROM generate_series(1, 2000) AS n;
    ANALYZE public.orders";

/// Over which rows come one by one, with a function of the user's own.
const BY_ROW: &str =
    "SELECT id, label(id) AS label, doc ->> 'n' AS n, changed FROM {{ source }} WHERE doc ? 'n'";

/// Which the engine does not run.
const WHOLE: &str =
    "SELECT status, array_agg(id ORDER BY id) AS ids FROM {{ source }} GROUP BY status";

#[tokio::test]
async fn functions_of_the_users_own_are_found_wherever_the_select_is_asked_about() {
    let databases = Databases::with(ORDERS, "").await;
    let streams = format!("public.orders: {{ sql: \"{BY_ROW}\" }}");
    Program::run_of(&databases, &streams)
        .run()
        .await
        .assert_done();
    databases
        .source
        .run("UPDATE public.orders SET doc = doc || '{\"n\": 0}' WHERE id <= 3")
        .await;
    let run = Program::run_of(&databases, &streams)
        .with_json()
        .run()
        .await;
    run.assert_done();
    let stream = &run.json()["streams"][0];
    assert_eq!(stream["rows_updated"], 3, "{stream}");
    assert_eq!(stream["rows_unchanged"], 1997, "{stream}");
    let expected = "SELECT id, label(id) AS label, doc ->> 'n' AS n, changed FROM public.orders";
    assert_loaded(&databases, expected).await;
    let verify = ["verify", "--table", "public.orders", "--sql", BY_ROW];
    between(&databases, &verify).await.assert_done();
}

#[tokio::test]
async fn an_incremental_stream_reads_newer_rows_only() {
    let databases = Databases::with(ORDERS, "").await;
    let streams =
        format!("public.orders: {{ sql: \"{BY_ROW}\", sync: incremental, cursor: changed }}");
    Program::run_of(&databases, &streams)
        .run()
        .await
        .assert_done();
    databases
        .source
        .run("INSERT INTO public.orders VALUES (2001, 'new', '{\"n\": 1}', 2001)")
        .await;
    let run = Program::run_of(&databases, &streams)
        .with_json()
        .run()
        .await;
    run.assert_done();
    let stream = &run.json()["streams"][0];
    // Those at the watermark are read again.
    assert_eq!(stream["rows_read"], 2, "{stream}");
    assert_eq!(stream["rows_inserted"], 1, "{stream}");
}

#[tokio::test]
async fn an_incremental_stream_says_what_it_does_not_see() {
    let databases = Databases::with(ORDERS, "").await;
    let grouped =
        "SELECT status, count(*) AS n, max(changed) AS changed FROM {{ source }} GROUP BY status";
    let by_row = "SELECT id, upper(status) AS status, changed FROM {{ source }}";
    let note = "an incremental run reads only newer rows";
    for (sql, key, is_told) in [(grouped, "status", true), (by_row, "id", false)] {
        let stream = format!(
            "public.orders: {{ sql: \"{sql}\", key: {key}, into: public.{key}, \
             sync: incremental, cursor: changed }}"
        );
        for command in ["plan", "run"] {
            let program = Program::of(&databases, command, &stream);
            let outcome = program.with_json().run().await;
            outcome.assert_done();
            assert_eq!(outcome.stdout.contains(note), is_told, "{outcome}");
        }
    }
}

/// The collation of a column is that of what is computed from it.
#[tokio::test]
async fn texts_that_a_collation_takes_for_equal_are_grouped_by_the_source() {
    let databases = Databases::with(
        "CREATE COLLATION public.no_case
            (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         CREATE TABLE public.orders (id integer PRIMARY KEY, a text COLLATE public.no_case, b text,
            c text COLLATE \"C\");
         INSERT INTO public.orders VALUES (1, 'a', 'x', 'c'), (2, 'A', 'X', 'C'), (3, 'b', 'y', 'd')",
        "",
    )
    .await;
    let selects = [
        "SELECT count(*) AS n FROM {{ source }} GROUP BY a || ''",
        "SELECT count(*) AS n FROM {{ source }} GROUP BY b COLLATE public.no_case",
        "SELECT x.id, y.id AS other FROM {{ source }} x \
         JOIN {{ source('public.orders') }} y ON lower(x.a) = y.a",
    ];
    for sql in selects {
        let stream =
            format!("public.orders: {{ sql: \"{sql}\", into: public.result, write: replace }}");
        Program::run_of(&databases, &stream)
            .run()
            .await
            .assert_done();
        let asked = sql
            .replace("{{ source }}", "public.orders")
            .replace("{{ source('public.orders') }}", "public.orders");
        let expected = relation(&databases.source, &asked).await;
        let found = relation(&databases.destination, "SELECT * FROM public.result").await;
        assert_same(&expected, &found, sql);
        databases.destination.run("DROP TABLE public.result").await;
    }
    let conflict = "public.orders: { sql: \"SELECT id FROM {{ source }} WHERE c < a\" }";
    let refused = Program::run_of(&databases, conflict).run().await;
    assert_ne!(refused.code, Some(0), "{refused}");
    assert!(
        refused
            .stderr
            .contains("could not determine which collation"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_whole_select_is_left_to_the_source_unless_that_is_ruled_out() {
    let databases = Databases::with(ORDERS, "").await;
    let stream = |on: &str| format!("public.orders: {{ sql: \"{WHOLE}\", key: status{on} }}");
    let refused = Program::run_of(&databases, &stream(", on: engine-only"))
        .run()
        .await;
    refused.assert_refused(2, &["array_agg"]);
    let run = Program::run_of(&databases, &stream(""))
        .with_json()
        .run()
        .await;
    run.assert_done();
    let notes = run.json()["streams"][0]["notes"].to_string();
    assert!(
        notes.contains("the source runs the whole SELECT: array_agg"),
        "{notes}"
    );
    assert_loaded(&databases, &WHOLE.replace("{{ source }}", "public.orders")).await;
    for on in [", on: source", ", on: engine"] {
        Program::run_of(&databases, &stream(on))
            .run()
            .await
            .assert_done();
    }
}

#[tokio::test]
async fn what_the_source_does_not_know_either_is_told_where_it_stands() {
    let databases = Databases::with(ORDERS, "").await;
    let run = async |sql: &str, on: &str| {
        let arguments = ["copy", "--table", "public.orders", "--sql", sql, "--on", on];
        between(&databases, &arguments).await
    };
    for on in ["engine", "engine-only", "source"] {
        let unknown = run("SELECT id,\n  frobnicate(doc) AS x FROM {{ source }}", on).await;
        let told = [
            "function frobnicate(jsonb) does not exist",
            "line 2, column 3",
            "orders",
        ];
        unknown.assert_refused(2, &told);
        let two = run("SELECT id FROM {{ source }}; DROP TABLE public.orders", on).await;
        two.assert_refused(2, &["exactly one SELECT", "line 1, column 30"]);
    }
    assert_eq!(
        databases
            .source
            .value("SELECT count(*) FROM public.orders")
            .await,
        "2000"
    );
}

#[tokio::test]
async fn the_plan_tells_what_the_source_does_and_why() {
    let databases = Databases::with(ORDERS, "").await;
    let sql = "SELECT doc ->> 'n' AS n, count(*) FROM {{ source }} GROUP BY 1";
    let arguments = [
        "copy",
        "--table",
        "public.orders",
        "--sql",
        sql,
        "--key",
        "n",
        "--plan",
    ];
    let plan = between(&databases, &arguments).await;
    plan.assert_done();
    for text in [
        "the source computes (doc ->> 'n'): operator ->> is not supported",
        "WITH \"source\" AS NOT MATERIALIZED",
        "AggregateExec",
    ] {
        assert!(
            plan.stdout.contains(text),
            "{text} is not in {}",
            plan.stdout
        );
    }
}

#[tokio::test]
async fn engine_and_source_are_compared_over_a_sample() {
    let databases = Databases::with(ORDERS, "").await;
    let file = format!(
        "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\nstreams:\n  \
         public.orders: {{ sql: \"{BY_ROW}\" }}\n  \
         sums: {{ table: public.orders, into: public.sums, key: status, \
         sql: \"SELECT status, sum(id) AS sum, avg(id) AS mean FROM {{{{ source }}}} GROUP BY status\" }}\n"
    );
    let arguments = ["check", "test.yaml", "--compare", "--rows", "500"];
    let check = Program::new(&databases, &arguments)
        .with_file("test.yaml", &file)
        .run()
        .await;
    check.assert_done();
    let told = check.stdout;
    assert!(
        told.contains("sums: engine and source give the same 2 rows"),
        "{told}"
    );
    assert!(told.contains("the source computes the rows"), "{told}");
}

/// `towpath` with `arguments`, between `databases`.
async fn between(databases: &Databases, arguments: &[&str]) -> Outcome {
    let (command, rest) = arguments.split_first().unwrap();
    let from = [
        "--from",
        &databases.source_url,
        "--to",
        &databases.destination_url,
    ];
    let all: Vec<&str> = [*command]
        .into_iter()
        .chain(from)
        .chain(rest.iter().copied())
        .collect();
    Program::new(databases, &all).run().await
}

/// Fails unless `public.orders` holds what `expected` gives at the source.
async fn assert_loaded(databases: &Databases, expected: &str) {
    let expected = relation(&databases.source, expected).await;
    let found = relation(&databases.destination, "SELECT * FROM public.orders").await;
    assert_same(&expected, &found, "public.orders");
}

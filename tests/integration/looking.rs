//! Commands that look around in one database: `preview`, `query`, `discover` and `history`.

use crate::harness::{Databases, Outcome, Program};

/// Rows of which those after the first few cannot be computed.
const ORDERS: &str = "CREATE FUNCTION public.label(integer) RETURNS text IMMUTABLE LANGUAGE sql
        AS $$ SELECT 'order ' || 100 / (1000 - $1) $$;
    CREATE TABLE public.orders (id integer PRIMARY KEY, note text);
    INSERT INTO public.orders SELECT n, nullif('note ' || n, 'note 2')
        FROM generate_series(1, 20000) AS n;
    ANALYZE public.orders;
    CREATE VIEW public.notes AS SELECT note FROM public.orders";

/// A preview that read on would fail at row 1000.
#[tokio::test]
async fn a_preview_shows_the_first_rows_and_computes_no_others() {
    let databases = Databases::with(ORDERS, "").await;
    let sql = "SELECT id, note, label(id) AS label FROM {{ source }}";
    let url = &*databases.source_url;
    let arguments = ["preview", url, "public.orders", "-n", "2"];
    let by_text = Program::new(&databases, &[&arguments[..], &["--sql", sql]].concat());
    let by_file = Program::new(
        &databases,
        &[&arguments[..], &["--sql-file", "label.sql"]].concat(),
    );
    let expected = [
        r#"{"id":"1","note":"note 1","label":"order 0"}"#,
        r#"{"id":"2","note":null,"label":"order 0"}"#,
    ];
    for program in [by_text, by_file.with_file("label.sql", sql)] {
        let outcome = program.with_json().run().await;
        outcome.assert_done();
        assert_eq!(lines(&outcome), expected, "{outcome}");
    }
    let whole = ["preview", url, "public.orders", "--sql", sql, "-n", "2000"];
    let failed = Program::new(&databases, &whole).run().await;
    assert_eq!(failed.code, Some(1), "{failed}");
    assert!(failed.stderr.contains("division by zero"), "{failed}");
}

#[tokio::test]
async fn a_preview_of_sorted_or_grouped_rows_has_the_first_of_all() {
    let databases = Databases::with(ORDERS, "").await;
    let first = async |sql: &str| {
        let url = &*databases.source_url;
        let arguments = ["preview", url, "public.orders", "-n", "1", "--sql", sql];
        let outcome = Program::new(&databases, &arguments).with_json().run().await;
        outcome.assert_done();
        lines(&outcome).join("\n")
    };
    let sorted = "SELECT id FROM {{ source }} ORDER BY id DESC";
    assert_eq!(first(sorted).await, r#"{"id":"20000"}"#);
    let grouped = "SELECT count(*), sum(id) FROM {{ source }}";
    let expected = r#"{"count":"20000","sum":"200010000"}"#;
    assert_eq!(first(grouped).await, expected);
}

#[tokio::test]
async fn a_query_gives_rows_in_the_servers_own_text() {
    let databases = Databases::with("", "").await;
    let sql = "SELECT 1 AS a, NULL AS b, '{\"k\": [1.50]}'::jsonb AS j";
    let arguments = ["query", &databases.source_url, sql];
    let outcome = Program::new(&databases, &arguments).run().await;
    outcome.assert_done();
    assert_eq!(
        lines(&outcome),
        ["a\tb\tj", "1\t\\N\t{\"k\": [1.50]}"],
        "{outcome}"
    );
}

#[tokio::test]
async fn tables_and_views_are_listed_with_rows_and_key() {
    let databases = Databases::with(ORDERS, "").await;
    let arguments = ["discover", &databases.source_url, "public.*"];
    let outcome = Program::new(&databases, &arguments).with_json().run().await;
    outcome.assert_done();
    let listed: Vec<serde_json::Value> = lines(&outcome)
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let about = |key: &str| {
        let values = listed.iter().map(|line| line[key].clone());
        serde_json::Value::from_iter(values)
    };
    assert_eq!(about("name"), serde_json::json!(["notes", "orders"]));
    assert_eq!(about("kind"), serde_json::json!(["view", "table"]));
    assert_eq!(about("key"), serde_json::json!([[], ["id"]]));
    assert_eq!(listed[1]["estimated_rows"], 20000, "{outcome}");
}

#[tokio::test]
async fn the_history_tells_what_runs_published_the_latest_first() {
    let databases = Databases::with(ORDERS, "").await;
    let streams = "public.orders: {}";
    for _ in 0..2 {
        Program::run_of(&databases, streams)
            .run()
            .await
            .assert_done();
    }
    let of_pipeline = Program::of(&databases, "history", streams);
    let of_database = Program::new(&databases, &["history", &databases.destination_url]);
    for program in [of_pipeline, of_database] {
        let outcome = program.with_json().run().await;
        outcome.assert_done();
        let entries: Vec<serde_json::Value> = lines(&outcome)
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let inserted: Vec<_> = entries
            .iter()
            .map(|entry| &entry["rows_inserted"])
            .collect();
        assert_eq!(inserted, [0, 20000], "{outcome}");
        assert_eq!(entries[0]["rows_unchanged"], 20000, "{outcome}");
    }
}

fn lines(outcome: &Outcome) -> Vec<&str> {
    outcome.stdout.lines().collect()
}

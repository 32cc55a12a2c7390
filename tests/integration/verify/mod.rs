//! `towpath verify`: what is equal is called so, and what differs is named.

use serde_json::Value;

use crate::harness::{Databases, Outcome, Program};

mod differences;
mod equality;
mod requests;

/// What `towpath verify` says of `public.t`, as JSON, and its exit status.
async fn verify_t(databases: &Databases, arguments: &[&str]) -> (Value, Option<i32>) {
    let words = [&["--table", "public.t"], arguments].concat();
    let outcome = verify(databases, &words).with_json().run().await;
    (report(&outcome), outcome.code)
}

/// `towpath verify` between `databases` with more `arguments`.
fn verify(databases: &Databases, arguments: &[&str]) -> Program {
    let (from, to) = (&*databases.source_url, &*databases.destination_url);
    let words = ["verify", "--from", from, "--to", to];
    Program::new(databases, &[&words, arguments].concat())
}

/// The JSON of the only stream.
fn report(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|err| panic!("{err}: {outcome}"))
}

/// Fails unless every row of `public.t` is the same on both sides.
async fn assert_equal(databases: &Databases, arguments: &[&str]) -> Value {
    let (report, code) = verify_t(databases, arguments).await;
    assert_eq!(
        (code, &report["equal"]),
        (Some(0), &Value::Bool(true)),
        "{report}"
    );
    report
}

/// Fails unless `public.t` differs in exactly these rows: `kind key [columns]`, in order.
async fn assert_differs(databases: &Databases, arguments: &[&str], expected: &[&str]) -> Value {
    let (report, code) = verify_t(databases, arguments).await;
    assert_eq!(
        (code, &report["equal"]),
        (Some(1), &Value::Bool(false)),
        "{report}"
    );
    assert_eq!(named(&report), expected, "{report}");
    assert_eq!(report["is_complete"], true, "{report}");
    assert_eq!(report["differing"], expected.len(), "{report}");
    report
}

/// The rows that a report names, each as a line.
fn named(report: &Value) -> Vec<String> {
    let list = |value: &Value| {
        let items = value.as_array().unwrap().iter();
        let items = items.map(|item| item.as_str().unwrap_or("NULL").to_owned());
        items.collect::<Vec<_>>().join(",")
    };
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let line = format!(
            "{} {} {}",
            row["kind"].as_str().unwrap(),
            list(&row["key"]),
            list(&row["columns"])
        );
        line.trim_end().to_owned()
    })
    .collect()
}

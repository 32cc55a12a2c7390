//! Scenarios: a folder each under `tests/cases/`.
//!
//! | file | what |
//! |---|---|
//! | `source.sql`, `destination.sql` | the databases before; the second may be missing |
//! | `pipeline.yaml` | what `towpath run` is given, with `${SOURCE_URL}` and `${DESTINATION_URL}` |
//! | `change.sql` | run at the source after the first run; then there is a second one |
//! | `expect.sql` | what must hold afterwards, in sections that begin with a comment |
//!
//! Sections: `-- both: WHAT` holds a query that must give the same on both sides; `-- source: WHAT`
//! and the `-- destination:` after it hold two queries that must give the same; `-- refused: CODE`
//! means that the run must end with this status, and its lines `-- TEXT` with these texts in its
//! message. PostgreSQL compares: names, types and rows, in no order.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Databases, Outcome, Program, assert_same, relation};

/// One test for each scenario: its name is the folder's.
macro_rules! cases {
    ($($name:ident)*) => {
        const CASES: &[&str] = &[$(stringify!($name)),*];

        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                check(stringify!($name)).await;
            }
        )*
    };
}

cases! {
    aggregate_by_day
    append_twice
    columns_in_another_order
    extra_destination_columns_keep_their_values
    filter_and_rename
    identity_and_generated_columns
    identity_copy_creates_the_table
    incremental_reads_from_the_watermark
    incremental_takes_the_latest_of_a_key
    last_of_duplicates_wins
    mirror_deletes_what_is_gone
    odd_names
    one_table_into_two
    partitioned_table_is_one
    refused_duplicate_keys
    refused_function_unknown_to_postgresql
    refused_key_that_is_no_column
    refused_missing_destination_column
    refused_missing_table
    refused_narrower_destination
    refused_two_streams_one_destination
    refused_type_missing_in_destination
    refused_unknown_key_in_file
    refused_upsert_without_unique_index
    replace_keeps_the_table
    types_survive_every_write_mode
    upsert_applies_changes
    view_as_source
    wildcard_streams
}

#[test]
fn every_folder_is_listed_and_every_listed_folder_exists() {
    let entries = fs::read_dir(root()).unwrap();
    let mut folders: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, CASES);
}

#[test]
fn sections_hold_queries_and_refusals() {
    let text = "-- Explains.\n-- both: rows\nSELECT 1;\n-- source: sum\nSELECT 2\n\
                -- destination:\nSELECT\n3\n-- refused: 2\n-- no such key\n-- line 4\n";
    let expected = [
        Expectation::same("rows", "SELECT 1;", "SELECT 1;"),
        Expectation::same("sum", "SELECT 2", "SELECT\n3"),
        Expectation::Refused {
            code: 2,
            texts: vec!["no such key".to_owned(), "line 4".to_owned()],
        },
    ];
    assert_eq!(expectations(text), expected);
}

/// Runs one scenario.
async fn check(name: &str) {
    let folder = root().join(name);
    let databases = Databases::create().await;
    databases.source.run(&read(&folder, "source.sql")).await;
    if let Some(sql) = read_if_there(&folder, "destination.sql") {
        databases.destination.run(&sql).await;
    }
    let before = databases.destination_state().await;
    let pipeline = read(&folder, "pipeline.yaml");
    let mut outcome = run(&databases, &pipeline).await;
    if let Some(sql) = read_if_there(&folder, "change.sql") {
        outcome.assert_done();
        databases.source.run(&sql).await;
        outcome = run(&databases, &pipeline).await;
    }
    for expectation in expectations(&read(&folder, "expect.sql")) {
        match expectation {
            Expectation::Same {
                what,
                source,
                destination,
            } => {
                outcome.assert_done();
                let source = relation(&databases.source, &source).await;
                let destination = relation(&databases.destination, &destination).await;
                assert_same(&source, &destination, &what);
            }
            Expectation::Refused { code, texts } => {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                outcome.assert_refused(code, &texts);
                assert_eq!(
                    databases.destination_state().await,
                    before,
                    "the destination"
                );
            }
        }
    }
    databases.assert_no_staging().await;
}

async fn run(databases: &Databases, pipeline: &str) -> Outcome {
    Program::new(databases, &["run", "pipeline.yaml"])
        .with_file("pipeline.yaml", pipeline)
        .run()
        .await
}

/// One section of `expect.sql`.
#[derive(Debug, PartialEq, Eq)]
enum Expectation {
    Same {
        what: String,
        source: String,
        destination: String,
    },
    Refused {
        code: i32,
        texts: Vec<String>,
    },
}

impl Expectation {
    fn same(what: &str, source: &str, destination: &str) -> Self {
        Self::Same {
            what: what.to_owned(),
            source: source.to_owned(),
            destination: destination.to_owned(),
        }
    }
}

/// The sections of an `expect.sql`; comments before the first one explain.
fn expectations(text: &str) -> Vec<Expectation> {
    let mut sections: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        let head = line
            .strip_prefix("-- ")
            .and_then(|rest| rest.split_once(':'));
        match head {
            Some((kind @ ("both" | "source" | "destination" | "refused"), rest)) => {
                sections.push((kind, rest.trim(), Vec::new()));
            }
            _ => {
                if let Some((_, _, body)) = sections.last_mut() {
                    body.push(line);
                }
            }
        }
    }
    let mut found = Vec::new();
    let mut sections = sections.into_iter();
    while let Some((kind, rest, body)) = sections.next() {
        let query = body.join("\n");
        found.push(match kind {
            "both" => Expectation::same(rest, &query, &query),
            "source" => match sections.next() {
                Some(("destination", _, other)) => {
                    Expectation::same(rest, &query, &other.join("\n"))
                }
                other => panic!("`-- source: {rest}` is followed by {other:?}"),
            },
            "refused" => Expectation::Refused {
                code: rest.parse().unwrap(),
                texts: body
                    .iter()
                    .map(|line| line.trim_start_matches("-- ").trim().to_owned())
                    .filter(|line| !line.is_empty())
                    .collect(),
            },
            _ => panic!("`-- {kind}:` without `-- source:` before it"),
        });
    }
    assert!(!found.is_empty(), "nothing is expected");
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn read(folder: &Path, file: &str) -> String {
    let path = folder.join(file);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn read_if_there(folder: &Path, file: &str) -> Option<String> {
    folder.join(file).is_file().then(|| read(folder, file))
}

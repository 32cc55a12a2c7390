//! A plan in words and statements, for people.

use super::plan::LoadOutcome;
use super::{Stream, SyncMode};
use crate::postgres::statement;
use crate::report::PlanReport;
use crate::sink::{LoadPath, LoadPlan, WriteMode, staging};
use crate::table::{Column, Table, TableName, ident};
use crate::transform::TransformPlan;

/// The report of a stream whose columns nobody has looked at.
pub(super) fn empty_report(stream: &Stream, outcome: &LoadOutcome) -> PlanReport {
    let load = outcome.load.as_ref();
    PlanReport {
        stream: stream.name.clone(),
        source: stream.table.to_string(),
        destination: stream.into.to_string(),
        destination_exists: outcome.destination_exists,
        write: stream.write.to_string(),
        key: load.map(|load| load.key.clone()).unwrap_or_default(),
        path: "it is refused: nothing would move".to_owned(),
        columns: Vec::new(),
        types: Vec::new(),
        reads: Vec::new(),
        engine: None,
        statements: Vec::new(),
        not_copied: Vec::new(),
        notes: Vec::new(),
    }
}

/// The path in one sentence, and the statements on it, for people.
pub(super) fn describe_load(load: &LoadPlan, path: LoadPath) -> (String, Vec<String>) {
    let staging = TableName::new(staging::STAGING_SCHEMA, "run_…");
    let copy = |table: &TableName| statement::copy_in(table, &load.column_names());
    let sentence = match (path, &load.existing) {
        (LoadPath::Build, _) => {
            "rows fill a new table in parallel; it gets its key and moves into place when complete"
        }
        (LoadPath::Direct, None) => "one COPY into the new table, which appears when complete",
        (LoadPath::Direct, Some(_)) if load.write == WriteMode::Append => {
            "one COPY into the table, visible when complete"
        }
        (LoadPath::Direct, Some(_)) => "the table is empty: one COPY, visible when complete",
        (LoadPath::Merge | LoadPath::MergeParts, _) if load.compares => {
            "both sides are read and compared; rows that differ go through staging, and one \
             transaction publishes them"
        }
        (LoadPath::MergeParts, _) => {
            "rows go through staging tables; one transaction merges them as they come, and \
             publishes them"
        }
        (LoadPath::Merge, _) => "rows wait in a staging table; one transaction publishes them",
    };
    let mut statements = Vec::new();
    match path {
        LoadPath::Build => {
            statements.push(load.create_destination(&staging));
            statements.push(copy(&staging));
            statements.extend(statement::move_into_place(&staging, &load.destination));
            statements.extend(load.create_key());
        }
        LoadPath::Direct => {
            if load.existing.is_none() {
                statements.push(load.create_destination(&load.destination));
            }
            statements.push(copy(&load.destination));
            statements.extend(load.create_key().filter(|_| load.existing.is_none()));
        }
        LoadPath::Merge | LoadPath::MergeParts => {
            let unlogged = statement::Persistence::Unlogged;
            statements.push(load.create_staging(&staging, unlogged));
            statements.push(copy(&staging));
            statements.extend(merge_statements(load, &staging.to_string()));
        }
    }
    (sentence.to_owned(), statements)
}

fn merge_statements(load: &LoadPlan, staging: &str) -> Vec<String> {
    if load.existing.is_none() {
        let mut statements = vec![load.create_destination(&load.destination)];
        statements.push(load.with_merge(staging, |merge| merge.insert()));
        statements.extend(load.create_key());
        return statements;
    }
    load.with_merge(staging, |merge| match load.write {
        WriteMode::Append => vec![merge.insert()],
        WriteMode::Upsert => vec![merge.upsert()],
        WriteMode::Replace if !load.replaces_by_key() => {
            vec![format!("TRUNCATE {}", load.destination), merge.insert()]
        }
        WriteMode::Replace | WriteMode::Mirror => vec![merge.upsert(), merge.delete_missing()],
    })
}

/// What row security means for a stream, given that it hides rows of the source.
pub(super) fn hidden_note(hidden: String, write: WriteMode) -> String {
    match write {
        WriteMode::Upsert | WriteMode::Append => hidden,
        WriteMode::Replace | WriteMode::Mirror => {
            format!("{hidden}; {write} removes them from the destination")
        }
    }
}

/// What triggers may do to rows, which no plan of columns can tell.
pub(super) fn trigger_notes(load: &LoadPlan) -> Vec<String> {
    let triggers = load.existing.iter().flat_map(|table| &table.row_triggers);
    let note = |trigger: &String| {
        format!(
            "trigger {} of the destination runs before each row and may change it; a row that it \
             leaves out fails the run",
            ident(trigger)
        )
    };
    match load.as_replica {
        true => Vec::new(),
        false => triggers.map(note).collect(),
    }
}

/// That an incremental run makes each row of the result of the newer rows alone; `None` if each is
/// made of one row.
pub(super) fn incremental_note(stream: &Stream, transform: &dyn TransformPlan) -> Option<String> {
    let SyncMode::Incremental {
        cursor,
        from_start: false,
    } = &stream.sync
    else {
        return None;
    };
    (!transform.keeps_rows_apart()).then(|| {
        format!(
            "an incremental run reads only newer rows of {}, by {}: groups, windows, LIMIT and joins \
             see no others (sync: full sees all)",
            stream.table,
            ident(cursor)
        )
    })
}

/// That the destination has columns which the result has not.
pub(super) fn unwritten(load: &LoadPlan) -> Option<String> {
    let existing = load.existing.as_ref()?;
    let is_written = |column: &Column| load.columns.iter().any(|other| other.name == column.name);
    let others = existing.columns.iter();
    let others = others.filter(|column| !column.generated && !is_written(column));
    let names: Vec<String> = others.map(|column| ident(&column.name)).collect();
    let kept = match load.write {
        WriteMode::Append | WriteMode::Replace => "",
        WriteMode::Upsert | WriteMode::Mirror => ", rows that are there keep what they hold",
    };
    (!names.is_empty()).then(|| {
        format!(
            "the result has no column for {} of the destination: new rows get the default{kept}",
            names.join(", ")
        )
    })
}

/// What a person should know before running it.
pub(super) fn notes(load: &LoadPlan, source: &Table) -> Vec<String> {
    let mut notes = Vec::new();
    if load.key.is_empty() && load.write == WriteMode::Append {
        notes.push("there is no key: every run adds its rows again".to_owned());
    }
    for name in &source.unreadable {
        notes.push(format!(
            "column {name:?} may not be read, so SELECT * does not have it"
        ));
    }
    if load.existing.as_ref().is_some_and(|t| t.row_security) {
        notes.push(format!(
            "row security of {} applies to the role: rows that its policies hide are not seen, and \
             a row that they do not let in fails the run",
            load.destination
        ));
    }
    notes.extend(unwritten(load));
    if load.existing.is_some() && load.may_lack_key() && load.write != WriteMode::Append {
        notes.push("the key may hold NULL: a row without complete key fails the run".to_owned());
    }
    if load.as_replica {
        notes.push(
            "only triggers fire that are enabled for replicas: foreign keys are not checked"
                .to_owned(),
        );
    }
    notes.extend(trigger_notes(load));
    let deletes = load.write == WriteMode::Mirror || load.replaces_by_key();
    if deletes && load.existing.as_ref().is_some_and(Table::is_referenced) {
        notes.push(
            "foreign keys refer to the table: deleting its rows does what they say (ON DELETE)"
                .to_owned(),
        );
    }
    notes
}

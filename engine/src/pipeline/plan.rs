//! A stream planned against both catalogues: what is read, what becomes of it, what is written.

use std::sync::Arc;
use std::time::Instant;

use super::column::{ColumnPlanner, Planned, report_column};
use super::type_changes::TypeChanges;
use super::{SourceSession, Stream, incremental};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::Connection;
use crate::postgres::addition::Additions;
use crate::report::{ColumnReport, PlanReport};
use crate::sink::{Duplicates, LoadColumn, LoadPlan};
use crate::table::{Table, TableKind, ident};
use crate::transform::{OutputColumn, Slot, TransformPlan};
use crate::types::Representation;

/// A stream planned between two databases.
pub struct StreamPlan {
    pub(super) stream: Stream,
    /// The stream's table, and those that its transform refers to, in their order.
    pub(super) tables: Vec<Table>,
    pub(super) transform: Arc<dyn TransformPlan>,
    /// The condition that only newer rows pass, if the stream is incremental and has run before.
    pub(super) condition: Option<String>,
    /// How rows are loaded; `None` if a column is refused.
    pub(super) load: Option<LoadPlan>,
    pub(super) report: PlanReport,
    pub(super) refusals: Vec<Refusal>,
    /// What the destination must be sent first, so that it has the types.
    pub(super) type_changes: Vec<String>,
    /// What a person should know of the rows that are read: that row security hides some, that functions
    /// read them.
    pub(super) caveats: Vec<String>,
    /// Why it is read under a newer snapshot than streams before it, if it is.
    pub(super) newer_snapshot: Option<String>,
    /// When planning began: what happened after that it does not know.
    pub(super) planned_at: Instant,
    pub(super) plan_ms: u64,
}

/// One reason why a plan cannot run, and the way out.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) hint: String,
}

impl StreamPlan {
    /// The stream's table.
    pub(super) fn table(&self) -> &Table {
        &self.tables[0]
    }

    /// What would happen, for people.
    pub fn report(&self) -> &PlanReport {
        &self.report
    }

    /// Why it cannot run: all reasons in one error; `None` if it can.
    pub fn refusal(&self) -> Option<Error> {
        let (first, others) = self.refusals.split_first()?;
        let message = match others.len() {
            0 => first.reason.clone(),
            1 => format!("{} (and one more reason)", first.reason),
            more => format!("{} (and {more} more reasons)", first.reason),
        };
        let mut hints: Vec<String> = Vec::new();
        for Refusal { hint, .. } in &self.refusals {
            if !hints.contains(hint) {
                hints.push(hint.clone());
            }
        }
        if !self.type_changes.is_empty() && !self.stream.options.create_types {
            hints.push(format!("missing there: {}", self.type_changes.join("; ")));
        }
        let error = Error::new(ErrorKind::Schema, message).with_hint(hints.join("\n      "));
        let others: Vec<&str> = others.iter().map(|refusal| &*refusal.reason).collect();
        Some(match others.is_empty() {
            true => error,
            false => error.with_source(others.join("; ")),
        })
    }
}

/// What the planning of a load starts from.
pub(super) struct LoadInput<'a> {
    /// The databases of the transform's tables, in their order.
    pub(super) sessions: &'a [&'a SourceSession],
    pub(super) stream: &'a Stream,
    /// The source's table.
    pub(super) table: &'a Table,
    pub(super) transform: &'a dyn TransformPlan,
    /// The destination's table, if it is there.
    pub(super) existing: Option<Table>,
}

/// What the planning of a load ends with.
pub(super) struct LoadOutcome {
    /// Whether the destination's table is there.
    pub(super) destination_exists: bool,
    pub(super) load: Option<LoadPlan>,
    pub(super) columns: Vec<ColumnReport>,
    pub(super) refusals: Vec<Refusal>,
    /// Statements that give the destination the types that it lacks.
    pub(super) type_changes: Vec<String>,
}

/// Plans how the transform's columns get into the destination; `destination` is only asked.
///
/// # Errors
/// `Read`, if the catalogue cannot be read; `Schema`, if the key cannot decide what is the same.
pub(super) async fn plan_load(
    destination: &Connection,
    input: LoadInput<'_>,
) -> Result<LoadOutcome> {
    let mut refusals = Vec::new();
    if let Some(table) = &input.existing {
        refuse_table(table, input.transform.columns(), &mut refusals);
    }
    let options = &input.stream.options;
    check_options(&input)?;
    let changes = TypeChanges::new(input.sessions, destination);
    let mut planner = ColumnPlanner::new(destination, input.table, changes, options.create_types);
    let mut columns = Vec::new();
    let mut reports = Vec::new();
    for column in input.transform.columns() {
        let options = options.columns.get(&column.name).copied();
        let planned = planner
            .plan(input.existing.as_ref(), column, options.unwrap_or_default())
            .await?;
        reports.push(report_column(column, &planned));
        match planned {
            Planned::Into(accepted) => columns.push(accepted.column),
            Planned::Refused { refusal, .. } => refusals.push(refusal),
        }
    }
    let mut load = LoadPlan {
        destination: input.stream.into.clone(),
        existing: input.existing.clone(),
        columns,
        write: input.stream.write,
        key: Vec::new(),
        duplicates: input.stream.duplicates.clone(),
        has_unique_keys: false,
        relays: false,
        slots: Vec::new(),
        is_parallel: false,
        compares: false,
        as_replica: options.replica_triggers,
        additions: Additions::default(),
    };
    load.key = choose_key(&input, &load);
    load.has_unique_keys = has_unique_keys(&input, &load.key);
    choose_form(&mut load, input.transform);
    if let Some(order_by) = incremental::cursor_carrier(input.stream, input.transform)
        && !load.has_unique_keys
        && load.duplicates == Duplicates::Refuse
    {
        // Of rows with one key, the newest wins.
        load.duplicates = Duplicates::Last { order_by };
    }
    if refusals.is_empty() {
        load.check_key()?;
        check_duplicates(&load, input.transform)?;
    }
    Ok(LoadOutcome {
        destination_exists: input.existing.is_some(),
        load: refusals.is_empty().then_some(load),
        columns: reports,
        refusals,
        type_changes: planner.changes.into_statements(),
    })
}

/// Decides what batches hold: whole tuples, fields as they came beside what is computed, or columns.
fn choose_form(load: &mut LoadPlan, transform: &dyn TransformPlan) {
    load.relays = transform.relay().is_some() && load.takes_tuples();
    if !load.relays
        && let Some(carried) = transform.carried()
    {
        load.slots = slots(&load.columns, &carried);
    }
}

/// What batches hold, so that neighbours which go into the table as the source sends them stay
/// together; `carried` says of each column which of the scan it is. Empty if there are none.
fn slots(columns: &[LoadColumn], carried: &[Option<usize>]) -> Vec<Slot> {
    // Some columns are refused: there is nothing to load.
    if columns.len() != carried.len() {
        return Vec::new();
    }
    let mut slots: Vec<Slot> = Vec::new();
    for (at, (column, source)) in columns.iter().zip(carried).enumerate() {
        let Some(source) = source.filter(|_| column.takes_fields) else {
            slots.push(Slot::Column(at));
            continue;
        };
        match slots.last_mut() {
            Some(Slot::Run(run)) if source > 0 && carried[at - 1] == Some(source - 1) => {
                run.end = at + 1;
            }
            _ => slots.push(Slot::Run(at..at + 1)),
        }
    }
    match slots.iter().any(|slot| matches!(slot, Slot::Run(_))) {
        true => slots,
        false => Vec::new(),
    }
}

/// Checks that options name columns of the result.
fn check_options(input: &LoadInput<'_>) -> Result<()> {
    let columns = input.transform.columns();
    let has = |name: &String| columns.iter().any(|column| column.name == *name);
    let mut names = input.stream.options.columns.keys();
    let Some(name) = names.find(|name| !has(name)) else {
        return Ok(());
    };
    let names: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
    let message = format!(
        "options are given for column {name:?}, which the result of {} does not have",
        input.table.name
    );
    let hint = format!("its columns are: {}", names.join(", "));
    Err(Error::new(ErrorKind::Config, message).with_hint(hint))
}

/// Reasons why rows cannot be written into `table` at all, whatever the columns.
fn refuse_table(table: &Table, columns: &[OutputColumn], refusals: &mut Vec<Refusal>) {
    if !matches!(table.kind, TableKind::Table | TableKind::Partitioned) {
        refusals.push(Refusal {
            reason: format!("{} is no table that takes rows", table.name),
            hint: "write into a table".to_owned(),
        });
    }
    if let Some(rule) = table.rules.first() {
        refusals.push(Refusal {
            reason: format!(
                "rule {} of {} decides what becomes of rows that are written",
                ident(rule),
                table.name
            ),
            hint: format!(
                "write into a table without rules, or run there: ALTER TABLE {} DISABLE RULE {}",
                table.name,
                ident(rule)
            ),
        });
    }
    if table.has_inheritors {
        refusals.push(Refusal {
            reason: format!(
                "other tables inherit from {}, and their rows would count twice",
                table.name
            ),
            hint: "write into a table of its own".to_owned(),
        });
    }
    let missing = table.columns.iter().filter(|there| {
        !there.nullable
            && !there.has_default
            && !there.generated
            && !columns.iter().any(|column| column.name == there.name)
    });
    for column in missing {
        refusals.push(Refusal {
            reason: format!(
                "column {:?} of {} is NOT NULL without default, and the result has no such column",
                column.name, table.name
            ),
            hint: format!("add it to the SELECT: … AS {}", ident(&column.name)),
        });
    }
}

/// The key asked for; else the destination's primary key; else the source's, where it is carried.
fn choose_key(input: &LoadInput<'_>, load: &LoadPlan) -> Vec<String> {
    if !input.stream.key.is_empty() {
        return input.stream.key.clone();
    }
    let existing = load.existing.as_ref().and_then(Table::primary_key);
    let names = load.column_names();
    match existing {
        Some(key) if key.iter().all(|name| names.contains(&&**name)) => key,
        _ => carried_key(input).unwrap_or_default(),
    }
}

/// The source's primary key under its names in the result, if rows stay apart.
fn carried_key(input: &LoadInput<'_>) -> Option<Vec<String>> {
    if !input.transform.keeps_rows_apart() {
        return None;
    }
    let columns = input.transform.columns();
    let carrier = |name: &String| {
        let column = columns
            .iter()
            .find(|column| column.source_column.as_ref() == Some(name))?;
        Some(column.name.clone())
    };
    input.table.primary_key()?.iter().map(carrier).collect()
}

/// Whether no two rows of the result can have the same `key`.
fn has_unique_keys(input: &LoadInput<'_>, key: &[String]) -> bool {
    let columns = input.transform.columns();
    let sources: Option<Vec<String>> = key
        .iter()
        .map(|name| {
            columns
                .iter()
                .find(|c| c.name == *name)?
                .source_column
                .clone()
        })
        .collect();
    input.transform.keeps_rows_apart()
        && sources.is_some_and(|sources| input.table.is_unique(&sources))
}

fn check_duplicates(load: &LoadPlan, transform: &dyn TransformPlan) -> Result<()> {
    let Duplicates::Last { order_by } = &load.duplicates else {
        return Ok(());
    };
    if !load.column_names().contains(&&**order_by) {
        let message = format!("column {order_by:?}, which orders duplicates, is not in the result");
        return Err(Error::new(ErrorKind::Schema, message).with_hint("add it to the SELECT"));
    }
    let in_text = |column: &OutputColumn| {
        column.name == *order_by && column.representation == Representation::Text
    };
    if transform.columns().iter().any(in_text) {
        let message = format!("column {order_by:?}, which orders duplicates, travels as text");
        return Err(Error::new(ErrorKind::Schema, message)
            .with_hint("give it the same type in the destination, or name another column"));
    }
    if load.key.is_empty() {
        let message = format!(
            "duplicates in {} cannot be told without a key",
            load.destination
        );
        return Err(Error::new(ErrorKind::Schema, message).with_hint("name the key"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::ColumnEncoding;

    #[test]
    fn neighbours_of_both_sides_are_one_run() {
        let carried = [Some(0), Some(1), None, Some(2), Some(4), Some(3), Some(4)];
        let expected = [
            Slot::Run(0..2),
            Slot::Column(2),
            Slot::Run(3..4),
            Slot::Run(4..5),
            Slot::Run(5..7),
        ];
        assert_eq!(slots(&columns(&[true; 7]), &carried), expected);
    }

    #[test]
    fn a_column_that_takes_another_form_divides_a_run() {
        let carried = [Some(0), Some(1), Some(2)];
        let expected = [Slot::Run(0..1), Slot::Column(1), Slot::Run(2..3)];
        assert_eq!(slots(&columns(&[true, false, true]), &carried), expected);
    }

    #[test]
    fn without_runs_batches_hold_each_column() {
        assert_eq!(slots(&columns(&[false, true]), &[Some(0), None]), []);
        assert_eq!(slots(&columns(&[true]), &[Some(0), None]), []);
    }

    /// Columns, by whether they take the source's fields as they are.
    fn columns(takes_fields: &[bool]) -> Vec<LoadColumn> {
        let column = |&takes_fields: &bool| LoadColumn {
            name: "c".to_owned(),
            type_sql: "text".to_owned(),
            collation: None,
            not_null: false,
            equal_is_same: true,
            encoding: ColumnEncoding::cast_from_text("c"),
            takes_fields,
        };
        takes_fields.iter().map(column).collect()
    }
}

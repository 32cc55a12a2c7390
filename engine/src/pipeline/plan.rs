//! A stream planned against both catalogues: what is read, what becomes of it, what is written.

use std::sync::Arc;
use std::time::Instant;

use super::{Stream, incremental};
use crate::encode::ColumnEncoding;
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::{Connection, catalog};
use crate::report::{ColumnReport, Fidelity, PlanReport};
use crate::sink::{Duplicates, LoadColumn, LoadPlan};
use crate::table::{Table, TableKind, ident};
use crate::transform::{OutputColumn, TransformPlan};
use crate::types::{Assignment, PgType, Representation, TypeKind, assign, pg_type_of};

/// A stream planned between two databases.
pub struct StreamPlan {
    pub(super) stream: Stream,
    pub(super) table: Table,
    pub(super) transform: Arc<dyn TransformPlan>,
    /// The condition that only newer rows pass, if the stream is incremental and has run before.
    pub(super) condition: Option<String>,
    /// How rows are loaded; `None` if a column is refused.
    pub(super) load: Option<LoadPlan>,
    pub(super) report: PlanReport,
    pub(super) refusals: Vec<Refusal>,
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
    /// What would happen, for people.
    pub fn report(&self) -> &PlanReport {
        &self.report
    }

    /// Why it cannot run: all reasons in one error; `None` if it can.
    pub fn refusal(&self) -> Option<Error> {
        let (first, others) = self.refusals.split_first()?;
        let message = match others.len() {
            0 => first.reason.clone(),
            more => format!("{} (and {more} more reasons)", first.reason),
        };
        let hints: Vec<&str> = self.refusals.iter().map(|refusal| &*refusal.hint).collect();
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
    pub(super) stream: &'a Stream,
    /// The source's table.
    pub(super) table: &'a Table,
    pub(super) transform: &'a dyn TransformPlan,
    /// The destination's table, if it is there.
    pub(super) existing: Option<Table>,
}

/// What the planning of a load ends with.
pub(super) struct LoadOutcome {
    pub(super) load: Option<LoadPlan>,
    pub(super) columns: Vec<ColumnReport>,
    pub(super) refusals: Vec<Refusal>,
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
    let mut columns = Vec::new();
    let mut reports = Vec::new();
    for column in input.transform.columns() {
        let planned = match &input.existing {
            Some(table) => into_existing(table, column),
            None => into_created(destination, input.table, column).await?,
        };
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
    };
    load.key = choose_key(&input, &load);
    load.has_unique_keys = has_unique_keys(&input, &load.key);
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
    let load = refusals.is_empty().then_some(load);
    Ok(LoadOutcome {
        load,
        columns: reports,
        refusals,
    })
}

/// What becomes of one column of the result.
enum Planned {
    Into(Box<Accepted>),
    Refused { refusal: Refusal, to: String },
}

/// A column that can be written.
struct Accepted {
    column: LoadColumn,
    assignment: Assignment,
}

fn into_existing(table: &Table, column: &OutputColumn) -> Planned {
    let refused = |reason: String, hint: String, to: &str| Planned::Refused {
        refusal: Refusal { reason, hint },
        to: to.to_owned(),
    };
    let name = &column.name;
    if table.unreadable.contains(name) {
        let reason = format!("column {name:?} of {} may not be read", table.name);
        let hint = format!(
            "let its owner run there: GRANT SELECT ON {} TO the role",
            table.name
        );
        return refused(reason, hint, "");
    }
    let Some(there) = table.column(name) else {
        let same = table
            .columns
            .iter()
            .find(|there| there.name.eq_ignore_ascii_case(name));
        let hint = match same {
            Some(there) => format!(
                "did you mean {:?}? rename it in the transform with AS",
                there.name
            ),
            None => format!(
                "leave it out of the SELECT, or run there: ALTER TABLE {} ADD COLUMN {} {}",
                table.name,
                ident(name),
                column.pg_type
            ),
        };
        return refused(format!("{} has no column {name:?}", table.name), hint, "");
    };
    if there.generated {
        let reason = format!("column {name:?} of {} is generated there", table.name);
        return refused(
            reason,
            "leave it out of the SELECT".to_owned(),
            &there.pg_type.sql,
        );
    }
    let column = plan_column(column, &there.pg_type);
    match column {
        Ok((encoding, assignment)) => {
            let column = LoadColumn {
                name: name.clone(),
                type_sql: there.pg_type.sql.clone(),
                collation: None,
                not_null: !there.nullable,
                equal_is_same: there.collation.is_none() && there.pg_type.equal_is_same(),
                encoding,
            };
            Planned::Into(Box::new(Accepted { column, assignment }))
        }
        Err(Refusal { reason, hint }) => {
            let reason = format!("column {name:?} of {}: {reason}", table.name);
            refused(reason, hint, &there.pg_type.sql)
        }
    }
}

/// A column of a table that is to be created: it gets the result's own type.
async fn into_created(
    destination: &Connection,
    source: &Table,
    column: &OutputColumn,
) -> Result<Planned> {
    let name = &column.name;
    let Some(to) = catalog::counterpart(destination, &column.pg_type).await? else {
        let refusal = Refusal {
            reason: format!(
                "type {} of column {name:?} is missing in the destination",
                column.pg_type
            ),
            hint: create_type_hint(&column.pg_type),
        };
        return Ok(Planned::Refused {
            refusal,
            to: String::new(),
        });
    };
    let source_column = column
        .source_column
        .as_ref()
        .and_then(|name| source.column(name));
    Ok(match plan_column(column, &to) {
        Ok((encoding, assignment)) => {
            let column = LoadColumn {
                name: name.clone(),
                type_sql: to.sql.clone(),
                collation: source_column.and_then(|column| column.collation.clone()),
                not_null: source_column.is_some() && !column.nullable,
                equal_is_same: to.equal_is_same(),
                encoding,
            };
            Planned::Into(Box::new(Accepted { column, assignment }))
        }
        Err(Refusal { reason, hint }) => {
            let reason = format!("column {name:?}: {reason}");
            Planned::Refused {
                refusal: Refusal { reason, hint },
                to: to.sql,
            }
        }
    })
}

/// The encoding of a column's values for type `to`, if every value is safe there.
fn plan_column(
    column: &OutputColumn,
    to: &PgType,
) -> Result<(ColumnEncoding, Assignment), Refusal> {
    // The type of a computed column says less than its Arrow type, which bounds the digits.
    let computed = match column.source_column {
        None => pg_type_of(&column.data_type),
        Some(_) => None,
    };
    let from = computed.as_ref().unwrap_or(&column.pg_type);
    let assignment = match assign(from, to) {
        Assignment::Refused { reason, hint } => return Err(Refusal { reason, hint }),
        assignment => assignment,
    };
    let values = (&column.pg_type, column.representation, &column.data_type);
    let encoding = ColumnEncoding::new(&column.name, values, to).map_err(|err| Refusal {
        reason: err.to_string(),
        hint: err.hint().unwrap_or_default().to_owned(),
    })?;
    Ok((encoding, assignment))
}

fn report_column(column: &OutputColumn, planned: &Planned) -> ColumnReport {
    let (destination_type, fidelity, note) = match planned {
        Planned::Refused { refusal, to } => {
            let note = format!("{}; {}", refusal.reason, refusal.hint);
            (to.clone(), Fidelity::Refused, Some(note))
        }
        Planned::Into(accepted) => {
            let to = accepted.column.type_sql.clone();
            match &accepted.assignment {
                Assignment::Converted { how, .. } => (to, Fidelity::Converted, Some(how.clone())),
                _ => (to, Fidelity::Exact, None),
            }
        }
    };
    ColumnReport {
        name: column.name.clone(),
        source_type: column.pg_type.sql.clone(),
        representation: column.representation.to_string(),
        destination_type,
        fidelity,
        note,
    }
}

/// What a user can run in the destination to have a type there.
fn create_type_hint(pg_type: &PgType) -> String {
    match &pg_type.kind {
        TypeKind::Enum(labels) => {
            let labels: Vec<String> = labels
                .iter()
                .map(|label| format!("'{}'", label.replace('\'', "''")))
                .collect();
            format!(
                "run there: CREATE TYPE {pg_type} AS ENUM ({})",
                labels.join(", ")
            )
        }
        TypeKind::Domain(base) => format!("run there: CREATE DOMAIN {pg_type} AS {base}"),
        TypeKind::Array(element) => create_type_hint(element),
        TypeKind::Composite(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, field)| format!("{} {field}", ident(name)))
                .collect();
            format!(
                "run there: CREATE TYPE {pg_type} AS ({})",
                fields.join(", ")
            )
        }
        _ => format!("create type {pg_type} there, or the extension it belongs to"),
    }
}

/// Reasons why rows cannot be written into `table` at all, whatever the columns.
fn refuse_table(table: &Table, columns: &[OutputColumn], refusals: &mut Vec<Refusal>) {
    if !matches!(table.kind, TableKind::Table | TableKind::Partitioned) {
        refusals.push(Refusal {
            reason: format!("{} is no table that takes rows", table.name),
            hint: "write into a table".to_owned(),
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

//! Which columns are compared, and by which key.

use super::pushdown::last_of_key;
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::{Stream, SyncMode};
use crate::postgres::comparison::{ComparedColumn, Incomparable};
use crate::report::ColumnLeftOut;
use crate::sink::Duplicates;
use crate::table::{Table, ident};
use crate::transform::{OutputColumn, TransformPlan};
use crate::types::{oid, pg_type_of};

/// What of a stream's rows is compared.
pub(super) struct Chosen {
    pub(super) columns: Vec<ComparedColumn>,
    pub(super) left_out: Vec<ColumnLeftOut>,
    /// Names of the key's columns; empty if nothing tells rows apart.
    pub(super) key: Vec<String>,
    /// Whether NULL may be in the key.
    pub(super) may_lack_key: bool,
    /// Whether no two rows of the source have the same key.
    has_unique_keys: bool,
    pub(super) notes: Vec<String>,
}

/// Holds the stream's columns against the destination's.
///
/// # Errors
/// `Schema`, with everything that cannot be compared; `Config`, if the key is not among it.
pub(super) fn choose(
    stream: &Stream,
    table: &Table,
    transform: &dyn TransformPlan,
    existing: &Table,
) -> Result<Chosen> {
    let outputs = transform.columns();
    let (mut columns, mut refused) = (Vec::new(), Vec::new());
    let mut left_out = left_out(table, outputs, existing);
    for output in outputs {
        let options = stream.options.columns.get(&output.name);
        let allow_lossy = options.is_some_and(|options| options.allow_lossy);
        match compared(output, existing, allow_lossy) {
            Ok(column) => columns.push(column),
            Err(Incomparable::Unknown { reason }) => left_out.push(ColumnLeftOut {
                column: output.name.clone(),
                reason,
            }),
            Err(Incomparable::Refused { reason, hint }) => {
                refused.push((format!("column {:?}: {reason}", output.name), hint));
            }
        }
    }
    if let Some((first, hint)) = refused.first() {
        let message = format!(
            "{} cannot be compared with {}: {first}",
            table.name, existing.name
        );
        let others: Vec<&str> = refused[1..].iter().map(|(reason, _)| &**reason).collect();
        let error = Error::new(ErrorKind::Schema, message).with_hint(hint.clone());
        return Err(match others.is_empty() {
            true => error,
            false => error.with_source(others.join("; ")),
        });
    }
    let mut key = key(stream, table, transform, existing)?;
    if key
        .iter()
        .any(|name| !columns.iter().any(|column| column.name == *name))
    {
        // A part of it cannot be compared, so that it does not tell rows apart.
        key.clear();
    }
    let nullable = |name: &String| {
        let at_source = outputs.iter().find(|output| output.name == *name);
        at_source.is_none_or(|output| output.nullable)
            || existing.column(name).is_none_or(|column| column.nullable)
    };
    let by_value = |output: &OutputColumn| !output.is_carried && output.pg_type.oid == oid::NUMERIC;
    let notes = outputs
        .iter()
        .any(by_value)
        .then(|| "numbers that the SQL computes were compared by value: 1.50 is 1.5".to_owned());
    Ok(Chosen {
        may_lack_key: key.iter().any(nullable),
        has_unique_keys: has_unique_keys(table, transform, &key),
        left_out,
        columns,
        key,
        notes: notes.into_iter().collect(),
    })
}

impl Chosen {
    /// Of `rows`, an item of FROM, those that a run of `stream` loads.
    pub(super) fn loaded(&mut self, stream: &Stream, rows: String) -> String {
        let Some(last_by) = self.last_by(stream) else {
            return rows;
        };
        self.notes.push(format!(
            "rows of the source that share a key count once: the one with the greatest {}",
            ident(last_by)
        ));
        last_of_key(&rows, &self.key, last_by)
    }

    /// The key's columns in order.
    pub(super) fn key_columns(&self) -> impl Iterator<Item = &ComparedColumn> {
        let find = |name: &String| self.columns.iter().find(|column| column.name == *name);
        self.key.iter().filter_map(find)
    }

    /// The column whose greatest value decides which of several rows with one key is loaded, if
    /// there may be several.
    fn last_by<'a>(&self, stream: &'a Stream) -> Option<&'a str> {
        let by = match (&stream.duplicates, &stream.sync) {
            (Duplicates::Last { order_by }, _) => order_by,
            (Duplicates::Refuse, SyncMode::Incremental { cursor, .. }) => cursor,
            _ => return None,
        };
        let is_there = self.columns.iter().any(|column| column.name == *by);
        (is_there && !self.has_unique_keys && !self.key.is_empty()).then_some(by)
    }
}

fn compared(
    output: &OutputColumn,
    existing: &Table,
    allow_lossy: bool,
) -> Result<ComparedColumn, Incomparable> {
    let name = &output.name;
    let Some(there) = existing.column(name) else {
        let unreadable = existing.unreadable.contains(name);
        let (reason, hint) = match unreadable {
            true => ("it may not be read there", "grant SELECT on it to the role"),
            false => (
                "the destination has no such column",
                "leave it out of the SELECT",
            ),
        };
        return Err(Incomparable::Refused {
            reason: reason.to_owned(),
            hint: hint.to_owned(),
        });
    };
    let computed = match output.is_carried {
        // The type of a computed column says less than its Arrow type, which bounds the digits.
        false => pg_type_of(&output.data_type),
        true => None,
    };
    let from = computed.as_ref().unwrap_or(&output.pg_type);
    let column = ComparedColumn::new(name, from, &there.pg_type, allow_lossy)?;
    Ok(match output.is_carried {
        false => column.computed(),
        true => column,
    })
}

/// Columns of either side that no comparison sees.
fn left_out(table: &Table, outputs: &[OutputColumn], existing: &Table) -> Vec<ColumnLeftOut> {
    let is_written = |name: &str| outputs.iter().any(|output| output.name == name);
    let names = existing
        .columns
        .iter()
        .map(|column| (&column.name, column.generated))
        .chain(existing.unreadable.iter().map(|name| (name, false)));
    let there = names
        .filter(|(name, _)| !is_written(name))
        .map(|(name, generated)| {
            let reason = match generated {
                true => "the destination generates it",
                false => "the stream does not write it",
            };
            ColumnLeftOut {
                column: name.clone(),
                reason: reason.to_owned(),
            }
        });
    let unreadable = table.unreadable.iter().map(|name| ColumnLeftOut {
        column: name.clone(),
        reason: "it may not be read at the source".to_owned(),
    });
    there.chain(unreadable).collect()
}

/// The key asked for; else the destination's primary key; else the source's, where it is carried;
/// else a unique index of the destination whose columns are never NULL.
fn key(
    stream: &Stream,
    table: &Table,
    transform: &dyn TransformPlan,
    existing: &Table,
) -> Result<Vec<String>> {
    let outputs = transform.columns();
    let is_written = |name: &String| outputs.iter().any(|output| output.name == *name);
    if let Some(name) = stream.key.iter().find(|name| !is_written(name)) {
        let message = format!(
            "key column {name:?} is not among those of stream {}",
            stream.name
        );
        return Err(Error::new(ErrorKind::Config, message).with_hint("name columns of the result"));
    }
    if !stream.key.is_empty() {
        return Ok(stream.key.clone());
    }
    let written = |key: &Vec<String>| key.iter().all(is_written);
    let carrier = |name: &String| {
        let output = outputs
            .iter()
            .find(|output| output.source_column.as_ref() == Some(name));
        output.map(|output| output.name.clone())
    };
    let carried = || {
        let key = transform
            .keeps_rows_apart()
            .then(|| table.primary_key())??;
        key.iter().map(carrier).collect::<Option<Vec<String>>>()
    };
    let unique = || {
        let indexes = existing
            .unique_indexes
            .iter()
            .filter_map(|index| index.column_names());
        let mut complete = indexes.filter(|names| written(names) && existing.is_unique(names));
        complete.next()
    };
    let primary = existing.primary_key().filter(written);
    Ok(primary.or_else(carried).or_else(unique).unwrap_or_default())
}

fn has_unique_keys(table: &Table, transform: &dyn TransformPlan, key: &[String]) -> bool {
    let source = |name: &String| {
        let mut outputs = transform.columns().iter();
        outputs
            .find(|output| output.name == *name)?
            .source_column
            .clone()
    };
    let sources: Option<Vec<String>> = key.iter().map(source).collect();
    transform.keeps_rows_apart() && sources.is_some_and(|sources| table.is_unique(&sources))
}

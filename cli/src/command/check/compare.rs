//! A SELECT run by the engine and by the source, over the same rows, compared.

use std::collections::HashMap;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use futures::StreamExt;
use serde::Serialize;
use towpath_engine::Result;
use towpath_engine::pipeline::{Databases, InputTable, Stream, Wanted};
use towpath_engine::table::Table;
use towpath_engine::transform::{Destination, Input, OutputColumn, Transform, TransformPlan};

use crate::value;

/// Differing rows that are shown of each side, at most.
const SHOWN: usize = 3;

/// What a comparison found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Comparison {
    /// Rows that the source's SELECT gave.
    pub(super) rows: usize,
    /// Names and types that differ, in words.
    pub(super) columns: Vec<String>,
    /// Rows that only the engine gave, and that only the source gave.
    pub(super) differing: usize,
    /// Some of them, in words.
    pub(super) examples: Vec<String>,
    /// What the source does in either case, and why.
    pub(super) notes: Vec<String>,
}

impl Comparison {
    /// Whether both gave the same.
    pub(super) fn is_equal(&self) -> bool {
        self.columns.is_empty() && self.differing == 0
    }
}

/// Runs the SELECT of `stream` both ways over about `rows` rows of its table, and all of any other;
/// `None` if the source cannot run it.
///
/// # Errors
/// Those of planning, and of running either.
pub(super) async fn compare(
    databases: &Databases,
    stream: &Stream,
    rows: u64,
) -> Result<Option<Comparison>> {
    let Some(at_source) = stream.transform.at_source() else {
        return Ok(None);
    };
    let here = run(databases, stream, &*stream.transform, rows).await?;
    let there = run(databases, stream, &*at_source, rows).await?;
    let mut comparison = Comparison {
        rows: there.rows.len(),
        columns: differing_columns(&here.columns, &there.columns),
        notes: here.notes,
        ..Comparison::default()
    };
    if comparison.columns.is_empty() {
        let (engine, source) = (
            surplus(&here.rows, &there.rows),
            surplus(&there.rows, &here.rows),
        );
        comparison.differing = engine.len() + source.len();
        for (side, rows) in [("engine", engine), ("source", source)] {
            let shown = rows.iter().take(SHOWN);
            comparison
                .examples
                .extend(shown.map(|row| format!("only by the {side}: {}", row.join(" | "))));
        }
    }
    Ok(Some(comparison))
}

/// What one way gave.
struct Outcome {
    columns: Vec<(String, String)>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

async fn run(
    databases: &Databases,
    stream: &Stream,
    transform: &dyn Transform,
    rows: u64,
) -> Result<Outcome> {
    let wanted = Wanted {
        table: &stream.table,
        into: Some(&stream.into),
        row_security: stream.options.row_security,
    };
    let tables = databases.tables(wanted, transform).await?;
    let inputs: Vec<Input<'_>> = tables.iter().map(InputTable::input).collect();
    let first = transform.plan(&inputs, &Destination::default()).await?;
    let typed = |column: &OutputColumn| (column.name.clone(), column.pg_type.sql.clone());
    let columns: Vec<(String, String)> = first.columns().iter().map(typed).collect();
    // What is only carried is compared in the source's own text form.
    let destination = Destination {
        as_text: columns.iter().map(|(name, _)| name.clone()).collect(),
        ..Destination::default()
    };
    let plan = transform.plan(&inputs, &destination).await?;
    let tables: Vec<Table> = tables.into_iter().map(|input| input.table).collect();
    let sources = databases.samples((stream, &tables), rows, plan.scans());
    let sources = sources.await?;
    let mut found = Vec::new();
    for mut batches in plan.execute(&sources).await? {
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let row = |row| row_text(&*plan, batch.columns(), row);
            found.extend((0..batch.num_rows()).map(row));
        }
    }
    Ok(Outcome {
        columns,
        rows: found,
        notes: first.notes().to_vec(),
    })
}

/// One row in PostgreSQL's text form; numerics by their value.
fn row_text(plan: &dyn TransformPlan, arrays: &[ArrayRef], row: usize) -> Vec<String> {
    let cells = arrays.iter().zip(plan.columns()).map(|(array, column)| {
        let Some(text) = value::text(array, row) else {
            return "NULL".to_owned();
        };
        match array.data_type() {
            DataType::Boolean => array.as_boolean().value(row).to_string(),
            _ if column.pg_type.name == "numeric" => by_value(&text).to_owned(),
            _ => text,
        }
    });
    cells.collect()
}

/// A number without the zeros at the end of its fraction.
fn by_value(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

fn differing_columns(here: &[(String, String)], there: &[(String, String)]) -> Vec<String> {
    let told = |columns: &[(String, String)]| {
        let named = columns.iter().map(|(name, sql)| format!("{name} {sql}"));
        named.collect::<Vec<_>>().join(", ")
    };
    match here == there {
        true => Vec::new(),
        false => vec![
            format!("by the engine: {}", told(here)),
            format!("by the source: {}", told(there)),
        ],
    }
}

/// The rows of `these` that `those` does not have as often.
fn surplus<'a>(these: &'a [Vec<String>], those: &[Vec<String>]) -> Vec<&'a Vec<String>> {
    let mut left: HashMap<&Vec<String>, usize> = HashMap::new();
    for row in those {
        *left.entry(row).or_default() += 1;
    }
    let is_surplus = |row: &&Vec<String>| match left.get_mut(*row) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    these.iter().filter(is_surplus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_compared_as_often_as_they_come() {
        let row = |text: &str| vec![text.to_owned()];
        let these = [row("a"), row("a"), row("b")];
        let those = [row("a"), row("c")];
        assert_eq!(surplus(&these, &those), [&row("a"), &row("b")]);
        assert_eq!(surplus(&those, &these), [&row("c")]);
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert_eq!(by_value("1.50"), "1.5");
        assert_eq!(by_value("100"), "100");
        assert_eq!(by_value("2.00"), "2");
    }
}

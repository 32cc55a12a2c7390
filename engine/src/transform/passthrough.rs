//! The transform that changes nothing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Destination, Input, OutputColumn, ResultColumn, Transform, TransformPlan};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{BatchStream, Scan, ScanColumn, Source, SourceQuery};
use crate::table::Column;
use crate::types::{Assignment, PgType, Representation, assign, native_type};

/// Carries every row and every column as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passthrough;

#[async_trait]
impl Transform for Passthrough {
    async fn plan(
        &self,
        inputs: &[Input<'_>],
        destination: &Destination,
    ) -> Result<Arc<dyn TransformPlan>> {
        let [Input { table, .. }] = inputs else {
            let message = "rows pass as they are from one table";
            return Err(Error::new(ErrorKind::Internal, message));
        };
        if let Some(name) = table.unreadable.first() {
            let message = format!("column {name:?} of {} may not be read", table.name);
            return Err(Error::new(ErrorKind::Schema, message).with_hint(format!(
                "name the columns to copy (SELECT … FROM {{{{ source }}}}), or let its owner run: \
                 GRANT SELECT ON {} TO the role",
                table.name
            )));
        }
        let scan_columns = table
            .columns
            .iter()
            .filter(|column| is_wanted(column, destination))
            .map(|column| carried(column, destination))
            .collect::<Result<Vec<_>>>()?;
        let columns = scan_columns
            .iter()
            .map(|column| output_column(column, Some(column.column.clone())))
            .collect();
        let scan = Scan {
            columns: scan_columns,
            filters: Vec::new(),
            ..Scan::default()
        };
        Ok(Arc::new(PassthroughPlan {
            columns,
            scans: [scan],
            keeps_rows_apart: true,
            notes: Vec::new(),
        }))
    }

    fn select(&self) -> Option<String> {
        None
    }

    fn at_source(&self) -> Option<Arc<dyn Transform>> {
        None
    }
}

/// The plan that carries the `columns` of `query`, which the source runs for the reasons in
/// `notes`; `keeps_rows_apart` says whether each of its rows comes from a row of its own.
///
/// # Errors
/// `UnsupportedType`, if no table can hold a column.
pub fn carry_query(
    query: SourceQuery,
    columns: &[ResultColumn],
    keeps_rows_apart: bool,
    (destination, notes): (&Destination, Vec<String>),
) -> Result<Arc<dyn TransformPlan>> {
    let scan_columns = columns
        .iter()
        .map(|result| carried(&result.column, destination))
        .collect::<Result<Vec<_>>>()?;
    let outputs = columns.iter().zip(&scan_columns).map(|(result, column)| {
        let source_column = result.origin.clone();
        output_column(column, source_column)
    });
    Ok(Arc::new(PassthroughPlan {
        columns: outputs.collect(),
        scans: [Scan {
            columns: scan_columns,
            query: Some(query),
            ..Scan::default()
        }],
        keeps_rows_apart,
        notes,
    }))
}

fn output_column(column: &ScanColumn, source_column: Option<String>) -> OutputColumn {
    OutputColumn {
        name: column.column.clone(),
        pg_type: column.pg_type.clone(),
        representation: column.representation,
        data_type: column.data_type(),
        nullable: column.nullable,
        is_carried: true,
        source_column,
        input: 0,
    }
}

/// A column that the destination generates itself is not read.
fn is_wanted(column: &Column, destination: &Destination) -> bool {
    let table = destination.table.as_ref();
    !table
        .and_then(|table| table.column(&column.name))
        .is_some_and(|there| there.generated)
}

/// The scan of a column that is only carried.
///
/// # Errors
/// `UnsupportedType`, if its type is a pseudo-type.
fn carried(column: &Column, destination: &Destination) -> Result<ScanColumn> {
    let representation = destination.carry(&column.name, &column.pg_type);
    let representation = representation.ok_or_else(|| {
        let message = format!(
            "column {:?} is {}, which no table can hold",
            column.name, column.pg_type
        );
        Error::new(ErrorKind::UnsupportedType, message).with_hint("cast it in the source's view")
    })?;
    Ok(ScanColumn {
        column: column.name.clone(),
        field_name: column.name.clone(),
        pg_type: column.pg_type.clone(),
        representation,
        nullable: column.nullable,
    })
}

/// How values of `from` travel into a column of type `to`, if there is one.
pub(super) fn carry(from: &PgType, to: Option<&PgType>) -> Option<Representation> {
    if matches!(from.without_domains().kind, crate::types::TypeKind::Pseudo) {
        return None;
    }
    let wire_or_text = match from.is_portable_in_binary() {
        true => Representation::Wire,
        false => Representation::Text,
    };
    Some(match to.map(|to| assign(from, to)) {
        None | Some(Assignment::Refused { .. }) => wire_or_text,
        Some(Assignment::Exact { same_binary: true }) => wire_or_text,
        Some(Assignment::Converted {
            through_text: false,
            ..
        }) => wire_or_text,
        Some(
            Assignment::Converted {
                through_text: true, ..
            }
            | Assignment::Lossy { .. },
        ) => Representation::Text,
        Some(Assignment::Exact { same_binary: false }) => match native_type(from) {
            Some(_) => Representation::Native,
            None => Representation::Text,
        },
    })
}

struct PassthroughPlan {
    columns: Vec<OutputColumn>,
    scans: [Scan; 1],
    keeps_rows_apart: bool,
    notes: Vec<String>,
}

#[async_trait]
impl TransformPlan for PassthroughPlan {
    fn columns(&self) -> &[OutputColumn] {
        &self.columns
    }

    fn scans(&self) -> &[Scan] {
        &self.scans
    }

    fn relay(&self) -> Option<Scan> {
        let [scan] = &self.scans;
        Some(scan.clone())
    }

    fn keeps_rows_apart(&self) -> bool {
        self.keeps_rows_apart
    }

    fn explain(&self) -> Option<String> {
        None
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    async fn execute(&self, sources: &[Arc<dyn Source>]) -> Result<Vec<BatchStream>> {
        let [scan] = &self.scans;
        let Some(source) = sources.get(scan.input) else {
            let message = "there is no source for a scan";
            return Err(Error::new(ErrorKind::Internal, message));
        };
        let partitions = 0..source.partition_count(scan);
        Ok(partitions
            .map(|partition| source.read(scan, partition))
            .collect())
    }

    fn compute_time(&self) -> Duration {
        Duration::ZERO
    }
}

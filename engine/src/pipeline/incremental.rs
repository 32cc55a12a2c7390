//! Reading only what is new: conditions and watermarks.

use super::{SourceSession, Stream, SyncMode};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::Connection;
use crate::report::PipelineName;
use crate::sink::{WatermarkOf, WriteMode, last_watermark};
use crate::table::{Column, Table, ident};
use crate::transform::TransformPlan;
use crate::types::oid;
use crate::watermark::Watermark;

/// The cursor column of an incremental stream; `None` if the stream reads all rows.
///
/// # Errors
/// `Config`, if the write mode needs all rows, or would insert some again; `Schema`, if the table
/// has no such column.
pub(super) fn cursor_column<'a>(stream: &Stream, table: &'a Table) -> Result<Option<&'a Column>> {
    let SyncMode::Incremental { cursor, .. } = &stream.sync else {
        return Ok(None);
    };
    if stream.write != WriteMode::Upsert {
        let message = format!(
            "stream {} cannot be incremental and {}",
            stream.name, stream.write
        );
        return Err(Error::new(ErrorKind::Config, message).with_hint(
            "use upsert: an incremental run reads rows at the watermark again, and no old ones",
        ));
    }
    let column = table.column(cursor).ok_or_else(|| {
        let names: Vec<&str> = table.columns.iter().map(|column| &*column.name).collect();
        Error::new(
            ErrorKind::Schema,
            format!("{} has no column {cursor:?}", table.name),
        )
        .with_hint(format!("the cursor is one of: {}", names.join(", ")))
    })?;
    Ok(Some(column))
}

/// The condition that rows at or above the last watermark pass.
///
/// Rows equal to the watermark are read again, as others with the same value may have come after
/// them; so are rows without cursor, of which nothing tells whether they changed.
pub(super) async fn condition(
    destination: &Connection,
    pipeline: &PipelineName,
    stream: &Stream,
    cursor: &Column,
) -> Result<Option<String>> {
    if matches!(
        stream.sync,
        SyncMode::Incremental {
            from_start: true,
            ..
        }
    ) {
        return Ok(None);
    }
    let flow = WatermarkOf {
        stream: &stream.name,
        source: &stream.table.to_string(),
        destination: &stream.into.to_string(),
        cursor: &cursor.name,
    };
    let watermark = last_watermark(destination, pipeline, &flow).await?;
    Ok(watermark.map(|watermark| newer_than(cursor, &watermark)))
}

fn newer_than(cursor: &Column, watermark: &Watermark) -> String {
    let name = ident(&cursor.name);
    let literal = watermark.as_str().replace('\'', "''");
    let condition = format!("{name} >= '{literal}'::{}", cursor.pg_type);
    match cursor.nullable {
        true => format!("{condition} OR {name} IS NULL"),
        false => condition,
    }
}

/// The greatest cursor value that the run's snapshot holds; `None` if it holds no row.
///
/// Infinities and NaN do not count: nothing could ever be newer.
pub(super) async fn watermark(
    source: &SourceSession,
    stream: &Stream,
    table: &Table,
    cursor: &Column,
) -> Result<Option<Watermark>> {
    let name = ident(&cursor.name);
    let finite = match cursor.pg_type.without_domains().oid {
        oid::DATE | oid::TIMESTAMP | oid::TIMESTAMPTZ => {
            format!(" WHERE pg_catalog.isfinite({name})")
        }
        oid::FLOAT4 | oid::FLOAT8 | oid::NUMERIC => {
            format!(" WHERE {name}::pg_catalog.text NOT IN ('NaN', 'Infinity', '-Infinity')")
        }
        _ => String::new(),
    };
    let sql = format!(
        "SELECT pg_catalog.max({name})::pg_catalog.text FROM {}{finite}",
        table.name
    );
    Ok(source
        .snapshot_text(stream, &sql)
        .await?
        .map(Watermark::new))
}

/// The column of the result that carries the cursor; `None` if the stream reads all rows.
pub(super) fn cursor_carrier(stream: &Stream, transform: &dyn TransformPlan) -> Option<String> {
    let SyncMode::Incremental { cursor, .. } = &stream.sync else {
        return None;
    };
    let mut columns = transform.columns().iter();
    let carrier = columns.find(|column| column.source_column.as_ref() == Some(cursor))?;
    Some(carrier.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PgType;

    #[test]
    fn ties_and_rows_without_cursor_are_read_again() {
        let timestamp = PgType::builtin(oid::TIMESTAMP, "timestamp", "timestamp");
        let cursor = Column::computed("At".into(), timestamp);
        assert_eq!(
            newer_than(&cursor, &Watermark::new("2024-01-01 00:00:00")),
            r#""At" >= '2024-01-01 00:00:00'::timestamp OR "At" IS NULL"#
        );
        let not_null = Column {
            nullable: false,
            ..cursor
        };
        assert_eq!(
            newer_than(&not_null, &Watermark::new("a'b")),
            r#""At" >= 'a''b'::timestamp"#
        );
    }
}

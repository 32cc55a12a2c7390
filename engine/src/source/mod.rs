//! Where rows come from, as Arrow record batches.

mod memory;

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use futures::stream::BoxStream;

pub use memory::MemorySource;

use crate::error::Result;
use crate::types::{PgType, Representation, native_type};

/// A stream of batches that owns all it needs; dropping it ends its work at the source.
pub type BatchStream = BoxStream<'static, Result<RecordBatch>>;

/// Metadata key of a field: the column's PostgreSQL type, as `format_type` writes it.
pub const TYPE_KEY: &str = "towpath.type";

/// Metadata key of a field: `native`, `wire` or `text`.
pub const REPRESENTATION_KEY: &str = "towpath.representation";

/// One column of a [`Scan`]: which, and in what representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanColumn {
    /// The column's name at the source.
    pub column: String,
    /// The field's name in the batches: the column's own, unless one column is read twice.
    pub field_name: String,
    /// The column's type at the source.
    pub pg_type: PgType,
    /// How its values travel.
    pub representation: Representation,
    /// Whether NULL may occur.
    pub nullable: bool,
}

impl ScanColumn {
    /// The Arrow type of its field: the exact one, binary for wire, utf8 for text.
    pub fn data_type(&self) -> DataType {
        match self.representation {
            Representation::Native => native_type(&self.pg_type).unwrap_or(DataType::Utf8),
            Representation::Wire => DataType::Binary,
            Representation::Text => DataType::Utf8,
        }
    }

    /// Its field, with type and representation in the metadata.
    pub fn field(&self) -> Field {
        Field::new(&self.field_name, self.data_type(), self.nullable).with_metadata(HashMap::from(
            [
                (TYPE_KEY.to_owned(), self.pg_type.sql.clone()),
                (
                    REPRESENTATION_KEY.to_owned(),
                    self.representation.to_string(),
                ),
            ],
        ))
    }
}

/// What is asked of a source: columns, and the rows that pass all filters, up to a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Columns of the batches in order; there may be none, and then batches only count rows.
    pub columns: Vec<ScanColumn>,
    /// Conditions in the source's own SQL; a row must pass all.
    pub filters: Vec<String>,
    /// Rows that are enough. Each partition may give as many, so the reader must still stop.
    pub limit: Option<u64>,
}

impl Scan {
    /// The schema of its batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(
            self.columns
                .iter()
                .map(ScanColumn::field)
                .collect::<Vec<_>>(),
        ))
    }
}

/// Where batches come from.
///
/// A run asks once for [`partition_count`](Source::partition_count), then
/// [reads](Source::read) each partition, possibly all at the same time and possibly some of them
/// again. All reads see the same rows, whenever they begin.
pub trait Source: Send + Sync {
    /// How many partitions `scan` is cut into: at least one.
    fn partition_count(&self, scan: &Scan) -> usize;

    /// The rows of partition number `partition`; every row of the scan is in exactly one.
    ///
    /// Nothing happens before the stream is first polled. No batch is empty.
    fn read(&self, scan: &Scan, partition: usize) -> BatchStream;

    /// Whether it applies [`Scan::filters`]; one that does not must be given none.
    fn accepts_filters(&self) -> bool;

    /// The statements it sends for `scan`, for people.
    fn describe(&self, scan: &Scan) -> Vec<String>;
}

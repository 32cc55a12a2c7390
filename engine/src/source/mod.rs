//! Where rows come from, as Arrow record batches.

mod copy;
mod governor;
mod memory;
mod reader;
mod snapshot;

use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use futures::stream::BoxStream;

pub(crate) use copy::with_tables;
pub use copy::{CopySource, ReadSettings, read_error};
pub use governor::{Governed, Governor, PauseReport, SourceLimits};
pub use memory::MemorySource;
pub use snapshot::{ReadSession, Snapshot};

pub use crate::types::ScanColumn;

use crate::decode::tuple_schema;
use crate::error::Result;
use crate::table::Table;

/// A stream of batches that owns all it needs; dropping it ends its work at the source.
pub type BatchStream = BoxStream<'static, Result<RecordBatch>>;

/// What is asked of a source: columns, and the rows that pass all filters, up to a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Columns of the batches in order; there may be none, and then batches only count rows.
    pub columns: Vec<ScanColumn>,
    /// Conditions in the source's own SQL; a row must pass all.
    pub filters: Vec<String>,
    /// Rows that are enough. Each partition may give as many, so the reader must still stop.
    pub limit: Option<u64>,
    /// The SELECT whose rows these are, if they are not the table's own.
    pub query: Option<SourceQuery>,
    /// Which of the tables that a transform reads this is about, by number: 0 is the stream's own.
    pub input: usize,
    /// What batches hold of these columns.
    pub shape: Shape,
}

/// What batches hold of the columns that are read. A source that is no PostgreSQL has nothing but
/// columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Each of them.
    #[default]
    Columns,
    /// Whole tuples as PostgreSQL sends them, in [`tuple_schema`].
    Tuples,
    /// Some of them, by number, and then each run of neighbours as one binary column: their fields
    /// as PostgreSQL sends them, each behind its length.
    Runs {
        /// The columns.
        columns: Vec<usize>,
        /// The runs, which may hold columns that are among the others.
        runs: Vec<Range<usize>>,
    },
}

/// What a stream's own table is called in a SELECT over it.
pub const SOURCE: &str = "source";

/// A SELECT that the source itself runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceQuery {
    /// The SELECT, in the source's SQL.
    pub select: String,
    /// What it calls the rows of the table that is scanned.
    pub name: String,
    /// Other tables of the database, and what it calls their rows.
    pub others: Vec<(String, Table)>,
    /// Whether it takes one row of the table at a time, so that of a part of the table it makes a
    /// part of its result.
    pub is_row_wise: bool,
}

impl Scan {
    /// The schema of its batches.
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = match &self.shape {
            Shape::Tuples => return tuple_schema(),
            Shape::Columns => self.columns.iter().map(ScanColumn::field).collect(),
            Shape::Runs { columns, runs } => {
                let columns = columns.iter().map(|&at| self.columns[at].field());
                let run = |run: &Range<usize>| {
                    let name = format!("fields {} to {}", run.start, run.end);
                    Field::new(name, DataType::Binary, false)
                };
                columns.chain(runs.iter().map(run)).collect()
            }
        };
        Arc::new(Schema::new(fields))
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

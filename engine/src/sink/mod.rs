//! Where batches end up.

mod comparison;
mod ledger;
mod load;
mod merger;
mod mode;
mod null;
mod parts;
mod publish;
pub mod staging;
mod table;
mod wal;
mod writer;

use arrow_array::RecordBatch;
use async_trait::async_trait;

pub use comparison::{ComparisonSink, Differences, Side, TupleSums};
pub use ledger::{LedgerEntry, RunIdentity, WatermarkOf, history, last_watermark, may_record};
pub use load::{LoadColumn, LoadPath, LoadPlan};
pub use mode::{Duplicates, WriteMode};
pub use null::NullSink;
pub use table::{SinkSessions, SinkSettings, TableSink};
pub use wal::WalWaker;

use crate::error::Result;
use crate::report::StreamReport;

/// Where batches end up.
///
/// A run opens at most [`writer_limit`](Sink::writer_limit) writers, possibly at the same time,
/// finishes them all, then calls [`commit`](Sink::commit) once. Nothing is visible in the
/// destination before `commit` returns. Dropping the sink without `commit` leaves the destination
/// untouched; staging tables that remain are removed by the next run.
#[async_trait]
pub trait Sink: Send + Sync {
    /// How many writers may be open at the same time: at least one.
    fn writer_limit(&self) -> usize;

    /// A writer for batches of the transform's columns.
    ///
    /// # Errors
    /// `Connect` or `Load`, if the destination does not take it.
    async fn writer(&self) -> Result<Box<dyn BatchWriter>>;

    /// Makes all finished writers' rows visible, together with the report's watermark, in one
    /// transaction. `report` says what was read and written; what publishing did is added to it.
    ///
    /// # Errors
    /// `Load`, if the destination refuses the rows; then it is as it was before.
    async fn commit(&self, report: StreamReport) -> Result<StreamReport>;
}

/// Takes batches on one connection.
#[async_trait]
pub trait BatchWriter: Send {
    /// Sends the rows of `batch`; waits while the destination cannot take more.
    ///
    /// # Errors
    /// `Encode`, if a value has no exact form there; `Load`, if the destination refuses.
    async fn write(&mut self, batch: &RecordBatch) -> Result<()>;

    /// Ends the stream and waits until the destination has taken every row.
    ///
    /// # Errors
    /// `Load`, if the destination refuses the rows.
    async fn finish(self: Box<Self>) -> Result<()>;
}

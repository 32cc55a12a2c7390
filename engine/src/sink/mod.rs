//! Where batches end up.

mod null;

use arrow_array::RecordBatch;
use async_trait::async_trait;

pub use null::NullSink;

use crate::error::Result;
use crate::watermark::Watermark;

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

    /// Makes all finished writers' rows visible, together with `watermark`, in one transaction.
    ///
    /// # Errors
    /// `Load`, if the destination refuses the rows; then it is as it was before.
    async fn commit(&self, load: LoadSummary) -> Result<LoadReport>;
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

/// What a sink is told when all rows are there.
#[derive(Clone, Debug, Default)]
pub struct LoadSummary {
    /// Rows read at the source.
    pub rows_read: u64,
    /// Rows given to the writers.
    pub rows_written: u64,
    /// The watermark to publish with the rows.
    pub watermark: Option<Watermark>,
}

/// What publishing did to the destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Rows that are new.
    pub rows_inserted: u64,
    /// Rows that changed.
    pub rows_updated: u64,
    /// Rows that were there, and the same.
    pub rows_unchanged: u64,
    /// Rows that were removed.
    pub rows_deleted: u64,
}

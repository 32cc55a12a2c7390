//! The writer whose rows are merged part by part.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::RecordBatch;
use async_trait::async_trait;

use super::merger::{Merged, Merger, PartQueue};
use super::writer::{CopyWriter, WriterTarget};
use super::{BatchWriter, LoadPlan, SinkSettings, staging};
use crate::error::{ErrorKind, Result};
use crate::postgres::{PooledConnection, server_error, statement};
use crate::report::Progress;
use crate::table::TableName;

/// Bytes of the first parts of a load: fewer are not worth a table and a statement.
const PART_BYTES: u64 = 4 << 20;

/// After so many parts they become twice as large, so that a long load does not hold locks on
/// thousands of tables.
const DOUBLED_AFTER: usize = 8;

/// How often they do: 256 GiB are enough.
const MAX_DOUBLINGS: usize = 16;

/// Parts of a load, each in a staging table of its own, which are merged as they come.
pub(super) struct Parts {
    tables: Arc<PartTables>,
    merger: Merger,
}

impl Parts {
    /// No parts yet, of the load `plan` into a table that is there. The publisher's transaction
    /// merges them.
    pub(super) fn new(
        publisher: &Arc<PooledConnection>,
        plan: &Arc<LoadPlan>,
        settings: &SinkSettings,
        progress: &Arc<Progress>,
    ) -> Self {
        let tables = PartTables {
            plan: plan.clone(),
            settings: settings.clone(),
            progress: progress.clone(),
            count: AtomicUsize::new(0),
        };
        Self {
            tables: Arc::new(tables),
            merger: Merger::start(publisher, plan, progress),
        }
    }

    /// A writer that makes parts of its rows.
    ///
    /// # Errors
    /// `Internal`, once parts were merged.
    pub(super) fn writer(&self) -> Result<PartWriter> {
        Ok(PartWriter {
            tables: self.tables.clone(),
            queue: self.merger.queue()?,
            current: None,
        })
    }

    /// Waits until all of them are merged. All writers must have finished.
    ///
    /// # Errors
    /// `Load`, if the destination refuses the rows; `Schema`, if it has changed.
    pub(super) async fn finish(&self) -> Result<Merged> {
        self.merger.finish().await
    }
}

/// The staging tables of parts.
struct PartTables {
    plan: Arc<LoadPlan>,
    settings: SinkSettings,
    progress: Arc<Progress>,
    /// How many there are.
    count: AtomicUsize,
}

impl PartTables {
    /// Creates the next part's table, and begins to write into it.
    async fn begin(&self) -> Result<Part> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let table = staging::staging_part(self.settings.run, self.settings.number, number);
        let connection = self.settings.sessions.writer().await?;
        let unlogged = statement::Persistence::Unlogged;
        let create = self.plan.create_staging(&table, unlogged);
        connection.batch_execute(&create).await.map_err(|err| {
            let message = format!("cannot stage rows of {}", self.plan.destination);
            server_error(ErrorKind::Load, message, err)
        })?;
        let copy = statement::copy_in(&table, &self.plan.column_names());
        let target = WriterTarget::new(&self.plan, &self.settings, &self.progress);
        Ok(Part {
            writer: CopyWriter::on_connection(connection, &copy, target).await?,
            table,
            enough: PART_BYTES << (number / DOUBLED_AFTER).min(MAX_DOUBLINGS),
        })
    }
}

/// A part that is being written.
struct Part {
    table: TableName,
    writer: CopyWriter,
    /// The bytes that make it worth merging before the last row has come.
    enough: u64,
}

/// Writes rows into one part after the other: a part ends where it is large enough and would be
/// merged at once.
pub(super) struct PartWriter {
    tables: Arc<PartTables>,
    queue: PartQueue,
    current: Option<Part>,
}

impl PartWriter {
    async fn end_part(&mut self) -> Result<()> {
        if let Some(part) = self.current.take() {
            Box::new(part.writer).finish().await?;
            self.queue.push(part.table);
        }
        Ok(())
    }
}

#[async_trait]
impl BatchWriter for PartWriter {
    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let part = match &mut self.current {
            Some(part) => part,
            None => self.current.insert(self.tables.begin().await?),
        };
        part.writer.write(batch).await?;
        match part.writer.bytes() >= part.enough && self.queue.is_waiting() {
            true => self.end_part().await,
            false => Ok(()),
        }
    }

    async fn finish(mut self: Box<Self>) -> Result<()> {
        self.end_part().await
    }
}

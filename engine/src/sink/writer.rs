//! One COPY into one table.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{Array, LargeBinaryArray, RecordBatch};
use arrow_buffer::Buffer;
use async_trait::async_trait;
use bytes::Bytes;
use futures::SinkExt;
use tokio_postgres::{Client, CopyInSink};

use super::{BatchWriter, Differences, LoadPlan, SinkSettings};
use crate::encode::{CopyEncoder, TupleEncoder};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::{PooledConnection, server_error};
use crate::report::{Progress, Step};

/// Bytes of one CopyData message. A message may end anywhere; this is large enough that its
/// header and system call do not count, and small enough to stay in the cache on its way.
const MESSAGE_BYTES: usize = 128 * 1024;

/// Encodes batches and sends them as one COPY.
pub(super) struct CopyWriter {
    table: String,
    encoder: TupleEncoder,
    only: Option<Arc<Differences>>,
    copy: Pin<Box<CopyInSink<Bytes>>>,
    /// Rows encoded so far.
    rows: u64,
    /// Bytes sent so far.
    bytes: u64,
    progress: Arc<Progress>,
    /// Kept open until the COPY is done; `None` if the transaction belongs to the sink.
    connection: Option<PooledConnection>,
}

impl CopyWriter {
    /// Begins the COPY `statement` on a connection of its own.
    pub(super) async fn on_connection(
        connection: PooledConnection,
        statement: &str,
        target: WriterTarget,
    ) -> Result<Self> {
        let mut writer = Self::on_client(&connection, statement, target).await?;
        writer.connection = Some(connection);
        Ok(writer)
    }

    /// Begins the COPY `statement` inside the client's transaction.
    pub(super) async fn on_client(
        client: &Client,
        statement: &str,
        target: WriterTarget,
    ) -> Result<Self> {
        let copy = client.copy_in(statement).await.map_err(|err| {
            server_error(
                ErrorKind::Load,
                format!("cannot write into {}", target.table),
                err,
            )
        })?;
        let mut header = Vec::new();
        CopyEncoder::header(&mut header);
        let mut writer = Self {
            table: target.table,
            encoder: target.encoder,
            only: target.only,
            copy: Box::pin(copy),
            rows: 0,
            bytes: 0,
            progress: target.progress,
            connection: None,
        };
        writer.send(header.into()).await?;
        Ok(writer)
    }

    /// Bytes sent so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Sends `bytes` in messages of limited size.
    async fn send(&mut self, mut bytes: Bytes) -> Result<()> {
        let began = Instant::now();
        self.bytes += bytes.len() as u64;
        self.progress.add_written(0, bytes.len() as u64);
        while !bytes.is_empty() {
            let message = bytes.split_to(bytes.len().min(MESSAGE_BYTES));
            let fed = self.copy.feed(message).await;
            fed.map_err(|err| refused(&self.table, err))?;
        }
        self.progress
            .clock
            .add(Step::DestinationWait, began.elapsed());
        Ok(())
    }
}

/// The bytes of an array's tuples, not copied.
struct TupleBytes(Buffer);

impl AsRef<[u8]> for TupleBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The tuples as they follow one another in the COPY stream.
fn stream_of(tuples: &LargeBinaryArray) -> Bytes {
    let offsets = tuples.offsets();
    let (start, end) = (offsets[0] as usize, offsets[tuples.len()] as usize);
    Bytes::from_owner(TupleBytes(tuples.values().clone())).slice(start..end)
}

/// What a writer writes, and how.
pub(super) struct WriterTarget {
    /// The table for people: the destination, not the staging table.
    pub(super) table: String,
    pub(super) encoder: TupleEncoder,
    /// The rows that are written, if not all.
    pub(super) only: Option<Arc<Differences>>,
    pub(super) progress: Arc<Progress>,
}

impl WriterTarget {
    /// What a writer of the load `plan` writes.
    pub(super) fn new(plan: &LoadPlan, settings: &SinkSettings, progress: &Arc<Progress>) -> Self {
        Self {
            table: plan.destination.to_string(),
            encoder: plan.encoder(),
            only: settings.only.clone(),
            progress: progress.clone(),
        }
    }
}

#[async_trait]
impl BatchWriter for CopyWriter {
    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let began = Instant::now();
        let mut tuples = self.encoder.tuples(batch)?;
        if let Some(only) = &self.only {
            tuples = only.select(&tuples);
        }
        self.rows += tuples.len() as u64;
        self.progress.add_written(tuples.len() as u64, 0);
        self.progress.clock.add(Step::Encode, began.elapsed());
        self.send(stream_of(&tuples)).await
    }

    async fn finish(mut self: Box<Self>) -> Result<()> {
        let mut trailer = Vec::new();
        CopyEncoder::trailer(&mut trailer);
        self.send(trailer.into()).await?;
        let began = Instant::now();
        let taken = self.copy.as_mut().finish().await;
        self.progress
            .clock
            .add(Step::DestinationWait, began.elapsed());
        let taken = taken.map_err(|err| refused(&self.table, err))?;
        match taken == self.rows {
            true => {
                self.connection
                    .iter()
                    .for_each(PooledConnection::allow_reuse);
                Ok(())
            }
            false => Err(rows_left_out(&self.table, self.rows.saturating_sub(taken))),
        }
    }
}

/// The error where the destination itself leaves out rows that it was given.
pub(super) fn rows_left_out(table: &str, rows: u64) -> Error {
    Error::new(
        ErrorKind::Load,
        format!("{table} left out {rows} of the rows that it was given"),
    )
    .with_hint(
        "a BEFORE trigger of the table returns NULL for them: filter them in the transform, or \
         disable the trigger",
    )
}

fn refused(table: &str, err: tokio_postgres::Error) -> Error {
    server_error(ErrorKind::Load, format!("{table} refused the rows"), err)
}

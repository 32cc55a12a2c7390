//! One COPY into one table.

use std::pin::Pin;
use std::sync::Arc;

use arrow_array::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use futures::SinkExt;
use tokio_postgres::{Client, CopyInSink};

use super::BatchWriter;
use crate::encode::CopyEncoder;
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::{Connection, server_error};
use crate::report::Progress;

/// Bytes of one CopyData message. A message may end anywhere; this is large enough that its
/// header and system call do not count, and small enough to stay in the cache on its way.
const MESSAGE_BYTES: usize = 128 * 1024;

/// Encodes batches and sends them as one COPY.
pub(super) struct CopyWriter {
    table: String,
    encoder: CopyEncoder,
    copy: Pin<Box<CopyInSink<Bytes>>>,
    /// Rows encoded so far.
    rows: u64,
    buffer: Vec<u8>,
    progress: Arc<Progress>,
    /// Kept open until the COPY is done; `None` if the transaction belongs to the sink.
    _connection: Option<Connection>,
}

impl CopyWriter {
    /// Begins the COPY `statement` on a connection of its own.
    pub(super) async fn on_connection(
        connection: Connection,
        statement: &str,
        target: WriterTarget,
    ) -> Result<Self> {
        let mut writer = Self::on_client(&connection, statement, target).await?;
        writer._connection = Some(connection);
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
        let mut buffer = Vec::new();
        target.encoder.header(&mut buffer);
        Ok(Self {
            table: target.table,
            encoder: target.encoder,
            copy: Box::pin(copy),
            rows: 0,
            buffer,
            progress: target.progress,
            _connection: None,
        })
    }

    /// Sends what is in the buffer, in messages of limited size.
    async fn send(&mut self, rows: u64) -> Result<()> {
        for message in self.buffer.chunks(MESSAGE_BYTES) {
            self.copy
                .feed(Bytes::copy_from_slice(message))
                .await
                .map_err(|err| refused(&self.table, err))?;
        }
        self.progress.add_written(rows, self.buffer.len() as u64);
        self.buffer.clear();
        Ok(())
    }
}

/// What a writer writes, and how.
pub(super) struct WriterTarget {
    /// The table for people: the destination, not the staging table.
    pub(super) table: String,
    pub(super) encoder: CopyEncoder,
    pub(super) progress: Arc<Progress>,
}

#[async_trait]
impl BatchWriter for CopyWriter {
    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.encoder.encode(batch, &mut self.buffer)?;
        self.rows += batch.num_rows() as u64;
        self.send(batch.num_rows() as u64).await
    }

    async fn finish(mut self: Box<Self>) -> Result<()> {
        self.encoder.trailer(&mut self.buffer);
        self.send(0).await?;
        let taken = self.copy.as_mut().finish().await;
        let taken = taken.map_err(|err| refused(&self.table, err))?;
        match taken == self.rows {
            true => Ok(()),
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

//! One connection that reads ranges of a table, one COPY after the other.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use bytes::Bytes;
use futures::poll;
use tokio_postgres::CopyOutStream;

use super::copy::{read_error, relay_limits};
use super::governor::Governed;
use super::snapshot::{ReadSession, Snapshot};
use super::{Scan, Shape};
use crate::decode::{BatchLimits, CopyDecoder};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::{PooledConnection, server_error};
use crate::report::{Progress, Step};

/// What a reader reads, and how.
pub(super) struct Reading {
    /// The table for people.
    pub(super) table: String,
    /// Statements that nobody has begun.
    pub(super) queue: Arc<Mutex<VecDeque<String>>>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) scan: Scan,
    pub(super) limits: BatchLimits,
    pub(super) progress: Arc<Progress>,
    /// The session to read in.
    pub(super) session: ReadSession,
}

/// Reads ranges, one COPY after the other, on one connection.
pub(super) struct PartitionReader {
    reading: Reading,
    connection: Option<PooledConnection>,
    copy: Option<OpenCopy>,
    /// Time spent waiting for the source.
    waited: Duration,
}

struct OpenCopy {
    stream: Governed<CopyOutStream>,
    decoder: CopyDecoder,
    /// Bytes since the last batch.
    bytes: u64,
    /// Whether everything has been read.
    is_done: bool,
}

/// Why a COPY gives no further batch, though it is not done.
enum Stop {
    Source(tokio_postgres::Error),
    Decode(Error),
}

impl OpenCopy {
    /// Reads until there is a batch; `None` at the end. Adds to `waited` how long the source took.
    async fn fill(&mut self, waited: &mut Duration) -> Result<Option<RecordBatch>, Stop> {
        loop {
            if let Some(batch) = self.decoder.next_batch().map_err(Stop::Decode)? {
                return Ok(Some(batch));
            }
            match self.next_message(waited).await {
                Some(message) => {
                    let bytes = message.map_err(Stop::Source)?;
                    self.bytes += bytes.len() as u64;
                    self.decoder.push(&bytes);
                }
                None => {
                    self.is_done = true;
                    return self.decoder.finish().map_err(Stop::Decode);
                }
            }
        }
    }

    /// The next message; the clock is read only if it is not there yet, as it is for most rows.
    async fn next_message(
        &mut self,
        waited: &mut Duration,
    ) -> Option<Result<Bytes, tokio_postgres::Error>> {
        let mut next = pin!(self.stream.next());
        if let Poll::Ready(message) = poll!(next.as_mut()) {
            return message;
        }
        let began = Instant::now();
        let message = next.await;
        *waited += began.elapsed();
        message
    }
}

impl PartitionReader {
    /// A reader that has not begun.
    pub(super) fn new(reading: Reading) -> Self {
        Self {
            reading,
            connection: None,
            copy: None,
            waited: Duration::ZERO,
        }
    }

    /// The next batch, with the time that the source and the decoder took for it.
    pub(super) async fn next_timed(&mut self) -> Result<Option<RecordBatch>> {
        let (began, waited_before) = (Instant::now(), self.waited);
        let batch = self.next_batch().await?;
        let waited = self.waited - waited_before;
        let clock = &self.reading.progress.clock;
        clock.add(Step::SourceWait, waited);
        clock.add(Step::Decode, began.elapsed().saturating_sub(waited));
        Ok(batch)
    }

    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(copy) = &mut self.copy else {
                let Some(statement) = self.next_statement() else {
                    let connection = self.connection.iter();
                    connection.for_each(PooledConnection::allow_reuse);
                    return Ok(None);
                };
                self.copy = Some(self.begin(&statement).await?);
                continue;
            };
            let batch = copy.fill(&mut self.waited).await;
            let bytes = std::mem::take(&mut copy.bytes);
            if copy.is_done {
                self.copy = None;
            }
            if let Some(batch) = batch.map_err(|stop| self.error(stop))? {
                self.reading
                    .progress
                    .add_read(batch.num_rows() as u64, bytes);
                return Ok(Some(batch));
            }
        }
    }

    async fn begin(&mut self, statement: &str) -> Result<OpenCopy> {
        self.reading.snapshot.governor().ready().await;
        let began = Instant::now();
        let connection = match &self.connection {
            Some(connection) => connection,
            None => {
                let joined = self.reading.snapshot.join(self.reading.session).await?;
                self.connection.insert(joined)
            }
        };
        let copy = connection.copy_out(statement).await;
        let stream = copy.map_err(|err| read_error(&self.reading.table, err))?;
        self.waited += began.elapsed();
        let Reading { scan, limits, .. } = &self.reading;
        let columns = || CopyDecoder::new(scan.columns.clone(), scan.schema(), *limits);
        let decoder = match &scan.shape {
            Shape::Columns => columns(),
            Shape::Tuples => CopyDecoder::whole_tuples(scan.columns.len(), relay_limits(*limits)),
            Shape::Runs {
                columns: some,
                runs,
            } => columns().with_runs(some, runs),
        };
        Ok(OpenCopy {
            stream: self.reading.snapshot.governor().govern(stream),
            decoder,
            bytes: 0,
            is_done: false,
        })
    }

    fn next_statement(&self) -> Option<String> {
        let mut queue = self
            .reading
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }

    fn error(&self, stop: Stop) -> Error {
        match stop {
            Stop::Decode(err) => self.located(err),
            Stop::Source(err) => {
                let message = format!("reading {} stopped", self.reading.table);
                server_error(ErrorKind::Read, message, err)
            }
        }
    }

    /// Names the table in an error that only knows the column.
    fn located(&self, err: Error) -> Error {
        let hint = err.hint().map(str::to_owned);
        let message = format!("cannot read {}", self.reading.table);
        let located = Error::new(err.kind(), message).with_source(err);
        match hint {
            Some(hint) => located.with_hint(hint),
            None => located,
        }
    }
}

//! The sink that forgets: for measuring everything before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use async_trait::async_trait;

use super::{BatchWriter, Sink};
use crate::error::Result;
use crate::report::StreamReport;

/// Counts rows and drops them.
#[derive(Debug, Default)]
pub struct NullSink {
    rows: Arc<AtomicU64>,
}

impl NullSink {
    /// Rows taken so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Sink for NullSink {
    fn writer_limit(&self) -> usize {
        usize::MAX
    }

    async fn writer(&self) -> Result<Box<dyn BatchWriter>> {
        Ok(Box::new(NullWriter {
            rows: self.rows.clone(),
        }))
    }

    async fn commit(&self, report: StreamReport) -> Result<StreamReport> {
        Ok(StreamReport {
            rows_inserted: report.rows_written,
            ..report
        })
    }
}

struct NullWriter {
    rows: Arc<AtomicU64>,
}

#[async_trait]
impl BatchWriter for NullWriter {
    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows
            .fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

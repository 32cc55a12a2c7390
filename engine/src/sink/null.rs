//! The sink that forgets: for measuring everything before it.

use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use async_trait::async_trait;

use super::{BatchWriter, LoadReport, LoadSummary, Sink};
use crate::error::Result;

/// Counts rows and drops them.
#[derive(Debug, Default)]
pub struct NullSink {
    rows: std::sync::Arc<AtomicU64>,
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

    async fn commit(&self, load: LoadSummary) -> Result<LoadReport> {
        Ok(LoadReport {
            rows_inserted: load.rows_written,
            ..LoadReport::default()
        })
    }
}

struct NullWriter {
    rows: std::sync::Arc<AtomicU64>,
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

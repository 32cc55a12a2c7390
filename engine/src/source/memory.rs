//! Batches that are in memory already: for tests, benchmarks, and callers with data of their own.

use arrow_array::{RecordBatch, RecordBatchOptions};
use futures::{StreamExt, stream};

use super::{BatchStream, Scan, Source};
use crate::error::{Error, ErrorKind, Result};

/// A source whose partitions are lists of batches in memory.
#[derive(Clone, Debug)]
pub struct MemorySource {
    partitions: Vec<Vec<RecordBatch>>,
}

impl MemorySource {
    /// A source of these partitions; their batches hold at least the columns that scans name.
    pub fn new(partitions: Vec<Vec<RecordBatch>>) -> Self {
        Self { partitions }
    }
}

impl Source for MemorySource {
    fn partition_count(&self, _scan: &Scan) -> usize {
        self.partitions.len().max(1)
    }

    fn read(&self, scan: &Scan, partition: usize) -> BatchStream {
        let batches = self.partitions.get(partition).cloned().unwrap_or_default();
        let scan = scan.clone();
        stream::iter(batches)
            .map(move |batch| project(&batch, &scan))
            .boxed()
    }

    fn accepts_filters(&self) -> bool {
        false
    }

    fn describe(&self, scan: &Scan) -> Vec<String> {
        let names: Vec<_> = scan.columns.iter().map(|column| &*column.column).collect();
        vec![format!("memory: {}", names.join(", "))]
    }
}

fn project(batch: &RecordBatch, scan: &Scan) -> Result<RecordBatch> {
    let columns = scan
        .columns
        .iter()
        .map(|column| {
            batch
                .column_by_name(&column.column)
                .cloned()
                .ok_or_else(|| {
                    let message = format!("batch in memory has no column {:?}", column.column);
                    Error::new(ErrorKind::Schema, message)
                })
        })
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(scan.schema(), columns, &options).map_err(|err| {
        Error::new(
            ErrorKind::Schema,
            "batch in memory does not have the scan's schema",
        )
        .with_source(err)
    })
}

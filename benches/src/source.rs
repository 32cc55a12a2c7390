//! A sample as a source.

use arrow_array::RecordBatch;
use futures::{StreamExt, stream};
use towpath_engine::Result;
use towpath_engine::source::{BatchStream, Scan, Source};

use crate::Sample;

/// Gives the rows of a sample for one scan, converted before anything is measured.
///
/// [`MemorySource`](towpath_engine::source::MemorySource) has each column in one representation;
/// a transform may ask for the same column in two.
#[derive(Clone, Debug)]
pub struct SampleSource {
    partitions: Vec<Vec<RecordBatch>>,
}

impl SampleSource {
    /// The rows of `sample` for `scan`, in `partition_count` partitions and batches of
    /// `batch_rows` rows.
    ///
    /// # Errors
    /// `Schema`, if the scan asks for other columns.
    pub fn new(
        sample: &Sample,
        scan: &Scan,
        (partition_count, batch_rows): (usize, usize),
    ) -> Result<Self> {
        let batch = sample.in_columns(scan.columns.clone())?.batch;
        let mut partitions = vec![Vec::new(); partition_count];
        for (index, start) in (0..batch.num_rows()).step_by(batch_rows).enumerate() {
            let row_count = batch_rows.min(batch.num_rows() - start);
            partitions[index % partition_count].push(batch.slice(start, row_count));
        }
        Ok(Self { partitions })
    }
}

impl Source for SampleSource {
    fn partition_count(&self, _scan: &Scan) -> usize {
        self.partitions.len()
    }

    fn read(&self, _scan: &Scan, partition: usize) -> BatchStream {
        stream::iter(self.partitions[partition].clone())
            .map(Ok)
            .boxed()
    }

    /// Transforms that are measured have none: PostgreSQL would apply them.
    fn accepts_filters(&self) -> bool {
        true
    }

    fn describe(&self, _scan: &Scan) -> Vec<String> {
        vec!["generated rows".to_owned()]
    }
}

//! Which rows two tables do not share, found in memory that does not grow with them.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array, LargeBinaryArray, RecordBatch};
use async_trait::async_trait;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

use super::{BatchWriter, LoadPlan, Sink};
use crate::decode::tuple_schema;
use crate::encode::TupleEncoder;
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Progress, StreamReport};

/// Buckets at least and at most: 16 MiB of sums at most.
const BUCKETS: std::ops::RangeInclusive<u64> = 1 << 10..=1 << 21;

/// Bytes of tuples kept, so that rows of a small table need not be read again.
const KEPT_BYTES: usize = 32 << 20;

/// Sums of hashes of tuples: what the source has is added, what the destination has is subtracted.
///
/// A tuple's bucket and what it adds there are two halves of one keyed hash (SipHash-1-3, 128 bits)
/// of all its bytes. A bucket whose sum is zero holds the same tuples on both sides, as often on
/// each, whatever their order; that it is zero otherwise has a chance of 2⁻⁶⁴, with a key that is
/// drawn anew for each run.
pub struct TupleSums {
    hash: TupleHash,
    sums: Mutex<Vec<u64>>,
}

/// The side that a tuple is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What is to be in the table.
    Source,
    /// What is there.
    Destination,
}

/// The tuples that are not the same on both sides, and some that are.
pub struct Differences {
    hash: TupleHash,
    sums: Vec<u64>,
    is_empty: bool,
}

/// A keyed hash, and the number of buckets as a mask.
#[derive(Clone, Copy)]
struct TupleHash {
    key: SipHasher13,
    mask: u64,
}

impl TupleHash {
    fn new(buckets: u64) -> Self {
        let random = RandomState::new();
        Self {
            key: SipHasher13::new_with_keys(random.hash_one(0), random.hash_one(1)),
            mask: buckets - 1,
        }
    }

    /// A tuple's bucket, and what it adds there.
    fn of(&self, tuple: &[u8]) -> (usize, u64) {
        let mut hasher = self.key;
        hasher.write(tuple);
        let hash = hasher.finish128();
        ((hash.h1 & self.mask) as usize, hash.h2)
    }
}

impl TupleSums {
    /// Sums of no tuples, for about `expected_rows` on each side.
    pub fn new(expected_rows: u64) -> Self {
        let buckets = expected_rows.next_power_of_two();
        let buckets = buckets.clamp(*BUCKETS.start(), *BUCKETS.end());
        Self {
            hash: TupleHash::new(buckets),
            sums: Mutex::new(vec![0; buckets as usize]),
        }
    }

    /// Adds the tuples of one side.
    pub fn add(&self, tuples: &LargeBinaryArray, side: Side) {
        let hashes: Vec<(usize, u64)> = tuples
            .iter()
            .flatten()
            .map(|tuple| self.hash.of(tuple))
            .collect();
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        for (bucket, value) in hashes {
            sums[bucket] = match side {
                Side::Source => sums[bucket].wrapping_add(value),
                Side::Destination => sums[bucket].wrapping_sub(value),
            };
        }
    }

    /// What is not the same, after all tuples of both sides have been added.
    pub fn differences(&self) -> Differences {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let sums = std::mem::take(&mut *sums);
        Differences {
            hash: self.hash,
            is_empty: sums.iter().all(|&sum| sum == 0),
            sums,
        }
    }
}

impl Differences {
    /// Whether both sides are the same.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Whether `tuple` may be on one side only; if not, it is on both.
    pub fn may_contain(&self, tuple: &[u8]) -> bool {
        let (bucket, _) = self.hash.of(tuple);
        self.sums[bucket] != 0
    }

    /// Those of `tuples` that may be on one side only.
    pub(super) fn select(&self, tuples: &LargeBinaryArray) -> LargeBinaryArray {
        let tuples = tuples.iter().flatten();
        LargeBinaryArray::from_iter_values(tuples.filter(|tuple| self.may_contain(tuple)))
    }
}

/// Takes one side's rows into [`TupleSums`], and keeps them while they are few.
pub struct ComparisonSink {
    plan: LoadPlan,
    side: Side,
    sums: Arc<TupleSums>,
    progress: Arc<Progress>,
    /// The rows so far; `None` once they are too many.
    kept: Arc<Mutex<Option<Kept>>>,
}

/// Tuples, and their length in bytes.
#[derive(Default)]
struct Kept {
    tuples: Vec<LargeBinaryArray>,
    bytes: usize,
}

impl ComparisonSink {
    /// A sink for the rows of `side`: batches of `plan` from the source, whole tuples from the
    /// destination.
    pub fn new(plan: LoadPlan, side: Side, sums: Arc<TupleSums>, progress: Arc<Progress>) -> Self {
        let kept = (side == Side::Source).then(Kept::default);
        Self {
            plan,
            side,
            sums,
            progress,
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    /// All rows as batches of whole tuples, if they were few.
    ///
    /// # Errors
    /// None, unless the engine is wrong.
    pub fn take_kept(&self) -> Result<Option<Vec<RecordBatch>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = kept.take() else {
            return Ok(None);
        };
        let batches = kept.tuples.into_iter().map(|tuples| {
            RecordBatch::try_new(tuple_schema(), vec![Arc::new(tuples)]).map_err(|err| {
                Error::new(ErrorKind::Internal, "tuples do not make a batch").with_source(err)
            })
        });
        batches.collect::<Result<_>>().map(Some)
    }
}

#[async_trait]
impl Sink for ComparisonSink {
    fn writer_limit(&self) -> usize {
        usize::MAX
    }

    async fn writer(&self) -> Result<Box<dyn BatchWriter>> {
        Ok(Box::new(ComparisonWriter {
            encoder: match self.side {
                Side::Source => self.plan.encoder(),
                Side::Destination => TupleEncoder::Tuples,
            },
            side: self.side,
            sums: self.sums.clone(),
            progress: self.progress.clone(),
            kept: self.kept.clone(),
        }))
    }

    async fn commit(&self, report: StreamReport) -> Result<StreamReport> {
        Ok(report)
    }
}

struct ComparisonWriter {
    encoder: TupleEncoder,
    side: Side,
    sums: Arc<TupleSums>,
    progress: Arc<Progress>,
    kept: Arc<Mutex<Option<Kept>>>,
}

#[async_trait]
impl BatchWriter for ComparisonWriter {
    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let tuples = self.encoder.tuples(batch)?;
        self.sums.add(&tuples, self.side);
        self.progress.add_written(tuples.len() as u64, 0);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = kept.as_mut() {
            rows.bytes += tuples.values().len();
            rows.tuples.push(tuples);
        }
        if kept.as_ref().is_some_and(|rows| rows.bytes > KEPT_BYTES) {
            *kept = None;
        }
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_tuples_in_another_order_are_no_difference() {
        let differences = compare(&["a", "b", "b", "c"], &["b", "c", "a", "b"]);
        assert!(differences.is_empty());
        assert!(!differences.may_contain(b"a"));
    }

    #[test]
    fn a_tuple_on_one_side_only_is_a_difference() {
        for (source, destination) in [(&["a", "b"][..], &["a"][..]), (&["a"], &["a", "b"])] {
            let differences = compare(source, destination);
            assert!(differences.may_contain(b"b") && !differences.is_empty());
        }
    }

    #[test]
    fn how_often_a_tuple_comes_counts() {
        assert!(compare(&["a", "a"], &["a"]).may_contain(b"a"));
        assert!(compare(&["a"], &["a", "a", "a"]).may_contain(b"a"));
    }

    #[test]
    fn nothing_differs_from_nothing() {
        assert!(compare(&[], &[]).is_empty());
    }

    #[test]
    fn most_tuples_that_are_the_same_are_left_out() {
        let tuples: Vec<String> = (0..100_000).map(|number| format!("row {number}")).collect();
        let source: Vec<&str> = tuples.iter().map(String::as_str).collect();
        let differences = compare(&source, &source[..99_900]);
        let all = LargeBinaryArray::from_iter_values(&source);
        let selected = differences.select(&all);
        let selected: Vec<&[u8]> = selected.iter().flatten().collect();
        let missing = &source[99_900..];
        assert!(
            missing
                .iter()
                .all(|tuple| selected.contains(&tuple.as_bytes()))
        );
        // 100 buckets of 131,072 differ, with some 76 other tuples in them.
        assert!(selected.len() < 400, "{}", selected.len());
    }

    fn compare(source: &[&str], destination: &[&str]) -> Differences {
        let sums = TupleSums::new(source.len() as u64);
        let array = |tuples: &[&str]| LargeBinaryArray::from_iter_values(tuples);
        sums.add(&array(source), Side::Source);
        sums.add(&array(destination), Side::Destination);
        sums.differences()
    }
}

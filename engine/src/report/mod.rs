//! What a plan intends and what a run did, as data: printed by people's tools, never parsed back.

mod profile;

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

pub use profile::{Bottleneck, Clock, Profile, Step};

/// A pipeline's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct PipelineName(pub String);

impl fmt::Display for PipelineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One run's id: random, 16 hexadecimal digits, and the key of its advisory lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What one run of a pipeline did.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// The run's id, 16 hexadecimal digits, as in the ledger.
    pub run_id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// Its streams, in the order they were published.
    pub streams: Vec<StreamReport>,
    /// Wall time of the run, in milliseconds.
    pub elapsed_ms: u64,
}

/// What one stream of a run did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StreamReport {
    /// The stream's name.
    pub stream: String,
    /// The table read, as SQL writes it.
    pub source: String,
    /// The table written, as SQL writes it.
    pub destination: String,
    /// `upsert`, `append`, `replace` or `mirror`.
    pub write: String,
    /// Whether the run created the table.
    pub created: bool,
    /// Rows that the source sent.
    pub rows_read: u64,
    /// Rows that came out of the transform.
    pub rows_written: u64,
    /// Rows new in the destination.
    pub rows_inserted: u64,
    /// Rows of the destination that changed.
    pub rows_updated: u64,
    /// Rows that were there already, and the same: they were not written again.
    pub rows_unchanged: u64,
    /// Rows that did not count, as another one of the run had their key.
    pub rows_superseded: u64,
    /// Rows removed from the destination.
    pub rows_deleted: u64,
    /// Bytes of COPY data received.
    pub bytes_read: u64,
    /// Bytes of COPY data sent.
    pub bytes_written: u64,
    /// The watermark published, if the stream is incremental.
    pub watermark: Option<String>,
    /// Time spent catalogue to plan, in milliseconds.
    pub plan_ms: u64,
    /// Time spent finding out which rows the destination has already, pauses included, in
    /// milliseconds.
    pub compare_ms: u64,
    /// Time spent moving rows, pauses included, in milliseconds.
    pub load_ms: u64,
    /// Time in which reading paused as the source was busy, in milliseconds.
    pub paused_ms: u64,
    /// Time spent in the publishing transaction (keys, merge, commit), in milliseconds.
    pub publish_ms: u64,
    /// Where that time went.
    pub profile: Profile,
    /// What a person should know of these rows.
    pub notes: Vec<String>,
}

/// What a run of one stream would do.
#[derive(Clone, Debug, Serialize)]
pub struct PlanReport {
    /// The stream's name.
    pub stream: String,
    /// The table read, as SQL writes it.
    pub source: String,
    /// The table written, as SQL writes it.
    pub destination: String,
    /// Whether that table exists.
    pub destination_exists: bool,
    /// `upsert`, `append`, `replace` or `mirror`.
    pub write: String,
    /// The key that rows are merged by; empty if there is none.
    pub key: Vec<String>,
    /// How rows get there, in one sentence.
    pub path: String,
    /// The result's columns in order.
    pub columns: Vec<ColumnReport>,
    /// The statements the source is sent.
    pub reads: Vec<String>,
    /// What the engine runs in between; `None` if rows pass untouched.
    pub engine: Option<String>,
    /// The statements the destination is sent, in order.
    pub statements: Vec<String>,
    /// Statements that give the destination the types that it lacks, in order.
    pub types: Vec<String>,
    /// What the source's table has and the created one does not get, by name; empty if the table
    /// is there.
    pub not_copied: Vec<String>,
    /// What a person should know before running it.
    pub notes: Vec<String>,
}

/// How one column travels.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnReport {
    /// Its name in the result.
    pub name: String,
    /// Its type before the destination.
    pub source_type: String,
    /// `native`, `wire` or `text`.
    pub representation: String,
    /// The destination column's type.
    pub destination_type: String,
    /// Whether values arrive as they were.
    pub fidelity: Fidelity,
    /// How it is converted, or why it is refused and the way out.
    pub note: Option<String>,
}

/// Whether values arrive as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// Every value, bit for bit or in a wider type.
    Exact,
    /// In another form, which the note names.
    Converted,
    /// Not at all: the run is refused.
    Refused,
}

/// What a comparison of source and destination found out about one stream.
#[derive(Clone, Debug, Default, Serialize)]
pub struct VerifyReport {
    /// The stream's name.
    pub stream: String,
    /// The table read, as SQL writes it.
    pub source: String,
    /// The table written, as SQL writes it.
    pub destination: String,
    /// Whether both hold the same rows.
    pub equal: bool,
    /// The columns compared, in order.
    pub columns: Vec<String>,
    /// Columns that were left out, and why.
    pub not_compared: Vec<ColumnLeftOut>,
    /// The columns that tell rows apart; empty if none do.
    pub key: Vec<String>,
    /// Rows at the source, after the transform.
    pub source_rows: u64,
    /// Rows at the destination.
    pub destination_rows: u64,
    /// Rows that the destination lacks.
    pub missing: u64,
    /// Rows whose key is on both sides, and which differ.
    pub different: u64,
    /// Rows that only the destination has.
    pub surplus: u64,
    /// Rows that differ in one of the three ways.
    pub differing: u64,
    /// Whether `differing` and its parts are all there is; otherwise there are at least so many.
    pub is_complete: bool,
    /// The first rows that differ, by their keys.
    pub rows: Vec<RowDifference>,
    /// What a person should know about the comparison.
    pub notes: Vec<String>,
    /// Wall time, in milliseconds.
    pub elapsed_ms: u64,
}

/// A column that a comparison leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnLeftOut {
    /// Its name.
    pub column: String,
    /// Why.
    pub reason: String,
}

/// A row that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowDifference {
    /// The values of its key as text, in the order of the key's columns.
    pub key: Vec<Option<String>>,
    /// What is the matter with it.
    pub kind: DifferenceKind,
    /// The columns that differ, where the row is on both sides.
    pub columns: Vec<String>,
}

/// What is the matter with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The destination lacks it.
    Missing,
    /// Both sides have it, with other values.
    Different,
    /// Only the destination has it.
    Surplus,
}

/// What a running stream is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for its turn, or for the plan.
    Waiting,
    /// Rows of both sides are compared, so that only those that differ are loaded.
    Comparing,
    /// Rows are moving.
    Loading,
    /// The publishing transaction runs.
    Publishing,
    /// It is done.
    Done,
}

/// Counters of one running stream: written by the run, read by whoever shows progress.
#[derive(Debug, Default)]
pub struct Progress {
    rows_read: AtomicU64,
    bytes_read: AtomicU64,
    rows_written: AtomicU64,
    bytes_written: AtomicU64,
    expected_rows: AtomicU64,
    stage: AtomicU8,
    /// Where the time goes.
    pub clock: Clock,
    pause: Mutex<Option<String>>,
}

impl Progress {
    /// Counts rows and COPY bytes from the source.
    pub fn add_read(&self, rows: u64, bytes: u64) {
        self.rows_read.fetch_add(rows, Ordering::Relaxed);
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts rows and COPY bytes to the destination.
    pub fn add_written(&self, rows: u64, bytes: u64) {
        self.rows_written.fetch_add(rows, Ordering::Relaxed);
        self.bytes_written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Records how many rows the catalogue promises; 0 means it does not know.
    pub fn expect_rows(&self, rows: u64) {
        self.expected_rows.store(rows, Ordering::Relaxed);
    }

    /// Forgets what was counted, as rows are read once more.
    pub fn restart(&self) {
        for counter in [
            &self.rows_read,
            &self.bytes_read,
            &self.rows_written,
            &self.bytes_written,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// Records what the stream is doing.
    pub fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    /// Records why reading pauses; `None` if it does not.
    pub fn pause(&self, reason: Option<String>) {
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Rows received so far.
    pub fn rows_read(&self) -> u64 {
        self.rows_read.load(Ordering::Relaxed)
    }

    /// COPY bytes received so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Rows sent so far.
    pub fn rows_written(&self) -> u64 {
        self.rows_written.load(Ordering::Relaxed)
    }

    /// COPY bytes sent so far.
    pub fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Ordering::Relaxed)
    }

    /// Rows to expect from the source, if the catalogue knows.
    pub fn expected_rows(&self) -> Option<u64> {
        Some(self.expected_rows.load(Ordering::Relaxed)).filter(|&rows| rows > 0)
    }

    /// Why reading pauses, if it does.
    pub fn pause_reason(&self) -> Option<String> {
        let pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        pause.clone()
    }

    /// What the stream is doing.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            0 => Stage::Waiting,
            1 => Stage::Comparing,
            2 => Stage::Loading,
            3 => Stage::Publishing,
            _ => Stage::Done,
        }
    }
}

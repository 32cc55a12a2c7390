//! What a run is called and what it may use.

use std::fmt;

use serde::Serialize;

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

/// How much a run may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Connections that read, and connections that write, at the same time.
    pub connections: usize,
    /// Rows at most in one batch.
    pub batch_rows: usize,
    /// Bytes of COPY data at most in one batch; one row may exceed it.
    pub batch_bytes: usize,
    /// Memory in bytes that sorts, joins and aggregates of a transform may hold before they spill.
    pub memory_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            connections: cores.clamp(2, 8),
            batch_rows: 8192,
            batch_bytes: 4 << 20,
            memory_limit: 256 << 20,
        }
    }
}

//! What a run may use.

use crate::source::SourceLimits;

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
    /// How gently the source is treated.
    pub source_limits: SourceLimits,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            connections: cores.clamp(2, 8),
            batch_rows: 8192,
            batch_bytes: 4 << 20,
            memory_limit: 256 << 20,
            source_limits: SourceLimits::default(),
        }
    }
}

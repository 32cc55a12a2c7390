//! One stream of a pipeline: a table, a transform, a destination table and how to write it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::sink::{Duplicates, WriteMode};
use crate::table::TableName;
use crate::transform::Transform;

/// A stream: one table on its way into another.
#[derive(Clone)]
pub struct Stream {
    /// Its name within the pipeline.
    pub name: String,
    /// The table, view or foreign table that is read.
    pub table: TableName,
    /// The table that is written.
    pub into: TableName,
    /// What writing means.
    pub write: WriteMode,
    /// The key to merge by; empty means the destination's, or else the source's, primary key.
    pub key: Vec<String>,
    /// What happens to rows of one run that share a key.
    pub duplicates: Duplicates,
    /// Whether all rows are read, or only newer ones.
    pub sync: SyncMode,
    /// What is allowed and asked for beyond that.
    pub options: StreamOptions,
    /// What happens to rows in between.
    pub transform: Arc<dyn Transform>,
}

/// What a stream is allowed and asked to do beyond moving rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamOptions {
    /// Whether types that the destination lacks are created there, and labels added to its enums.
    pub create_types: bool,
    /// Whether only those triggers of the destination fire that are enabled for replicas; foreign
    /// keys are triggers too.
    pub replica_triggers: bool,
    /// Columns of the result that are treated in their own way, by name.
    pub columns: BTreeMap<String, ColumnOptions>,
    /// Whether rows may be hidden by row security.
    pub row_security: RowSecurity,
    /// Whether a created table gets the source's other indexes too.
    pub with_indexes: bool,
    /// Whether sequences of a table that is there are moved behind the rows that are written.
    pub advance_sequences: bool,
}

impl StreamOptions {
    /// The columns that travel as text.
    pub(super) fn text_columns(&self) -> BTreeSet<String> {
        let columns = self.columns.iter();
        columns
            .filter(|(_, options)| options.as_text)
            .map(|(name, _)| name.clone())
            .collect()
    }
}

/// How one column is treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnOptions {
    /// Whether it travels as text; a created table gets a text column.
    pub as_text: bool,
    /// Whether values may be rounded or cut to the destination's type.
    pub allow_lossy: bool,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} into {}", self.name, self.table, self.into)
    }
}

/// What happens where row security hides rows of the source from the role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowSecurity {
    /// The stream is refused.
    #[default]
    Refuse,
    /// Only the other rows are read, as if there were no more.
    Accept,
}

/// Whether a run reads all rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// All rows, every time.
    #[default]
    Full,
    /// Rows at or above the last run's watermark.
    Incremental {
        /// The source column that grows with every change.
        cursor: String,
        /// Whether this run reads all rows all the same.
        from_start: bool,
    },
}

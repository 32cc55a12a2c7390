//! One run: from two connections to published tables and their reports.

mod column;
mod created;
mod databases;
mod describe;
mod flow;
mod incremental;
mod lock;
mod plan;
mod privileges;
mod run;
mod session;
mod settings;
mod stream;
mod transfer;
mod type_changes;
mod verify;
mod versions;

pub use databases::{Databases, InputTable, Wanted};
pub use plan::StreamPlan;
pub use run::{Pipeline, Run};
pub use session::SourceSession;
pub use settings::Settings;
pub use stream::{ColumnOptions, RowSecurity, Stream, StreamOptions, SyncMode};
pub use verify::Verifier;

pub use crate::report::{PipelineName, RunId};
pub use crate::sink::{Duplicates, LedgerEntry, WriteMode, history};
pub use crate::source::SourceLimits;

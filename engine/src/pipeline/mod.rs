//! One run: from two connections to a published table and its report.

mod settings;
mod stream;

use std::sync::Arc;

pub use settings::Settings;
pub use stream::{Stream, SyncMode};

pub use crate::report::{PipelineName, RunId};
pub use crate::sink::{Duplicates, WriteMode};

use crate::error::{Error, Result};
use crate::postgres::ConnectionConfig;
use crate::report::{PlanReport, Progress, StreamReport};
use crate::source::Source;
use crate::table::{Table, TableName, TablePattern};

/// A pipeline: two databases, and how to go about it.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name, in the ledger and in the lock that keeps two runs of it apart.
    pub name: PipelineName,
    /// Where rows come from.
    pub source: ConnectionConfig,
    /// Where rows go.
    pub destination: ConnectionConfig,
    /// How many connections, how much memory.
    pub settings: Settings,
}

/// A source database seen under one snapshot.
pub struct SourceSession {}

impl SourceSession {
    /// Connects and takes the snapshot that every read will see.
    ///
    /// # Errors
    /// `Connect`, if the server cannot be reached or refuses us.
    pub async fn open(config: &ConnectionConfig, settings: &Settings) -> Result<Self> {
        unimplemented!("{config} {settings:?}")
    }

    /// The tables, views and foreign tables that `pattern` means, in order of their names.
    ///
    /// # Errors
    /// `Schema`, naming the nearest name, if it is one table and not there.
    pub async fn tables(&self, pattern: &TablePattern) -> Result<Vec<TableName>> {
        unimplemented!("{pattern}")
    }

    /// What the catalogue says of `name`.
    ///
    /// # Errors
    /// `Schema`, naming the nearest name, if it is not there or may not be read.
    pub async fn table(&self, name: &TableName) -> Result<Table> {
        unimplemented!("{name}")
    }

    /// The rows of `table`.
    pub fn source(&self, table: &Table, progress: Arc<Progress>) -> Arc<dyn Source> {
        unimplemented!("{table:?} {progress:?}")
    }
}

/// A pipeline with both connections open.
pub struct Run {}

impl Run {
    /// Connects to both servers. Nothing is written before [`execute`](Self::execute).
    ///
    /// # Errors
    /// `Connect`, if a server cannot be reached or refuses us.
    pub async fn open(pipeline: Pipeline) -> Result<Self> {
        unimplemented!("{pipeline:?}")
    }

    /// The run's id.
    pub fn id(&self) -> RunId {
        unimplemented!()
    }

    /// The source's side.
    pub fn source(&self) -> &SourceSession {
        unimplemented!()
    }

    /// Plans `stream` against both catalogues; no rows move.
    ///
    /// A plan with refused columns is a plan: its report says which, and
    /// [`execute`](Self::execute) refuses it.
    ///
    /// # Errors
    /// `Config` or `Schema`, if the stream cannot mean anything between these databases.
    pub async fn plan(&self, stream: &Stream) -> Result<StreamPlan> {
        unimplemented!("{stream:?}")
    }

    /// Moves the rows and publishes them.
    ///
    /// Dropping the future leaves the destination as it was; call [`clean_up`](Self::clean_up)
    /// then, or leave staging to the next run.
    ///
    /// # Errors
    /// Those of the plan, if it is refused; `Read`, `Decode`, `Encode` or `Load` after that.
    pub async fn execute(&self, plan: StreamPlan, progress: Arc<Progress>) -> Result<StreamReport> {
        unimplemented!("{:?} {progress:?}", plan.report)
    }

    /// Removes the staging tables that this run left behind.
    ///
    /// # Errors
    /// `Load`, if the destination refuses.
    pub async fn clean_up(&self) -> Result<()> {
        unimplemented!()
    }
}

/// A stream planned between two databases.
pub struct StreamPlan {
    report: PlanReport,
}

impl StreamPlan {
    /// What would happen, for people.
    pub fn report(&self) -> &PlanReport {
        &self.report
    }

    /// Why it cannot run: all reasons in one error; `None` if it can.
    pub fn refusal(&self) -> Option<Error> {
        unimplemented!()
    }
}

//! The sink that loads one table of PostgreSQL.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::ledger::{self, RunIdentity};
use super::parts::Parts;
use super::publish::{self, Publication};
use super::writer::{CopyWriter, WriterTarget};
use super::{BatchWriter, Differences, LoadPath, LoadPlan, Sink, WriteMode, staging};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::statement::{GIVE_UP_LOCKS, Persistence};
use crate::postgres::{
    Connection, ConnectionConfig, ConnectionPool, PooledConnection, server_error, statement,
};
use crate::report::{Progress, RunId, Step, StreamReport};
use crate::table::{TableName, ident};

/// What a sink needs beside the plan.
#[derive(Clone)]
pub struct SinkSettings {
    /// Sessions of the destination.
    pub sessions: Arc<SinkSessions>,
    /// The run, whose staging tables are named after it.
    pub run: RunId,
    /// The stream's number in the run.
    pub number: usize,
    /// Connections that may write at the same time.
    pub writers: usize,
    /// Whether tables may be created in the staging schema.
    pub may_stage: bool,
    /// What the ledger records of the run.
    pub identity: RunIdentity,
    /// The rows that are written, if not all: the table has the others already.
    pub only: Option<Arc<Differences>>,
    /// Whether the stream reads the database that it writes, and so holds locks there meanwhile.
    pub gives_up_locks: bool,
}

/// Sessions of a destination, which one sink after the other uses.
pub struct SinkSessions {
    publishers: Arc<ConnectionPool>,
    writers: Arc<ConnectionPool>,
}

impl SinkSessions {
    /// Sessions of the database at `config`, none of them open yet.
    pub fn new(config: &ConnectionConfig) -> Arc<Self> {
        let pool = |application, setup: &str| {
            Arc::new(ConnectionPool::new(
                config.clone(),
                application,
                setup.to_owned(),
            ))
        };
        Arc::new(Self {
            // Triggers and defaults of the destination run with the path their authors meant.
            publishers: pool("publish", "RESET search_path"),
            // The publishing transaction's commit makes these rows durable with its own.
            writers: pool("write", "SET synchronous_commit = off"),
        })
    }

    /// A session that fills staging tables.
    ///
    /// # Errors
    /// `Connect`, if the server refuses.
    pub(super) async fn writer(&self) -> Result<PooledConnection> {
        self.writers.get().await
    }
}

/// Where writers put rows until they are published.
pub(super) enum Target {
    /// Nowhere: the table has them all.
    Nothing,
    /// The table itself, inside the publishing transaction.
    Destination,
    /// A table in the staging schema that will be moved into place.
    Built(TableName),
    /// A table in the staging schema, to be merged.
    Staged(TableName),
    /// Several tables in the staging schema, each to be merged while others are written.
    Parts(Box<Parts>),
    /// A temporary table of the publishing session, to be merged.
    Temporary(TableName),
}

/// Loads one table by the plan's [path](LoadPath).
pub struct TableSink {
    plan: Arc<LoadPlan>,
    settings: SinkSettings,
    progress: Arc<Progress>,
    /// The session of the publishing transaction.
    publisher: Arc<PooledConnection>,
    target: Target,
}

impl TableSink {
    /// Opens the publishing session and prepares the place where rows will wait.
    ///
    /// # Errors
    /// `Connect`; `Load`, if the destination refuses; `Schema`, if it changed since it was planned.
    pub async fn open(
        plan: LoadPlan,
        settings: SinkSettings,
        progress: Arc<Progress>,
    ) -> Result<Self> {
        let (plan, publisher) = (Arc::new(plan), settings.sessions.publishers.get().await?);
        let set = [
            (plan.as_replica, "SET session_replication_role = replica; "),
            (settings.gives_up_locks, GIVE_UP_LOCKS),
        ];
        let set = set.iter().filter(|(is_set, _)| *is_set);
        let set: String = set.map(|(_, statement)| *statement).collect();
        if !set.is_empty() {
            let refused = |err| server_error(ErrorKind::Load, "cannot prepare the load", err);
            publisher.batch_execute(&set).await.map_err(refused)?;
        }
        let mut sink = Self {
            plan,
            settings,
            progress,
            publisher: Arc::new(publisher),
            target: Target::Nothing,
        };
        let is_needless = |only: &Arc<Differences>| only.is_empty();
        if !sink.settings.only.as_ref().is_some_and(is_needless) {
            sink.target = sink.prepare_target().await?;
        }
        Ok(sink)
    }

    /// Decides the path by what the destination holds, and creates the table that it needs.
    async fn prepare_target(&self) -> Result<Target> {
        let (plan, publisher) = (&*self.plan, &*self.publisher);
        let SinkSettings { may_stage, run, .. } = self.settings;
        let is_empty = plan.write == WriteMode::Append || is_empty(publisher, plan).await?;
        let mut path = plan.path(is_empty, may_stage);
        if path == LoadPath::Direct && !begin_direct(publisher, plan).await? {
            path = plan.merge_path(may_stage);
        }
        let table = staging::staging_table(run, self.settings.number);
        let (create, target) = match path {
            LoadPath::Direct => return Ok(Target::Destination),
            LoadPath::MergeParts => {
                let parts = Parts::new(&self.publisher, &self.plan, &self.settings, &self.progress);
                return Ok(Target::Parts(Box::new(parts)));
            }
            LoadPath::Build => (plan.create_destination(&table), Target::Built(table)),
            LoadPath::Merge if may_stage => {
                let create = plan.create_staging(&table, Persistence::Unlogged);
                (create, Target::Staged(table))
            }
            LoadPath::Merge => {
                let create = plan.create_staging(&table, Persistence::Temporary);
                (create, Target::Temporary(table))
            }
        };
        publisher.batch_execute(&create).await.map_err(|err| {
            let message = format!("cannot prepare the load of {}", plan.destination);
            server_error(ErrorKind::Load, message, err)
        })?;
        Ok(target)
    }
}

/// Whether the destination has no rows, or does not exist.
async fn is_empty(publisher: &Connection, plan: &LoadPlan) -> Result<bool> {
    if plan.existing.is_none() {
        return Ok(true);
    }
    let sql = format!("SELECT NOT EXISTS (SELECT FROM {})", plan.destination);
    let row = publisher.query_one(&sql, &[]).await.map_err(|err| {
        server_error(
            ErrorKind::Load,
            format!("cannot look into {}", plan.destination),
            err,
        )
    })?;
    Ok(row.get(0))
}

/// Begins the publishing transaction before the rows come. Tells whether they can go straight into
/// the table; if somebody wrote into it meanwhile, the transaction is over and they cannot.
async fn begin_direct(publisher: &Connection, plan: &LoadPlan) -> Result<bool> {
    let refused = |err| {
        server_error(
            ErrorKind::Load,
            format!("cannot begin to load {}", plan.destination),
            err,
        )
    };
    publisher.batch_execute("BEGIN").await.map_err(refused)?;
    let Some(existing) = &plan.existing else {
        publish::create_schema(publisher, &plan.destination.schema).await?;
        let create = plan.create_destination(&plan.destination);
        publisher.batch_execute(&create).await.map_err(refused)?;
        return Ok(true);
    };
    publish::lock_and_check(publisher, existing).await?;
    if plan.write == WriteMode::Append {
        return Ok(true);
    }
    let lock = format!(
        "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
        plan.destination
    );
    publisher.batch_execute(&lock).await.map_err(refused)?;
    let still_empty = is_empty(publisher, plan).await?;
    if !still_empty {
        publisher.batch_execute("ROLLBACK").await.map_err(refused)?;
    }
    Ok(still_empty)
}

#[async_trait]
impl Sink for TableSink {
    fn writer_limit(&self) -> usize {
        match self.target.has_own_writers() {
            true => self.settings.writers.max(1),
            false => 1,
        }
    }

    async fn writer(&self) -> Result<Box<dyn BatchWriter>> {
        let into = match &self.target {
            Target::Parts(parts) => return Ok(Box::new(parts.writer()?)),
            Target::Built(table) | Target::Staged(table) => table.clone(),
            Target::Temporary(table) => TableName::new("pg_temp", &*table.name),
            Target::Nothing | Target::Destination => self.plan.destination.clone(),
        };
        let statement = statement::copy_in(&into, &self.plan.column_names());
        let target = WriterTarget::new(&self.plan, &self.settings, &self.progress);
        let writer = match self.target.has_own_writers() {
            true => {
                let connection = self.settings.sessions.writer().await?;
                CopyWriter::on_connection(connection, &statement, target).await?
            }
            false => CopyWriter::on_client(&self.publisher, &statement, target).await?,
        };
        Ok(Box::new(writer))
    }

    async fn commit(&self, report: StreamReport) -> Result<StreamReport> {
        let began = Instant::now();
        let refused = |err| {
            let message = format!("cannot publish {}", self.plan.destination);
            server_error(ErrorKind::Load, message, err)
        };
        if self.settings.gives_up_locks {
            // Nothing is read any more.
            let wait = self.publisher.batch_execute("SET lock_timeout = 0").await;
            wait.map_err(refused)?;
        }
        let clock = &self.progress.clock;
        let merged_before = clock.profile().merge_ms;
        let publication = Publication {
            publisher: &self.publisher,
            plan: &self.plan,
            clock,
        };
        let report = publication.publish(&self.target, report).await?;
        ledger::record(&self.publisher, &self.settings.identity, &report).await?;
        self.publisher
            .batch_execute("COMMIT")
            .await
            .map_err(|err| {
                if err.is_closed() {
                    unknown_outcome(&self.settings.identity, err)
                } else {
                    refused(err)
                }
            })?;
        let profile = clock.profile();
        let told = profile.index_build_ms + profile.merge_ms - merged_before;
        let rest = began.elapsed().saturating_sub(Duration::from_millis(told));
        clock.add(Step::Merge, rest);
        let has_settings = self.plan.as_replica || self.settings.gives_up_locks;
        if !has_settings && !matches!(self.target, Target::Temporary(_)) {
            self.publisher.allow_reuse();
        }
        Ok(report)
    }
}

/// The connection broke while the commit was under way: the ledger knows.
fn unknown_outcome(identity: &RunIdentity, err: tokio_postgres::Error) -> Error {
    server_error(
        ErrorKind::Load,
        "the connection was lost during the commit",
        err,
    )
    .with_hint(format!(
        "it was published if towpath.runs has run_id {}; running again is safe for upsert, replace \
         and mirror",
        identity.run_id
    ))
}

impl Target {
    /// Whether rows get there on other sessions than the publishing one.
    fn has_own_writers(&self) -> bool {
        matches!(self, Self::Built(_) | Self::Staged(_) | Self::Parts(_))
    }

    /// The staging table as SQL, for statements of the publishing session.
    pub(super) fn staging_sql(&self) -> Option<String> {
        match self {
            Self::Nothing | Self::Destination | Self::Built(_) | Self::Parts(_) => None,
            Self::Staged(table) => Some(table.to_string()),
            Self::Temporary(table) => Some(format!("pg_temp.{}", ident(&table.name))),
        }
    }
}

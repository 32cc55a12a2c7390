//! The databases that rows come from: the source, and others that transforms name.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;
use tokio::sync::OnceCell;

use super::{RowSecurity, Settings, SourceSession, Stream};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::ConnectionConfig;
use crate::postgres::statement::PageRange;
use crate::report::Progress;
use crate::source::{CopySource, Scan, Source, SourceLimits};
use crate::table::{Table, TableName};
use crate::transform::{Input, Reference, ReferencedTable, Transform};

/// The databases that the transforms of a run may read, each under one snapshot.
///
/// All but the source are connected to when a transform first names them.
pub struct Databases {
    source: SourceSession,
    /// By what the pipeline calls them.
    others: BTreeMap<String, Database>,
    destination: Option<Database>,
    settings: Settings,
}

/// A database that may not be connected to yet.
struct Database {
    config: ConnectionConfig,
    settings: Settings,
    session: OnceCell<SourceSession>,
}

impl Database {
    fn new(config: ConnectionConfig, settings: Settings) -> Self {
        Self {
            config,
            settings,
            session: OnceCell::new(),
        }
    }

    async fn session(&self) -> Result<&SourceSession> {
        let open = || SourceSession::open(&self.config, &self.settings);
        self.session.get_or_try_init(open).await
    }
}

/// A table that a transform reads, and where it is.
pub struct InputTable<'a> {
    /// Its database.
    pub session: &'a SourceSession,
    /// What the catalogue there says of it.
    pub table: Table,
    /// That row security hides rows of it, if it does and that is accepted.
    pub(super) hidden: Option<String>,
}

impl InputTable<'_> {
    /// What a transform is planned over.
    pub fn input(&self) -> Input<'_> {
        Input {
            table: &self.table,
            catalog: self.session,
        }
    }

    /// That functions read what nobody keeps from being emptied meanwhile, if a view calls some.
    pub(super) async fn functions_note(&self) -> Result<Option<String>> {
        let functions = self.session.functions_behind(&self.table).await?;
        Ok((!functions.is_empty()).then(|| {
            format!(
                "{} calls {}: tables that a function reads are not locked, and to a run that began \
                 before they are emptied and filled again, they are empty",
                self.table.name,
                functions.join(", ")
            )
        }))
    }
}

/// Which tables a transform is about.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The stream's own.
    pub table: &'a TableName,
    /// The one that is written, if any is.
    pub into: Option<&'a TableName>,
    /// What happens where row security hides rows.
    pub row_security: RowSecurity,
}

impl Databases {
    /// Connects to the source.
    ///
    /// # Errors
    /// Those of [`SourceSession::open`].
    pub async fn open(source: &ConnectionConfig, settings: &Settings) -> Result<Self> {
        Ok(Self {
            source: SourceSession::open(source, settings).await?,
            others: BTreeMap::new(),
            destination: None,
            settings: settings.clone(),
        })
    }

    /// The same with further databases, by what the pipeline calls them. They are treated as gently
    /// as the source.
    pub fn with_connections(mut self, connections: &BTreeMap<String, ConnectionConfig>) -> Self {
        let connections = connections.iter();
        let others = connections.map(|(name, config)| {
            let database = Database::new(config.clone(), self.settings.clone());
            (name.clone(), database)
        });
        self.others = others.collect();
        self
    }

    /// The same with the destination as one that is read.
    pub fn with_destination(mut self, config: &ConnectionConfig) -> Self {
        let settings = Settings {
            source_limits: SourceLimits::default(),
            ..self.settings.clone()
        };
        self.destination = Some(Database::new(config.clone(), settings));
        self
    }

    /// The source.
    pub fn source(&self) -> &SourceSession {
        &self.source
    }

    /// The tables of `transform` in their order: the stream's own, and those that it refers to.
    ///
    /// # Errors
    /// `Connect`, if a database cannot be reached; `Config`, if there is no such connection;
    /// `Schema`, if a table is not there or may not be read.
    pub async fn tables(
        &self,
        wanted: Wanted<'_>,
        transform: &dyn Transform,
    ) -> Result<Vec<InputTable<'_>>> {
        let own = self.table(&self.source, wanted.table, wanted.row_security);
        let mut tables = vec![own.await?];
        for reference in transform.references() {
            let session = self.session(&reference.table).await?;
            let name = match (&reference.table, wanted.into) {
                (ReferencedTable::Source(name), _)
                | (ReferencedTable::Other { table: name, .. }, _)
                | (ReferencedTable::Destination, Some(name)) => name,
                (ReferencedTable::Destination, None) => return Err(no_destination()),
            };
            let found = self.table(session, name, wanted.row_security).await;
            tables.push(match (&reference.table, found) {
                (ReferencedTable::Destination, Err(err)) if err.kind() == ErrorKind::Schema => {
                    return Err(err.with_hint(CREATE_FIRST));
                }
                (_, found) => found?,
            });
        }
        Ok(tables)
    }

    async fn table<'a>(
        &self,
        session: &'a SourceSession,
        name: &TableName,
        row_security: RowSecurity,
    ) -> Result<InputTable<'a>> {
        let (table, hidden) = session.table_with(name, row_security).await?;
        Ok(InputTable {
            session,
            table,
            hidden,
        })
    }

    /// The database that a table is in.
    async fn session(&self, table: &ReferencedTable) -> Result<&SourceSession> {
        match table {
            ReferencedTable::Source(_) => Ok(&self.source),
            ReferencedTable::Other { connection, .. } => match self.others.get(connection) {
                Some(database) => database.session().await.map_err(|err| {
                    let message = format!("connection {connection:?} of the SQL cannot be opened");
                    Error::new(err.kind(), message).with_source(err)
                }),
                None => {
                    let message = format!("there is no connection called {connection:?}");
                    Err(Error::new(ErrorKind::Config, message))
                }
            },
            ReferencedTable::Destination => match &self.destination {
                Some(database) => database.session().await,
                None => Err(no_destination()),
            },
        }
    }

    /// The databases of a transform's tables, in their order.
    pub(super) async fn sessions(&self, references: &[Reference]) -> Result<Vec<&SourceSession>> {
        let mut sessions = vec![&self.source];
        for reference in references {
            sessions.push(self.session(&reference.table).await?);
        }
        Ok(sessions)
    }

    /// What `scans` of `tables` read, a source for each table: of the stream's own those rows that
    /// pass `condition`. Where connections are limited, they are shared among the scans.
    ///
    /// # Errors
    /// `Config`, if there are fewer connections than scans.
    pub(super) async fn sources(
        &self,
        (stream, tables): (&Stream, &[Table]),
        condition: Option<&str>,
        scans: &[Scan],
        progress: &Arc<Progress>,
    ) -> Result<Vec<CopySource>> {
        let sessions = self.sessions(stream.transform.references()).await?;
        let inputs = sessions.iter().zip(tables).enumerate();
        let sources = inputs.map(|(number, (session, table))| {
            let condition = condition.filter(|_| number == 0).map(str::to_owned);
            let source = session.copy_source(table, stream, condition, progress.clone());
            let is_there = |scan: &&Scan| {
                let of = sessions.get(scan.input);
                of.is_some_and(|of| ptr::eq(*of, *session))
            };
            session.shared(source, scans.iter().filter(is_there).count())
        });
        sources.collect()
    }

    /// What `scans` read, a source for each table: of the stream's own about `rows` rows, the same ones
    /// every time, and of all others whole. Connections are shared as in a run.
    ///
    /// # Errors
    /// `Config`, if there are fewer connections than scans.
    pub async fn samples(
        &self,
        (stream, tables): (&Stream, &[Table]),
        rows: u64,
        scans: &[Scan],
    ) -> Result<Vec<Arc<dyn Source>>> {
        let condition = tables.first().and_then(|table| first_pages(table, rows));
        self.end_planning().await;
        let progress = Arc::default();
        let sources = self.sources((stream, tables), condition.as_deref(), scans, &progress);
        let sources = sources.await?.into_iter();
        Ok(sources.map(|source| Arc::new(source) as _).collect())
    }

    /// Closes the sessions that only plans need.
    pub(super) async fn end_planning(&self) {
        join_all(self.open_sessions().map(SourceSession::end_planning)).await;
    }

    /// Lets later reads see what had been committed by `instant`.
    pub(super) async fn renew_snapshots(&self, instant: Instant) {
        let sessions = self.open_sessions();
        join_all(sessions.map(|session| session.renew_snapshot(instant))).await;
    }

    /// Unlocks what has been read, as it is not wanted any more.
    pub(super) async fn unlock(&self) {
        let sessions = self.open_sessions();
        join_all(sessions.map(async |session| session.snapshot().unlock().await)).await;
    }

    /// Ends all transactions, for whoever reads nothing more. Dropping the databases instead loses
    /// nothing, but their servers' logs then tell of clients that left within a transaction.
    pub async fn close(self) {
        join_all(self.open_sessions().map(SourceSession::end)).await;
    }

    fn open_sessions(&self) -> impl Iterator<Item = &SourceSession> {
        let others = self.others.values().chain(&self.destination);
        std::iter::once(&self.source).chain(others.filter_map(|other| other.session.get()))
    }
}

/// The condition that about `rows` rows of `table` pass, those of its first pages; `None` if it has no
/// pages to tell apart.
fn first_pages(table: &Table, rows: u64) -> Option<String> {
    let estimated = table.estimated_rows.unwrap_or(0).max(1);
    let pages = rows
        .saturating_mul(u64::from(table.pages))
        .div_ceil(estimated);
    let first = PageRange {
        start: 0,
        end: Some(u32::try_from(pages.max(1)).unwrap_or(u32::MAX)),
    };
    table.has_ctid.then(|| first.condition())
}

/// The way out where the table that is written does not exist.
const CREATE_FIRST: &str =
    "{{ destination }} reads the table that is written: create it before the first run";

fn no_destination() -> Error {
    let message = "{{ destination }} is the table that is written, and none is written here";
    Error::new(ErrorKind::Config, message).with_hint("write {{ source('schema.table') }}")
}

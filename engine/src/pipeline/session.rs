//! The source's side of a run.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::{RowSecurity, Settings, Stream};
use crate::decode::BatchLimits;
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::catalog::{self, Relation};
use crate::postgres::statement::GIVE_UP_LOCKS;
use crate::postgres::{Connection, ConnectionConfig, is_row_security, server_error};
use crate::report::Progress;
use crate::source::{
    CopySource, Governor, PauseReport, ReadSettings, Scan, Snapshot, Source, SourceQuery,
    read_error, with_tables,
};
use crate::table::{Table, TableKind, TableName, TablePattern};
use crate::transform::{FunctionTraits, QueryRefusal, ResultColumn, SourceCatalog};
use crate::types::PgType;

/// A source database: its catalogue, and one snapshot for all that is read.
///
/// The snapshot is taken when the first row is asked for, and kept until the session is dropped or the
/// snapshot renewed.
pub struct SourceSession {
    connection: Connection,
    /// A session in which names mean what they mean to the role, for questions about its SELECTs. It
    /// is open only while plans are made: the catalogue's own depends on names being qualified.
    users: tokio::sync::Mutex<Option<Connection>>,
    config: ConnectionConfig,
    settings: ReadSettings,
    governor: Arc<Governor>,
    snapshot: Mutex<Arc<Snapshot>>,
    identity: OnceCell<String>,
}

impl SourceSession {
    /// Connects.
    ///
    /// # Errors
    /// `Connect`, if the server cannot be reached or refuses us; `Config`, if the limits leave no
    /// connection to read with.
    pub async fn open(config: &ConnectionConfig, settings: &Settings) -> Result<Self> {
        let connections = settings.source_limits.readers(settings.connections)?;
        let governor = Arc::new(Governor::new(settings.source_limits));
        let config = governor.configure(config);
        let connection = Connection::open_for_catalog(&config, "catalogue").await?;
        connection
            .batch_execute("SET row_security = off")
            .await
            .map_err(|err| server_error(ErrorKind::Connect, "cannot prepare the session", err))?;
        let server_version = connection.server_version();
        let limits = BatchLimits {
            rows: settings.batch_rows,
            bytes: settings.batch_bytes,
        };
        Ok(Self {
            connection,
            users: tokio::sync::Mutex::default(),
            settings: ReadSettings {
                connections,
                limits,
                server_version,
            },
            snapshot: Mutex::new(Arc::new(Snapshot::new(config.clone(), governor.clone()))),
            config,
            governor,
            identity: OnceCell::new(),
        })
    }

    /// The tables, views and foreign tables that `pattern` means, in order of their names.
    ///
    /// # Errors
    /// `Schema`, if there is none.
    pub async fn tables(&self, pattern: &TablePattern) -> Result<Vec<TableName>> {
        if let Some(name) = pattern.exact() {
            return self.table(&name).await.map(|table| vec![table.name]);
        }
        let tables = catalog::summaries(&self.connection, Some(pattern)).await?;
        if tables.is_empty() {
            let message = format!("no table of {} matches {pattern}", self.config);
            return Err(Error::new(ErrorKind::Schema, message)
                .with_hint("towpath discover lists the tables of a database"));
        }
        Ok(tables.into_iter().map(|table| table.name).collect())
    }

    /// What the catalogue says of `name`, all of whose rows can be read.
    ///
    /// # Errors
    /// `Schema`, naming the nearest name, if it is not there or may not be read, or if row security
    /// hides rows of it.
    pub async fn table(&self, name: &TableName) -> Result<Table> {
        let (table, _) = self.table_with(name, RowSecurity::Refuse).await?;
        Ok(table)
    }

    /// What the catalogue says of `name`, and that row security hides rows of it if it does and
    /// that is accepted.
    pub(super) async fn table_with(
        &self,
        name: &TableName,
        row_security: RowSecurity,
    ) -> Result<(Table, Option<String>)> {
        let Some(table) = catalog::table(&self.connection, name).await? else {
            return Err(missing_table(&self.connection, name, &self.config).await);
        };
        if table.columns.is_empty() && !table.unreadable.is_empty() {
            let message = format!("{name} may not be read by {}", self.config);
            return Err(Error::new(ErrorKind::Schema, message).with_hint(format!(
                "let its owner run: GRANT SELECT ON {name} TO the role"
            )));
        }
        if !table.is_populated {
            let message = format!("materialised view {name} has never been populated");
            return Err(Error::new(ErrorKind::Schema, message)
                .with_hint(format!("run there: REFRESH MATERIALIZED VIEW {name}")));
        }
        // A view has no row security of its own, and may show tables that do: the server says so
        // when it rewrites a query, which it does without executing it.
        let probe = format!("SELECT FROM {name}");
        let hidden = match self.connection.prepare(&probe).await {
            Err(err) if is_row_security(&err) => Some(read_error(name, err)),
            _ => None,
        };
        match (hidden, row_security) {
            (None, _) => Ok((table, None)),
            (Some(error), RowSecurity::Refuse) => Err(error),
            (Some(_), RowSecurity::Accept) => {
                let note = format!("row security hides rows of {name} from {}", self.config);
                Ok((table, Some(note)))
            }
        }
    }

    /// The connection that reads the catalogue.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The functions that may read tables for `table`, if it is a view.
    pub(super) async fn functions_behind(&self, table: &Table) -> Result<Vec<String>> {
        match table.kind {
            TableKind::View => catalog::functions_behind(&self.connection, table.oid).await,
            _ => Ok(Vec::new()),
        }
    }

    /// The statement that creates a type of this database elsewhere; `None` if no statement can.
    pub(super) async fn type_definition(
        &self,
        pg_type: &PgType,
        has_multiranges: bool,
    ) -> Result<Option<String>> {
        catalog::type_definition(&self.connection, pg_type.oid, has_multiranges).await
    }

    /// The server's major version.
    pub(super) fn server_version(&self) -> u32 {
        self.settings.server_version
    }

    /// How tables of a server of this version are read, within the run's settings.
    pub(super) fn read_settings(&self, server_version: u32) -> ReadSettings {
        ReadSettings {
            server_version,
            ..self.settings
        }
    }

    /// Whether `select` gives any row.
    pub(super) async fn exists(&self, select: &str) -> Result<bool> {
        let sql = format!("SELECT EXISTS ({select})");
        let row = self.connection.query_one(&sql, &[]).await;
        let row =
            row.map_err(|err| server_error(ErrorKind::Read, "cannot look into the source", err))?;
        Ok(row.get(0))
    }

    /// What tells the database from all others.
    pub(super) async fn identity(&self) -> Result<&str> {
        let identity = || database_identity(&self.connection);
        let identity = self.identity.get_or_try_init(identity).await;
        identity.map(String::as_str)
    }

    /// The rows of `table` under the session's snapshot.
    pub fn source(&self, table: &Table, progress: Arc<Progress>) -> Arc<dyn Source> {
        let (snapshot, settings) = (self.snapshot(), self.settings);
        Arc::new(CopySource::new(table.clone(), snapshot, settings, progress))
    }

    /// The rows of `table` that `stream` reads: those that pass `condition` (SQL of the source).
    pub(super) fn copy_source(
        &self,
        table: &Table,
        stream: &Stream,
        condition: Option<String>,
        progress: Arc<Progress>,
    ) -> CopySource {
        let source = CopySource::new(table.clone(), self.snapshot(), self.settings, progress);
        let source = match stream.options.row_security {
            RowSecurity::Refuse => source,
            RowSecurity::Accept => source.with_row_security(),
        };
        match condition {
            Some(condition) => source.with_condition(condition),
            None => source,
        }
    }

    /// `source` for a transform that reads it in `scans` places at the same time: if connections are
    /// limited, they are shared among those.
    ///
    /// # Errors
    /// `Config`, if there are fewer connections than places.
    pub(super) fn shared(&self, source: CopySource, scans: usize) -> Result<CopySource> {
        let Some(limit) = self.governor.limits().max_connections else {
            return Ok(source);
        };
        let readers = self.settings.connections;
        if scans <= 1 {
            return Ok(source);
        }
        if scans <= readers {
            return Ok(source.with_connections(readers / scans));
        }
        let message = format!(
            "the SQL reads {} in {scans} places at once, and max_connections leaves {readers} \
             connections to read with",
            self.config
        );
        let least = limit + scans - readers;
        Err(Error::new(ErrorKind::Config, message).with_hint(format!(
            "raise max_connections to {least}, simplify the SQL, or let the source run it (on: source)"
        )))
    }

    /// The rows that the source's planner expects of `select`, which reads `scan`.
    pub(super) async fn expected_rows(&self, scan: &Scan, select: &str) -> Result<f64> {
        if scan.query.is_none() {
            return catalog::expected_rows(&self.connection, select).await;
        }
        let mut users = self.users.lock().await;
        catalog::expected_rows(self.as_user(&mut users).await?, select).await
    }

    /// The session for questions about a user's SELECTs; row security filters there: whether that is
    /// accepted is asked elsewhere.
    async fn as_user<'c>(&self, users: &'c mut Option<Connection>) -> Result<&'c Connection> {
        let open = match users.take() {
            Some(open) => open,
            None => {
                // It takes the place of one that reads, as `end_planning` has it.
                self.snapshot().end_readers().await;
                let connection = Connection::open(&self.config, "plan").await?;
                let set = connection.batch_execute("SET search_path TO DEFAULT").await;
                set.map_err(|err| {
                    server_error(ErrorKind::Connect, "cannot prepare the session", err)
                })?;
                connection
            }
        };
        Ok(users.insert(open))
    }

    /// Closes the session that only plans need: it takes the place of one that reads.
    pub(super) async fn end_planning(&self) {
        let users = self.users.lock().await.take();
        if let Some(users) = users {
            users.close().await;
        }
    }

    /// The snapshot that reads join.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        let snapshot = self.snapshot.lock();
        snapshot.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets later reads see what had been committed by `instant`.
    pub(super) async fn renew_snapshot(&self, instant: Instant) {
        let outdated = self.snapshot();
        if outdated.was_taken_before(instant) {
            let snapshot = Arc::new(Snapshot::new(self.config.clone(), self.governor.clone()));
            *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
            outdated.end().await;
        }
    }

    /// Ends all transactions, for whoever reads nothing more.
    pub(super) async fn end(&self) {
        self.end_planning().await;
        self.snapshot().end().await;
    }

    /// Whether the snapshot was taken before `instant`.
    pub(super) fn snapshot_is_before(&self, instant: Instant) -> bool {
        self.snapshot().was_taken_before(instant)
    }

    /// Checks that the role sees what the limits are about.
    pub(super) async fn check_limits(&self) -> Result<()> {
        self.governor.check(&self.connection, &self.config).await
    }

    /// Does `work`, which reads the source, and pauses it while the source is busier than allowed.
    pub(super) async fn watch<T>(
        &self,
        progress: &Progress,
        work: impl Future<Output = Result<T>>,
    ) -> Result<(T, PauseReport)> {
        self.governor.watch(&self.connection, progress, work).await
    }

    /// Reads one text value of the stream's table under the session's snapshot.
    pub(super) async fn snapshot_text(&self, stream: &Stream, sql: &str) -> Result<Option<String>> {
        let snapshot = self.snapshot();
        let connection = snapshot.connection().await?;
        let row_security = stream.options.row_security == RowSecurity::Accept;
        let set = format!("SET LOCAL row_security = {row_security}");
        let refused = |err| read_error(&stream.table, err);
        connection.batch_execute(&set).await.map_err(refused)?;
        let row = connection.query_one(sql, &[]).await.map_err(refused)?;
        Ok(row.get(0))
    }

    /// Has the session with the snapshot wait for no lock, as others hold some.
    pub(super) async fn give_up_locks(&self) -> Result<()> {
        let snapshot = self.snapshot();
        let set = snapshot.connection().await?.batch_execute(GIVE_UP_LOCKS);
        set.await
            .map_err(|err| server_error(ErrorKind::Read, "cannot prepare the session", err))
    }

    /// Locks what reading `tables` reads; gives the relations that are locked as the session's snapshot
    /// shows them.
    pub(super) async fn lock(&self, tables: &[&Table]) -> Result<Vec<Relation>> {
        let snapshot = self.snapshot();
        let connection = snapshot.connection().await?;
        catalog::lock_relations(connection, tables).await?;
        catalog::locked_relations(connection).await
    }

    /// The relations of these OIDs as the session's snapshot shows them.
    pub(super) async fn relations_in_snapshot(&self, oids: &[u32]) -> Result<Vec<Relation>> {
        let snapshot = self.snapshot();
        catalog::relations(snapshot.connection().await?, oids).await
    }

    /// The relations of these OIDs as they are.
    pub(super) async fn relations(&self, oids: &[u32]) -> Result<Vec<Relation>> {
        catalog::relations(&self.connection, oids).await
    }

    /// What the catalogue says of `name` as it is.
    pub(super) async fn table_now(&self, name: &TableName) -> Result<Option<Table>> {
        catalog::table(&self.connection, name).await
    }

    /// What the catalogue says of `name` under the session's snapshot.
    pub(super) async fn table_in_snapshot(&self, name: &TableName) -> Result<Option<Table>> {
        let snapshot = self.snapshot();
        catalog::table(snapshot.connection().await?, name).await
    }
}

#[async_trait]
impl SourceCatalog for SourceSession {
    fn runs_sql(&self) -> bool {
        true
    }

    async fn describe(
        &self,
        table: &Table,
        query: &SourceQuery,
    ) -> Result<Result<Vec<ResultColumn>, QueryRefusal>> {
        let with = with_tables(table, query, &[]);
        let mut users = self.users.lock().await;
        let users = (self.as_user(&mut users).await?, &self.connection);
        catalog::describe(users, table, (&with, &query.select)).await
    }

    async fn functions(&self, names: &[String]) -> Result<Vec<FunctionTraits>> {
        catalog::functions(&self.connection, names).await
    }
}

/// What tells a database from all others: its OID, its server's port, and when that started, to the
/// microsecond: servers of one machine may start together.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub(super) async fn database_identity(connection: &Connection) -> Result<String> {
    let sql = "SELECT pg_catalog.concat_ws(' ', d.oid, pg_catalog.current_setting('port'), \
        pg_catalog.pg_postmaster_start_time()) \
        FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()";
    let row = connection.ask_one(sql, &[]).await;
    let row = row.map_err(|err| server_error(ErrorKind::Read, "cannot read the catalogue", err))?;
    Ok(row.get(0))
}

/// The error for a table that is not there, with the nearest name that is.
async fn missing_table(
    connection: &Connection,
    name: &TableName,
    config: &ConnectionConfig,
) -> Error {
    let error = Error::new(ErrorKind::Schema, format!("{name} is not in {config}"));
    let tables = catalog::summaries(connection, None)
        .await
        .unwrap_or_default();
    let nearest = tables
        .iter()
        .map(|table| {
            let schema = strsim::damerau_levenshtein(&table.name.schema, &name.schema);
            (
                schema + strsim::damerau_levenshtein(&table.name.name, &name.name),
                &table.name,
            )
        })
        .min();
    match nearest {
        Some((distance, nearest)) if distance <= 1 + name.name.len() / 3 => {
            error.with_hint(format!("did you mean {nearest}?"))
        }
        _ => error.with_hint("towpath discover lists the tables of a database"),
    }
}

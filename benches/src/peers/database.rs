//! Both servers, with a session on each.

use std::path::PathBuf;

use towpath::server::{ServerOptions, ServerPrograms, ThrowawayServer};
use towpath_engine::postgres::{Connection, server_error};
use towpath_engine::{Error, ErrorKind, Result};

/// Settings of both servers: durable as in production, and without work of their own that would
/// fall into one measurement and not into another.
const SETTINGS: [(&str, &str); 9] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("shared_buffers", "2GB"),
    ("max_wal_size", "16GB"),
    ("min_wal_size", "2GB"),
    ("checkpoint_timeout", "1h"),
    ("maintenance_work_mem", "256MB"),
    ("autovacuum", "off"),
];

/// Settings that matter and are PostgreSQL's defaults.
const DEFAULTS: [&str; 4] = [
    "wal_level",
    "work_mem",
    "max_parallel_maintenance_workers",
    "data_checksums",
];

/// A session on one server.
pub(crate) struct Database {
    /// The superuser's URL.
    pub(crate) url: String,
    connection: Connection,
}

/// Both servers, with a session on each.
pub(crate) struct Databases {
    pub(crate) source: Database,
    pub(crate) destination: Database,
    /// The `psql` of the servers' version. The one on `PATH` is a script on Debian: it would start
    /// an interpreter first, and the peer would pay for it.
    pub(crate) psql: PathBuf,
    _servers: [ThrowawayServer; 2],
}

impl Databases {
    /// Starts two servers.
    ///
    /// # Errors
    /// `Config`, if PostgreSQL is not installed; `Connect`, if a server does not start.
    pub(crate) async fn start() -> Result<Self> {
        let programs = ServerPrograms::find()?;
        let options = ServerOptions {
            settings: SETTINGS
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
        };
        let source = ThrowawayServer::start(&programs, &options).await?;
        let destination = ThrowawayServer::start(&programs, &options).await?;
        let psql = programs.folder().join("psql");
        Ok(Self {
            psql: match psql.is_file() {
                true => psql,
                false => PathBuf::from("psql"),
            },
            source: Database::open(source.url("postgres")).await?,
            destination: Database::open(destination.url("postgres")).await?,
            _servers: [source, destination],
        })
    }

    /// Ends what programs that had to be killed have left on either server.
    ///
    /// # Errors
    /// `Load`, if a server refuses.
    pub(crate) async fn end_sessions(&self) -> Result<()> {
        let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        self.source.execute(statement).await?;
        self.destination.execute(statement).await
    }

    /// Writes everything that is dirty on both servers, so that no later step has to.
    ///
    /// # Errors
    /// `Load`, if a server refuses.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        self.source.execute("CHECKPOINT").await?;
        self.destination.execute("CHECKPOINT").await
    }
}

impl Database {
    async fn open(url: String) -> Result<Self> {
        let connection = Connection::open(&url.parse()?, "peers").await?;
        Ok(Self { url, connection })
    }

    /// The session, for what has no shorter way.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Removes every table and what programs have left.
    ///
    /// # Errors
    /// `Load`, if the server refuses.
    pub(crate) async fn clear(&self) -> Result<()> {
        self.execute(include_str!("clear.sql")).await
    }

    /// Runs statements.
    ///
    /// # Errors
    /// `Load`, if the server refuses one.
    pub(crate) async fn execute(&self, sql: &str) -> Result<()> {
        let done = self.connection.batch_execute(sql).await;
        done.map_err(|err| server_error(ErrorKind::Load, format!("cannot run {sql:?}"), err))
    }

    /// The one row of `query`, whose columns are all text.
    ///
    /// # Errors
    /// `Read`, if the server refuses, or gives something else.
    pub(crate) async fn texts(&self, query: &str) -> Result<Vec<String>> {
        let refused = |err| server_error(ErrorKind::Read, format!("cannot run {query:?}"), err);
        let row = self
            .connection
            .query_one(query, &[])
            .await
            .map_err(refused)?;
        (0..row.len())
            .map(|at| row.try_get(at).map_err(refused))
            .collect()
    }

    /// The value of each setting that matters, `name = value`.
    ///
    /// # Errors
    /// `Read`, if the server refuses.
    pub(crate) async fn settings(&self) -> Result<Vec<String>> {
        let chosen = SETTINGS.iter().map(|(name, _)| *name);
        let mut lines = Vec::new();
        for name in chosen.chain(DEFAULTS) {
            let value = self
                .texts(&format!("SELECT current_setting('{name}')"))
                .await?;
            lines.push(format!("{name} = {}", value.concat()));
        }
        Ok(lines)
    }

    /// What `query` gives, which is one text.
    ///
    /// # Errors
    /// `Read`, if the server refuses, or gives something else.
    pub(crate) async fn text(&self, query: &str) -> Result<String> {
        let mut texts = self.texts(query).await?;
        texts
            .pop()
            .ok_or_else(|| Error::new(ErrorKind::Read, format!("{query:?} has no columns")))
    }
}

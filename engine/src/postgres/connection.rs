//! One connection to a server, its driver included.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{CancelToken, Client, Row, SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::backends::Backend;
use super::config::{ConnectionConfig, Host, SessionKind, TlsMode};
use super::failure::{Failure, connect_error, server_error, wrong_kind};
use super::negotiation::Negotiation;
use super::tls;
use crate::error::{Error, ErrorKind, Result};

/// Settings of every session, so that no default of a role or database changes a value's text
/// form, hides rows or ends a long run: what the sender's and receiver's sessions have in common.
///
/// A transaction that publishes must see what others staged after it began, which only the isolation
/// level `read committed` shows.
/// `lc_monetary` makes the text of `money` the same on both servers, whatever their locales.
/// `pg_temp` comes last, or else temporary tables would shadow the catalogue.
const SESSION: &str = "SET client_encoding = 'UTF8'; SET datestyle = 'ISO'; \
    SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET extra_float_digits = 3; \
    SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET xmloption = 'content'; \
    SET lc_monetary = 'C'; SET array_nulls = on; SET transform_null_equals = off; \
    SET quote_all_identifiers = off; SET search_path = pg_catalog, pg_temp; \
    SET statement_timeout = 0; SET lock_timeout = 0; \
    SET idle_in_transaction_session_timeout = 0; \
    SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning; ";

/// Settings that only newer servers know, with the major version that brought them.
const NEWER_SETTINGS: [(u32, &str); 3] = [
    (14, "SET idle_session_timeout = 0; "),
    (14, END_WITH_PROGRAM),
    (17, "SET transaction_timeout = 0; "),
];

/// Makes a session look every two seconds whether towpath is still there, so that no statement goes on
/// for nobody; not every system can tell, and others refuse the setting.
const END_WITH_PROGRAM: &str = "SELECT pg_catalog.set_config(\
     'client_connection_check_interval', '2s', false) WHERE pg_catalog.version() ~ 'linux'; ";

/// Has a session plan each prepared query once and for all values: for a query on the catalogue, that
/// takes several times as long as to execute it.
const GENERIC_PLANS: &str = "SET plan_cache_mode = force_generic_plan; ";

/// What a connection asks about the server that it has reached: the last answer of its first statements.
const IDENTITY: &str = "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(), \
    pg_catalog.current_setting('transaction_read_only')";

/// Time for a cancel request: it is one packet, and who sends it wants to leave.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// For a session to answer what takes no time: a firewall may have cut it off.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Between two tries to get a connection of a server that has none left.
const FULL_INTERVAL: Duration = Duration::from_millis(100);

/// A session on a server. Dropping it closes the connection, and the server rolls back.
pub struct Connection {
    client: Client,
    backend: Backend,
    server_version: u32,
    /// Towpath's own queries that this session has prepared, by their text.
    prepared: Mutex<HashMap<&'static str, Statement>>,
    canceller: Canceller,
    /// Moves bytes between client and socket; aborted on drop.
    driver: JoinSet<()>,
}

impl Connection {
    /// Connects and gives the session the settings that towpath relies on.
    ///
    /// `application` is what `pg_stat_activity` shows, after `towpath`; a name in `config` goes
    /// before it.
    ///
    /// # Errors
    /// `Connect`, naming host, port, database and role, never the password. `Config`, if a
    /// certificate cannot be read.
    pub async fn open(config: &ConnectionConfig, application: &str) -> Result<Self> {
        Self::open_with(config, application, "").await
    }

    /// As [`open`](Self::open), for a session that asks the catalogue about many tables.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_for_catalog(config: &ConnectionConfig, application: &str) -> Result<Self> {
        Self::open_with(config, application, GENERIC_PLANS).await
    }

    /// Connects, and begins the session with `settings` too.
    async fn open_with(
        config: &ConnectionConfig,
        application: &str,
        settings: &str,
    ) -> Result<Self> {
        let began = Instant::now();
        loop {
            match Self::try_open(config, application, settings).await? {
                Ok(connection) => return Ok(connection),
                Err((_, failure)) if failure.is_full() && began.elapsed() < config.patience => {
                    sleep(FULL_INTERVAL).await;
                }
                Err((host, failure)) => return Err(connect_error(config, &host, failure)),
            }
        }
    }

    /// Tries every host, the one that answered last first; otherwise, gives the last one and why it gave no session.
    async fn try_open(
        config: &ConnectionConfig,
        application: &str,
        settings: &str,
    ) -> Result<Result<Self, (Host, Failure)>> {
        let tls = tls::connector(&config.tls)?;
        let mut hosts: Vec<(usize, &Host)> = config.hosts.iter().enumerate().collect();
        if config.balances_hosts {
            let random = RandomState::new();
            hosts.sort_by_key(|(_, host)| random.hash_one(host.to_string()));
        }
        // Sessions that share a snapshot are one server's; and who hangs is not waited for again.
        let answered = config.answered.load(Ordering::Relaxed);
        hosts.sort_by_key(|(place, _)| *place != answered);
        let passes: &[SessionKind] = match config.session_kind {
            SessionKind::PreferStandby => &[SessionKind::Standby, SessionKind::Any],
            _ => std::slice::from_ref(&config.session_kind),
        };
        let mut last = None;
        for kind in passes {
            for (place, host) in &hosts {
                let attempt = Attempt {
                    config,
                    host,
                    tls: &tls,
                    application,
                    settings,
                    kind: *kind,
                };
                match attempt.run().await {
                    Ok(connection) => {
                        config.answered.store(*place, Ordering::Relaxed);
                        return Ok(Ok(connection));
                    }
                    Err(failure) if failure.is_final() => {
                        return Ok(Err(((*host).clone(), failure)));
                    }
                    Err(failure) => last = Some(((*host).clone(), failure)),
                }
            }
        }
        last.map(Err).ok_or_else(|| wrong_kind(config))
    }

    /// `pg_stat_activity.pid` of the session.
    pub fn backend_pid(&self) -> i32 {
        self.backend.pid()
    }

    /// The server's major version: 15 for 15.4.
    pub fn server_version(&self) -> u32 {
        self.server_version
    }

    /// Runs one of towpath's own queries. The session prepares it once: of a query on the
    /// catalogue, planning is most of the time.
    ///
    /// # Errors
    /// What the driver says.
    pub async fn ask(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = self.prepared(sql).await?;
        self.client.query(&statement, parameters).await
    }

    /// As [`ask`](Self::ask), for queries that give one row.
    ///
    /// # Errors
    /// What the driver says, also if there is another number of rows.
    pub async fn ask_one(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, tokio_postgres::Error> {
        let statement = self.prepared(sql).await?;
        self.client.query_one(&statement, parameters).await
    }

    async fn prepared(&self, sql: &'static str) -> Result<Statement, tokio_postgres::Error> {
        let known = |prepared: &Mutex<HashMap<_, Statement>>| {
            let prepared = prepared.lock().unwrap_or_else(PoisonError::into_inner);
            prepared.get(sql).cloned()
        };
        if let Some(statement) = known(&self.prepared) {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.insert(sql, statement.clone());
        Ok(statement)
    }

    /// Gives the session the settings that the role's own sessions have, for statements that are not
    /// towpath's.
    ///
    /// # Errors
    /// What the driver says.
    pub async fn reset(&self) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute("RESET ALL").await?;
        match self.server_version {
            14.. => self.client.batch_execute(END_WITH_PROGRAM).await,
            _ => Ok(()),
        }
    }

    /// Executes `statement`, which takes no time, and tells whether the server did so within two
    /// seconds.
    pub async fn execute_at_once(&self, statement: &str) -> bool {
        let executed = timeout(ANSWER_TIMEOUT, self.client.batch_execute(statement)).await;
        matches!(executed, Ok(Ok(())))
    }

    /// Ends the session once the server has answered everything. Dropping it instead loses nothing,
    /// but the server's log may then tell of a client that left in between.
    pub async fn close(self) {
        let Self {
            client, mut driver, ..
        } = self;
        drop(client);
        let _ = timeout(ANSWER_TIMEOUT, driver.join_next()).await;
    }

    /// What stops the statement that the session is running, from elsewhere.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Stops whatever statement a session is running.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    host: Host,
    negotiation: Negotiation,
}

impl Canceller {
    /// Asks the server to end the running statement with SQLSTATE 57014; it may have ended before.
    ///
    /// # Errors
    /// `Connect`, if the server does not take the request.
    pub async fn cancel(self) -> Result<()> {
        let message = "the server does not take a cancel request";
        let refused = || Error::new(ErrorKind::Connect, message);
        match timeout(CANCEL_TIMEOUT, self.send()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Failure::Driver(err))) => Err(server_error(ErrorKind::Connect, message, err)),
            Ok(Err(Failure::Socket(err))) => Err(refused().with_source(err)),
            Ok(Err(Failure::Timeout(_) | Failure::WrongKind(_))) | Err(_) => Err(refused()),
        }
    }

    async fn send(self) -> Result<(), Failure> {
        let Self {
            token,
            host,
            negotiation,
        } = self;
        let sent = match host.is_socket() {
            true => {
                let stream = socket(&host).await?;
                token.cancel_query_raw(stream, negotiation).await
            }
            false => token.cancel_query(negotiation).await,
        };
        sent.map_err(Failure::Driver)
    }
}

/// One try to get a session of one kind on one host.
struct Attempt<'a> {
    config: &'a ConnectionConfig,
    host: &'a Host,
    tls: &'a MakeRustlsConnect,
    application: &'a str,
    /// Statements after those that every session begins with.
    settings: &'a str,
    kind: SessionKind,
}

impl Attempt<'_> {
    /// Connects with TLS, without, or with the one and then the other, as the mode says.
    async fn run(&self) -> Result<Connection, Failure> {
        // libpq ignores sslmode for sockets.
        let mode = match self.host.is_socket() {
            true => TlsMode::Disable,
            false => self.config.tls.mode,
        };
        let (first, second) = match mode {
            TlsMode::Disable => (SslMode::Disable, None),
            TlsMode::Allow => (SslMode::Disable, Some(SslMode::Require)),
            TlsMode::Prefer => (SslMode::Prefer, Some(SslMode::Disable)),
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => (SslMode::Require, None),
        };
        match (self.connect(first).await, second) {
            (Err(failure), Some(second)) if failure.may_depend_on_tls() => {
                // The first failure is told if the other way does not work either.
                self.connect(second).await.map_err(|_| failure)
            }
            (result, _) => result,
        }
    }

    async fn connect(&self, mode: SslMode) -> Result<Connection, Failure> {
        let session = Box::pin(self.connect_without_limit(mode));
        match self.config.connect_timeout {
            None => session.await,
            Some(limit) => timeout(limit, session)
                .await
                .unwrap_or(Err(Failure::Timeout(limit))),
        }
    }

    async fn connect_without_limit(&self, mode: SslMode) -> Result<Connection, Failure> {
        let mut driver = self.config.driver.clone();
        driver.host(self.host.server_name()).port(self.host.port);
        if let Some(address) = self.host.address {
            driver.hostaddr(address);
        }
        let prefix = self
            .config
            .driver
            .get_application_name()
            .unwrap_or("towpath");
        driver.application_name(format!("{prefix} {}", self.application));
        Negotiation::configure(&mut driver);
        let negotiation = Negotiation::new(self.tls.clone(), mode, self.config.tls.negotiation);
        if self.host.is_socket() {
            let stream = socket(self.host).await?;
            let begun = driver.connect_raw(stream, negotiation.clone()).await;
            return self.begin(begun, negotiation).await;
        }
        let begun = driver.connect(negotiation.clone()).await;
        self.begin(begun, negotiation).await
    }

    /// Drives a connection that has been made, and gives its session towpath's settings.
    async fn begin<S, T>(
        &self,
        begun: Result<(Client, tokio_postgres::Connection<S, T>), tokio_postgres::Error>,
        negotiation: Negotiation,
    ) -> Result<Connection, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (client, connection) = begun.map_err(Failure::Driver)?;
        let version = connection
            .parameter("server_version")
            .map_or(0, major_version);
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // The client's calls report the same error, with what they were doing.
            let _ = connection.await;
        });
        let answer = client
            .simple_query(&session(version, self.settings))
            .await
            .map_err(Failure::Driver)?;
        let backend = Backend::new(self.check(&answer)?);
        let canceller = Canceller {
            token: client.cancel_token(),
            host: self.host.clone(),
            negotiation,
        };
        Ok(Connection {
            client,
            backend,
            server_version: version,
            prepared: Mutex::default(),
            canceller,
            driver,
        })
    }

    /// The backend's process id, if the session is of the kind wanted.
    fn check(&self, answer: &[SimpleQueryMessage]) -> Result<i32, Failure> {
        let row = answer.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let value = |at| row.and_then(|row| row.get(at)).unwrap_or_default();
        let (is_standby, is_read_only) = (value(1) == "t", value(2) == "on");
        let found = match is_standby {
            true => "a standby",
            false if is_read_only => "read-only",
            false => "a primary that takes writes",
        };
        let fits = match self.kind {
            SessionKind::Any | SessionKind::PreferStandby => true,
            SessionKind::ReadWrite => !is_read_only,
            SessionKind::ReadOnly => is_read_only,
            SessionKind::Primary => !is_standby,
            SessionKind::Standby => is_standby,
        };
        match fits {
            true => Ok(value(0).parse().unwrap_or_default()),
            false => Err(Failure::WrongKind(found)),
        }
    }
}

/// A stream to the Unix socket of `host`.
///
/// Source: PostgreSQL documentation, "Connections and Authentication", `unix_socket_directories`.
async fn socket(host: &Host) -> Result<UnixStream, Failure> {
    let path = Path::new(&host.name).join(format!(".s.PGSQL.{}", host.port));
    UnixStream::connect(path).await.map_err(Failure::Socket)
}

/// The statements that a session on a server of this major version begins with, `settings` among them.
fn session(version: u32, settings: &str) -> String {
    let newer = NEWER_SETTINGS.iter().filter(|(since, _)| version >= *since);
    let newer: String = newer.map(|(_, statement)| *statement).collect();
    format!("{SESSION}{newer}{settings}{IDENTITY}")
}

/// The major version of `17.2 (Debian …)` or `18beta1`; 0 if it is none.
fn major_version(text: &str) -> u32 {
    let digits = text.find(|char: char| !char.is_ascii_digit());
    text[..digits.unwrap_or(text.len())].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_the_settings_that_its_server_knows() {
        assert!(!session(13, "").contains("idle_session_timeout"));
        assert!(session(16, "").contains("idle_session_timeout"));
        assert!(!session(16, "").contains("transaction_timeout"));
        assert!(session(17, "").contains("transaction_timeout"));
    }

    #[test]
    fn the_major_version_ends_at_the_first_other_character() {
        assert_eq!(major_version("17.2 (Debian 17.2-1)"), 17);
        assert_eq!(major_version("18beta1"), 18);
        assert_eq!(major_version("devel"), 0);
    }
}

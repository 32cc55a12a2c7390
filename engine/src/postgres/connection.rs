//! One connection to a server, its driver included.

use std::ops::Deref;

use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use super::ConnectionConfig;
use crate::error::{Error, ErrorKind, Result};

/// Settings of every session, so that no default of a role or database changes a value's text
/// form or ends a long run: what the sender's and receiver's sessions have in common.
const SESSION: &str = "SET client_encoding = 'UTF8'; SET datestyle = 'ISO, YMD'; \
    SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET extra_float_digits = 3; \
    SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET xmloption = 'content'; \
    SET search_path = pg_catalog; SET statement_timeout = 0; SET lock_timeout = 0; \
    SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning";

/// A session on a server. Dropping it closes the connection, and the server rolls back.
pub struct Connection {
    client: Client,
    /// Moves bytes between client and socket; aborted on drop.
    _driver: JoinSet<()>,
}

impl Connection {
    /// Connects and gives the session the settings that towpath relies on.
    ///
    /// `application` is what `pg_stat_activity` shows, after `towpath`.
    ///
    /// # Errors
    /// `Connect`, naming host, port, database and role, never the password.
    pub async fn open(config: &ConnectionConfig, application: &str) -> Result<Self> {
        let mut driver_config = config.driver.clone();
        driver_config.application_name(format!("towpath {application}"));
        let refused = |err| {
            server_error(
                ErrorKind::Connect,
                format!("cannot connect to {config}"),
                err,
            )
        };
        let (client, connection) = driver_config.connect(NoTls).await.map_err(refused)?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // The client's calls report the same error, with what they were doing.
            let _ = connection.await;
        });
        client.batch_execute(SESSION).await.map_err(refused)?;
        Ok(Self {
            client,
            _driver: driver,
        })
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// An error of the server, or of the connection to it, under our own line.
///
/// The cause is the server's primary message with its SQLSTATE; `DETAIL` is left out, because it
/// quotes values of rows.
pub fn server_error(
    kind: ErrorKind,
    message: impl Into<String>,
    err: tokio_postgres::Error,
) -> Error {
    let hint = err
        .as_db_error()
        .and_then(|db| db.hint())
        .map(str::to_owned);
    let error = Error::new(kind, message);
    let error = match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    };
    match err.as_db_error() {
        Some(db) => {
            let cause = format!("{} (SQLSTATE {})", db.message(), db.code().code());
            error.with_source(cause)
        }
        None => error.with_source(err),
    }
}

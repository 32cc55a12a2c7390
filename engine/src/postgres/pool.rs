//! Sessions that are used more than once: a new one costs the server a process, whose caches are
//! empty.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use super::{Connection, ConnectionConfig, server_error};
use crate::error::{ErrorKind, Result};

/// For an idle session to answer: one that has been idle for long may have been cut off by a firewall.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Sessions for one purpose on one server.
pub struct ConnectionPool {
    config: ConnectionConfig,
    /// What `pg_stat_activity` shows of each.
    application: &'static str,
    /// The statements that each begins with.
    setup: String,
    idle: Mutex<Vec<Connection>>,
}

impl ConnectionPool {
    /// A pool without sessions.
    pub fn new(config: ConnectionConfig, application: &'static str, setup: String) -> Arc<Self> {
        Arc::new(Self {
            config,
            application,
            setup,
            idle: Mutex::default(),
        })
    }

    /// A session that nobody uses, or a new one.
    ///
    /// # Errors
    /// `Connect`, also if the server refuses the statements that it begins with.
    pub async fn get(self: &Arc<Self>) -> Result<PooledConnection> {
        let idle = self.take_idle();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let connection = Connection::open(&self.config, self.application).await?;
                let setup = connection.batch_execute(&self.setup).await;
                setup.map_err(|err| {
                    let message = format!("cannot prepare a session of {}", self.config);
                    server_error(ErrorKind::Connect, message, err)
                })?;
                connection
            }
        };
        Ok(PooledConnection {
            connection: Some(connection),
            is_reusable: AtomicBool::new(false),
            pool: self.clone(),
        })
    }

    /// Executes `statement`, which takes no time, in the sessions that nobody uses, and closes those
    /// that refuse it or do not answer.
    pub async fn execute_on_idle(&self, statement: &str) {
        let idle = std::mem::take(&mut *self.idle());
        let executed = idle.into_iter().map(async |connection| {
            let executed = timeout(ANSWER_TIMEOUT, connection.batch_execute(statement)).await;
            matches!(executed, Ok(Ok(()))).then_some(connection)
        });
        let executed = join_all(executed).await;
        self.idle().extend(executed.into_iter().flatten());
    }

    /// Closes the sessions that nobody uses.
    pub fn close_idle(&self) {
        self.idle().clear();
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session of a pool. Dropping it closes the session, unless it may be used again.
pub struct PooledConnection {
    /// Taken by drop, and by nobody else.
    connection: Option<Connection>,
    is_reusable: AtomicBool,
    pool: Arc<ConnectionPool>,
}

impl PooledConnection {
    /// Says that the session is as it was when the pool gave it: it goes back there when this value
    /// is dropped.
    pub fn allow_reuse(&self) {
        self.is_reusable.store(true, Ordering::Relaxed);
    }
}

impl Deref for PooledConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("only drop takes the session"),
        }
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if *self.is_reusable.get_mut()
            && let Some(connection) = self.connection.take()
        {
            self.pool.idle().push(connection);
        }
    }
}

//! Sessions that are used more than once: a new one costs the server a process, whose caches are
//! empty.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::{Connection, ConnectionConfig, server_error};
use crate::error::{ErrorKind, Result};

/// How long a session may have been idle to be used again: others on the way to it, or to a server
/// that it asks in turn, may give up on it.
const LONGEST_IDLE: Duration = Duration::from_secs(30);

/// Sessions for one purpose on one server.
pub struct ConnectionPool {
    config: ConnectionConfig,
    /// What `pg_stat_activity` shows of each.
    application: &'static str,
    /// The statements that each begins with.
    setup: String,
    /// The statement that each ends with, if any.
    farewell: Option<&'static str>,
    idle: Mutex<Vec<Idle>>,
}

/// A session that nobody uses.
struct Idle {
    connection: Connection,
    since: Instant,
}

impl ConnectionPool {
    /// A pool without sessions.
    pub fn new(config: ConnectionConfig, application: &'static str, setup: String) -> Self {
        Self {
            config,
            application,
            setup,
            farewell: None,
            idle: Mutex::default(),
        }
    }

    /// The same whose sessions end with `farewell`, which takes no time, if nobody uses them then.
    pub fn with_farewell(mut self, farewell: &'static str) -> Self {
        self.farewell = Some(farewell);
        self
    }

    /// A session that nobody uses, or a new one.
    ///
    /// # Errors
    /// `Connect`, also if the server refuses the statements that it begins with.
    pub async fn get(self: &Arc<Self>) -> Result<PooledConnection> {
        let (idle, stale) = self.take_idle();
        self.end(stale).await;
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
        let executed = idle.into_iter().map(async |idle| {
            let executed = idle.connection.execute_at_once(statement).await;
            executed.then_some(idle)
        });
        let executed = join_all(executed).await;
        self.idle().extend(executed.into_iter().flatten());
    }

    /// Closes the sessions that nobody uses.
    pub async fn end_idle(&self) {
        let idle = std::mem::take(&mut *self.idle());
        self.end(idle).await;
    }

    async fn end(&self, idle: Vec<Idle>) {
        if let Some(farewell) = self.farewell {
            let ended = idle
                .iter()
                .map(|idle| idle.connection.execute_at_once(farewell));
            join_all(ended).await;
        }
    }

    /// A session to use again, if there is one, and those that have been idle for too long.
    fn take_idle(&self) -> (Option<Connection>, Vec<Idle>) {
        let mut idle = self.idle();
        idle.retain(|idle| !idle.connection.is_closed());
        let is_stale = |idle: &mut Idle| idle.since.elapsed() > LONGEST_IDLE;
        let stale = idle.extract_if(.., is_stale).collect();
        (idle.pop().map(|idle| idle.connection), stale)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
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
    /// Says that the session is as it was when the pool gave it, but for locks: it goes back there when
    /// this value is dropped.
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
            let since = Instant::now();
            self.pool.idle().push(Idle { connection, since });
        }
    }
}

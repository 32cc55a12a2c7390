//! The one view of the source that all readers of a run share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::Governor;
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::statement::GIVE_UP_LOCKS;
use crate::postgres::{
    Connection, ConnectionConfig, ConnectionPool, PooledConnection, server_error, tuning,
};

/// Makes the server's process keep memory that it has freed.
///
/// Sending a row that takes more than 8 kB, as one of 300 columns does, it allocates a block for each
/// row and frees it again. If that is the last of its heap, glibc gives it back to the kernel every
/// time: such a COPY took 4.8 s in place of 1.0, see benches/runs/2026-11-21-2core-wide. Once a large
/// block has been freed, glibc returns no smaller ones, and keeps up to twice as much (dynamic
/// M_TRIM_THRESHOLD in mallopt(3)). A larger one takes longer: 8 MB some 20 ms.
const KEEP_MEMORY: &str = "SELECT pg_catalog.octet_length(pg_catalog.repeat('x', 1048576))";

/// What a session holds before it reads anything.
const UNLOCKED: &str = "SAVEPOINT unlocked";

/// Has a session give back the locks that it took since, and keep the snapshot.
///
/// Source: PostgreSQL documentation, "Explicit Locking", "Table-Level Locks".
const UNLOCK: &str = "ROLLBACK TO SAVEPOINT unlocked";

/// For the session that took the snapshot to say that it still holds its locks. If it does not, the stream fails:
/// nobody can tell whether they lasted.
const VOUCH_TIMEOUT: Duration = Duration::from_secs(60);

/// The last statement of every session here.
const FAREWELL: &str = "ROLLBACK";

/// A snapshot of a database, taken when the first reader asks for it, and kept open.
///
/// Source: PostgreSQL documentation, "Snapshot Synchronization Functions".
pub struct Snapshot {
    config: ConnectionConfig,
    governor: Arc<Governor>,
    exported: OnceCell<Exported>,
}

/// A snapshot that was taken.
struct Exported {
    /// The connection that took it, inside its transaction.
    connection: Connection,
    /// The name under which other sessions join it.
    id: String,
    taken_at: Instant,
    /// Sessions that see it, by how they read.
    pools: Mutex<HashMap<ReadSession, Arc<ConnectionPool>>>,
}

impl Exported {
    /// Has the sessions that are not reading give back their locks.
    async fn unlock_readers(&self) {
        let readers = self.pools();
        join_all(readers.iter().map(|pool| pool.execute_on_idle(UNLOCK))).await;
    }

    fn pools(&self) -> Vec<Arc<ConnectionPool>> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.values().cloned().collect()
    }
}

/// How a session reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReadSession {
    /// The setting of that name: whether policies filter rows, or queries that they would filter
    /// fail.
    pub row_security: bool,
    /// Whether it runs SELECTs that a user wrote: names are looked up as in any session of the role,
    /// and not in `pg_catalog` only, and there is memory for groups and sorts.
    pub runs_query: bool,
}

impl Snapshot {
    /// A snapshot of the database at `config`, not taken yet; `governor` says how it is read.
    pub fn new(config: ConnectionConfig, governor: Arc<Governor>) -> Self {
        Self {
            config,
            governor,
            exported: OnceCell::new(),
        }
    }

    /// What says how the database is read.
    pub fn governor(&self) -> &Arc<Governor> {
        &self.governor
    }

    /// The connection that took the snapshot, inside its transaction.
    ///
    /// # Errors
    /// `Connect`, also if the session has ended meanwhile; `Read`, if the server does not export a
    /// snapshot.
    pub async fn connection(&self) -> Result<&Connection> {
        let connection = &self.exported().await?.connection;
        match connection.is_closed() {
            false => Ok(connection),
            true => Err(self.lost()),
        }
    }

    /// The error of a session whose end took the snapshot with it.
    fn lost(&self) -> Error {
        let message = format!(
            "the session that kept the snapshot of {} is lost",
            self.config
        );
        Error::new(ErrorKind::Connect, message).with_hint(
            "what was published stays: run again, and look into the server's log for who ended it",
        )
    }

    /// A connection inside a read-only transaction that sees this snapshot.
    ///
    /// # Errors
    /// `Connect`, or `Read` if the server does not let it in.
    pub async fn join(&self, session: ReadSession) -> Result<PooledConnection> {
        let exported = self.exported().await?;
        let (pool, others) = {
            let mut pools = exported
                .pools
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let others = pools.iter().filter(|(other, _)| **other != session);
            let others: Vec<_> = others.map(|(_, pool)| pool.clone()).collect();
            let pool = pools.entry(session);
            let pool = pool.or_insert_with(|| Arc::new(self.pool(&exported.id, session)));
            (pool.clone(), others)
        };
        // The connections that are agreed upon are for all that is read.
        join_all(others.iter().map(|pool| pool.end_idle())).await;
        pool.get().await
    }

    /// Whether it was taken, and that before `instant`.
    pub fn was_taken_before(&self, instant: Instant) -> bool {
        let exported = self.exported.get();
        exported.is_some_and(|exported| exported.taken_at < instant)
    }

    /// Unlocks what has been read by sessions that are not reading: it is locked until then, if only
    /// against being altered or dropped.
    ///
    /// # Errors
    /// `Connect`, if the session that took the snapshot has not kept its locks until now: what was read may
    /// have been emptied before.
    pub async fn vouch_and_unlock(&self) -> Result<()> {
        let Some(exported) = self.exported.get() else {
            return Ok(());
        };
        // The first statement fails where the transaction has.
        let unlock = format!("SELECT; {UNLOCK}");
        let unlock = timeout(VOUCH_TIMEOUT, exported.connection.batch_execute(&unlock));
        let (unlocked, ()) = tokio::join!(unlock, exported.unlock_readers());
        match unlocked {
            Ok(Ok(())) => Ok(()),
            Ok(Err(err)) => Err(self.lost().with_source(err)),
            Err(_) => {
                let limit = VOUCH_TIMEOUT.as_secs();
                Err(self
                    .lost()
                    .with_source(format!("no answer within {limit} s")))
            }
        }
    }

    /// The same for what is not wanted any more.
    pub async fn unlock(&self) {
        if let Some(exported) = self.exported.get() {
            // If the session is gone, whoever needs it next is told.
            let unlock = exported.connection.execute_at_once(UNLOCK);
            tokio::join!(unlock, exported.unlock_readers());
        }
    }

    /// Closes the sessions that have joined and are not reading.
    pub async fn end_readers(&self) {
        if let Some(exported) = self.exported.get() {
            let readers = exported.pools();
            join_all(readers.iter().map(|pool| pool.end_idle())).await;
        }
    }

    /// Ends the transactions of all sessions that are not reading, for whoever reads nothing more. A
    /// server's log tells of clients that leave within a transaction.
    pub async fn end(&self) {
        if let Some(exported) = self.exported.get() {
            let farewell = exported.connection.execute_at_once(FAREWELL);
            tokio::join!(self.end_readers(), farewell);
        }
    }

    /// Sessions that join the snapshot `id`.
    fn pool(&self, id: &str, session: ReadSession) -> ConnectionPool {
        let query = match session.runs_query {
            true => tuning::for_queries() + "SET LOCAL search_path TO DEFAULT; ",
            false => String::new(),
        };
        let setup = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
             SET TRANSACTION SNAPSHOT '{id}'; SET LOCAL row_security = {}; {query}{KEEP_MEMORY}; \
             {GIVE_UP_LOCKS}{UNLOCKED}",
            session.row_security
        );
        ConnectionPool::new(self.config.clone(), "read", setup).with_farewell(FAREWELL)
    }

    async fn exported(&self) -> Result<&Exported> {
        self.exported
            .get_or_try_init(|| async {
                let connection = Connection::open_for_catalog(&self.config, "snapshot").await?;
                let refused = |err| server_error(ErrorKind::Read, "cannot take a snapshot", err);
                let taken_at = Instant::now();
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                connection.batch_execute(begin).await.map_err(refused)?;
                let sql = "SELECT pg_catalog.pg_export_snapshot()";
                let row = connection.ask_one(sql, &[]).await.map_err(refused)?;
                connection.batch_execute(UNLOCKED).await.map_err(refused)?;
                Ok(Exported {
                    connection,
                    id: row.get(0),
                    taken_at,
                    pools: Mutex::default(),
                })
            })
            .await
    }
}

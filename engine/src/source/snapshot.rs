//! The one view of the source that all readers of a run share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::Governor;
use crate::error::{ErrorKind, Result};
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

/// Has a session that joined a snapshot give back the locks that it took since, and keep the snapshot.
///
/// Source: PostgreSQL documentation, "Explicit Locking", "Table-Level Locks".
const UNLOCK: &str = "ROLLBACK TO SAVEPOINT joined";

/// For a session to end its transaction before it is cut off.
const END_TIMEOUT: Duration = Duration::from_secs(5);

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
    /// Sessions that see it, by how they read.
    pools: Mutex<HashMap<ReadSession, Arc<ConnectionPool>>>,
}

impl Exported {
    /// Executes `statement` in the sessions that see the snapshot and are not reading.
    async fn execute_on_idle(&self, statement: &str) {
        let pools: Vec<Arc<ConnectionPool>> = {
            let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
            pools.values().cloned().collect()
        };
        join_all(pools.iter().map(|pool| pool.execute_on_idle(statement))).await;
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
    /// `Connect`, or `Read` if the server does not export a snapshot.
    pub async fn connection(&self) -> Result<&Connection> {
        self.exported().await.map(|exported| &exported.connection)
    }

    /// A connection inside a read-only transaction that sees this snapshot.
    ///
    /// # Errors
    /// `Connect`, or `Read` if the server does not let it in.
    pub async fn join(&self, session: ReadSession) -> Result<PooledConnection> {
        let exported = self.exported().await?;
        let pool = {
            let mut pools = exported
                .pools
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if self.governor.limits().max_connections.is_some() {
                let others = pools.iter().filter(|(other, _)| **other != session);
                others.for_each(|(_, pool)| pool.close_idle());
            }
            let pool = pools.entry(session);
            pool.or_insert_with(|| self.pool(&exported.id, session))
                .clone()
        };
        pool.get().await
    }

    /// Unlocks what has been read by sessions that are not reading: it is locked until then, if only
    /// against being dropped or emptied.
    pub async fn unlock(&self) {
        if let Some(exported) = self.exported.get() {
            exported.execute_on_idle(UNLOCK).await;
        }
    }

    /// Ends the transactions of sessions that are not reading, and the snapshot with them. A server's
    /// log tells of clients that leave without that.
    pub async fn end(&self) {
        if let Some(exported) = self.exported.get() {
            exported.execute_on_idle("ROLLBACK").await;
            // A session that is gone has ended its transaction too.
            let _ = timeout(END_TIMEOUT, exported.connection.batch_execute("ROLLBACK")).await;
        }
    }

    /// Sessions that join the snapshot `id`.
    fn pool(&self, id: &str, session: ReadSession) -> Arc<ConnectionPool> {
        let query = match session.runs_query {
            true => tuning::for_queries() + "SET LOCAL search_path TO DEFAULT; ",
            false => String::new(),
        };
        let setup = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
             SET TRANSACTION SNAPSHOT '{id}'; SET LOCAL row_security = {}; {query}{KEEP_MEMORY}; \
             SAVEPOINT joined",
            session.row_security
        );
        ConnectionPool::new(self.config.clone(), "read", setup)
    }

    async fn exported(&self) -> Result<&Exported> {
        self.exported
            .get_or_try_init(|| async {
                let connection = Connection::open_for_catalog(&self.config, "snapshot").await?;
                let refused = |err| server_error(ErrorKind::Read, "cannot take a snapshot", err);
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                connection.batch_execute(begin).await.map_err(refused)?;
                let sql = "SELECT pg_catalog.pg_export_snapshot()";
                let row = connection.ask_one(sql, &[]).await.map_err(refused)?;
                Ok(Exported {
                    connection,
                    id: row.get(0),
                    pools: Mutex::default(),
                })
            })
            .await
    }
}

//! Has the destination write its log while the sessions that fill it go on.
//!
//! A server's process that finds the log's buffers full (`wal_buffers`, mostly 16 MB) writes the oldest
//! of them out before it goes on. The WAL writer would do that for it, on another core, but looks for
//! work only every 200 ms (`wal_writer_delay`) unless a transaction that commits asynchronously wakes
//! it. A merge is one long transaction, so others commit beside it, and do nothing else.
//!
//! Source: PostgreSQL documentation, "Asynchronous Commit" and "WAL Configuration".

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tracing::debug;

use crate::postgres::Connection;

/// Between two looks at the log while it fills: a server writes some megabytes of it meanwhile.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(5);

/// Before the first look: a small table is there sooner.
const FIRST_INTERVAL: Duration = Duration::from_millis(40);

/// Between two looks while little is written.
const LONGEST_INTERVAL: Duration = Duration::from_secs(1);

/// Commits asynchronously if a quarter of the buffers waits to be written, and so much that the WAL
/// writer takes notice of it; tells whether it did. A transaction that has a number and nothing else
/// is one record of the log, which no replica waits for and no subscriber sees. It sets
/// `synchronous_commit` because reading the catalogue may leave a record too.
const WAKE_WRITER: &str = "SELECT CASE WHEN pg_catalog.pg_wal_lsn_diff(\
     pg_catalog.pg_current_wal_insert_lsn(), pg_catalog.pg_current_wal_lsn()) \
     > GREATEST(pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_buffers')) / 4, \
     pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_writer_flush_after'))) \
     THEN pg_catalog.set_config('synchronous_commit', 'off', true) IS NOT NULL \
     AND pg_catalog.pg_current_xact_id() IS NOT NULL ELSE false END";

/// Wakes the WAL writer of one server.
#[derive(Debug, Default)]
pub struct WalWaker {
    /// Whether the server does not let its log be looked at.
    is_refused: AtomicBool,
}

impl WalWaker {
    /// Does `work`, and has the server of `connection`, which is in no transaction meanwhile, write
    /// its log. Where that cannot be done, nothing but `work` is.
    pub async fn during<T>(&self, connection: &Connection, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = self.wake(connection), if !self.is_refused.load(Ordering::Relaxed) => {}
        }
        work.await
    }

    /// Wakes the WAL writer whenever there is much to write; returns only if the server refuses, or is
    /// gone.
    async fn wake(&self, connection: &Connection) {
        let mut interval = FIRST_INTERVAL;
        loop {
            sleep(interval).await;
            let has_woken = match connection.ask_one(WAKE_WRITER, &[]).await {
                Ok(row) => row.get(0),
                Err(error) => {
                    self.is_refused.store(true, Ordering::Relaxed);
                    return debug!(%error, "the log is left to the server");
                }
            };
            interval = match has_woken {
                true => SHORTEST_INTERVAL,
                false => LONGEST_INTERVAL.min(2 * interval),
            };
        }
    }
}

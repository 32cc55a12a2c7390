//! Has the destination write its log while the sessions that fill it go on.
//!
//! A server's process that has filled the log's buffers (`wal_buffers`, 16 MB as a rule) writes them
//! to the disk before it goes on. The WAL writer would do that for it, on another core, but looks for
//! work only every 200 ms (`wal_writer_delay`) unless a transaction that commits asynchronously wakes
//! it. A merge is one long transaction, so others commit beside it, and do nothing else.
//!
//! Source: PostgreSQL documentation, "Asynchronous Commit" and "WAL Configuration".

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::sleep;
use tracing::debug;

use crate::postgres::Connection;

/// Between two looks at the log while it fills: a server writes some megabytes of it meanwhile.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(5);

/// Between two looks while little is written.
const LONGEST_INTERVAL: Duration = Duration::from_millis(80);

/// Commits asynchronously if a quarter of the buffers waits to be written, and tells whether it did.
/// A transaction that has an id and nothing else is one record of the log, which no replica and no
/// subscriber takes notice of.
const WAKE_WRITER: &str = "SELECT CASE WHEN pg_catalog.pg_wal_lsn_diff(\
     pg_catalog.pg_current_wal_insert_lsn(), pg_catalog.pg_current_wal_lsn()) \
     > pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_buffers')) / 4 \
     THEN pg_catalog.set_config('synchronous_commit', 'off', true) IS NOT NULL \
     AND pg_catalog.pg_current_xact_id() IS NOT NULL ELSE false END";

/// Does `work`, and has the server of `connection`, which is in no transaction, write its log
/// meanwhile. Where the server does not let its log be looked at, nothing but `work` is done.
pub async fn write_wal_during<T>(connection: &Connection, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = wake_writer(connection) => {}
    }
    work.await
}

/// Wakes the WAL writer whenever there is much to write; returns only if the server refuses.
async fn wake_writer(connection: &Connection) {
    let mut interval = LONGEST_INTERVAL;
    loop {
        sleep(interval).await;
        let has_much = match connection.ask_one(WAKE_WRITER, &[]).await {
            Ok(row) => row.get(0),
            Err(error) => return debug!(%error, "the log is left to the server"),
        };
        interval = match has_much {
            true => SHORTEST_INTERVAL,
            false => LONGEST_INTERVAL.min(2 * interval),
        };
    }
}

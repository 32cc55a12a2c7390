//! Session locks by name, which make runs wait for each other.

use std::time::Instant;

use tracing::warn;

use crate::error::{ErrorKind, Result};
use crate::postgres::{Connection, server_error};

/// Takes the lock `name`; tells when it was free if another run held it, `None` if none did.
///
/// Source: PostgreSQL documentation, "Advisory Locks". The key is a hash of the name that the
/// server makes, so that every version of towpath agrees on it.
///
/// # Errors
/// `Load`, if the server refuses.
pub(super) async fn lock(connection: &Connection, name: &str) -> Result<Option<Instant>> {
    let refused = |err| server_error(ErrorKind::Load, "cannot lock out other runs", err);
    let sql = "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0))";
    let row = connection.ask_one(sql, &[&name]).await.map_err(refused)?;
    if row.get(0) {
        return Ok(None);
    }
    warn!("another run holds the lock {name:?}: waiting for it");
    let sql = "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))";
    connection.ask_one(sql, &[&name]).await.map_err(refused)?;
    Ok(Some(Instant::now()))
}

/// Lets other runs take the lock `name`.
///
/// # Errors
/// `Load`, if the server refuses.
pub(super) async fn unlock(connection: &Connection, name: &str) -> Result<()> {
    let sql = "SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended($1, 0))";
    let row = connection.ask_one(sql, &[&name]).await;
    row.map_err(|err| server_error(ErrorKind::Load, "cannot let other runs in", err))?;
    Ok(())
}

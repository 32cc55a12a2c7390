//! How busy a server is with others.

use std::time::Duration;

use super::query;
use crate::error::Result;
use crate::postgres::Connection;

/// How busy a server is with others than us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// Client sessions that are running a statement.
    pub active_sessions: u64,
    /// How far the replica that is farthest behind is behind, the server itself if it is one.
    pub replica_lag: Duration,
}

/// How busy the server is with other sessions than those whose `pg_stat_activity.pid` is in `own`.
///
/// A role that [sees no others](sees_others) gets the counts of its own.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn pressure(client: &Connection, own: &[i32]) -> Result<Pressure> {
    let rows = query(client, include_str!("pressure.sql"), &[&own]).await?;
    let Some(row) = rows.first() else {
        return Ok(Pressure::default());
    };
    let sessions: i64 = row.get("active_sessions");
    let lag: f64 = row.get("replica_lag");
    Ok(Pressure {
        active_sessions: sessions.unsigned_abs(),
        replica_lag: Duration::try_from_secs_f64(lag.max(0.0)).unwrap_or(Duration::MAX),
    })
}

/// Whether the role sees what other roles' sessions do.
///
/// Source: PostgreSQL documentation, "Predefined Roles".
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn sees_others(client: &Connection) -> Result<bool> {
    let sql = "SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')";
    let rows = query(client, sql, &[]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

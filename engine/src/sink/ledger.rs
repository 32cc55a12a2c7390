//! The run ledger: what was published, and up to which watermark.

use serde::Serialize;

use super::publish::create_schema;
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::{Connection, server_error};
use crate::report::{PipelineName, StreamReport};
use crate::watermark::Watermark;

/// The ledger's table, created by the first run.
const CREATE: &str = include_str!("ledger.sql");

/// Key of the advisory lock under which the ledger is created: "towpath" in ASCII.
const CREATE_LOCK: i64 = 0x0074_6f77_7061_7468;

/// One published stream of one run.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerEntry {
    /// The run's id, 16 hexadecimal digits.
    pub run_id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The stream's name.
    pub stream: String,
    /// The table read, as SQL writes it.
    pub source: String,
    /// The table written, as SQL writes it.
    pub destination: String,
    /// `upsert`, `append`, `replace` or `mirror`.
    pub write: String,
    /// The MD5 digest of what the plan would do.
    pub plan_hash: String,
    /// The watermark published, if the stream is incremental.
    pub watermark: Option<String>,
    /// Rows that the source sent.
    pub rows_read: i64,
    /// Rows new in the destination.
    pub rows_inserted: i64,
    /// Rows of the destination that changed.
    pub rows_updated: i64,
    /// Rows that were there, and the same.
    pub rows_unchanged: i64,
    /// Rows removed from the destination.
    pub rows_deleted: i64,
    /// Bytes of COPY data received.
    pub bytes_read: i64,
    /// When the run began, ISO 8601 in UTC.
    pub started_at: String,
    /// When the stream was published, ISO 8601 in UTC.
    pub finished_at: String,
}

/// Writes a stream's entry, inside the transaction that publishes it; creates the ledger first if
/// it is missing.
///
/// # Errors
/// `Load`, with the statements for an administrator, if the role may not.
pub(super) async fn record(
    client: &Connection,
    run: &RunIdentity,
    report: &StreamReport,
) -> Result<()> {
    create(client).await?;
    let sql = "INSERT INTO towpath.runs (run_id, pipeline, stream, source, destination, write, \
        plan_hash, cursor, watermark, rows_read, rows_inserted, rows_updated, rows_unchanged, \
        rows_deleted, bytes_read, started_at, finished_at) VALUES ($1, $2, $3, $4, $5, $6, \
        pg_catalog.md5($7), $16, $8, $9, $10, $11, $12, $13, $14, \
        $15::pg_catalog.text::pg_catalog.timestamptz, pg_catalog.clock_timestamp())";
    client
        .ask(
            sql,
            &[
                &run.run_id,
                &run.pipeline.0,
                &report.stream,
                &report.source,
                &report.destination,
                &report.write,
                &run.plan,
                &report.watermark,
                &(report.rows_read as i64),
                &(report.rows_inserted as i64),
                &(report.rows_updated as i64),
                &(report.rows_unchanged as i64),
                &(report.rows_deleted as i64),
                &(report.bytes_read as i64),
                &run.started_at,
                &run.cursor,
            ],
        )
        .await
        .map_err(ledger_error)?;
    Ok(())
}

/// Whether the role may write the ledger, or create it if it is missing.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn may_record(client: &Connection) -> Result<bool> {
    let rows = client.ask_one(include_str!("may_record.sql"), &[]).await;
    Ok(rows.map_err(unreadable)?.get(0))
}

/// What the ledger knows of a run beside its report.
#[derive(Clone, Debug)]
pub struct RunIdentity {
    /// The run's id, 16 hexadecimal digits.
    pub run_id: String,
    /// The pipeline's name.
    pub pipeline: PipelineName,
    /// What the plan would do, as text; the ledger keeps its digest.
    pub plan: String,
    /// When the run began, as the destination's clock said.
    pub started_at: String,
    /// The cursor column, if the stream is incremental.
    pub cursor: Option<String>,
}

async fn create(client: &Connection) -> Result<()> {
    if exists(client).await? {
        return Ok(());
    }
    // CREATE … IF NOT EXISTS of two runs at the same time fails in one of them.
    client
        .ask(
            "SELECT pg_catalog.pg_advisory_xact_lock($1)",
            &[&CREATE_LOCK],
        )
        .await
        .map_err(ledger_error)?;
    create_schema(client, "towpath").await?;
    client.batch_execute(CREATE).await.map_err(ledger_error)
}

async fn exists(client: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c \
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
        WHERE n.nspname = 'towpath' AND c.relname = 'runs')";
    Ok(client.ask_one(sql, &[]).await.map_err(ledger_error)?.get(0))
}

/// Which watermark is meant: one of another table, or of another column, says nothing here.
#[derive(Clone, Copy, Debug)]
pub struct WatermarkOf<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The table read, as SQL writes it.
    pub source: &'a str,
    /// The table written, as SQL writes it.
    pub destination: &'a str,
    /// The cursor column.
    pub cursor: &'a str,
}

/// The watermark that the last such run published; `None` if there is none.
///
/// # Errors
/// `Read`, if the ledger cannot be read.
pub async fn last_watermark(
    client: &Connection,
    pipeline: &PipelineName,
    flow: &WatermarkOf<'_>,
) -> Result<Option<Watermark>> {
    if !exists(client).await? {
        return Ok(None);
    }
    let sql = "SELECT watermark FROM towpath.runs WHERE pipeline = $1 AND stream = $2 \
        AND source = $3 AND destination = $4 AND cursor = $5 AND watermark IS NOT NULL ORDER BY finished_at DESC LIMIT 1";
    let rows = client
        .ask(
            sql,
            &[
                &pipeline.0,
                &flow.stream,
                &flow.source,
                &flow.destination,
                &flow.cursor,
            ],
        )
        .await
        .map_err(unreadable)?;
    Ok(rows
        .first()
        .map(|row| Watermark::new(row.get::<_, &str>(0))))
}

/// The latest entries, newest first; of one pipeline if it is named.
///
/// # Errors
/// `Read`, if the ledger cannot be read. A database without ledger has no entries.
pub async fn history(
    client: &Connection,
    pipeline: Option<&str>,
    limit: u32,
) -> Result<Vec<LedgerEntry>> {
    if !exists(client).await? {
        return Ok(Vec::new());
    }
    let rows = client
        .ask(include_str!("history.sql"), &[&pipeline, &i64::from(limit)])
        .await
        .map_err(unreadable)?;
    Ok(rows
        .iter()
        .map(|row| LedgerEntry {
            run_id: row.get("run_id"),
            pipeline: row.get("pipeline"),
            stream: row.get("stream"),
            source: row.get("source"),
            destination: row.get("destination"),
            write: row.get("write"),
            plan_hash: row.get("plan_hash"),
            watermark: row.get("watermark"),
            rows_read: row.get("rows_read"),
            rows_inserted: row.get("rows_inserted"),
            rows_updated: row.get("rows_updated"),
            rows_unchanged: row.get("rows_unchanged"),
            rows_deleted: row.get("rows_deleted"),
            bytes_read: row.get("bytes_read"),
            started_at: row.get("started_at"),
            finished_at: row.get("finished_at"),
        })
        .collect())
}

fn unreadable(err: tokio_postgres::Error) -> Error {
    server_error(ErrorKind::Read, "cannot read the ledger towpath.runs", err)
}

fn ledger_error(err: tokio_postgres::Error) -> Error {
    server_error(ErrorKind::Load, "cannot write the ledger towpath.runs", err)
}

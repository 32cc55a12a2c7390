//! Source and destination compared after the fact, inside their servers.

mod columns;
mod descent;
mod matching;
mod pushdown;
mod sides;

use std::time::Instant;

use tracing::info;

use self::descent::Descent;
use self::matching::Findings;
use self::sides::{Asked, Sides};
use super::{Databases, Pipeline, SourceSession, Stream};
use crate::error::{ErrorKind, Result};
use crate::postgres::{Canceller, Connection, server_error, tuning};
use crate::report::VerifyReport;

/// The statements that every comparison's transaction begins with: one view of the database, which
/// nothing changes.
///
/// Rows that row security would hide are an error rather than a difference, unless the stream accepts
/// that. Compiling expressions over hundreds of columns takes longer than it saves. Cells of a
/// comparison are groups to be hashed, which takes memory, and both servers work at the same time.
fn begin_statements() -> String {
    format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; \
         SET LOCAL jit = off; {}SAVEPOINT asked",
        tuning::for_queries()
    )
}

/// The path of any session of the role; going back to the savepoint keeps it.
const USERS_PATH: &str = "SET LOCAL search_path TO DEFAULT; SAVEPOINT asked";

/// Compares what a pipeline's source and destination hold.
///
/// Nothing is written, and no row leaves its server before hashes over ranges of rows have told
/// that it differs.
pub struct Verifier {
    databases: Databases,
    from: Connection,
    to: Connection,
    destination_name: String,
}

impl Verifier {
    /// Connects to both servers.
    ///
    /// # Errors
    /// `Connect`, if a server cannot be reached or refuses us.
    pub async fn open(pipeline: &Pipeline) -> Result<Self> {
        let (databases, from, to) = tokio::try_join!(
            Databases::open(&pipeline.source, &pipeline.settings),
            Connection::open(&pipeline.source, "verify"),
            Connection::open(&pipeline.destination, "verify"),
        )?;
        Ok(Self {
            databases: databases
                .with_connections(&pipeline.connections)
                .with_destination(&pipeline.destination),
            from,
            to,
            destination_name: pipeline.destination.to_string(),
        })
    }

    /// The source's side.
    pub fn source(&self) -> &SourceSession {
        self.databases.source()
    }

    /// What stops the statements that are running: dropping the future of a comparison does not.
    pub fn cancellers(&self) -> [Canceller; 2] {
        [self.from.canceller(), self.to.canceller()]
    }

    /// Compares the rows that `stream` makes of its source with those of its destination, and
    /// names at most `max_differences` of those that differ.
    ///
    /// Each side is read in one transaction. Incremental streams are compared in whole.
    ///
    /// # Errors
    /// `Config` or `Schema`, if the two cannot be compared; `Read`, if a server fails to answer.
    pub async fn verify(&self, stream: &Stream, max_differences: usize) -> Result<VerifyReport> {
        let began = Instant::now();
        let both = [&self.from, &self.to];
        for connection in both {
            let begin = connection.batch_execute(&begin_statements()).await;
            begin.map_err(|err| server_error(ErrorKind::Read, "cannot begin to compare", err))?;
        }
        if stream.transform.select().is_some() {
            // Names in it mean what they mean to the role.
            let set = self.from.batch_execute(USERS_PATH).await;
            set.map_err(|err| server_error(ErrorKind::Read, "cannot begin to compare", err))?;
        }
        let result = self.compare(stream, max_differences).await;
        for connection in both {
            if result.is_err() {
                // One side's error leaves the other's statement running.
                let _ = connection.canceller().cancel().await;
            }
            let end = connection.batch_execute("ROLLBACK").await;
            end.map_err(|err| server_error(ErrorKind::Read, "cannot end a comparison", err))
                .or_else(|err| if result.is_err() { Ok(()) } else { Err(err) })?;
        }
        let report = VerifyReport {
            elapsed_ms: began.elapsed().as_millis() as u64,
            ..result?
        };
        info!(table = %stream.into, rows = report.source_rows, elapsed_ms = report.elapsed_ms, "compared");
        Ok(report)
    }

    async fn compare(&self, stream: &Stream, max_differences: usize) -> Result<VerifyReport> {
        let Asked {
            mut sides,
            mut report,
        } = self.sides(stream).await?;
        let totals = sides.totals().await?;
        report.source_rows = totals.source.rows;
        report.destination_rows = totals.destination.rows;
        report.equal = totals.is_equal();
        if report.equal {
            report.is_complete = true;
            return Ok(report);
        }
        let Findings {
            missing,
            different,
            surplus,
            unexplored,
            rows,
        } = Descent::new(&sides, max_differences).run(totals).await?;
        Ok(VerifyReport {
            missing,
            different,
            surplus,
            differing: missing + different + surplus + unexplored,
            is_complete: unexplored == 0,
            rows,
            ..report
        })
    }

    async fn sides(&self, stream: &Stream) -> Result<Asked<'_>> {
        Sides::between(self, stream).await
    }
}

//! Which snapshot a stream is read under.

use std::sync::PoisonError;
use std::time::Instant;

use tracing::info;

use super::Run;
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::describe::newer_snapshot_note;
use crate::pipeline::{SourceSession, StreamPlan};
use crate::postgres::catalog::Outdated;
use crate::table::{Table, TableName};

/// How many snapshots are taken for one stream before it is given up.
const SNAPSHOTS: usize = 5;

impl Run {
    /// The plan once the destination has its types, and the snapshots show its tables as they are:
    /// under newer ones than earlier streams, if it must be. The tables are locked then.
    pub(super) async fn with_snapshots(&self, mut plan: StreamPlan) -> Result<StreamPlan> {
        let mut newer_snapshot = None;
        for _ in 0..SNAPSHOTS {
            plan = self.with_types(plan).await?;
            self.databases.end_planning().await;
            self.check_unchanged(&plan).await?;
            let outdated = self.lock_and_find_outdated(&plan).await?;
            if outdated.is_empty() {
                plan.newer_snapshot = newer_snapshot;
                return Ok(plan);
            }
            self.databases.renew_snapshots(Instant::now()).await;
            let note = newer_snapshot_note(&outdated);
            info!(table = %plan.stream.into, "{note}");
            newer_snapshot = Some(note);
            plan = self.plan_again(&plan).await?;
        }
        let message = format!(
            "{} is emptied or rewritten again and again",
            plan.table().name
        );
        Err(Error::new(ErrorKind::Schema, message).with_hint("nothing was moved: run again"))
    }

    /// Remembers that a stream has written `table`.
    pub(super) fn note_written(&self, table: &TableName) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.push((table.clone(), Instant::now()));
    }

    async fn lock_and_find_outdated(&self, plan: &StreamPlan) -> Result<Vec<Outdated>> {
        let references = plan.stream.transform.references();
        let sessions = self.databases.sessions(references).await?;
        let mut outdated = Vec::new();
        for (session, table) in sessions.into_iter().zip(&plan.tables) {
            let written = self.written_since_snapshot(session).await?;
            outdated.extend(session.lock_and_find_outdated(table, &written).await?);
        }
        Ok(outdated)
    }

    /// Tables of the database of `session` that streams have written since its snapshot was taken.
    async fn written_since_snapshot(&self, session: &SourceSession) -> Result<Vec<TableName>> {
        let written: Vec<TableName> = {
            let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            let since = written
                .iter()
                .filter(|(_, at)| session.snapshot_is_before(*at));
            since.map(|(table, _)| table.clone()).collect()
        };
        match !written.is_empty() && self.reads_destination(session).await? {
            true => Ok(written),
            false => Ok(Vec::new()),
        }
    }

    /// Checks that the snapshots see the tables that were planned for.
    async fn check_unchanged(&self, plan: &StreamPlan) -> Result<()> {
        let references = plan.stream.transform.references();
        let sessions = self.databases.sessions(references).await?;
        for (session, planned) in sessions.into_iter().zip(&plan.tables) {
            let found = session.table_in_snapshot(&planned.name).await?;
            let is_same =
                |found: Table| found.oid == planned.oid && found.columns == planned.columns;
            if !found.is_some_and(is_same) {
                let message = format!("{} changed since it was planned", planned.name);
                return Err(Error::new(ErrorKind::Schema, message)
                    .with_hint("nothing was moved: run again"));
            }
        }
        Ok(())
    }
}

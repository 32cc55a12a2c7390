//! The rows of one stream on their way: compared first where that pays, then loaded.

use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::{StreamExt, stream};

use super::describe::{incremental_note, trigger_notes, unwritten};
use super::{Databases, SourceSession, StreamPlan, flow};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::{Connection, ConnectionConfig, catalog, statement};
use crate::report::{Progress, Stage, StreamReport};
use crate::sink::{
    ComparisonSink, Differences, LoadPlan, Side, Sink, SinkSettings, TableSink, TupleSums,
};
use crate::source::{BatchStream, CopySource, ReadSettings, Scan, Shape, Snapshot, Source};
use crate::table::TableName;
use crate::transform::TransformPlan;

/// Rows of the source are compared with those of the destination if there are at least this many
/// for each of them: comparing a row takes a third of the time that staging and merging one takes
/// (`w1c` of benches/runs/2026-11-21-2core-relay), and where some differ, all of the source's are read a second time.
const WORTH_COMPARING: f64 = 0.5;

/// Fewer rows are not compared: they are staged and merged sooner than sessions are opened to read them on both
/// sides. A table that was never analyzed is taken for ten pages at least, which are some hundred rows.
const LEAST_COMPARED: f64 = 2_500.0;

/// A planned stream whose rows are to move.
pub(super) struct Transfer<'a> {
    pub(super) databases: &'a Databases,
    pub(super) plan: &'a StreamPlan,
    pub(super) load: &'a LoadPlan,
    pub(super) progress: &'a Arc<Progress>,
}

/// The destination as one that is read.
pub(super) struct DestinationSide {
    pub(super) config: ConnectionConfig,
    pub(super) settings: ReadSettings,
}

/// What comparing both sides has found out.
pub(super) struct Compared {
    differences: Arc<Differences>,
    /// Rows and bytes that the source sent.
    rows_read: u64,
    bytes_read: u64,
    /// Rows that came out of the transform.
    rows_written: u64,
    /// All of them as whole tuples, if they are few.
    kept: Option<Vec<RecordBatch>>,
}

impl Transfer<'_> {
    /// Reads both sides, and finds the rows that are not on both.
    ///
    /// # Errors
    /// Those of reading, and of making tuples of the source's rows.
    pub(super) async fn compare(&self, destination: &DestinationSide) -> Result<Compared> {
        let Transfer { load, progress, .. } = self;
        let (Some(table), Some(scan)) = (&load.existing, load.comparison_scan()) else {
            let message = "a table that is missing cannot be compared";
            return Err(Error::new(ErrorKind::Internal, message));
        };
        progress.enter(Stage::Comparing);
        let expected = [self.plan.table(), table].map(|table| table.estimated_rows.unwrap_or(0));
        let sums = Arc::new(TupleSums::new(expected[0].max(expected[1])));
        let sink = |side, progress: &Arc<Progress>| {
            let (plan, sums) = ((*load).clone(), sums.clone());
            Arc::new(ComparisonSink::new(plan, side, sums, progress.clone()))
        };
        let unseen = Arc::default();
        let (here, there) = (
            sink(Side::Source, progress),
            sink(Side::Destination, &unseen),
        );
        let snapshot = Arc::new(Snapshot::new(destination.config.clone(), Arc::default()));
        let settings = destination.settings;
        let present = CopySource::new(table.clone(), snapshot.clone(), settings, unseen);
        let read = tokio::try_join!(
            flow::move_batches(self.streams(usize::MAX).await?, here.clone()),
            flow::move_batches(present.read_all(&scan), there),
        );
        snapshot.end().await;
        read?;
        let compared = Compared {
            differences: Arc::new(sums.differences()),
            rows_read: progress.rows_read(),
            bytes_read: progress.bytes_read(),
            rows_written: progress.rows_written(),
            kept: here.take_kept()?,
        };
        progress.restart();
        Ok(compared)
    }

    /// Moves rows into the destination's sink, from which they are to be published: all, or those
    /// that differ. Rows that were kept are not read again.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub(super) async fn load(
        &self,
        settings: SinkSettings,
        compared: Option<&Compared>,
    ) -> Result<Arc<TableSink>> {
        self.progress.enter(Stage::Loading);
        let only = compared.map(|compared| compared.differences.clone());
        let kept = compared.and_then(|compared| compared.kept.clone());
        let load = LoadPlan {
            relays: self.load.relays || kept.is_some(),
            ..self.load.clone()
        };
        let nothing_differs = only.as_ref().is_some_and(|only| only.is_empty());
        let settings = SinkSettings { only, ..settings };
        let sink = Arc::new(TableSink::open(load, settings, self.progress.clone()).await?);
        if !nothing_differs {
            let streams = match kept {
                Some(kept) => vec![stream::iter(kept.into_iter().map(Ok)).boxed()],
                None => self.streams(sink.writer_limit()).await?,
            };
            flow::move_batches(streams, sink.clone()).await?;
        }
        Ok(sink)
    }

    /// What was moved, before it is published.
    pub(super) fn report(&self, compared: Option<&Compared>) -> StreamReport {
        let Self {
            plan,
            load,
            progress,
            ..
        } = self;
        let first = plan.newer_snapshot.iter().chain(&plan.caveats);
        let notes = first.chain(plan.transform.notes()).cloned();
        let notes = notes.chain(incremental_note(&plan.stream, &*plan.transform));
        let notes = notes.chain(unwritten(load)).chain(trigger_notes(load));
        let report = StreamReport {
            stream: plan.stream.name.clone(),
            source: plan.table().name.to_string(),
            destination: plan.stream.into.to_string(),
            write: load.write.to_string(),
            created: load.existing.is_none(),
            rows_read: progress.rows_read(),
            rows_written: progress.rows_written(),
            bytes_read: progress.bytes_read(),
            bytes_written: progress.bytes_written(),
            plan_ms: plan.plan_ms,
            notes: notes.collect(),
            ..StreamReport::default()
        };
        match compared {
            None => report,
            Some(compared) => StreamReport {
                rows_read: compared.rows_read,
                rows_written: compared.rows_written,
                bytes_read: compared.bytes_read + report.bytes_read,
                ..report
            },
        }
    }

    /// The rows that come out of the transform, for so many writers: relayed, or what it makes of
    /// them. A writer relays no faster than one reader reads, and where rows keep their order, those
    /// of a key that grows find their place in its index sooner.
    async fn streams(&self, writers: usize) -> Result<Vec<BatchStream>> {
        let Self { plan, progress, .. } = self;
        let (reading, condition) = ((&plan.stream, &*plan.tables), plan.condition.as_deref());
        let scans = plan.transform.scans();
        let sources = self.databases.sources(reading, condition, scans, progress);
        let mut sources = sources.await?;
        if let Some(scan) = relayed(&*plan.transform, Some(self.load)) {
            let source = sources.swap_remove(scan.input);
            return Ok(match writers {
                1 => source.with_connections(1).read_all(&scan),
                _ => source.read_all(&scan),
            });
        }
        let sources = sources.into_iter();
        let sources: Vec<Arc<dyn Source>> = sources.map(|source| Arc::new(source) as _).collect();
        match self.load.slots.is_empty() {
            true => plan.transform.execute(&sources).await,
            false => {
                plan.transform
                    .execute_slots(&sources, &self.load.slots)
                    .await
            }
        }
    }
}

/// The scan of whole tuples that gives the rows of `transform`, if they can be loaded as they are.
pub(super) fn relayed(transform: &dyn TransformPlan, load: Option<&LoadPlan>) -> Option<Scan> {
    let scan = transform
        .relay()
        .filter(|_| load.is_some_and(|load| load.relays))?;
    let shape = Shape::Tuples;
    Some(Scan { shape, ..scan })
}

/// Whether comparing both sides first is worth it, by what the servers expect of both.
///
/// # Errors
/// `Read`, if a server does not answer.
pub(super) async fn is_worth_comparing(
    source: (&SourceSession, &Scan, &str),
    (destination, table): (&Connection, &TableName),
) -> Result<bool> {
    let (session, scan, select) = source;
    let all = statement::select(table, &[], &[], None);
    let (here, there) = tokio::try_join!(
        session.expected_rows(scan, select),
        catalog::expected_rows(destination, &all),
    )?;
    Ok(here >= LEAST_COMPARED && here >= WORTH_COMPARING * there)
}

//! One execution of a pipeline.

mod snapshots;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use tokio::time::sleep;
use tracing::{info, warn};

use self::snapshots::Locked;
use super::created::{CreationInput, plan_created, plan_sequences};
use super::describe::{describe_load, empty_report, hidden_note, incremental_note, notes};
use super::lock::{lock, unlock};
use super::plan::{LoadInput, LoadOutcome, plan_load};
use super::session::database_identity;
use super::transfer::{DestinationSide, Transfer, is_worth_comparing, relayed};
use super::versions::{Servers, plan_transform};
use super::{
    Databases, InputTable, RowSecurity, Settings, SourceSession, Stream, StreamPlan, SyncMode,
    Wanted, incremental, privileges, type_changes,
};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::catalog;
use crate::postgres::{Connection, ConnectionConfig, server_error, statement};
use crate::report::{PipelineName, PlanReport, Progress, RunId, Stage, Step, StreamReport};
use crate::sink::{
    LoadPlan, RunIdentity, Sink, SinkSessions, SinkSettings, WalWaker, WriteMode, staging,
};
use crate::source::{CopySource, Scan, Source};
use crate::table::{Table, TableName};

/// Seconds after which a stream is begun again that others did not let go on; then it fails.
const PAUSES: [u64; 6] = [1, 3, 10, 30, 60, 60];

/// A pipeline: two databases, and how to go about it.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name, in the ledger and in the lock that keeps two runs of it apart.
    pub name: PipelineName,
    /// Where rows come from.
    pub source: ConnectionConfig,
    /// Where rows go.
    pub destination: ConnectionConfig,
    /// Other databases that transforms may read, by the names they have there.
    pub connections: BTreeMap<String, ConnectionConfig>,
    /// How many connections, how much memory.
    pub settings: Settings,
}

/// A pipeline with both connections open.
///
/// Its destination session holds advisory locks: one that says that the run is alive, and, once it
/// executes, those that make other runs of the pipeline or into the same table wait.
pub struct Run {
    pipeline: Pipeline,
    id: RunId,
    databases: Databases,
    destination: Connection,
    /// Sessions that load.
    sessions: Arc<SinkSessions>,
    /// Has the destination write its log meanwhile.
    waker: WalWaker,
    /// What tells the destination from other databases.
    identity: OnceCell<String>,
    /// Tables that streams have written, and when that was done.
    written: Mutex<Vec<(TableName, Instant)>>,
    prepared: OnceCell<Prepared>,
    streams: AtomicUsize,
}

/// The statements that read `scans`, each once.
fn reads(sources: &[CopySource], scans: &[Scan]) -> Vec<String> {
    let mut reads: Vec<String> = Vec::new();
    let statements = scans
        .iter()
        .flat_map(|scan| sources[scan.input].describe(scan));
    for statement in statements {
        if !reads.contains(&statement) {
            reads.push(statement);
        }
    }
    reads
}

/// What a person should know of the rows of `inputs`.
async fn caveats(inputs: &[InputTable<'_>], write: WriteMode) -> Result<Vec<String>> {
    let mut caveats = Vec::new();
    for input in inputs {
        let hidden = input.hidden.clone();
        caveats.extend(hidden.map(|why| hidden_note(why, write)));
        caveats.extend(input.functions_note().await?);
    }
    Ok(caveats)
}

/// What the first stream that executes finds out for all.
struct Prepared {
    may_stage: bool,
    started_at: String,
    /// When another run of the pipeline let this one in; what was planned before is outdated.
    waited_until: Option<Instant>,
}

impl Run {
    /// Connects to both servers. Nothing is written before [`execute`](Self::execute).
    ///
    /// # Errors
    /// `Connect`, if a server cannot be reached or refuses us.
    pub async fn open(pipeline: Pipeline) -> Result<Self> {
        let (databases, destination) = tokio::try_join!(
            Databases::open(&pipeline.source, &pipeline.settings),
            Connection::open_for_catalog(&pipeline.destination, "control"),
        )?;
        databases.source().check_limits().await?;
        let databases = databases
            .with_connections(&pipeline.connections)
            .with_destination(&pipeline.destination);
        Ok(Self {
            sessions: SinkSessions::new(&pipeline.destination),
            pipeline,
            id: RunId(RandomState::new().build_hasher().finish()),
            databases,
            destination,
            waker: WalWaker::default(),
            identity: OnceCell::new(),
            written: Mutex::default(),
            prepared: OnceCell::new(),
            streams: AtomicUsize::new(0),
        })
    }

    /// The run's id.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// The source's side.
    pub fn source(&self) -> &SourceSession {
        self.databases.source()
    }

    /// Plans `stream` against both catalogues; no rows move.
    ///
    /// A plan with refused columns is a plan: its report says which, and
    /// [`execute`](Self::execute) refuses it.
    ///
    /// # Errors
    /// `Config` or `Schema`, if the stream cannot mean anything between these databases.
    pub async fn plan(&self, stream: &Stream) -> Result<StreamPlan> {
        let began = Instant::now();
        self.refuse_copy_onto_itself(stream).await?;
        let wanted = Wanted {
            table: &stream.table,
            into: Some(&stream.into),
            row_security: stream.options.row_security,
        };
        let inputs = self.databases.tables(wanted, &*stream.transform);
        let existing = catalog::table(&self.destination, &stream.into);
        let (inputs, existing) = tokio::try_join!(inputs, existing)?;
        let there = (&self.destination, existing.as_ref());
        let transform = plan_transform(stream, &inputs, there).await?;
        let caveats = caveats(&inputs, stream.write).await?;
        let sessions: Vec<&SourceSession> = inputs.iter().map(|input| input.session).collect();
        let tables: Vec<Table> = inputs.into_iter().map(|input| input.table).collect();
        let table = &tables[0];
        self.check_privileges(stream, existing.as_ref()).await?;
        let condition = self.condition(stream, table, existing.as_ref()).await?;
        let input = LoadInput {
            sessions: &sessions,
            stream,
            table,
            transform: &*transform,
            existing,
        };
        let mut outcome = plan_load(&self.destination, input).await?;
        let scan = (table, &*transform);
        let servers = Servers::of(self.source(), &self.destination);
        let unknown = servers.refuse_what_is_unknown(scan, condition.as_deref(), &mut outcome);
        unknown.await?;
        let input = CreationInput {
            stream,
            table,
            transform: &*transform,
            source: self.source().connection(),
            destination: &self.destination,
            awaits_types: !outcome.type_changes.is_empty(),
        };
        let reading = (&*tables, condition.as_deref());
        let mut report = self.report(&input, reading, &mut outcome).await?;
        let first = caveats.iter().chain(transform.notes()).cloned();
        let first = first.chain(incremental_note(stream, &*transform));
        report.notes.splice(..0, first);
        Ok(StreamPlan {
            stream: stream.clone(),
            tables,
            transform,
            condition,
            load: outcome.load,
            report,
            refusals: outcome.refusals,
            type_changes: outcome.type_changes,
            caveats,
            newer_snapshot: None,
            planned_at: began,
            plan_ms: began.elapsed().as_millis() as u64,
        })
    }

    /// What would happen, for people; completes the load of `outcome` by the way.
    async fn report(
        &self,
        input: &CreationInput<'_>,
        (tables, condition): (&[Table], Option<&str>),
        outcome: &mut LoadOutcome,
    ) -> Result<PlanReport> {
        let CreationInput {
            stream, transform, ..
        } = *input;
        // Where row security hides rows, the planner does not answer the catalogue's session.
        let reads_all = condition.is_none() && stream.options.row_security == RowSecurity::Refuse;
        let reading = (stream, tables);
        let progress = Arc::default();
        let scans = transform.scans();
        let sources = self.databases.sources(reading, condition, scans, &progress);
        let sources = sources.await?;
        let relay = relayed(transform, outcome.load.as_ref());
        let scans = match &relay {
            Some(relay) => std::slice::from_ref(relay),
            None => transform.scans(),
        };
        let mut report = PlanReport {
            columns: std::mem::take(&mut outcome.columns),
            types: outcome.type_changes.clone(),
            reads: reads(&sources, scans),
            engine: transform.explain().filter(|_| relay.is_none()),
            ..empty_report(stream, outcome)
        };
        if let Some(load) = &mut outcome.load {
            let mut partitions = scans
                .iter()
                .map(|scan| sources[scan.input].partition_count(scan));
            load.is_parallel = partitions.any(|partitions| partitions > 1);
            load.compares = match scans {
                [scan] if reads_all && scan.input == 0 => {
                    let select = sources[0].select_all(scan);
                    self.is_worth_comparing(load, (scan, &select)).await?
                }
                _ => false,
            };
            self.describe(input, load, &mut report).await?;
        }
        Ok(report)
    }

    async fn check_privileges(&self, stream: &Stream, existing: Option<&Table>) -> Result<()> {
        let config = &self.pipeline.destination;
        privileges::check(&self.destination, config, stream, existing).await
    }

    async fn refuse_copy_onto_itself(&self, stream: &Stream) -> Result<()> {
        if stream.table != stream.into || !self.reads_destination(self.source()).await? {
            return Ok(());
        }
        let message = format!("{} would be copied onto itself", stream.table);
        Err(Error::new(ErrorKind::Config, message)
            .with_hint("source and destination are one database: name another table"))
    }

    /// Plans what the table gets after its rows, and says what it does not get.
    async fn plan_additions(
        &self,
        input: &CreationInput<'_>,
        load: &mut LoadPlan,
        report: &mut PlanReport,
    ) -> Result<()> {
        let Some(existing) = load.existing.clone() else {
            let told = plan_created(input, load).await?;
            report.not_copied = told.not_copied;
            report.notes.extend(told.notes);
            return Ok(());
        };
        let notes = plan_sequences(input, &existing, load).await?;
        report.notes.extend(notes);
        for advance in &load.additions.advances {
            let config = &self.pipeline.destination;
            privileges::check_sequence(&self.destination, config, &advance.counts.name).await?;
        }
        if input.stream.options.with_indexes {
            let note =
                "the table is there: its indexes stay as they are, whatever with_indexes says";
            report.notes.push(note.to_owned());
        }
        Ok(())
    }

    /// Whether rows that the destination has already are found before any is staged; `select`, which
    /// reads `scan`, gives those of the source.
    async fn is_worth_comparing(
        &self,
        load: &LoadPlan,
        (scan, select): (&Scan, &str),
    ) -> Result<bool> {
        if !load.may_leave_out_equal_rows() || self.is_empty(load).await? {
            return Ok(false);
        }
        let source = (self.source(), scan, select);
        is_worth_comparing(source, (&self.destination, &load.destination)).await
    }

    /// Says which way rows go, by which statements, and what a person should know.
    async fn describe(
        &self,
        input: &CreationInput<'_>,
        load: &mut LoadPlan,
        report: &mut PlanReport,
    ) -> Result<()> {
        self.plan_additions(input, load, report).await?;
        let path = load.path(self.is_empty(load).await?, true);
        (report.path, report.statements) = describe_load(load, path);
        let schema = &load.destination.schema;
        if load.existing.is_none() && !catalog::has_schema(&self.destination, schema).await? {
            report
                .statements
                .insert(0, statement::create_schema(schema));
        }
        report.statements.extend(self.complete(load).await?);
        report.notes.extend(notes(load, input.table));
        Ok(())
    }

    /// The statements that give the table what it gets after its rows, as they would be by now.
    async fn complete(&self, load: &LoadPlan) -> Result<Vec<String>> {
        let schema = &load.destination.schema;
        let mut taken = Vec::new();
        for index in &load.additions.indexes {
            if catalog::is_name_taken(&self.destination, schema, &index.name).await? {
                taken.push(index.name.clone());
            }
        }
        Ok(load.complete(|name| taken.iter().any(|taken| taken == name)))
    }

    /// Moves the rows and publishes them. One stream is executed at a time.
    ///
    /// Waits while another run of the pipeline, or into the same table, is under way. Dropping the
    /// future leaves the destination as it was; call [`clean_up`](Self::clean_up) then, or leave
    /// staging to the next run.
    ///
    /// # Errors
    /// Those of the plan, if it is refused; `Read`, `Decode`, `Encode` or `Load` after that.
    pub async fn execute(&self, plan: StreamPlan, progress: Arc<Progress>) -> Result<StreamReport> {
        if let Some(refusal) = plan.refusal() {
            return Err(refusal);
        }
        let prepared = self.prepared.get_or_try_init(|| self.prepare()).await?;
        let name = format!("towpath table {}", plan.stream.into);
        let waited_until = lock(&self.destination, &name)
            .await?
            .or(prepared.waited_until);
        let executed = self.execute_locked(plan, prepared, waited_until, &progress);
        let executed = Box::pin(executed).await;
        if let Err(err) = unlock(&self.destination, &name).await {
            // What is published is, and the end of the session lets others in.
            warn!(error = %err, "the lock {name:?} stays until the session ends");
        }
        if executed.is_err() {
            self.databases.unlock().await;
            if let Err(err) = self.clean_up().await {
                warn!(error = %err, "staging tables are left to the next run");
            }
        }
        progress.enter(Stage::Done);
        executed
    }

    /// Moves the rows once no other run writes the table, which one did until `waited_until`.
    async fn execute_locked(
        &self,
        mut plan: StreamPlan,
        prepared: &Prepared,
        waited_until: Option<Instant>,
        progress: &Arc<Progress>,
    ) -> Result<StreamReport> {
        if let Some(until) = waited_until.filter(|until| plan.planned_at < *until) {
            // What the other run published is newer than our plan and our snapshot.
            self.databases.renew_snapshots(until).await;
            plan = self.plan_again(&plan.stream).await?;
        }
        let stream = plan.stream.clone();
        let mut newer_snapshot = None;
        for pause in PAUSES {
            let attempt = self.attempt(plan, &mut newer_snapshot, prepared, progress);
            match Box::pin(attempt).await {
                Err(err) if err.is_blocked() => {
                    warn!("{err}: {} is begun again in {pause} s", stream.into);
                }
                result => return result,
            }
            self.databases.unlock().await;
            self.clean_up().await?;
            sleep(Duration::from_secs(pause)).await;
            progress.restart();
            plan = self.plan_again(&stream).await?;
        }
        Box::pin(self.attempt(plan, &mut newer_snapshot, prepared, progress)).await
    }

    /// Moves the rows, unless somebody waits for what they are read from.
    async fn attempt(
        &self,
        plan: StreamPlan,
        newer_snapshot: &mut Option<String>,
        prepared: &Prepared,
        progress: &Arc<Progress>,
    ) -> Result<StreamReport> {
        let (mut plan, locked) = self.with_snapshots(plan, newer_snapshot).await?;
        plan.newer_snapshot.clone_from(newer_snapshot);
        let load = Box::pin(self.load((plan, locked), prepared, progress));
        self.waker.during(&self.destination, load).await
    }

    /// Another plan for `stream`, as what the first was made from has changed.
    async fn plan_again(&self, stream: &Stream) -> Result<StreamPlan> {
        let plan = self.plan(stream).await?;
        match plan.refusal() {
            None => Ok(plan),
            Some(refusal) => Err(refusal),
        }
    }

    /// The plan after the destination has got the types that it lacks: only then can it tell what
    /// numbers they have there.
    async fn with_types(&self, plan: StreamPlan) -> Result<StreamPlan> {
        if plan.type_changes.is_empty() {
            return Ok(plan);
        }
        // A stream before this one may have created them.
        let plan = self.plan_again(&plan.stream).await?;
        if plan.type_changes.is_empty() {
            return Ok(plan);
        }
        info!(table = %plan.stream.into, statements = plan.type_changes.len(), "creating types");
        type_changes::run(&self.destination, &plan.type_changes).await?;
        let plan = self.plan_again(&plan.stream).await?;
        match plan.type_changes.is_empty() {
            true => Ok(plan),
            false => Err(type_changes::still_missing()),
        }
    }

    /// Removes the staging tables that this run left behind.
    ///
    /// # Errors
    /// `Load`, if the destination refuses.
    pub async fn clean_up(&self) -> Result<()> {
        staging::clean_up(&self.destination, Some(self.id)).await
    }

    /// Ends the run in good order. Dropping it instead loses nothing, but the logs of the servers that
    /// it has read then tell of clients that left within a transaction.
    pub async fn close(self) {
        self.databases.close().await;
    }

    async fn load(
        &self,
        (plan, locked): (StreamPlan, Vec<Locked<'_>>),
        prepared: &Prepared,
        progress: &Arc<Progress>,
    ) -> Result<StreamReport> {
        let Some(load) = plan.load.clone() else {
            return Err(Error::new(
                ErrorKind::Internal,
                "a plan without refusal has no load",
            ));
        };
        let table = plan.table();
        let watermark = match incremental::cursor_column(&plan.stream, table)? {
            Some(cursor) => {
                incremental::watermark(self.source(), &plan.stream, table, cursor).await?
            }
            None => None,
        };
        progress.expect_rows(table.estimated_rows.unwrap_or(0));
        let transfer = Transfer {
            databases: &self.databases,
            plan: &plan,
            load: &load,
            progress,
        };
        let settings = SinkSettings {
            gives_up_locks: self.any_is_destination(&locked).await?,
            ..self.sink_settings(&plan, prepared)
        };
        let moved = Box::pin(async {
            let began = Instant::now();
            let compared = match load.compares {
                true => Some(transfer.compare(&self.destination_side()).await?),
                false => None,
            };
            let compare_ms = began.elapsed().as_millis() as u64;
            let began = Instant::now();
            let sink = transfer.load(settings, compared.as_ref()).await?;
            let load_ms = began.elapsed().as_millis() as u64;
            Ok((compared, sink, (compare_ms, load_ms)))
        });
        let moved = self.source().watch(progress, moved).await?;
        let ((compared, sink, (compare_ms, load_ms)), pauses) = moved;
        self.vouch_and_unlock(&locked).await?;
        let computed = plan.transform.compute_time();
        progress.clock.add(Step::Transform, computed);
        progress.enter(Stage::Publishing);
        let began = Instant::now();
        let mut report = StreamReport {
            watermark: watermark.map(|watermark| watermark.to_string()),
            compare_ms,
            load_ms,
            paused_ms: pauses.total.as_millis() as u64,
            ..transfer.report(compared.as_ref())
        };
        report.notes.extend(pauses.note);
        let mut report = sink.commit(report).await?;
        self.note_written(&plan.stream.into);
        report.publish_ms = began.elapsed().as_millis() as u64;
        report.profile = progress.clock.profile();
        info!(table = %plan.stream.into, rows = report.rows_written, "published");
        Ok(report)
    }

    /// The destination as one that is read.
    fn destination_side(&self) -> DestinationSide {
        let version = self.destination.server_version();
        DestinationSide {
            config: self.pipeline.destination.clone(),
            settings: self.source().read_settings(version),
        }
    }

    /// The condition that only newer rows pass, if the stream is incremental and has run before.
    async fn condition(
        &self,
        stream: &Stream,
        table: &Table,
        existing: Option<&Table>,
    ) -> Result<Option<String>> {
        let (Some(cursor), Some(existing)) = (incremental::cursor_column(stream, table)?, existing)
        else {
            return Ok(None);
        };
        // Whoever emptied the table wants all rows again.
        if self.has_no_rows(&existing.name).await? {
            return Ok(None);
        }
        incremental::condition(&self.destination, &self.pipeline.name, stream, cursor).await
    }

    fn sink_settings(&self, plan: &StreamPlan, prepared: &Prepared) -> SinkSettings {
        let statements = plan.report.reads.iter().chain(&plan.report.statements);
        SinkSettings {
            sessions: self.sessions.clone(),
            run: self.id,
            number: self.streams.fetch_add(1, Ordering::Relaxed) + 1,
            writers: self.pipeline.settings.connections,
            may_stage: prepared.may_stage,
            identity: RunIdentity {
                run_id: self.id.to_string(),
                pipeline: self.pipeline.name.clone(),
                // The destination's encoding may lack what names at the source are made of.
                plan: statements
                    .map(|statement| statement.escape_default().to_string())
                    .collect::<Vec<_>>()
                    .join("\n"),
                started_at: prepared.started_at.clone(),
                cursor: match &plan.stream.sync {
                    SyncMode::Incremental { cursor, .. } => Some(cursor.clone()),
                    SyncMode::Full => None,
                },
            },
            only: None,
            gives_up_locks: false,
        }
    }

    /// Locks out other runs of the pipeline, removes what dead runs left, prepares staging.
    async fn prepare(&self) -> Result<Prepared> {
        if !staging::try_lock(&self.destination, self.id).await? {
            return Err(Error::new(ErrorKind::Internal, "the run's id is taken"));
        }
        let name = format!("towpath pipeline {}", self.pipeline.name);
        let waited_until = lock(&self.destination, &name).await?;
        let may_stage = staging::prepare(&self.destination).await?;
        if may_stage {
            staging::clean_up(&self.destination, None).await?;
        }
        let sql = "SELECT pg_catalog.clock_timestamp()::pg_catalog.text";
        let row = self.destination.query_one(sql, &[]).await;
        let row = row.map_err(|err| server_error(ErrorKind::Load, "cannot begin the run", err))?;
        Ok(Prepared {
            may_stage,
            started_at: row.get(0),
            waited_until,
        })
    }

    async fn is_empty(&self, load: &LoadPlan) -> Result<bool> {
        match load.existing.is_none() || load.write == WriteMode::Append {
            true => Ok(true),
            false => self.has_no_rows(&load.destination).await,
        }
    }

    /// Whether `session` reads the database that is written.
    async fn reads_destination(&self, session: &SourceSession) -> Result<bool> {
        let identity = self
            .identity
            .get_or_try_init(|| database_identity(&self.destination));
        let (here, there) = tokio::try_join!(identity, session.identity())?;
        Ok(here == there)
    }

    async fn has_no_rows(&self, table: &TableName) -> Result<bool> {
        let sql = format!("SELECT NOT EXISTS (SELECT FROM {table})");
        let row = self.destination.query_one(&sql, &[]).await.map_err(|err| {
            server_error(ErrorKind::Schema, format!("cannot look into {table}"), err)
        })?;
        Ok(row.get(0))
    }
}

//! From a resolved pipeline to published tables: plan every stream, then move one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tokio::time::timeout;
use towpath_engine::pipeline::{Run, Stream, StreamPlan};
use towpath_engine::report::{Progress, RunReport, Stage, StreamReport};
use towpath_engine::{Error, ErrorKind, Result};

use crate::error::{Problem, Problems, one_liner};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::progress::watch;
use crate::resolve::Resolved;
use crate::size::{Wait, count};
use crate::streams::expand;

/// Time for removing staging tables after a run that did not end well; the next run would do it.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// Streams that are planned at the same time: while one server answers for one of them, the other
/// one has a question of another to answer.
const PLANNED_AT_ONCE: usize = 4;

/// What became of a run whose streams were all accepted.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// What was published.
    #[serde(flatten)]
    pub(crate) report: RunReport,
    /// The stream that failed.
    pub(crate) failed: Option<String>,
    /// The streams that were not begun, because another one failed.
    pub(crate) not_run: Vec<String>,
    /// Why the stream failed.
    #[serde(skip)]
    pub(crate) error: Option<Error>,
}

/// A stream that was planned, or why it cannot run.
pub(crate) struct Planned {
    /// The stream's name.
    pub(crate) stream: String,
    /// The plan, if there is one; it may be refused all the same.
    pub(crate) plan: Option<StreamPlan>,
    /// Why it cannot run.
    pub(crate) refusal: Option<Error>,
}

/// Connects, and plans the `wanted` streams, or all; nothing moves.
///
/// # Errors
/// What concerns the whole run: `Connect`, `Config`, `Read`. A stream that cannot run is told in
/// its [`Planned`].
pub(crate) async fn plan(resolved: &Resolved, wanted: &[String]) -> Result<(Run, Vec<Planned>)> {
    let run = Run::open(resolved.pipeline.clone()).await?;
    let streams = expand(&resolved.streams, wanted, run.source()).await?;
    let planned = stream::iter(&streams)
        .map(|stream| Box::pin(plan_stream(&run, stream)))
        .buffered(PLANNED_AT_ONCE)
        .try_collect()
        .await?;
    Ok((run, planned))
}

/// Plans one stream.
async fn plan_stream(run: &Run, stream: &Stream) -> Result<Planned> {
    let (plan, refusal) = match run.plan(stream).await {
        Ok(plan) => {
            let refusal = plan.refusal();
            (Some(plan), refusal)
        }
        // The source and the destination have answered: what cannot be reached is a database that only
        // this stream reads.
        Err(error) if matches!(error.kind(), ErrorKind::Read | ErrorKind::Load) => {
            return Err(error);
        }
        Err(error) => (None, Some(error)),
    };
    Ok(Planned {
        stream: stream.name.clone(),
        plan,
        refusal,
    })
}

/// Plans the `wanted` streams, or all, and moves them if none is refused.
///
/// A stream that fails ends the run: those before it are published, and stay so.
///
/// # Errors
/// Why nothing moved: what [`plan`] returns, or all refusals in one.
pub(crate) async fn execute(
    resolved: &Resolved,
    wanted: &[String],
    output: &Output,
) -> Result<Outcome> {
    let mut interrupt = Interrupt::listen()?;
    let started = Instant::now();
    let planned = interrupt.guard(Box::pin(plan(resolved, wanted))).await;
    let (run, planned) = planned.ok_or_else(|| interrupted("before any row moved"))??;
    let plans = match accepted(planned) {
        Ok(plans) => plans,
        Err(refusal) => {
            Box::pin(run.close()).await;
            return Err(refusal);
        }
    };
    let mut outcome = Outcome {
        report: RunReport {
            run_id: run.id().to_string(),
            pipeline: resolved.pipeline.name.to_string(),
            streams: Vec::new(),
            elapsed_ms: 0,
        },
        failed: None,
        not_run: Vec::new(),
        error: None,
    };
    for (stream, plan) in plans {
        if outcome.failed.is_some() {
            outcome.not_run.push(stream);
            continue;
        }
        match publish(&run, &stream, plan, &mut interrupt, output).await {
            Ok(report) => outcome.report.streams.push(report),
            Err(error) => {
                outcome.failed = Some(stream);
                outcome.error = Some(error);
            }
        }
    }
    if outcome.failed.is_some() {
        clean_up(&run, output).await;
    }
    outcome.report.elapsed_ms = started.elapsed().as_millis() as u64;
    Box::pin(run.close()).await;
    Ok(outcome)
}

/// Moves one stream.
async fn publish(
    run: &Run,
    stream: &str,
    plan: StreamPlan,
    interrupt: &mut Interrupt,
    output: &Output,
) -> Result<StreamReport> {
    let started = Instant::now();
    let progress = Arc::new(Progress::default());
    let execution = Box::pin(run.execute(plan, Arc::clone(&progress)));
    let watched = watch(output, stream, &progress, execution);
    match interrupt.guard(watched).await {
        Some(Ok(report)) => {
            let (rows, wait) = (count(report.rows_read), Wait(started.elapsed()));
            output.note(&format!("{stream}: published, {rows} rows in {wait}"));
            Ok(report)
        }
        Some(Err(error)) => Err(error),
        None if progress.stage() == Stage::Publishing => Err(interrupted(&format!(
            "while {stream} was being published: its destination is as before, unless the commit \
             was already on its way"
        ))),
        None => Err(interrupted(&format!(
            "{stream} is not published, its destination is as before"
        ))),
    }
}

/// The plans of all streams, if none is refused.
fn accepted(planned: Vec<Planned>) -> Result<Vec<(String, StreamPlan)>> {
    let mut plans = Vec::new();
    let mut refused = Vec::new();
    let is_alone = planned.len() == 1;
    for Planned {
        stream,
        plan,
        refusal,
    } in planned
    {
        match (plan, refusal) {
            (Some(plan), None) => plans.push((stream, plan)),
            (_, Some(error)) => refused.push((stream, error)),
            (None, None) => {}
        }
    }
    match refused.len() {
        0 => Ok(plans),
        1 if is_alone => Err(refused.remove(0).1),
        1 => {
            let (stream, error) = refused.remove(0);
            Err(of_stream(&stream, error))
        }
        count => {
            let may_pass = refused.iter().all(|(_, error)| error.may_pass());
            let kind = match may_pass {
                true => ErrorKind::Connect,
                false => ErrorKind::Schema,
            };
            let problem = |(path, error): (String, Error)| Problem::of(&error, None, path);
            let message = format!("{count} streams are refused, and nothing was moved");
            Err(Error::new(kind, message)
                .with_source(Problems(refused.into_iter().map(problem).collect())))
        }
    }
}

/// The refusal of one stream of several.
pub(crate) fn of_stream(stream: &str, refusal: Error) -> Error {
    let message = format!("stream {stream} is refused, and nothing was moved");
    Error::new(refusal.kind(), message).with_source(refusal)
}

/// Removes staging tables, if that is quickly done.
async fn clean_up(run: &Run, output: &Output) {
    match timeout(CLEAN_UP_TIMEOUT, run.clean_up()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => output.note(&format!(
            "staging tables are left to the next run: {}",
            one_liner(&error)
        )),
        Err(_) => output.note("staging tables are left to the next run"),
    }
}

/// The error of a run that a signal ended.
pub(crate) fn interrupted(when: &str) -> Error {
    Error::new(ErrorKind::Cancelled, format!("interrupted: {when}"))
}

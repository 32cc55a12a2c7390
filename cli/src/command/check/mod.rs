//! `towpath check`.

mod compare;

use std::process::ExitCode;

use serde_json::json;
use towpath_engine::Result;
use towpath_engine::pipeline::{Databases, Pipeline, Stream};

use self::compare::{Comparison, compare};
use super::plan::plan;
use crate::args::CheckArgs;
use crate::environment::Environment;
use crate::error;
use crate::execution::{Planned, interrupted};
use crate::grid::{Align, Grid};
use crate::interrupt::Interrupt;
use crate::name::readable;
use crate::output::Output;
use crate::resolve::{Overrides, Resolved, load};
use crate::streams::expand;

pub(super) async fn run(
    args: &CheckArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let overrides = Overrides::from(args.pipeline.permissions);
    let resolved = load(&args.pipeline.pipeline, environment, overrides)?;
    let wanted = &args.pipeline.streams;
    let planned = plan(&resolved, wanted).await?;
    if output.is_json() {
        for one in &planned {
            output.json(&json!({
                "stream": one.stream,
                "ok": one.refusal.is_none(),
                "refusal": one.refusal.as_ref().map(error::json),
            }))?;
        }
    } else {
        output.text(&verdicts(&planned))?;
        for Planned {
            stream, refusal, ..
        } in &planned
        {
            if let Some(refusal) = refusal {
                eprintln!("\n{stream}:\n{}", error::text(refusal));
            }
        }
    }
    if planned.iter().any(|one| one.refusal.is_some()) {
        return Ok(ExitCode::from(2));
    }
    match args.compare {
        true => {
            let comparison = Box::pin(compare_all(&resolved, wanted, args.rows, output));
            let compared = Interrupt::listen()?.guard(comparison).await;
            compared.ok_or_else(|| interrupted("nothing was changed"))?
        }
        false => Ok(ExitCode::SUCCESS),
    }
}

/// Compares each stream that has a SELECT which the source can run; fails if any differs.
async fn compare_all(
    resolved: &Resolved,
    wanted: &[String],
    rows: u64,
    output: &Output,
) -> Result<ExitCode> {
    let Pipeline {
        source, settings, ..
    } = &resolved.pipeline;
    let databases = Databases::open(source, settings).await?;
    let streams = expand(&resolved.streams, wanted, databases.source()).await?;
    let verdict = compare_each(&databases, &streams, rows, output).await;
    databases.close().await;
    verdict
}

async fn compare_each(
    databases: &Databases,
    streams: &[Stream],
    rows: u64,
    output: &Output,
) -> Result<ExitCode> {
    let mut is_equal = true;
    for stream in streams {
        let Some(comparison) = compare(databases, stream, rows).await? else {
            if stream.transform.select().is_some() {
                let why = "its SQL reads tables that the source does not have";
                output.note(&format!("{}: not compared, as {why}", stream.name));
            }
            continue;
        };
        is_equal &= comparison.is_equal();
        match output.is_json() {
            true => output.json(&json!({
                "stream": stream.name,
                "equal": comparison.is_equal(),
                "comparison": comparison,
            }))?,
            false => output.text(&comparison_text(&stream.name, &comparison))?,
        }
    }
    Ok(ExitCode::from(u8::from(!is_equal)))
}

/// What a comparison found, for people.
fn comparison_text(stream: &str, comparison: &Comparison) -> String {
    let rows = comparison.rows;
    let verdict = match (comparison.is_equal(), comparison.columns.is_empty()) {
        (true, _) => format!("engine and source give the same {rows} rows"),
        (false, false) => "engine and source give other columns".to_owned(),
        (false, true) => format!(
            "engine and source differ in {} rows of {rows}",
            comparison.differing
        ),
    };
    let lists = [&comparison.columns, &comparison.examples, &comparison.notes];
    let details = lists
        .into_iter()
        .flatten()
        .map(|line| format!("\n  {line}"));
    format!("\n{stream}: {verdict}{}", details.collect::<String>())
}

/// One line for each stream.
fn verdicts(planned: &[Planned]) -> String {
    let mut grid = Grid::new(["stream", "verdict", "into", "write"].map(|n| (n, Align::Left)));
    for Planned {
        stream,
        plan,
        refusal,
    } in planned
    {
        let verdict = if refusal.is_some() { "refused" } else { "ok" };
        let report = plan.as_ref().map(|plan| plan.report());
        let into = report
            .map(|report| readable(&report.destination))
            .unwrap_or_default();
        let write = report.map_or("", |report| &report.write);
        grid.row([stream, verdict, &into, write]);
    }
    grid.to_string()
}

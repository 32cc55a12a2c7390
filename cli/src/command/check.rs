//! `towpath check`.

use std::process::ExitCode;

use serde_json::json;
use towpath_engine::Result;

use super::plan::plan;
use crate::args::PipelineArgs;
use crate::environment::Environment;
use crate::error;
use crate::execution::Planned;
use crate::grid::{Align, Grid};
use crate::name::readable;
use crate::output::Output;
use crate::resolve::{Overrides, load};

pub(super) async fn run(
    args: &PipelineArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let overrides = Overrides::from(args.permissions);
    let resolved = load(&args.pipeline, environment, overrides)?;
    let planned = plan(&resolved, &args.streams).await?;
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
    match planned.iter().any(|one| one.refusal.is_some()) {
        true => Ok(ExitCode::from(2)),
        false => Ok(ExitCode::SUCCESS),
    }
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

//! `towpath plan`, and `towpath copy --plan`.

use std::process::ExitCode;

use towpath_engine::{Error, ErrorKind, Result};

use crate::args::PipelineArgs;
use crate::environment::Environment;
use crate::error;
use crate::execution::{self, Planned, of_stream};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::report::plan_text;
use crate::resolve::{Overrides, Resolved, load};

pub(super) async fn run(
    args: &PipelineArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let overrides = Overrides::from(args.permissions);
    let resolved = load(&args.pipeline, environment, overrides)?;
    show(&resolved, &args.streams, output).await
}

/// Plans the streams, and prints each plan; a refused one is told on stderr too.
pub(super) async fn show(
    resolved: &Resolved,
    wanted: &[String],
    output: &Output,
) -> Result<ExitCode> {
    let planned = plan(resolved, wanted).await?;
    let mut code = ExitCode::SUCCESS;
    let is_alone = planned.len() == 1;
    for (at, one) in planned.into_iter().enumerate() {
        let Planned {
            stream,
            plan,
            refusal,
        } = one;
        match plan {
            Some(plan) if output.is_json() => output.json(plan.report())?,
            Some(plan) => {
                let gap = if at == 0 { "" } else { "\n" };
                output.text(&format!("{gap}{}", plan_text(plan.report())))?;
            }
            None => {}
        }
        if let Some(refusal) = refusal {
            let refusal = match is_alone {
                true => refusal,
                false => of_stream(&stream, refusal),
            };
            error::print(&refusal, output.format);
            code = ExitCode::from(2);
        }
    }
    Ok(code)
}

/// The plans of the streams, unless a signal comes first.
pub(super) async fn plan(resolved: &Resolved, wanted: &[String]) -> Result<Vec<Planned>> {
    let planning = Box::pin(execution::plan(resolved, wanted));
    match Interrupt::listen()?.guard(planning).await {
        Some(result) => {
            let (run, planned) = result?;
            Box::pin(run.close()).await;
            Ok(planned)
        }
        None => Err(Error::new(
            ErrorKind::Cancelled,
            "interrupted: nothing was changed",
        )),
    }
}

//! `towpath run`.

use std::process::ExitCode;

use towpath_engine::Result;

use crate::args::RunArgs;
use crate::environment::Environment;
use crate::error;
use crate::execution::{Outcome, execute};
use crate::output::Output;
use crate::report::{profile_text, run_text};
use crate::resolve::{Overrides, load};

pub(super) async fn run(
    args: &RunArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let overrides = Overrides {
        full: args.full,
        create_types: args.permissions.create_types,
        with_indexes: args.permissions.with_indexes,
        advance_sequences: args.permissions.advance_sequences,
        ..args.settings.into()
    };
    let resolved = load(&args.pipeline, environment, overrides)?;
    let outcome = execute(&resolved, &args.streams, output).await?;
    tell(outcome, args.profile, output)
}

/// Prints what became of the run: what is published, where its time went if that is asked for, and
/// then why something is not.
pub(super) fn tell(outcome: Outcome, profile: bool, output: &Output) -> Result<ExitCode> {
    if output.is_json() {
        output.json(&outcome)?;
    } else if outcome.error.is_none() || !outcome.report.streams.is_empty() {
        output.text(&run_text(&outcome.report))?;
        if profile {
            output.text(&format!("\n{}", profile_text(&outcome.report)))?;
        }
    }
    let (Some(error), Some(failed)) = (&outcome.error, &outcome.failed) else {
        return Ok(ExitCode::SUCCESS);
    };
    let done: Vec<_> = outcome
        .report
        .streams
        .iter()
        .map(|s| s.stream.as_str())
        .collect();
    if !done.is_empty() {
        output.failure(&format!("published: {}", done.join(", ")));
    }
    output.failure(&format!("failed: {failed}"));
    if !outcome.not_run.is_empty() {
        output.failure(&format!("not begun: {}", outcome.not_run.join(", ")));
    }
    error::print(error, output.format);
    Ok(ExitCode::from(1))
}

//! `towpath completions`.

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;
use towpath_engine::Result;

use crate::args::{Cli, CompletionsArgs};
use crate::output::closed;

pub(super) fn run(args: &CompletionsArgs) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "towpath", &mut script);
    std::io::stdout().write_all(&script).map_err(closed)?;
    Ok(ExitCode::SUCCESS)
}

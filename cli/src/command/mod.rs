//! The commands, one per file, and what they share: arguments in, exit status out.

mod check;
mod completions;
mod copy;
mod discover;
mod history;
mod plan;
mod preview;
mod query;
mod run;
mod verify;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser;
use towpath_engine::{Error, ErrorKind, Result};
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command, PermissionArgs, SettingsArgs};
use crate::demo;
use crate::environment::Environment;
use crate::error;
use crate::output::{Output, is_closed_pipe};
use crate::redact::redact;
use crate::resolve::Overrides;
use crate::scheduling::take_turns;

/// Runs the program on the process's arguments; gives its exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(err) => return usage(&err),
    };
    log_to_stderr();
    let output = Output {
        format: cli.output,
        quiet: cli.quiet,
    };
    match dispatch(cli.command, &output) {
        Ok(code) => code,
        // Whoever read stdout has seen enough, as in `towpath query … | head`.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            error::print(&error, output.format);
            ExitCode::from(error.kind().consequence().exit_code)
        }
    }
}

fn dispatch(command: Command, output: &Output) -> Result<ExitCode> {
    let environment = Environment::current();
    // The demonstration's servers would be scheduled as it is.
    if !matches!(command, Command::Demo(_)) {
        take_turns();
    }
    match command {
        Command::Completions(args) => completions::run(&args),
        Command::Demo(args) => {
            block_on(async { demo::run(args).await.map(|()| ExitCode::SUCCESS) })
        }
        Command::Copy(args) => block_on(copy::run(*args, &environment, output)),
        Command::Run(args) => block_on(run::run(&args, &environment, output)),
        Command::Check(args) => block_on(check::run(&args, &environment, output)),
        Command::Plan(args) => block_on(plan::run(&args, &environment, output)),
        Command::Verify(args) => block_on(verify::run(*args, &environment, output)),
        Command::Discover(args) => block_on(discover::run(&args, &environment, output)),
        Command::Preview(args) => block_on(preview::run(&args, &environment, output)),
        Command::Query(args) => block_on(query::run(&args, &environment, output)),
        Command::History(args) => block_on(history::run(&args, &environment, output)),
    }
}

/// Runs `future` on a runtime that only commands that talk to a server pay for.
fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|err| {
            Error::new(ErrorKind::Internal, "cannot start the runtime").with_source(err)
        })?;
    let result = runtime.block_on(Box::pin(future));
    // Connections that still close must not hold up the exit.
    runtime.shutdown_background();
    result
}

/// Tells what is wrong with the arguments, or the help; arguments may hold passwords.
fn usage(err: &clap::Error) -> ExitCode {
    let text = err.render().to_string();
    match err.use_stderr() {
        true => eprint!("{}", redact(&text)),
        false => {
            // Nobody listens: there is nobody to tell either.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
        }
    }
    ExitCode::from(u8::try_from(err.exit_code()).unwrap_or(2))
}

/// Sends the log to stderr, as `TOWPATH_LOG` filters it; warnings if it is not set.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("TOWPATH_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
}

impl From<SettingsArgs> for Overrides {
    fn from(args: SettingsArgs) -> Self {
        Self {
            connections: args.connections,
            memory_limit: args.memory_limit,
            batch_rows: args.batch_rows,
            limits: args.limits,
            ..Self::default()
        }
    }
}

impl From<PermissionArgs> for Overrides {
    fn from(args: PermissionArgs) -> Self {
        Self {
            create_types: args.create_types,
            with_indexes: args.with_indexes,
            advance_sequences: args.advance_sequences,
            ..Self::default()
        }
    }
}

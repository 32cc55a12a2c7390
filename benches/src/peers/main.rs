//! Measures towpath and what people use instead, side by side, on two throw-away servers.
//!
//! ```text
//! args → servers, programs → workloads: (data, start → contender → fingerprint, …) → record
//! ```
//!
//! ```sh
//! benches/peers/run w1 w2 --repetitions 5
//! ```

mod args;
mod contender;
mod data;
mod database;
mod fingerprint;
mod machine;
mod measure;
mod plot;
mod process;
mod readme;
mod record;
mod setting;
mod summary;
mod table;
mod workload;

use std::error::Error as _;
use std::process::ExitCode;

use clap::Parser;
use towpath_engine::{Error, ErrorKind, Result};

use args::Args;
use database::Databases;
use measure::Measuring;
use record::Record;
use setting::Setting;

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run(&Args::parse())).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            report(&err);
            ExitCode::from(err.kind().consequence().exit_code)
        }
    }
}

async fn run(args: &Args) -> Result<()> {
    process::check_time_program()?;
    let databases = Databases::start().await?;
    let setting = Setting::find(args, &databases)?;
    let missing = setting.missing();
    if !missing.is_empty() {
        eprintln!(
            "left out, since they are not installed: {}",
            missing.join(", ")
        );
    }
    let record = Record::create(args, &databases, &setting).await?;
    let mut measuring = Measuring::new(args, &setting, &databases, record);
    for name in args.workloads() {
        for workload in workload::workloads(name, args, &setting) {
            Box::pin(measuring.measure(&workload)).await?;
        }
    }
    let record = measuring.finish();
    record.summarize()?;
    match record.our_failures() {
        0 => Ok(()),
        count => Err(Error::new(
            ErrorKind::Load,
            format!(
                "{count} measurements of towpath or psql failed, or left another table; see raw.csv"
            ),
        )),
    }
}

/// The error, its causes, and what to do, for people.
fn report(err: &Error) {
    eprintln!("error: {err}");
    let mut cause = err.source();
    while let Some(err) = cause {
        eprintln!("  caused by: {err}");
        cause = err.source();
    }
    if let Some(hint) = err.hint() {
        eprintln!("\nhint: {hint}");
    }
}

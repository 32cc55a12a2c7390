//! Measures towpath and what people use instead, side by side, on two throw-away servers.
//!
//! ```text
//! args → servers, data → (reset → contender → fingerprint) per repetition → record
//! ```
//!
//! ```sh
//! cargo build --release --bin towpath
//! cargo run --release -p towpath-benches --bin peers -- w1 --scale 1 --repetitions 5
//! ```

mod args;
mod contender;
mod data;
mod database;
mod fingerprint;
mod machine;
mod process;
mod readme;
mod record;
mod summary;

use std::error::Error as _;
use std::process::ExitCode;

use clap::Parser;
use towpath_engine::{Error, ErrorKind, Result};

use args::Args;
use contender::{Contender, Setting};
use database::Databases;
use fingerprint::Fingerprint;
use record::{Measurement, Record};

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
    let towpath = args.towpath()?;
    let databases = Databases::start().await?;
    let mut record = Record::create(args, &databases).await?;
    eprintln!("loading lineitem at scale {}", args.scale);
    let row_count = data::load(&databases.source, args.scale).await?;
    let expected = Fingerprint::of(&databases.source).await?;
    let setting = Setting {
        databases: &databases,
        towpath: &towpath,
        middle: &data::middle_page(&databases.source).await?,
    };
    record.describe(args, &setting, row_count).await?;

    eprintln!("warming up");
    Contender::Relay.reset(&databases).await?;
    Contender::Relay.run(&setting)?;
    for repetition in 1..=args.repetitions {
        for contender in Contender::in_turn(repetition) {
            contender.reset(&databases).await?;
            let usage = contender.run(&setting)?;
            let found = Fingerprint::of(&databases.destination).await?;
            record.add(Measurement {
                repetition,
                contender,
                usage,
                row_count: found.row_count,
                equal: found == expected,
            })?;
        }
    }
    record.summarize()?;
    match record.all_equal() {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Load,
            "some destination table differs from the source's; see raw.csv",
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

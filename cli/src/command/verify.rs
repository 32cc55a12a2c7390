//! `towpath verify`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use towpath_engine::pipeline::{
    ColumnOptions, Duplicates, Pipeline, PipelineName, Settings, Stream, StreamOptions, SyncMode,
    Verifier, WriteMode,
};
use towpath_engine::postgres::Canceller;
use towpath_engine::report::VerifyReport;
use towpath_engine::table::TablePattern;
use towpath_engine::{Error, ErrorKind, Result};

use super::copy::Request;
use crate::args::{ConnectionText, VerifyArgs};
use crate::connections::Connections;
use crate::environment::Environment;
use crate::error;
use crate::execution::interrupted;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::report::verify_text;
use crate::resolve::{Overrides, Resolved, load};
use crate::streams::{StreamSpec, expand};

pub(super) async fn run(
    args: VerifyArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let resolved = match (&args.pipeline, &args.from, &args.to) {
        (Some(path), _, _) => load(path, environment, Overrides::default())?,
        (None, Some(from), Some(to)) => resolve(&args, (from, to), environment)?,
        _ => {
            let message = "neither a pipeline file nor --from and --to";
            return Err(Error::new(ErrorKind::Config, message));
        }
    };
    let mut interrupt = Interrupt::listen()?;
    let opened = interrupt
        .guard(Box::pin(open(&resolved, &args.streams)))
        .await;
    let (verifier, streams) = opened.ok_or_else(|| interrupted("nothing was compared"))??;
    let cancellers = verifier.cancellers();
    let mut verdicts = Verdicts::default();
    for stream in &streams {
        output.note(&format!("comparing {}", stream.name));
        let comparison = Box::pin(verifier.verify(stream, args.max_differences as usize));
        match interrupt.guard(comparison).await {
            Some(Ok(report)) => verdicts.tell(&report, output)?,
            Some(Err(error)) if error.may_pass() => return Err(error),
            Some(Err(error)) => verdicts.refuse(stream, &error, output)?,
            None => {
                cancel(cancellers).await;
                return Err(interrupted("the comparison was cancelled"));
            }
        }
    }
    Ok(verdicts.exit_code())
}

/// Connects, and finds the `wanted` streams, or all.
async fn open(resolved: &Resolved, wanted: &[String]) -> Result<(Verifier, Vec<Stream>)> {
    let verifier = Verifier::open(&resolved.pipeline).await?;
    let streams = expand(&resolved.streams, wanted, verifier.source()).await?;
    Ok((verifier, streams))
}

async fn cancel(cancellers: [Canceller; 2]) {
    for canceller in cancellers {
        // The statement ends with its connection, if not by this.
        let _ = canceller.cancel().await;
    }
}

/// What was found out so far.
#[derive(Default)]
struct Verdicts {
    told: usize,
    differing: usize,
    refused: usize,
}

impl Verdicts {
    /// Prints what was found out about one stream.
    fn tell(&mut self, report: &VerifyReport, output: &Output) -> Result<()> {
        self.differing += usize::from(!report.equal);
        match output.is_json() {
            true => output.json(report)?,
            false => {
                let gap = if self.told == 0 { "" } else { "\n" };
                output.text(&format!("{gap}{}", verify_text(report)))?;
            }
        }
        self.told += 1;
        Ok(())
    }

    /// Prints why a stream cannot be compared.
    fn refuse(&mut self, stream: &Stream, refusal: &Error, output: &Output) -> Result<()> {
        self.refused += 1;
        match output.is_json() {
            true => output.json(&json!({
                "stream": stream.name,
                "equal": null,
                "refusal": error::json(refusal),
            })),
            false => {
                error::print(refusal, output.format);
                Ok(())
            }
        }
    }

    fn exit_code(&self) -> ExitCode {
        match (self.refused, self.differing) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) => ExitCode::from(1),
            _ => ExitCode::from(2),
        }
    }
}

/// The tables on the command line, as `towpath copy` understands them.
fn resolve(
    args: &VerifyArgs,
    (from, to): (&ConnectionText, &ConnectionText),
    environment: &Environment,
) -> Result<Resolved> {
    let connections = Connections::new(BTreeMap::new(), environment);
    let request = Request {
        tables: &args.tables,
        sql: args.sql.as_deref(),
        sql_file: args.sql_file.as_deref(),
        on: args.on.unwrap_or_default().into(),
        into: args.into.as_deref(),
    };
    let settings = Settings::default();
    let transform = request.transform(&settings)?;
    let pipeline = Pipeline {
        name: PipelineName(format!("verify {}", args.tables.join(" "))),
        source: connections.find(&from.0)?,
        destination: connections.find(&to.0)?,
        connections: connections.referenced(&*transform)?,
        settings,
    };
    let (tables, target) = request.tables()?;
    let lossy = ColumnOptions {
        allow_lossy: true,
        ..ColumnOptions::default()
    };
    let columns = args.allow_lossy.iter().map(|name| (name.clone(), lossy));
    let options = StreamOptions {
        columns: columns.collect(),
        row_security: args.rls.unwrap_or_default().into(),
        ..StreamOptions::default()
    };
    let spec = |(name, tables): (&String, TablePattern)| StreamSpec {
        name: name.clone(),
        tables,
        target: target.clone(),
        write: WriteMode::default(),
        key: args.key.clone(),
        duplicates: Duplicates::Refuse,
        sync: SyncMode::Full,
        options: options.clone(),
        transform: Arc::clone(&transform),
    };
    let streams = args.tables.iter().zip(tables).map(spec).collect();
    Ok(Resolved { pipeline, streams })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::args::Cli;

    #[test]
    fn a_pipeline_file_or_two_databases_are_compared() {
        check("shop.yaml", true);
        check("shop.yaml orders --max-differences 3", true);
        check("--from a --to b --table t --into u.t --key id", true);
    }

    #[test]
    fn half_a_request_is_refused() {
        check("", false);
        check("--from a --to b", false);
        check("--from a --table t", false);
        check("shop.yaml --from a --to b --table t", false);
        check("shop.yaml --sql x", false);
    }

    fn check(arguments: &str, is_accepted: bool) {
        let words = ["towpath", "verify"]
            .into_iter()
            .chain(arguments.split_whitespace());
        assert_eq!(
            Cli::try_parse_from(words).is_ok(),
            is_accepted,
            "{arguments}"
        );
    }
}

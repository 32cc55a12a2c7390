//! The command line.

use std::env;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use towpath_engine::{Error, ErrorKind, Result};

/// Measures towpath and what people use instead, side by side.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// What is moved
    #[arg(value_enum)]
    pub(crate) workload: Workload,
    /// TPC-H's scale factor: 6 million rows each
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", value_parser = scale)]
    pub(crate) scale: f64,
    /// How often everything is measured
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repetitions: u32,
    /// The towpath program [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    towpath: Option<PathBuf>,
    /// What the folder's name ends with: the machine's kind, for instance
    #[arg(long, default_value = "local", value_name = "TEXT")]
    pub(crate) label: String,
    /// Where the folder is made [default: benches/runs]
    #[arg(long, value_name = "FOLDER")]
    runs: Option<PathBuf>,
}

/// What is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// TPC-H lineitem, whole, into a table with its primary key
    W1,
}

impl Args {
    /// The towpath program, absolute.
    ///
    /// # Errors
    /// `Config`, if it is not there.
    pub(crate) fn towpath(&self) -> Result<PathBuf> {
        let beside = || env::current_exe().map(|path| path.with_file_name("towpath"));
        let path = match &self.towpath {
            Some(path) => path.canonicalize(),
            None => beside().and_then(|path| path.canonicalize()),
        };
        path.map_err(|err| {
            Error::new(ErrorKind::Config, "there is no towpath program to measure")
                .with_hint("cargo build --release --bin towpath, or name it in --towpath")
                .with_source(err)
        })
    }

    /// The folder that holds a folder for each run.
    pub(crate) fn runs(&self) -> PathBuf {
        let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("runs");
        self.runs.clone().unwrap_or_else(usual)
    }

    /// The command line that does it again.
    pub(crate) fn command_line(&self) -> String {
        format!(
            "cargo run --release -p towpath-benches --bin peers -- w1 --scale {} --repetitions {} --label {}",
            self.scale, self.repetitions, self.label
        )
    }
}

fn scale(text: &str) -> Result<f64, String> {
    let scale: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match scale > 0.0 && scale <= 1000.0 {
        true => Ok(scale),
        false => Err("expected more than 0, and 1000 at most".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_scale_is_a_positive_number() {
        assert_eq!(scale("0.01"), Ok(0.01));
        assert!(scale("0").is_err() && scale("-1").is_err() && scale("NaN").is_err());
    }
}

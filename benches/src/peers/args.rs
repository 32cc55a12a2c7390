//! The command line.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Parser, ValueEnum};
use towpath_engine::{Error, ErrorKind, Result};

/// Measures towpath and what people use instead, side by side.
#[derive(Debug, Parser)]
#[command(name = "benches/peers/run")]
pub(crate) struct Args {
    /// What is moved
    #[arg(value_enum, required = true, value_name = "WORKLOAD")]
    workloads: Vec<Choice>,
    /// How much is moved: 1 is TPC-H's scale 1, and the others' full number of rows
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", value_parser = scale)]
    pub(crate) scale: f64,
    /// The scales of lineitem that the workload `memory` goes through
    #[arg(long, default_value = "0.1,1", value_delimiter = ',', value_name = "FACTOR,…", value_parser = scale)]
    pub(crate) memory_scales: Vec<f64>,
    /// How often towpath and the pipes are measured
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repetitions: u32,
    /// How often the other programs are measured, and never more often than that; 0 leaves them out
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) peer_repetitions: u32,
    /// What is ended, and recorded as having failed, if it takes longer
    #[arg(long, default_value_t = 15, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// The towpath program [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    towpath: Option<PathBuf>,
    /// Where the other programs are installed [default: towpath/peers in the cache folder]
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
    /// What the folder's name ends with: the machine's kind, for instance
    #[arg(long, default_value = "local", value_name = "TEXT")]
    pub(crate) label: String,
    /// Where the folder is made [default: benches/runs]
    #[arg(long, value_name = "FOLDER")]
    runs: Option<PathBuf>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WorkloadName {
    /// lineitem into a missing table
    W1,
    /// lineitem into an empty table with its key
    W1b,
    /// lineitem once more, nothing has changed
    W1c,
    /// events, of types that most engines lose, into a missing table
    W2,
    /// a tenth of the events, which have changed
    W3,
    /// lineitem through a transform that computes and filters
    W4,
    /// lineitem aggregated to some 10,000 rows
    W5,
    /// 500 small tables
    W6,
    /// a table of 300 columns
    W7,
    /// long documents
    W8,
    /// what starting takes
    Startup,
    /// peak memory by size
    Memory,
}

/// A workload, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    One(WorkloadName),
    All,
}

/// Neighbours share their data, which then is loaded once.
const CHOICES: [Choice; 13] = [
    Choice::One(WorkloadName::Startup),
    Choice::One(WorkloadName::W1),
    Choice::One(WorkloadName::W1b),
    Choice::One(WorkloadName::W1c),
    Choice::One(WorkloadName::W4),
    Choice::One(WorkloadName::W5),
    Choice::One(WorkloadName::W2),
    Choice::One(WorkloadName::W3),
    Choice::One(WorkloadName::W6),
    Choice::One(WorkloadName::W7),
    Choice::One(WorkloadName::W8),
    Choice::One(WorkloadName::Memory),
    Choice::All,
];

impl ValueEnum for Choice {
    fn value_variants<'a>() -> &'a [Self] {
        &CHOICES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::One(name) => name.to_possible_value(),
            Self::All => Some(PossibleValue::new("all").help("all of these")),
        }
    }
}

impl Args {
    /// Each workload that was asked for, once, in an order in which neighbours share their data.
    pub(crate) fn workloads(&self) -> Vec<WorkloadName> {
        let is_chosen = |choice: &Choice| {
            self.workloads.contains(choice) || self.workloads.contains(&Choice::All)
        };
        let name = |choice| match choice {
            Choice::One(name) => Some(name),
            Choice::All => None,
        };
        CHOICES
            .into_iter()
            .filter(is_chosen)
            .filter_map(name)
            .collect()
    }

    /// How long one program may take.
    pub(crate) fn limit(&self) -> Duration {
        Duration::from_secs(60 * self.timeout)
    }

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

    /// The folder in which `benches/peers/run --install` installs the other programs.
    pub(crate) fn peers(&self) -> PathBuf {
        let folder = |name| env::var_os(name).filter(|value| !value.is_empty());
        let cache = folder("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| folder("HOME").map(|home| Path::new(&home).join(".cache")))
            .unwrap_or_default();
        let usual = || cache.join("towpath").join("peers");
        self.peers.clone().unwrap_or_else(usual)
    }

    /// The folder that holds a folder for each run.
    pub(crate) fn runs(&self) -> PathBuf {
        let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("runs");
        self.runs.clone().unwrap_or_else(usual)
    }

    /// The command line that does it again.
    pub(crate) fn command_line(&self) -> String {
        let names: Vec<String> = self
            .workloads
            .iter()
            .filter_map(|choice| Some(choice.to_possible_value()?.get_name().to_owned()))
            .collect();
        let scales: Vec<String> = self.memory_scales.iter().map(f64::to_string).collect();
        format!(
            "benches/peers/run {} --scale {} --memory-scales {} --repetitions {} \
             --peer-repetitions {} --timeout {} --label {}",
            names.join(" "),
            self.scale,
            scales.join(","),
            self.repetitions,
            self.peer_repetitions,
            self.timeout,
            self.label
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

    #[test]
    fn each_workload_comes_once() {
        let args = Args::parse_from(["run", "w2", "w1", "w2"]);
        assert_eq!(args.workloads(), [WorkloadName::W1, WorkloadName::W2]);
        let args = Args::parse_from(["run", "w2", "all"]);
        assert_eq!(args.workloads().len(), CHOICES.len() - 1);
    }

    #[test]
    fn the_command_line_can_be_repeated() {
        let words = "run w1 w1c --scale 0.5 --memory-scales 1,5 --repetitions 2";
        let args = Args::parse_from(words.split(' '));
        assert_eq!(
            args.command_line(),
            "benches/peers/run w1 w1c --scale 0.5 --memory-scales 1,5 --repetitions 2 \
             --peer-repetitions 3 --timeout 15 --label local"
        );
    }
}

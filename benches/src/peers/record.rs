//! The folder of one run: `README.md`, `raw.csv`, `summary.md`, `ratios.svg`.

use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use towpath_engine::{Error, ErrorKind, Result};

use crate::args::Args;
use crate::contender::{Goal, Role};
use crate::database::Databases;
use crate::plot;
use crate::process::Usage;
use crate::readme;
use crate::setting::Setting;
use crate::summary::{self, Section};
use crate::workload::Workload;

/// The columns of `raw.csv`.
const HEADER: &str = "workload,repetition,contender,seconds,cpu_seconds,peak_kib,rows,result";

/// One contender in one repetition.
#[derive(Clone, Debug)]
pub(crate) struct Measurement {
    pub(crate) contender: String,
    pub(crate) role: Role,
    pub(crate) goal: Option<Goal>,
    pub(crate) usage: Usage,
    /// Rows in the destination afterwards.
    pub(crate) row_count: u64,
    pub(crate) outcome: Outcome,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Both tables were equal afterwards.
    Equal,
    /// They were, but for zeros at the end of numerics.
    EqualByValue,
    /// Nothing was to be compared.
    Unchecked,
    /// In what they differed.
    Different(String),
    /// What the program said.
    Failed(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal => f.write_str("equal"),
            Self::EqualByValue => f.write_str("equal, but for zeros at the end of numerics"),
            Self::Unchecked => f.write_str("not compared"),
            Self::Different(what) => write!(f, "not equal: {what}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// What one run leaves behind, written as it goes: what has been measured stays if it is stopped.
pub(crate) struct Record {
    folder: PathBuf,
    raw: File,
    /// The run's `README.md` as far as it is known.
    readme: String,
    sections: Vec<Section>,
}

impl Record {
    /// Makes the folder, named by the servers' date and the label.
    ///
    /// # Errors
    /// `Config`, if it is there already or cannot be made; `Read`, if a server does not answer.
    pub(crate) async fn create(
        args: &Args,
        databases: &Databases,
        setting: &Setting,
    ) -> Result<Self> {
        let readme = readme::head(args, databases, setting).await?;
        let date = databases.source.text("SELECT current_date::text").await?;
        let folder = args.runs().join(format!("{date}-{}", args.label));
        fs::create_dir_all(args.runs()).map_err(|err| cannot_write(&folder, err))?;
        fs::create_dir(&folder).map_err(|err| {
            cannot_write(&folder, err).with_hint("choose another --label, or remove that folder")
        })?;
        let path = folder.join("raw.csv");
        let mut raw = File::create(&path).map_err(|err| cannot_write(&path, err))?;
        writeln!(raw, "{HEADER}").map_err(|err| cannot_write(&path, err))?;
        Ok(Self {
            folder,
            raw,
            readme,
            sections: Vec::new(),
        })
    }

    /// Writes what is known of a workload before it is measured. Workloads of the same name go
    /// into one table.
    ///
    /// # Errors
    /// `Config`, if a file cannot be written.
    pub(crate) fn describe(
        &mut self,
        workload: &Workload,
        setting: &Setting,
        data: &str,
    ) -> Result<()> {
        self.readme
            .push_str(&readme::section(workload, setting, data));
        if self
            .sections
            .last()
            .is_none_or(|last| last.name != workload.name)
        {
            self.sections.push(Section {
                name: workload.name,
                title: workload.title.clone(),
                measurements: Vec::new(),
            });
        }
        self.write("README.md", &self.readme)
    }

    /// Adds one line to the workload that has been described last.
    ///
    /// # Errors
    /// `Config`, if it cannot be written.
    pub(crate) fn add(
        &mut self,
        workload: &str,
        repetition: u32,
        measurement: Measurement,
    ) -> Result<()> {
        let line = csv_line(workload, repetition, &measurement);
        writeln!(self.raw, "{line}")
            .map_err(|err| cannot_write(&self.folder.join("raw.csv"), err))?;
        let seconds = measurement.usage.wall.as_secs_f64();
        eprintln!("    {seconds:.3} s, {}", measurement.outcome);
        if let Some(section) = self.sections.last_mut() {
            section.measurements.push((repetition, measurement));
        }
        Ok(())
    }

    /// Writes medians, ratios and the plot.
    ///
    /// # Errors
    /// `Config`, if a file cannot be written.
    pub(crate) fn summarize_quietly(&self) -> Result<()> {
        self.write("summary.md", &summary::summary(&self.sections))?;
        self.write("ratios.svg", &plot::plot(&self.sections))
    }

    /// The same, and shows them.
    ///
    /// # Errors
    /// `Config`, if a file cannot be written.
    pub(crate) fn summarize(&self) -> Result<()> {
        let text = summary::summary(&self.sections);
        eprintln!("\n{text}\n{}", self.folder.display());
        self.summarize_quietly()
    }

    /// How many measurements of towpath or `psql` did not leave what they must.
    pub(crate) fn our_failures(&self) -> usize {
        let all = self
            .sections
            .iter()
            .flat_map(|section| &section.measurements);
        let is_failure = |one: &Measurement| {
            one.role != Role::Peer
                && matches!(one.outcome, Outcome::Different(_) | Outcome::Failed(_))
        };
        all.filter(|(_, one)| is_failure(one)).count()
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|err| cannot_write(&path, err))
    }
}

/// One line of `raw.csv`; what failed has no times.
fn csv_line(workload: &str, repetition: u32, measurement: &Measurement) -> String {
    let Measurement {
        contender,
        usage,
        row_count,
        outcome,
        ..
    } = measurement;
    let numbers = match outcome {
        Outcome::Failed(_) => ",,,".to_owned(),
        _ => format!(
            "{:.4},{:.3},{},{row_count}",
            usage.wall.as_secs_f64(),
            usage.cpu.as_secs_f64(),
            usage.peak_kib
        ),
    };
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let (contender, outcome) = (quoted(contender), quoted(&outcome.to_string()));
    format!("{workload},{repetition},{contender},{numbers},{outcome}")
}

fn cannot_write(path: &Path, err: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("cannot write {}", path.display()),
    )
    .with_source(err)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_quotes_texts_and_leaves_out_the_times_of_what_failed() {
        let mut measurement = Measurement {
            contender: "relay, then key".to_owned(),
            role: Role::ByHand,
            goal: None,
            usage: Usage {
                wall: Duration::from_millis(1500),
                cpu: Duration::from_secs(1),
                peak_kib: 7,
            },
            row_count: 3,
            outcome: Outcome::Equal,
        };
        assert_eq!(
            csv_line("w1", 2, &measurement),
            "w1,2,\"relay, then key\",1.5000,1.000,7,3,\"equal\""
        );
        measurement.outcome = Outcome::Failed("no \"type\"".to_owned());
        assert_eq!(
            csv_line("w1", 2, &measurement),
            "w1,2,\"relay, then key\",,,,,\"failed: no \"\"type\"\"\""
        );
        assert_eq!(HEADER.split(',').count(), 8);
    }
}

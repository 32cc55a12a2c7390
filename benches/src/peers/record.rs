//! The folder of one run: `README.md`, `raw.csv`, `summary.md`.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use towpath_engine::{Error, ErrorKind, Result};

use crate::args::Args;
use crate::contender::{Contender, Setting};
use crate::database::Databases;
use crate::process::Usage;
use crate::readme;
use crate::summary;

/// One contender in one repetition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measurement {
    /// Counted from 1.
    pub(crate) repetition: u32,
    pub(crate) contender: Contender,
    pub(crate) usage: Usage,
    /// Rows in the destination afterwards.
    pub(crate) row_count: u64,
    /// Whether both tables were equal afterwards.
    pub(crate) equal: bool,
}

/// What one run leaves behind, written as it goes: what has been measured stays if it is stopped.
pub(crate) struct Record {
    folder: PathBuf,
    raw: File,
    measurements: Vec<Measurement>,
}

impl Record {
    /// Makes the folder, named by the servers' date and the label.
    ///
    /// # Errors
    /// `Config`, if it is there already or cannot be made.
    pub(crate) async fn create(args: &Args, databases: &Databases) -> Result<Self> {
        let date = databases.source.text("SELECT current_date::text").await?;
        let folder = args.runs().join(format!("{date}-{}", args.label));
        fs::create_dir_all(args.runs()).map_err(|err| cannot_write(&folder, err))?;
        fs::create_dir(&folder).map_err(|err| {
            cannot_write(&folder, err).with_hint("choose another --label, or remove that folder")
        })?;
        let path = folder.join("raw.csv");
        let mut raw = File::create(&path).map_err(|err| cannot_write(&path, err))?;
        writeln!(
            raw,
            "repetition,contender,seconds,cpu_seconds,peak_kib,rows,equal"
        )
        .map_err(|err| cannot_write(&path, err))?;
        Ok(Self {
            folder,
            raw,
            measurements: Vec::new(),
        })
    }

    /// Writes what is known before anything is measured.
    ///
    /// # Errors
    /// `Config`, if a file cannot be written; `Read`, if a server does not answer.
    pub(crate) async fn describe(
        &self,
        args: &Args,
        setting: &Setting<'_>,
        row_count: u64,
    ) -> Result<()> {
        let text = readme::readme(args, setting, row_count).await?;
        self.write("README.md", &text)
    }

    /// Adds one line.
    ///
    /// # Errors
    /// `Config`, if it cannot be written.
    pub(crate) fn add(&mut self, measurement: Measurement) -> Result<()> {
        let Measurement {
            repetition,
            contender,
            usage,
            row_count,
            equal,
        } = measurement;
        writeln!(
            self.raw,
            "{repetition},\"{}\",{:.3},{:.3},{},{row_count},{equal}",
            contender.name(),
            usage.wall.as_secs_f64(),
            usage.cpu.as_secs_f64(),
            usage.peak_kib,
        )
        .map_err(|err| cannot_write(&self.folder.join("raw.csv"), err))?;
        eprintln!("  {:.2} s, equal: {equal}", usage.wall.as_secs_f64());
        self.measurements.push(measurement);
        Ok(())
    }

    /// Writes medians and ratios, and shows them.
    ///
    /// # Errors
    /// `Config`, if the file cannot be written.
    pub(crate) fn summarize(&self) -> Result<()> {
        let text = summary::summary(&self.measurements);
        eprintln!("\n{text}\n{}", self.folder.display());
        self.write("summary.md", &text)
    }

    /// Whether every table was equal to the source's.
    pub(crate) fn all_equal(&self) -> bool {
        self.measurements
            .iter()
            .all(|measurement| measurement.equal)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|err| cannot_write(&path, err))
    }
}

fn cannot_write(path: &Path, err: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("cannot write {}", path.display()),
    )
    .with_source(err)
}

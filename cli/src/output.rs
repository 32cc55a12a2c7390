//! stdout is for data: text that people read, or JSON for programs.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;
use towpath_engine::{Error, ErrorKind, Result};

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Where and how results are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Text or JSON.
    pub(crate) format: OutputFormat,
    /// Whether progress is left out.
    pub(crate) quiet: bool,
}

impl Output {
    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format == OutputFormat::Json
    }

    /// Writes `text` and a line end to stdout.
    ///
    /// # Errors
    /// `Cancelled`, if nobody reads stdout any more.
    pub(crate) fn text(&self, text: &str) -> Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", text.trim_end_matches('\n')).map_err(closed)
    }

    /// Writes `value` as one line of JSON to stdout.
    ///
    /// # Errors
    /// `Cancelled`, if nobody reads stdout any more.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(value).map_err(|err| {
            Error::new(ErrorKind::Internal, "a result has no JSON form").with_source(err)
        })?;
        self.text(&line)
    }

    /// Tells people something on stderr, unless they asked for quiet or read JSON.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet && !self.is_json() {
            eprintln!("{text}");
        }
    }

    /// Tells people on stderr what became of a run that failed, unless they read JSON.
    pub(crate) fn failure(&self, text: &str) {
        if !self.is_json() {
            eprintln!("{text}");
        }
    }
}

/// The error of a write to stdout, which ends the program but is no news to anybody.
pub(crate) fn closed(err: io::Error) -> Error {
    Error::new(ErrorKind::Cancelled, "stdout does not take more").with_source(err)
}

/// Whether `error` only says that whoever read stdout has seen enough.
pub(crate) fn is_closed_pipe(error: &Error) -> bool {
    std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

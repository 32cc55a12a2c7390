//! Runs programs, and says what they took.

use std::fs;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use towpath_engine::{Error, ErrorKind, Result};

/// GNU time: it waits for one process and asks the kernel what that one took. A process can only
/// ask about all of its children together, and a peak of one of them would hide in the others'.
const TIME: &str = "time";

/// What programs took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// From the first program's start to the last one's end.
    pub(crate) wall: Duration,
    /// User and system time of the programs, without the servers'.
    pub(crate) cpu: Duration,
    /// Resident memory at its peak, in KiB; of programs that run at the same time, the sum.
    pub(crate) peak_kib: u64,
}

impl Usage {
    /// What both took, one after the other.
    pub(crate) fn then(self, next: Self) -> Self {
        Self {
            wall: self.wall + next.wall,
            cpu: self.cpu + next.cpu,
            peak_kib: self.peak_kib.max(next.peak_kib),
        }
    }
}

/// A program and its arguments.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    pub(crate) path: &'a Path,
    pub(crate) arguments: Vec<String>,
}

/// Runs pipes at the same time; in a pipe each program reads what the one before it writes.
///
/// # Errors
/// `Load`, if a program does not end well; `Config`, if one does not start.
pub(crate) fn run(pipes: &[Vec<Program<'_>>]) -> Result<Usage> {
    let folder = TempDir::new().map_err(|err| cannot_run("a temporary folder", err))?;
    let start = Instant::now();
    let mut running = Vec::new();
    for pipe in pipes {
        let mut output = None;
        for (at, program) in pipe.iter().enumerate() {
            let report = folder.path().join(running.len().to_string());
            let is_last = at + 1 == pipe.len();
            let mut child = spawn(program, output.take(), is_last, &report)?;
            output = child.stdout.take();
            running.push((child, program, report));
        }
    }
    let mut ended = Vec::new();
    for (child, program, report) in &mut running {
        let status = child.wait().map_err(|err| cannot_run(TIME, err))?;
        ended.push((status, &*program, &*report));
    }
    let mut usage = Usage {
        wall: start.elapsed(),
        ..Usage::default()
    };
    for (status, program, report) in ended {
        if !status.success() {
            let message = format!("{} ended with {status}", program.path.display());
            return Err(Error::new(ErrorKind::Load, message));
        }
        let report = fs::read_to_string(report).map_err(|err| cannot_run(TIME, err))?;
        let (cpu, peak_kib) = parse_report(&report)?;
        usage.cpu += cpu;
        usage.peak_kib += peak_kib;
    }
    Ok(usage)
}

/// Starts one program under GNU time, which writes to `report` when it ends.
fn spawn(
    program: &Program<'_>,
    input: Option<ChildStdout>,
    is_last: bool,
    report: &Path,
) -> Result<Child> {
    Command::new(TIME)
        .args(["--quiet", "--format", "%U %S %M", "--output"])
        .arg(report)
        .arg(program.path)
        .args(&program.arguments)
        .stdin(input.map_or_else(Stdio::null, Stdio::from))
        .stdout(match is_last {
            true => Stdio::null(),
            false => Stdio::piped(),
        })
        .spawn()
        .map_err(|err| cannot_run(TIME, err))
}

/// Whether programs can be measured at all; to be asked before anything takes time.
///
/// # Errors
/// `Config`, if GNU time is missing.
pub(crate) fn check_time_program() -> Result<()> {
    let program = Program {
        path: Path::new("true"),
        arguments: Vec::new(),
    };
    run(&[vec![program]]).map(drop).map_err(|err| {
        Error::new(
            ErrorKind::Config,
            "GNU time, which measures programs, does not run",
        )
        .with_hint("apt-get install time")
        .with_source(err)
    })
}

/// Processor time and peak memory in KiB from `user system peak`.
fn parse_report(report: &str) -> Result<(Duration, u64)> {
    let parse = || {
        let mut words = report.split_whitespace();
        let user: f64 = words.next()?.parse().ok()?;
        let system: f64 = words.next()?.parse().ok()?;
        let cpu = Duration::try_from_secs_f64(user + system).ok()?;
        Some((cpu, words.next()?.parse().ok()?))
    };
    parse().ok_or_else(|| {
        let message = format!("{TIME} reports {report:?}, expected seconds, seconds and KiB");
        Error::new(ErrorKind::Internal, message)
    })
}

fn cannot_run(what: &str, err: std::io::Error) -> Error {
    Error::new(ErrorKind::Config, format!("cannot run {what}")).with_source(err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_user_system_and_peak() {
        let report = parse_report("1.25 0.50 9216\n").unwrap();
        assert_eq!(report, (Duration::from_millis(1750), 9216));
        assert!(parse_report("Command exited with non-zero status 1").is_err());
    }

    #[test]
    fn steps_add_up_and_the_peak_is_the_highest() {
        let usage = |seconds, peak_kib| Usage {
            wall: Duration::from_secs(seconds),
            cpu: Duration::from_secs(1),
            peak_kib,
        };
        let both = usage(2, 10).then(usage(3, 7));
        assert_eq!((both.wall, both.peak_kib), (Duration::from_secs(5), 10));
        assert_eq!(both.cpu, Duration::from_secs(2));
    }
}

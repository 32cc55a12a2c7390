//! Runs programs, and says what they took.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use towpath_engine::{Error, ErrorKind, Result};

/// GNU time: it waits for one process and asks the kernel what that one took. A process can only
/// ask about all of its children together, and a peak of one of them would hide in the others'.
const TIME: &str = "time";

/// Ends a program, and whatever it has started, after some seconds.
const TIMEOUT: &str = "timeout";

/// What [`TIMEOUT`] ends with if it had to, and if the program had to be killed.
const TIMEOUT_CODES: [i32; 2] = [124, 137];

/// Letters of an error message that are kept.
const MESSAGE_LETTERS: usize = 300;

/// Lines of a failed program's output that are shown.
const SHOWN_LINES: usize = 15;

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

/// A program, its arguments, and what it finds in its environment besides ours.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// Programs of which each reads what the one before it writes.
pub(crate) type Pipe = Vec<Program>;

/// A program that has been started.
struct Running {
    child: Child,
    /// What the program says, on both of its streams if it is the last of its pipe.
    log: PathBuf,
    /// Where GNU time writes to.
    report: PathBuf,
}

/// Runs pipes at the same time.
///
/// Without a `limit` nothing is put around the programs, and only wall time is known: GNU time and
/// the watch take a millisecond each to start.
///
/// # Errors
/// `Load`, with the first line of what the program said, if one does not end well or exceeds the
/// limit; `Config`, if one does not start.
pub(crate) fn run(pipes: &[Pipe], limit: Option<Duration>) -> Result<Usage> {
    let folder = TempDir::new().map_err(|err| cannot_run("a temporary folder", err))?;
    let start = Instant::now();
    let mut running = Vec::new();
    for pipe in pipes {
        let mut output = None;
        for (at, program) in pipe.iter().enumerate() {
            let is_last = at + 1 == pipe.len();
            let stem = folder.path().join(running.len().to_string());
            let mut started = spawn(program, (output.take(), is_last), &stem, limit)?;
            output = started.child.stdout.take();
            running.push((started, program));
        }
    }
    let mut ended = Vec::new();
    for (started, program) in &mut running {
        let status = started.child.wait().map_err(|err| cannot_run(TIME, err))?;
        ended.push((status, &*started, *program));
    }
    let mut usage = Usage {
        wall: start.elapsed(),
        ..Usage::default()
    };
    check(&ended, limit)?;
    if limit.is_some() {
        for (_, started, _) in ended {
            let report =
                fs::read_to_string(&started.report).map_err(|err| cannot_run(TIME, err))?;
            let (cpu, peak_kib) = parse_report(&report)?;
            usage.cpu += cpu;
            usage.peak_kib += peak_kib;
        }
    }
    Ok(usage)
}

/// Starts one program; `(input, is_last)` is its place in its pipe.
fn spawn(
    program: &Program,
    (input, is_last): (Option<ChildStdout>, bool),
    stem: &Path,
    limit: Option<Duration>,
) -> Result<Running> {
    let (log, report) = (stem.with_extension("log"), stem.with_extension("report"));
    let start = || {
        let mut command = match limit {
            Some(limit) => watched(program, &report, limit),
            None => Command::new(&program.path),
        };
        let output = File::create(&log)?;
        command
            .args(&program.arguments)
            .envs(
                program
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(input.map_or_else(Stdio::null, Stdio::from))
            .stdout(match is_last {
                true => Stdio::from(output.try_clone()?),
                false => Stdio::piped(),
            })
            .stderr(output)
            .spawn()
    };
    let child = start().map_err(|err| cannot_run(&program.path.display().to_string(), err))?;
    Ok(Running { child, log, report })
}

/// `program` under GNU time and a watch, without its arguments.
fn watched(program: &Program, report: &Path, limit: Duration) -> Command {
    let mut command = Command::new(TIME);
    command
        .args(["--quiet", "--format", "%U %S %M", "--output"])
        .arg(report)
        .args([TIMEOUT, "--kill-after=10"])
        .arg(limit.as_secs().to_string())
        .arg(&program.path);
    command
}

/// Whether all programs ended well; otherwise the error is that of the first that says something,
/// since its neighbours in the pipe fail because of it.
fn check(ended: &[(ExitStatus, &Running, &Program)], limit: Option<Duration>) -> Result<()> {
    let mut silent = None;
    for (status, started, program) in ended {
        if status.success() {
            continue;
        }
        let log = fs::read(&started.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        for line in &lines[lines.len().saturating_sub(SHOWN_LINES)..] {
            eprintln!("    {line}");
        }
        let is_late = status
            .code()
            .is_some_and(|code| TIMEOUT_CODES.contains(&code));
        if let (true, Some(limit)) = (is_late, limit) {
            let message = format!("took longer than {} minutes", limit.as_secs() / 60);
            return Err(Error::new(ErrorKind::Load, message));
        }
        if let Some(line) = error_line(&log) {
            return Err(Error::new(ErrorKind::Load, line));
        }
        silent = Some(format!("{} ended with {status}", program.path.display()));
    }
    silent.map_or(Ok(()), |message| Err(Error::new(ErrorKind::Load, message)))
}

/// The first line of `log` that names an error, with the reason if it ends with a colon, or else the
/// last line; without colours and what loggers put in front, and cut.
fn error_line(log: &str) -> Option<String> {
    let lines: Vec<String> = log
        .lines()
        .map(plain)
        .filter(|line| !line.is_empty())
        .collect();
    let first = lines.iter().position(|line| error_at(line).is_some());
    let mut message = match first {
        None => lines.last()?.clone(),
        Some(at) => lines[at][error_at(&lines[at])?..].to_owned(),
    };
    if let (Some(at), true) = (first, message.ends_with(':')) {
        // Sling's reason is the server's own line, below the statement.
        let rest = &lines[at + 1..];
        let reason = rest.iter().position(|line| line.starts_with("pq: "));
        for line in rest.iter().take(1).chain(reason.map(|at| &rest[at])) {
            message.push(' ');
            message.push_str(line);
        }
    }
    Some(message.chars().take(MESSAGE_LETTERS).collect())
}

/// Where the word that names an error begins.
fn error_at(line: &str) -> Option<usize> {
    let words = line.split_whitespace();
    let is_name = |word: &&str| {
        let word = word.to_lowercase();
        ["error", "fatal", "panicked"]
            .iter()
            .any(|name| word.contains(name))
    };
    let word = words.into_iter().find(is_name)?;
    line.find(word)
}

/// `line` without ANSI's escape sequences and spaces around it.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut parts = line.split('\u{1b}');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        // A sequence ends with its first letter.
        let rest = part.split_once(|letter: char| letter.is_ascii_alphabetic());
        text.push_str(rest.map_or("", |(_, rest)| rest));
    }
    text.trim().to_owned()
}

/// Whether programs can be measured at all; to be asked before anything takes time.
///
/// # Errors
/// `Config`, if GNU time or `timeout` is missing.
pub(crate) fn check_time_program() -> Result<()> {
    let program = Program {
        path: PathBuf::from("true"),
        arguments: Vec::new(),
        environment: Vec::new(),
    };
    let done = run(&[vec![program]], Some(Duration::from_secs(60)));
    done.map(drop).map_err(|err| {
        let message = "GNU time and timeout, which measure and watch programs, do not run";
        Error::new(ErrorKind::Config, message)
            .with_hint("apt-get install time coreutils")
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

fn cannot_run(what: &str, err: io::Error) -> Error {
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

    #[test]
    fn the_error_is_the_first_line_that_names_one() {
        let log = "reading\n\u{1b}[31mERROR:\u{1b}[0m no such type\nfatal: gave up\n";
        assert_eq!(error_line(log).unwrap(), "ERROR: no such type");
        let log = "12:00:00 17 ERROR it is there\n";
        assert_eq!(error_line(log).unwrap(), "ERROR it is there");
        let log = "fatal:\n~ why\nSELECT\npq: no table\n";
        assert_eq!(error_line(log).unwrap(), "fatal: ~ why pq: no table");
        assert_eq!(error_line("first\n\nlast\n").unwrap(), "last");
        assert_eq!(error_line("\n"), None);
    }

    #[test]
    fn a_program_that_fails_is_told_with_its_own_words() {
        let program = |script: &str| Program {
            path: PathBuf::from("sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: Vec::new(),
        };
        let failed = run(&[vec![program("echo error: this >&2; exit 1")]], None);
        assert_eq!(failed.unwrap_err().to_string(), "error: this");
        run(&[vec![program("echo text"), program("grep text")]], None).unwrap();
    }
}

//! `cargo verify`: builds towpath, sees to it that PostgreSQL's server programs are installed, counts
//! instructions if valgrind is installed, runs all tests of the workspace, and then those between
//! servers of several versions. Its last line is the sum of all tests.
//!
//! ```text
//! cargo verify [--matrix | --pair SOURCE:DESTINATION …] [arguments of cargo test]
//! ```
//!
//! `--pair 14:17` runs the integration tests between those two major versions instead of the usual
//! ones, `--matrix` between every pair that docs/types.md speaks of.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

/// What every step builds, so that no step builds it differently.
const WORKSPACE: [&str; 2] = ["--workspace", "--all-features"];

/// Pairs of every run, beside the installed version with itself: the longest ways up and down.
const USUAL: [Pair; 2] = [Pair(13, 18), Pair(18, 15)];

/// Pairs of `--matrix`: each version with itself, and the longest ways up and down.
const MATRIX: [Pair; 9] = [
    Pair(13, 13),
    Pair(14, 14),
    Pair(15, 15),
    Pair(16, 16),
    Pair(17, 17),
    Pair(18, 18),
    Pair(13, 18),
    Pair(18, 13),
    Pair(18, 15),
];

/// Name the folders of the server programs for the integration tests.
const SOURCE_PROGRAMS: &str = "TOWPATH_TEST_PG_SOURCE_BIN";
const DESTINATION_PROGRAMS: &str = "TOWPATH_TEST_PG_DESTINATION_BIN";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let wanted = Wanted::of(env::args_os().skip(1))?;
    say("building towpath and its tests");
    let built = cargo("build")
        .args(["--bins", "--tests", "--examples"])
        .status()?;
    if !built.success() {
        return Ok(ExitCode::FAILURE);
    }
    let mut sum = Sum::default();
    let mut failures = Vec::new();
    if wanted.installed {
        if !demonstrates()? {
            failures.push("the demonstration has failed, see above".to_owned());
        }
        if !counts_instructions()? {
            failures.push("decoding or encoding costs more than recorded, see above".to_owned());
        }
        say("running all tests, with the installed version of PostgreSQL at both ends");
        writeln!(io::stdout(), "\n== installed version of PostgreSQL ==")?;
        let mut tests = cargo("test");
        tests.arg("--no-fail-fast").args(&wanted.arguments);
        if !sum.add_run(&mut tests)? {
            failures.push("tests with the installed version have failed, see above".to_owned());
        }
    }
    for pair in &wanted.pairs {
        say(&format!("running the integration tests, {pair}"));
        writeln!(io::stdout(), "\n== {pair} ==")?;
        match pair.tests(&wanted.arguments) {
            Ok(mut tests) => {
                if !sum.add_run(&mut tests)? {
                    failures.push(format!("tests {pair} have failed, see above"));
                }
            }
            Err(err) => failures.push(format!("tests {pair} cannot run: {err}")),
        }
    }
    for failure in &failures {
        say(failure);
    }
    writeln!(io::stdout(), "{} passed, {} failed", sum.passed, sum.failed)?;
    Ok(match failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn say(step: &str) {
    // Cargo's lines go the same way, and a step's name belongs before what it prints.
    let _ = io::stdout().flush();
    eprintln!("verify: {step}");
}

/// Whether the demonstration runs to its end.
fn demonstrates() -> io::Result<bool> {
    say("running the demonstration; it installs PostgreSQL's server programs if they are missing");
    let demo = Command::new(program()?)
        .args(["demo", "--setup", "--orders", "1000"])
        .status()?;
    Ok(demo.success())
}

/// Whether decoding and encoding take as many instructions as recorded; where nobody knows, that
/// counts as yes.
fn counts_instructions() -> io::Result<bool> {
    if !cfg!(target_arch = "x86_64") {
        say("not counting instructions: those that are recorded are for x86-64");
        return Ok(true);
    }
    let valgrind = Command::new("valgrind").arg("--version").output();
    if !valgrind.is_ok_and(|output| output.status.success()) {
        say("not counting instructions: valgrind is not installed (apt-get install valgrind)");
        return Ok(true);
    }
    say("counting the instructions of decoding and encoding, in a small build of their own");
    let guard = Command::new(cargo_program())
        .args(["run", "--quiet", "--profile", "guard"])
        .args(["--package", "towpath-benches", "--no-default-features"])
        .args(["--bin", "instructions"])
        .status()?;
    Ok(guard.success())
}

fn cargo_program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The command `cargo step` on the whole workspace.
fn cargo(step: &str) -> Command {
    let mut command = Command::new(cargo_program());
    command.arg(step).args(WORKSPACE);
    command
}

/// The towpath program, which cargo puts beside this one.
fn program() -> io::Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name("towpath"))
}

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    /// Whether the demonstration and all tests run with the installed version of PostgreSQL, and
    /// instructions are counted.
    installed: bool,
    pairs: Vec<Pair>,
    /// What `cargo test` is given.
    arguments: Vec<OsString>,
}

impl Wanted {
    fn of(words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let (mut matrix, mut pairs, mut arguments) = (false, Vec::new(), Vec::new());
        let mut words = words;
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--matrix") => matrix = true,
                Some("--pair") => {
                    let pair = words.next().unwrap_or_default();
                    let pair = pair.to_str().and_then(Pair::parse);
                    pairs.push(pair.ok_or("--pair needs two major versions, as in --pair 13:18")?);
                }
                _ => arguments.push(word),
            }
        }
        let installed = pairs.is_empty();
        if matrix {
            pairs = MATRIX.to_vec();
        } else if installed {
            pairs = USUAL.to_vec();
        }
        Ok(Self {
            installed,
            pairs,
            arguments,
        })
    }
}

/// Major versions of PostgreSQL at the source and at the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair(u32, u32);

impl Pair {
    /// The pair that `13:18` means.
    fn parse(text: &str) -> Option<Self> {
        let (source, destination) = text.split_once(':')?;
        Some(Self(source.parse().ok()?, destination.parse().ok()?))
    }

    /// The command that runs the integration tests between these versions; fetches their programs.
    fn tests(self, arguments: &[OsString]) -> Result<Command, Box<dyn Error>> {
        let mut tests = cargo("test");
        tests
            .args(["--no-fail-fast", "--test", "integration"])
            .args(arguments)
            .env(SOURCE_PROGRAMS, programs(self.0)?)
            .env(DESTINATION_PROGRAMS, programs(self.1)?);
        Ok(tests)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from PostgreSQL {} to {}", self.0, self.1)
    }
}

/// The folder of a version's server programs, from the script that finds or fetches them.
fn programs(version: u32) -> Result<String, Box<dyn Error>> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("servers");
    let output = Command::new("bash")
        .arg(script)
        .arg(version.to_string())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|err| format!("bash does not run: {err}"))?;
    let answer = String::from_utf8(output.stdout)?;
    match answer.trim_end().split_once(' ') {
        Some((_, folder)) if output.status.success() => Ok(folder.to_owned()),
        _ => Err(format!("there are no server programs of PostgreSQL {version}, see above").into()),
    }
}

/// Tests of several binaries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    passed: u64,
    failed: u64,
}

impl Sum {
    /// Runs `tests`, passes on what they print, and counts them; gives whether all passed.
    fn add_run(&mut self, tests: &mut Command) -> io::Result<bool> {
        let mut child = tests.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().map(BufReader::new);
        for line in output.into_iter().flat_map(BufReader::lines) {
            let line = line?;
            self.add(&line);
            writeln!(io::stdout(), "{line}")?;
        }
        Ok(child.wait()?.success())
    }

    /// Counts the line in which a test binary sums itself up; other lines count nothing.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        for count in counts.split([';', '.']) {
            match count.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_adds_what_binaries_say_of_themselves() {
        let mut sum = Sum::default();
        sum.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.02s");
        sum.add("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        sum.add("test passes ... ok");
        let expected = Sum {
            passed: 16,
            failed: 2,
        };
        assert_eq!(sum, expected);
    }

    #[test]
    fn the_usual_pairs_come_after_all_tests() {
        check(&["types"], Ok((true, &USUAL, &["types"])));
    }

    #[test]
    fn the_matrix_has_every_version_at_both_ends() {
        check(&["--matrix"], Ok((true, &MATRIX, &[])));
        for version in 13..=18 {
            assert!(MATRIX.contains(&Pair(version, version)));
        }
        assert!(USUAL.iter().all(|pair| MATRIX.contains(pair)));
    }

    #[test]
    fn a_pair_runs_alone() {
        check(
            &["--pair", "14:17", "--", "--nocapture"],
            Ok((false, &[Pair(14, 17)], &["--", "--nocapture"])),
        );
        let message = "--pair needs two major versions, as in --pair 13:18";
        check(&["--pair", "latest"], Err(message));
        check(&["--pair"], Err(message));
    }

    fn check(words: &[&str], expected: Result<(bool, &[Pair], &[&str]), &str>) {
        let found = Wanted::of(words.iter().map(OsString::from));
        let expected = expected.map(|(installed, pairs, arguments)| Wanted {
            installed,
            pairs: pairs.to_vec(),
            arguments: arguments.iter().map(OsString::from).collect(),
        });
        assert_eq!(found, expected.map_err(str::to_owned));
    }
}

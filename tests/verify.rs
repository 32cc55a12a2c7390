//! `cargo verify`: builds towpath, sees to it that PostgreSQL's server programs are installed, and
//! runs all tests of the workspace. Its last line is their sum.

use std::env;
use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

/// What every step builds, so that no step builds it differently.
const WORKSPACE: [&str; 2] = ["--workspace", "--all-features"];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    say("building towpath and its tests");
    let built = cargo("build")
        .args(["--bins", "--tests", "--examples"])
        .status()?;
    if !built.success() {
        return Ok(ExitCode::FAILURE);
    }

    say("running the demonstration; it installs PostgreSQL's server programs if they are missing");
    let demo = Command::new(program()?)
        .args(["demo", "--setup", "--orders", "1000"])
        .status()?;

    say("running the tests");
    let mut tests = cargo("test")
        .arg("--no-fail-fast")
        .args(env::args_os().skip(1))
        .stdout(Stdio::piped())
        .spawn()?;
    let mut sum = Sum::default();
    for line in tests
        .stdout
        .take()
        .map(BufReader::new)
        .into_iter()
        .flat_map(BufReader::lines)
    {
        let line = line?;
        sum.add(&line);
        writeln!(io::stdout(), "{line}")?;
    }
    let tested = tests.wait()?;

    if !demo.success() {
        say("the demonstration has failed, see above");
    }
    writeln!(io::stdout(), "{} passed, {} failed", sum.passed, sum.failed)?;
    Ok(match demo.success() && tested.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn say(step: &str) {
    eprintln!("verify: {step}");
}

/// The command `cargo step` on the whole workspace.
fn cargo(step: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(step).args(WORKSPACE);
    command
}

/// The towpath program, which cargo puts beside this one.
fn program() -> io::Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name("towpath"))
}

/// Tests of several binaries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    passed: u64,
    failed: u64,
}

impl Sum {
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
}

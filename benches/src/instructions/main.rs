//! Guards what decoding and encoding cost, without a clock: counts the instructions of each case
//! under valgrind, and compares them with those that are recorded in `benches/instructions.tsv`.
//!
//! ```text
//! case → valgrind (1 iteration, 5 iterations) → difference per row → record
//! ```
//!
//! ```sh
//! cargo run --profile guard -p towpath-benches --no-default-features --bin instructions
//! ```
//!
//! Called as `instructions CASE ITERATIONS`, it does the work of one case and counts nothing.

mod case;
mod record;
mod valgrind;

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use case::{CASES, ROW_COUNT};
use record::{Record, Verdict};

/// Asks for the record to be written anew, where it is 1.
const REGENERATE: &str = "TOWPATH_REGENERATE";

fn main() -> ExitCode {
    let result = match &*env::args().skip(1).collect::<Vec<_>>() {
        [] => guard(),
        [name, iterations] => work(name, iterations).map(|()| ExitCode::SUCCESS),
        _ => Err("expected no argument, or CASE ITERATIONS".into()),
    };
    result.unwrap_or_else(|err| {
        eprintln!("error: {err}");
        ExitCode::FAILURE
    })
}

/// Does the work of one case.
fn work(name: &str, iterations: &str) -> Result<(), Box<dyn Error>> {
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.ok_or_else(|| format!("there is no case {name:?}"))?;
    Ok(case.run(iterations.parse()?)?)
}

/// Counts all cases, and compares them with the record or writes it.
fn guard() -> Result<ExitCode, Box<dyn Error>> {
    let mut found = Record::default();
    for case in CASES {
        let instructions = valgrind::instructions(case.name)?;
        found.add(case.name, instructions / ROW_COUNT as u64);
    }
    if env::var_os(REGENERATE).is_some_and(|value| value == "1") {
        found.write()?;
        return Ok(ExitCode::SUCCESS);
    }
    let comparison = Record::read()?.compare(&found);
    write!(io::stdout(), "{comparison}")?;
    Ok(match comparison.verdict() {
        Verdict::Failed => ExitCode::FAILURE,
        Verdict::Passed | Verdict::Outdated => ExitCode::SUCCESS,
    })
}

//! Instructions of one case, as callgrind counts them.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// Iterations of the two runs; what the second does more is counted, and generating rows is not.
/// The first iteration also pays for what happens once, and is in both.
const ITERATIONS: (u32, u32) = (1, 5);

/// Keeps glibc from choosing how it copies memory by the processor, which is a tenth of the count
/// on some: every processor of x86-64 has what is left.
const TUNABLES: &str = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX,-ERMS,-FSRM";

/// Instructions of one iteration.
///
/// # Errors
/// If valgrind is not installed, or does not say what it counted.
pub(crate) fn instructions(case: &str) -> Result<u64, Box<dyn Error>> {
    let (few, many) = ITERATIONS;
    let more = count(case, many)?.saturating_sub(count(case, few)?);
    Ok(more / u64::from(many - few))
}

/// Instructions of the whole process, iterations and all.
fn count(case: &str, iterations: u32) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([OsStr::new(case), OsStr::new(&iterations.to_string())])
        .env("GLIBC_TUNABLES", TUNABLES)
        .stdin(Stdio::null())
        .output()
        .map_err(|err| format!("valgrind does not run: {err} (apt-get install valgrind)"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    match collected(&told).filter(|_| output.status.success()) {
        Some(count) => Ok(count),
        None => Err(format!("valgrind counts nothing of {case}:\n{told}").into()),
    }
}

/// The number of the line `==4711== Collected : 123456`.
fn collected(told: &str) -> Option<u64> {
    let line = told.lines().find_map(|line| line.split_once("Collected :"));
    line?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_that_of_valgrind_s_summary() {
        let told = "==7== Events    : Ir\n==7== Collected : 123456\n==7== \n";
        assert_eq!(collected(told), Some(123_456));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }
}

//! What the numbers were measured on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// Processor, memory and kernel, as far as the system says.
pub(crate) fn describe() -> String {
    let processors = thread::available_parallelism().map_or(0, usize::from);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".into());
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or("unknown memory".into(), |kib| {
            format!("{:.1} GiB", kib as f64 / (1 << 20) as f64)
        });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = kernel.trim();
    format!("{processors} × {model}, {memory}, Linux {kernel}")
}

/// The commit of the source tree, and whether files differ from it.
pub(crate) fn commit() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let git = |words: &[&str]| first_line(Command::new("git").current_dir(here).args(words));
    match git(&["rev-parse", "--short=12", "HEAD"]) {
        None => "unknown".to_owned(),
        Some(commit) => match git(&["status", "--porcelain", "--untracked-files=no"]) {
            None => commit,
            Some(_) => format!("{commit}, with changes that are not committed"),
        },
    }
}

/// What `program --version` says.
pub(crate) fn version(program: &Path) -> String {
    first_line(Command::new(program).arg("--version")).unwrap_or_else(|| "unknown".to_owned())
}

/// Names and versions of packages that `python` has; `None`, if it lacks one.
pub(crate) fn python_versions(python: &Path, packages: &[&str]) -> Option<String> {
    let script = "import sys; from importlib.metadata import version; \
                  print(', '.join(name + ' ' + version(name) for name in sys.argv[1:]))";
    first_line(Command::new(python).args(["-c", script]).args(packages))
}

/// The folder of a package of `python`.
pub(crate) fn python_folder(python: &Path, package: &str) -> Option<PathBuf> {
    let script = "import sys; from importlib.util import find_spec; \
                  print(find_spec(sys.argv[1]).submodule_search_locations[0])";
    first_line(Command::new(python).args(["-c", script, package])).map(PathBuf::from)
}

/// The first line that `command` writes, if it writes any.
fn first_line(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next()?.to_owned())
}

/// The value of the first line `name : value` in `file`.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

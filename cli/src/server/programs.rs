//! Where PostgreSQL's server programs are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use towpath_engine::{Error, ErrorKind, Result};

use super::PackageManager;

/// Names a folder that holds the server programs and comes before all others.
const FOLDER_VARIABLE: &str = "TOWPATH_PG_BIN";

/// What a folder must hold to count.
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// Where packages put versions side by side; the folder called `*` starts with, ends with or is
/// the version.
const VERSIONED: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// The programs `initdb`, `postgres` and `pg_ctl` of one PostgreSQL version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPrograms {
    folder: PathBuf,
    version: String,
}

impl ServerPrograms {
    /// Looks in the folder that `TOWPATH_PG_BIN` names, else along `PATH`, else where packages
    /// put them, newest version first.
    ///
    /// # Errors
    /// `Config`, with the command that installs them on this system, if there are none.
    pub fn find() -> Result<Self> {
        if let Some(folder) = env::var_os(FOLDER_VARIABLE) {
            return Self::in_folder(Path::new(&folder));
        }
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .chain(versioned_folders(&VERSIONED))
            .find_map(|folder| Self::in_folder(&folder).ok())
            .ok_or_else(missing)
    }

    /// The programs in `folder`.
    ///
    /// # Errors
    /// `Config`, if one is missing or does not run.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        if let Some(program) = PROGRAMS.iter().find(|name| !folder.join(name).is_file()) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("{} has no program {program}", folder.display()),
            ));
        }
        let answer = Command::new(folder.join("postgres"))
            .arg("--version")
            .output();
        let version = answer
            .ok()
            .and_then(|output| version_in(&String::from_utf8_lossy(&output.stdout)))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Config,
                    format!(
                        "{} does not say its version",
                        folder.join("postgres").display()
                    ),
                )
            })?;
        Ok(Self {
            folder: folder.to_owned(),
            version,
        })
    }

    /// The folder they are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// PostgreSQL's version, `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// PostgreSQL's major version, 15.
    pub fn major_version(&self) -> u32 {
        leading_number(&self.version)
    }
}

/// The refusal when there is no PostgreSQL, with the way to get it.
fn missing() -> Error {
    let error = Error::new(
        ErrorKind::Config,
        "PostgreSQL's server programs (initdb, postgres, pg_ctl) are not installed",
    );
    let otherwise = format!("or name their folder in {FOLDER_VARIABLE}");
    match PackageManager::of_this_system() {
        Some(manager) => error.with_hint(format!("{}, {otherwise}", manager.command_line())),
        None => error.with_hint(format!("install PostgreSQL, {otherwise}")),
    }
}

/// The folders that exist under `patterns`, the newest version of each pattern first.
fn versioned_folders(patterns: &[&str]) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for pattern in patterns {
        let mut found = matching_folders(pattern);
        found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        folders.extend(found.into_iter().map(|(_, folder)| folder));
    }
    folders
}

/// The folders that `pattern`, with one `*`, means, each with the number that `*` stands for.
fn matching_folders(pattern: &str) -> Vec<(u32, PathBuf)> {
    let Some((before, after)) = pattern.split_once('*') else {
        return Vec::new();
    };
    let Some((parent, prefix)) = before.rsplit_once('/') else {
        return Vec::new();
    };
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = leading_number(name.strip_prefix(prefix)?);
            let folder = entry.path().join(after.trim_start_matches('/'));
            Some((version, folder))
        })
        .filter(|(_, folder)| folder.is_dir())
        .collect()
}

/// The version in what `postgres --version` prints: `postgres (PostgreSQL) 15.18 (Debian …)`.
fn version_in(line: &str) -> Option<String> {
    let version = line
        .split_once("(PostgreSQL)")?
        .1
        .split_whitespace()
        .next()?;
    Some(version.to_owned())
}

/// The number that `text` begins with; 0 if it begins with none.
fn leading_number(text: &str) -> u32 {
    let digits = text.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_word_after_the_name() {
        let line = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(version_in(line).as_deref(), Some("15.18"));
        assert_eq!(
            version_in("postgres (PostgreSQL) 19devel").as_deref(),
            Some("19devel")
        );
        assert_eq!(version_in("psql 15"), None);
    }

    #[test]
    fn the_major_version_is_its_leading_number() {
        assert_eq!(leading_number("15.18"), 15);
        assert_eq!(leading_number("19devel"), 19);
        assert_eq!(leading_number("latest"), 0);
    }

    #[test]
    fn newer_versions_come_first_by_number() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9", "15", "10", "x"] {
            fs::create_dir_all(folder.path().join(version).join("bin")).unwrap();
        }
        fs::create_dir(folder.path().join("16")).unwrap();
        let pattern = format!("{}/*/bin", folder.path().display());
        let found: Vec<String> = versioned_folders(&[&pattern])
            .iter()
            .map(|path| {
                path.strip_prefix(folder.path())
                    .unwrap()
                    .display()
                    .to_string()
            })
            .collect();
        assert_eq!(found, ["15/bin", "10/bin", "9/bin", "x/bin"]);
    }

    #[test]
    fn a_folder_without_the_programs_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = ServerPrograms::in_folder(folder.path()).unwrap_err();
        assert!(refusal.to_string().ends_with("has no program initdb"));
    }
}

//! Installs PostgreSQL's server programs the way this system installs programs.

use std::env;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use towpath_engine::{Error, ErrorKind, Result};

/// Debian's packages start a server of their own when they are installed, unless this file says
/// otherwise; it is removed again, so that later installations behave as everyone expects.
const DEBIAN_SCRIPT: &str = "\
set -e
file=/etc/postgresql-common/createcluster.d/towpath.conf
mkdir -p \"${file%/*}\"
trap 'rm -f \"$file\"' EXIT
echo 'create_main_cluster = false' >\"$file\"
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends postgresql
";

/// A system's package manager, as far as it concerns PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageManager {
    /// Debian, Ubuntu.
    Apt,
    /// Fedora, RHEL.
    Dnf,
    /// Alpine.
    Apk,
    /// Arch.
    Pacman,
    /// openSUSE.
    Zypper,
    /// macOS, and Linux beside its own.
    Brew,
}

impl PackageManager {
    const ALL: [Self; 6] = [
        Self::Apt,
        Self::Dnf,
        Self::Apk,
        Self::Pacman,
        Self::Zypper,
        Self::Brew,
    ];

    /// The first package manager that is in `PATH`.
    pub fn of_this_system() -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        Self::ALL.into_iter().find(|manager| {
            env::split_paths(&path).any(|folder| folder.join(manager.program()).is_file())
        })
    }

    /// The line that installs the server programs, for people to run.
    pub fn command_line(self) -> String {
        let sudo = match self.needs_root() {
            true => "sudo ",
            false => "",
        };
        format!("{sudo}{} {}", self.program(), self.arguments().join(" "))
    }

    /// Installs the server programs; `say` gets the command before it runs.
    ///
    /// On Debian and Ubuntu the package would create and start a server, and is told not to.
    ///
    /// # Errors
    /// `Config`, if the package manager does not run or does not succeed.
    pub fn install(self, say: impl FnOnce(&str)) -> Result<()> {
        say(&self.command_line());
        let mut words: Vec<&str> = Vec::new();
        if self.needs_root() {
            words.push("sudo");
        }
        if self == Self::Apt {
            words.extend(["sh", "-c", DEBIAN_SCRIPT]);
        } else {
            words.push(self.program());
            words.extend(self.arguments());
        }
        let status = Command::new(words[0]).args(&words[1..]).status();
        let refused = || {
            Error::new(
                ErrorKind::Config,
                "PostgreSQL's server programs cannot be installed",
            )
            .with_hint(format!("run: {}", self.command_line()))
        };
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(refused().with_source(format!("{} ended with {status}", words[0]))),
            Err(err) => Err(refused().with_source(format!("{}: {err}", words[0]))),
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            Self::Dnf => "dnf",
            Self::Apk => "apk",
            Self::Pacman => "pacman",
            Self::Zypper => "zypper",
            Self::Brew => "brew",
        }
    }

    fn arguments(self) -> Vec<&'static str> {
        match self {
            Self::Apt => vec!["install", "--yes", "postgresql"],
            Self::Dnf => vec!["install", "-y", "postgresql-server", "postgresql-contrib"],
            Self::Apk => vec!["add", "postgresql", "postgresql-contrib"],
            Self::Pacman => vec!["-S", "--noconfirm", "postgresql"],
            Self::Zypper => vec!["--non-interactive", "install", "postgresql-server"],
            Self::Brew => vec!["install", "postgresql@18"],
        }
    }

    fn needs_root(self) -> bool {
        self != Self::Brew && !is_root()
    }
}

/// Whether this process is root: a process's folder under `/proc` belongs to its effective user.
/// Where there is no `/proc` the answer is no, and sudo asks.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_names_the_package() {
        for manager in PackageManager::ALL {
            let line = manager.command_line();
            assert!(line.contains(manager.program()), "{line}");
            assert!(line.contains("postgresql"), "{line}");
        }
    }

    #[test]
    fn brew_is_not_run_as_root() {
        assert!(!PackageManager::Brew.command_line().contains("sudo"));
    }
}

//! Between whom, and with which programs.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use towpath_engine::{Error, ErrorKind, Result};

use crate::args::Args;
use crate::database::Databases;
use crate::machine;
use crate::process::Program;

/// The folder of the scripts for programs that are Python libraries.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

/// Addresses and programs of one run.
pub(crate) struct Setting {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The `psql` of the servers' version. The one on `PATH` is a script on Debian: it would start
    /// an interpreter first, and the peer would pay for it.
    pub(crate) psql: PathBuf,
    pub(crate) towpath: PathBuf,
    peers: Vec<InstalledPeer>,
    /// How long one program may take.
    pub(crate) limit: Duration,
    /// Where programs keep their state; emptied before each measurement.
    work: TempDir,
}

/// Somebody else's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Sling,
    Dlt,
    DuckDb,
    Adbc,
    PgCopyDb,
}

/// A peer that is there.
struct InstalledPeer {
    peer: Peer,
    /// The program, or the Python that has the library.
    path: PathBuf,
    version: String,
}

impl Peer {
    const ALL: [Self; 5] = [
        Self::Sling,
        Self::Dlt,
        Self::DuckDb,
        Self::Adbc,
        Self::PgCopyDb,
    ];

    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sling => "sling",
            Self::Dlt => "dlt",
            Self::DuckDb => "DuckDB",
            Self::Adbc => "ADBC",
            Self::PgCopyDb => "pgcopydb",
        }
    }

    /// The Python packages that it takes.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Sling => &["sling-linux-amd64"],
            Self::Dlt => &["dlt", "connectorx", "pyarrow", "psycopg2-binary"],
            Self::DuckDb => &["duckdb", "duckdb-extension-postgres-scanner"],
            Self::Adbc => &["adbc-driver-postgresql", "pyarrow"],
            Self::PgCopyDb => &[],
        }
    }

    /// Looks for it in `folder`, which is a virtual environment, or on `PATH`.
    fn find(self, folder: &Path) -> Option<InstalledPeer> {
        let python = folder.join("bin").join("python");
        let mut version = machine::python_versions(&python, self.packages());
        let path = match self {
            Self::Sling => machine::python_folder(&python, "sling_linux_amd64")
                .map(|package| package.join("bin").join("sling-linux-amd64"))?,
            Self::Dlt | Self::DuckDb | Self::Adbc => python,
            Self::PgCopyDb => {
                let path = on_path("pgcopydb")?;
                version = Some(machine::version(&path));
                path
            }
        };
        Some(InstalledPeer {
            peer: self,
            path,
            version: version?,
        })
    }
}

impl Setting {
    /// Looks for all programs.
    ///
    /// # Errors
    /// `Config`, if there is no towpath to measure, or no temporary folder.
    pub(crate) fn find(args: &Args, databases: &Databases) -> Result<Self> {
        let folder = args.peers();
        let wanted = match args.peer_repetitions {
            0 => &[][..],
            _ => &Peer::ALL[..],
        };
        Ok(Self {
            from: databases.source.url.clone(),
            to: databases.destination.url.clone(),
            psql: databases.psql.clone(),
            towpath: args.towpath()?,
            peers: wanted
                .iter()
                .filter_map(|peer| peer.find(&folder))
                .collect(),
            limit: args.limit(),
            work: TempDir::new().map_err(no_folder)?,
        })
    }

    /// Where programs may keep their state.
    pub(crate) fn work(&self) -> &Path {
        self.work.path()
    }

    /// Empties the folder for programs' state.
    ///
    /// # Errors
    /// `Config`, if that cannot be done.
    pub(crate) fn clear_work(&self) -> Result<()> {
        std::fs::remove_dir_all(self.work())
            .and_then(|()| std::fs::create_dir(self.work()))
            .map_err(no_folder)
    }

    /// A run of `peer`'s own program, if it is installed.
    pub(crate) fn program(&self, peer: Peer, arguments: Vec<String>) -> Option<Program> {
        let installed = self.peers.iter().find(|one| one.peer == peer)?;
        let work = self.work().display().to_string();
        Some(Program {
            path: installed.path.clone(),
            arguments,
            // Nobody reports to anybody, and nobody finds what another run has left.
            environment: vec![
                ("SLING_HOME_DIR", work.clone()),
                ("SLING_DISABLE_TELEMETRY", "true".to_owned()),
                ("DO_NOT_TRACK", "1".to_owned()),
                ("DLT_DATA_DIR", work.clone()),
                ("RUNTIME__DLTHUB_TELEMETRY", "false".to_owned()),
                ("TMPDIR", work),
            ],
        })
    }

    /// A run of a script that uses `peer`'s Python library, if that is installed.
    pub(crate) fn script(&self, peer: Peer, name: &str, arguments: Vec<String>) -> Option<Program> {
        let script = format!("{SCRIPTS}/{name}");
        self.program(peer, [vec![script], arguments].concat())
    }

    /// A run of a shell script that calls `peer`, if that is installed.
    pub(crate) fn shell_script(
        &self,
        peer: Peer,
        name: &str,
        arguments: Vec<String>,
    ) -> Option<Program> {
        let program = self.program(peer, arguments)?;
        Some(Program {
            path: Path::new(SCRIPTS).join(name),
            ..program
        })
    }

    /// Versions of the peers that are there.
    pub(crate) fn versions(&self) -> Vec<&str> {
        self.peers.iter().map(|one| &*one.version).collect()
    }

    /// Names of the peers that are not.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let is_missing = |peer: &Peer| !self.peers.iter().any(|one| one.peer == *peer);
        Peer::ALL
            .into_iter()
            .filter(is_missing)
            .map(Peer::name)
            .collect()
    }

    /// `text` without what is different on every machine and in every run: addresses, passwords,
    /// folders.
    pub(crate) fn anonymous(&self, text: &str) -> String {
        let paths = |path: &Path| path.display().to_string();
        let mut words = vec![
            (self.from.clone(), "$FROM"),
            (self.to.clone(), "$TO"),
            (paths(self.work()), "$WORK"),
            (SCRIPTS.to_owned(), "benches/peers"),
            (paths(&self.psql), "psql"),
            (paths(&self.towpath), "towpath"),
        ];
        for one in &self.peers {
            words.push(match one.peer {
                Peer::Sling => (paths(&one.path), "sling"),
                Peer::PgCopyDb => (paths(&one.path), "pgcopydb"),
                Peer::Dlt | Peer::DuckDb | Peer::Adbc => (paths(&one.path), "python"),
            });
        }
        words.iter().fold(text.to_owned(), |text, (word, name)| {
            text.replace(word, name)
        })
    }

    /// `program` as one types it.
    pub(crate) fn command(&self, program: &Program) -> String {
        let quoted = |word: &String| {
            let word = self.anonymous(word);
            let is_plain = |letter: char| letter.is_alphanumeric() || "$-_./=,:+".contains(letter);
            match word.chars().all(is_plain) {
                true => word,
                false => format!("\"{}\"", word.replace('"', "\\\"")),
            }
        };
        let words: Vec<String> = program.arguments.iter().map(quoted).collect();
        let path = self.anonymous(&program.path.display().to_string());
        format!("{path} {}", words.join(" "))
    }
}

/// The first program of that name on `PATH`.
fn on_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let found = env::split_paths(&folders).map(|folder| folder.join(name));
    found.into_iter().find(|path| path.is_file())
}

fn no_folder(err: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Config,
        "there is no temporary folder for programs to work in",
    )
    .with_source(err)
}

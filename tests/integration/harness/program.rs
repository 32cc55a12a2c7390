//! The compiled `towpath` program, run as a user would.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::Databases;

/// One invocation of `towpath`, in a folder of its own that is also its home.
pub(crate) struct Program {
    command: Command,
    folder: TempDir,
}

/// What an invocation did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Exit status; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote for programs.
    pub(crate) stdout: String,
    /// What it wrote for people.
    pub(crate) stderr: String,
}

impl Program {
    /// `towpath` with `arguments`, where `SOURCE_URL` and `DESTINATION_URL` name `databases`.
    pub(crate) fn new(databases: &Databases, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(path());
        command
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command
            .env("HOME", folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .env("SOURCE_URL", &databases.source_url)
            .env("DESTINATION_URL", &databases.destination_url);
        Self { command, folder }
    }

    /// `towpath run` of a pipeline between `databases` with `streams`, lines of YAML.
    pub(crate) fn run_of(databases: &Databases, streams: &str) -> Self {
        Self::of(databases, "run", streams)
    }

    /// `towpath` with this `command`, for such a pipeline.
    pub(crate) fn of(databases: &Databases, command: &str, streams: &str) -> Self {
        let indented: String = streams.lines().map(|line| format!("  {line}\n")).collect();
        let file = format!(
            "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\nstreams:\n{indented}"
        );
        Self::new(databases, &[command, "test.yaml"]).with_file("test.yaml", &file)
    }

    /// `towpath copy` between `databases` with more `arguments`.
    pub(crate) fn copy(databases: &Databases, arguments: &[&str]) -> Self {
        Self::copy_from(databases, &databases.source_url, arguments)
    }

    /// The same from another URL.
    pub(crate) fn copy_from(databases: &Databases, from: &str, arguments: &[&str]) -> Self {
        let to = &*databases.destination_url;
        let words = ["copy", "--from", from, "--to", to];
        Self::new(databases, &[&words, arguments].concat())
    }

    /// Asks for JSON.
    pub(crate) fn with_json(mut self) -> Self {
        self.command.args(["--output", "json"]);
        self
    }

    /// Puts a file into its folder.
    pub(crate) fn with_file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// Sets an environment variable.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it; [`Outcome::of`] waits for its end.
    pub(crate) fn start(mut self) -> (Child, TempDir) {
        (self.command.spawn().unwrap(), self.folder)
    }

    /// Runs it to its end.
    pub(crate) async fn run(self) -> Outcome {
        let (child, folder) = self.start();
        let outcome = Outcome::of(child).await;
        drop(folder);
        outcome
    }
}

impl Outcome {
    /// Waits until `child` ends.
    pub(crate) async fn of(child: Child) -> Self {
        let output = tokio::task::spawn_blocking(|| child.wait_with_output());
        let Output {
            status,
            stdout,
            stderr,
        } = output.await.unwrap().unwrap();
        Self {
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Fails unless the program succeeded.
    pub(crate) fn assert_done(&self) {
        assert_eq!(self.code, Some(0), "{self}");
    }

    /// The JSON that the program wrote, after it succeeded.
    pub(crate) fn json(&self) -> Value {
        self.assert_done();
        serde_json::from_str(&self.stdout).unwrap_or_else(|err| panic!("{err}: {self}"))
    }

    /// Fails unless the program ended with `code` and a message that holds every one of `texts`,
    /// in whatever case and quotes.
    pub(crate) fn assert_refused(&self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self}");
        let message = self.stderr.to_lowercase().replace('"', "");
        for text in texts {
            assert!(
                message.contains(&text.to_lowercase().replace('"', "")),
                "no {text:?} in: {self}"
            );
        }
        assert!(message.contains("error"), "{self}");
        assert!(!message.contains("panicked"), "{self}");
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
        } = self;
        write!(f, "exit {code:?}\nstdout: {stdout}\nstderr: {stderr}")
    }
}

/// The program that cargo built, beside the folder of this test's own executable.
fn path() -> PathBuf {
    let this = env::current_exe().unwrap();
    let target = this.parent().and_then(Path::parent).unwrap();
    let path = target.join(format!("towpath{}", env::consts::EXE_SUFFIX));
    let shown = path.display();
    assert!(
        path.is_file(),
        "{shown} is missing: cargo build --package towpath"
    );
    path
}

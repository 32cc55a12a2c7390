//! One server in a temporary folder.

use std::fs::{self, File, Permissions};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io};

use towpath_engine::{Error, ErrorKind, Result};

use super::ServerPrograms;
use super::account::Account;

/// The shell that outlives us by as long as it takes to stop the server.
const SUPERVISOR: &str = include_str!("supervise.sh");

/// Where letters outside of ASCII have an upper and a lower case; sorting stays by bytes.
const CTYPE: &str = match cfg!(target_os = "macos") {
    true => "en_US.UTF-8",
    false => "C.UTF-8",
};

/// How long a server may take until it answers. It takes one or two seconds; a machine that is
/// busy with a build has been seen to take twenty.
const START_LIMIT: Duration = Duration::from_secs(90);

/// How often a server is asked whether it is there.
const START_INTERVAL: Duration = Duration::from_millis(50);

/// How often another port is tried, if somebody else takes the free one before the server does.
const PORT_ATTEMPTS: usize = 3;

/// Settings of every throw-away server: nothing has to survive a crash of the machine.
const SETTINGS: [(&str, &str); 8] = [
    ("listen_addresses", "127.0.0.1"),
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("shared_buffers", "64MB"),
    ("max_connections", "200"),
    ("timezone", "UTC"),
    ("logging_collector", "off"),
];

/// How a throw-away server differs from the usual one.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// PostgreSQL settings, over those of every throw-away server.
    pub settings: Vec<(String, String)>,
}

/// A running server with a superuser `postgres`, reachable through TCP on the loopback interface.
///
/// Dropping it stops the server, removes its folder, and waits for both. If this process ends in
/// any other way, a shell beside the server does the same.
#[derive(Debug)]
pub struct ThrowawayServer {
    supervisor: Option<Child>,
    address: Address,
}

/// A server that was told to outlive this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptServer {
    /// Sending SIGTERM to this process stops the server and removes its folder.
    pub pid: u32,
}

/// Where a server is, and the way in.
#[derive(Clone, Debug)]
struct Address {
    folder: PathBuf,
    port: u16,
    password: String,
}

impl ThrowawayServer {
    /// Creates a server and waits until it answers.
    ///
    /// # Errors
    /// `Connect`, with the end of the server's log, if it does not start.
    pub async fn start(programs: &ServerPrograms, options: &ServerOptions) -> Result<Self> {
        let mut attempt = 1;
        loop {
            let mut server = Self::spawn(programs, options).map_err(cannot_start)?;
            match server.wait_until_it_answers().await {
                Ok(()) => return Ok(server),
                Err(log) if attempt < PORT_ATTEMPTS && log.contains("could not bind") => {
                    attempt += 1;
                }
                Err(log) => return Err(cannot_start(log)),
            }
        }
    }

    /// A URL of `database` for the superuser, password included.
    pub fn url(&self, database: &str) -> String {
        let Address { port, password, .. } = &self.address;
        format!("postgresql://postgres:{password}@127.0.0.1:{port}/{database}")
    }

    /// The folder with its data, its log and its socket.
    pub fn folder(&self) -> &Path {
        &self.address.folder
    }

    /// The port on the loopback interface, and of the socket.
    pub fn port(&self) -> u16 {
        self.address.port
    }

    /// The superuser's password.
    pub fn password(&self) -> &str {
        &self.address.password
    }

    /// Lets the server outlive this process.
    ///
    /// # Errors
    /// `Connect`, if the server is gone.
    pub fn keep(mut self) -> Result<KeptServer> {
        let Some(mut supervisor) = self.supervisor.take() else {
            return Err(cannot_start("it has been stopped"));
        };
        if let Some(stdin) = &mut supervisor.stdin {
            stdin.write_all(b"keep\n").map_err(cannot_start)?;
        }
        Ok(KeptServer {
            pid: supervisor.id(),
        })
    }

    /// Starts the supervising shell, which starts the server.
    fn spawn(programs: &ServerPrograms, options: &ServerOptions) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("towpath-").tempdir()?;
        let address = Address {
            folder: folder.path().to_owned(),
            port: free_port()?,
            password: random_password()?,
        };
        let password_file = folder.path().join("password");
        fs::write(&password_file, &address.password)?;
        fs::set_permissions(&password_file, Permissions::from_mode(0o600))?;

        let mut command = Command::new("sh");
        command
            .args(["-c", SUPERVISOR, "towpath-server"])
            .args([folder.path(), programs.folder(), Path::new(CTYPE)])
            .args(address.arguments(options))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // Ctrl-C reaches this process only; the shell then sees the pipe close.
            .process_group(0);
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("PG") || name.starts_with("LC_") || name == "LANG" {
                command.env_remove(name.as_ref());
            }
        }
        if let Some(account) = Account::unprivileged(folder.path()).map_err(io::Error::other)? {
            chown(&password_file, Some(account.uid), Some(account.gid))?;
            chown(folder.path(), Some(account.uid), Some(account.gid))?;
            command.uid(account.uid).gid(account.gid);
        }
        let supervisor = command.spawn()?;
        // From here on the shell removes the folder.
        let _ = folder.keep();
        Ok(Self {
            supervisor: Some(supervisor),
            address,
        })
    }

    /// Connects until it works; otherwise, gives the end of the server's log.
    async fn wait_until_it_answers(&mut self) -> Result<(), String> {
        let url = self.url("postgres");
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let answer = tokio_postgres::connect(&url, tokio_postgres::NoTls).await;
            if answer.is_ok() {
                return Ok(());
            }
            let ended = match &mut self.supervisor {
                Some(supervisor) => supervisor.try_wait().is_ok_and(|status| status.is_some()),
                None => true,
            };
            if ended || self.address.folder.join("exited").exists() || Instant::now() > deadline {
                return Err(self.log_tail());
            }
            tokio::time::sleep(START_INTERVAL).await;
        }
    }

    /// The last lines of the server's log.
    fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.address.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
        match lines.len() {
            0 => "it did not answer in time, and its log is empty".to_owned(),
            count => lines[count.saturating_sub(8)..].join("\n"),
        }
    }
}

impl Drop for ThrowawayServer {
    fn drop(&mut self) {
        if let Some(mut supervisor) = self.supervisor.take() {
            // `wait` closes the pipe first.
            let _ = supervisor.wait();
        }
    }
}

impl Address {
    /// The arguments of `postgres`.
    fn arguments(&self, options: &ServerOptions) -> Vec<String> {
        let usual = SETTINGS
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let own = options
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let sockets = format!("unix_socket_directories={}", self.folder.display());
        let settings = usual.chain([sockets]).chain(own);
        ["-p".to_owned(), self.port.to_string()]
            .into_iter()
            .chain(settings.flat_map(|setting| ["-c".to_owned(), setting]))
            .collect()
    }
}

/// A port of the loopback interface that nobody listens on.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// 128 random bits in hexadecimal digits.
fn random_password() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn cannot_start(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Connect, "a throw-away server does not start")
        .with_hint(
            "a full disk, or a temporary folder that others may not enter, are common reasons",
        )
        .with_source(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_settings_come_after_the_usual_ones() {
        let address = Address {
            folder: PathBuf::from("/tmp/x"),
            port: 5555,
            password: String::new(),
        };
        let options = ServerOptions {
            settings: vec![("fsync".to_owned(), "on".to_owned())],
        };
        let arguments = address.arguments(&options);
        let usual = arguments.iter().position(|word| word == "fsync=off");
        let own = arguments.iter().position(|word| word == "fsync=on");
        assert!(usual.is_some() && usual < own, "{arguments:?}");
    }

    #[test]
    fn two_passwords_differ() {
        assert_ne!(random_password().unwrap(), random_password().unwrap());
    }
}

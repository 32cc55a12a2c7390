//! A server with a standby that follows it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use towpath::server::{ServerOptions, ThrowawayServer};

use super::Session;
use super::databases::source_programs;

/// Starts the standby, and stops it when whoever holds the other end of its input is gone.
const SUPERVISOR: &str =
    r#""$@" >"$0" 2>&1 & server=$!; read -r _; kill -INT $server; wait $server"#;

/// A server of the source's version, and its standby. Dropping it stops both.
pub(crate) struct Replicated {
    standby: Child,
    standby_url: String,
    primary: ThrowawayServer,
}

impl Replicated {
    /// Starts both; what is in the primary then is in the standby, too.
    pub(crate) async fn start() -> Self {
        let programs = source_programs();
        let options = ServerOptions::default();
        let primary = ThrowawayServer::start(&programs, &options).await.unwrap();
        let folder = primary.folder().join("standby");
        let session = Session::open(&primary.url("postgres")).await;
        back_up(&session, &primary, (&folder, programs.major_version())).await;
        let port = free_port();
        let owner = fs::metadata(&folder).unwrap();
        let standby = Command::new("sh")
            .args(["-c", SUPERVISOR])
            .arg(folder.with_extension("log"))
            .arg(programs.folder().join("postgres"))
            .arg("-D")
            .arg(&folder)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            // No fewer than at the primary.
            .args(["-c", "max_connections=200", "-c", "fsync=off"])
            .args(["-c", "wal_receiver_status_interval=1s"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", folder.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .uid(owner.uid())
            .gid(owner.gid())
            .spawn()
            .unwrap();
        let password = primary.password();
        let replicated = Self {
            standby,
            standby_url: format!("postgresql://postgres:{password}@127.0.0.1:{port}/postgres"),
            primary,
        };
        replicated.wait_for_standby(&folder).await;
        replicated
    }

    /// The superuser's URL of the primary.
    pub(crate) fn primary_url(&self) -> String {
        self.primary.url("postgres")
    }

    /// The superuser's URL of the standby.
    pub(crate) fn standby_url(&self) -> &str {
        &self.standby_url
    }

    async fn wait_for_standby(&self, folder: &Path) {
        for _ in 0..600 {
            let answer = tokio_postgres::connect(&self.standby_url, tokio_postgres::NoTls);
            let answer = tokio::time::timeout(Duration::from_secs(5), answer).await;
            if answer.is_ok_and(|answer| answer.is_ok()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = fs::read_to_string(folder.with_extension("log")).unwrap_or_default();
        panic!("the standby does not answer: {log}");
    }
}

impl Drop for Replicated {
    fn drop(&mut self) {
        // `wait` closes the pipe first.
        let _ = self.standby.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Copies the primary's files, and makes a standby of the copy; `pg_basebackup` is not among the
/// programs of every version.
async fn back_up(session: &Session, primary: &ThrowawayServer, (folder, version): (&Path, u32)) {
    let (start, stop) = match version {
        ..15 => (
            "SELECT pg_start_backup('standby', true, false)",
            "SELECT labelfile FROM pg_stop_backup(false, false)",
        ),
        15.. => (
            "SELECT pg_backup_start('standby', true)",
            "SELECT labelfile FROM pg_backup_stop(false)",
        ),
    };
    session.run(start).await;
    let data = primary.folder().join("data");
    // Files that come and go meanwhile are written again from the log.
    let _ = Command::new("cp").arg("-a").arg(&data).arg(folder).status();
    let label = session.value(stop).await;
    let _ = fs::remove_file(folder.join("postmaster.pid"));
    let connection = format!(
        "primary_conninfo = 'host=127.0.0.1 port={} user=postgres password={}'\n",
        primary.port(),
        primary.password()
    );
    let owner = fs::metadata(&data).unwrap();
    for (name, text) in [
        ("backup_label", &*label),
        ("standby.signal", ""),
        ("postgresql.auto.conf", &connection),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}

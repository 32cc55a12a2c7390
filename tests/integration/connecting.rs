//! Rows and cancel requests come through every kind of connection: a Unix socket, TCP, TLS.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use towpath::server::{ServerOptions, ThrowawayServer};

use crate::harness::{Databases, Outcome, Program, Session, source_programs};

/// Rows of all lengths up to some that are longer than what is read of a connection at a time.
const ROWS: &str = "CREATE TABLE public.t (id integer PRIMARY KEY, v text, b bytea);
    INSERT INTO public.t
        SELECT n, repeat(chr(97 + n % 26), n % 700), decode(repeat(lpad(to_hex(n), 8, '0'), n % 40), 'hex')
        FROM generate_series(1, 20000) AS n;
    INSERT INTO public.t
        SELECT -n, repeat(md5(n::text), n * 1500), NULL FROM generate_series(1, 20) AS n";

/// What the rows are.
const SUM: &str =
    "SELECT count(*) || ' ' || md5(string_agg(md5(t::text), '' ORDER BY id)) FROM public.t";

#[tokio::test]
async fn through_a_socket() {
    check_line(Line::Socket).await;
}

#[tokio::test]
async fn through_tcp() {
    check_line(Line::Tcp).await;
}

#[tokio::test]
async fn through_tls() {
    check_line(Line::Tls).await;
}

#[tokio::test]
async fn tls_that_is_not_offered_is_told() {
    let (server, databases) = (Server::start().await, Databases::create().await);
    server.session.run("ALTER SYSTEM SET ssl = off").await;
    server.reload("off").await;
    let copy = server.copy(&databases, Line::Tls, &["--table", "public.t"]);
    let outcome = copy.run().await;
    outcome.assert_refused(2, &["does not offer TLS", "ssl on"]);
}

#[tokio::test]
async fn a_statement_ends_with_the_program() {
    let (server, databases) = (Server::start().await, Databases::create().await);
    if databases.versions.source < 14 {
        return;
    }
    let view = "CREATE VIEW public.endless AS SELECT 1 AS id, pg_sleep(120)::text AS v";
    server.session.run(view).await;
    let arguments = ["--table", "public.endless", "--key", "id"];
    let copy = server.copy(&databases, Line::Tcp, &arguments);
    let query = ["query", &server.url(Line::Tcp), "SELECT pg_sleep(120)"];
    for program in [copy, Program::new(&databases, &query)] {
        let (mut child, _folder) = program.start();
        wait_for_sleeping(&server.session, true).await;
        child.kill().unwrap();
        child.wait().unwrap();
        wait_for_sleeping(&server.session, false).await;
    }
}

#[tokio::test]
async fn a_host_that_hangs_is_waited_for_once() {
    let (server, databases) = (Server::start().await, Databases::create().await);
    server.session.run(ROWS).await;
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let first = hanging.local_addr().unwrap();
    let url = server.url(Line::Tcp).replace('@', &format!("@{first},"));
    let url = format!("{url}&connect_timeout=1");
    let copy = Program::copy_from(&databases, &url, &["--table", "public.t"]);
    copy.run().await.assert_done();
    hanging.set_nonblocking(true).unwrap();
    assert_eq!(hanging.incoming().take_while(Result::is_ok).count(), 1);
}

/// How a server is reached.
#[derive(Clone, Copy)]
enum Line {
    Socket,
    Tcp,
    Tls,
}

/// A server with TLS, whose certificate is its own authority.
struct Server {
    server: ThrowawayServer,
    session: Session,
    certificate: String,
}

impl Server {
    async fn start() -> Self {
        let server = ThrowawayServer::start(&source_programs(), &ServerOptions::default()).await;
        let server = server.unwrap();
        let session = Session::open(&server.url("postgres")).await;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let own = rcgen::generate_simple_self_signed(names).unwrap();
        let server = Self {
            server,
            session,
            certificate: own.cert.pem(),
        };
        // The server's process writes the files, which must be its user's.
        server.write("server.crt", &own.cert.pem()).await;
        server
            .write("server.key", &own.signing_key.serialize_pem())
            .await;
        server.session.run("ALTER SYSTEM SET ssl = on").await;
        server.reload("on").await;
        server
    }

    /// Writes a file into the folder of the server's data.
    async fn write(&self, name: &str, text: &str) {
        let copy = format!(
            "COPY (SELECT unnest(string_to_array('{text}', E'\\n'))) TO PROGRAM 'umask 077; cat > {name}'"
        );
        self.session.run(&copy).await;
    }

    /// Makes the server take its settings, and waits until TLS is `on` or `off`.
    async fn reload(&self, tls: &str) {
        self.session.run("SELECT pg_reload_conf()").await;
        for _ in 0..100 {
            if self.session.value("SHOW ssl").await == tls {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("TLS is not {tls}");
    }

    /// The superuser's URL.
    fn url(&self, line: Line) -> String {
        let (port, password) = (self.server.port(), self.server.password());
        let address = match line {
            Line::Socket => format!(
                "/postgres?host={}&port={port}",
                self.server.folder().display()
            ),
            Line::Tcp => format!("127.0.0.1:{port}/postgres?sslmode=disable"),
            Line::Tls => {
                format!("127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert=root.pem")
            }
        };
        format!("postgresql://postgres:{password}@{address}")
    }

    /// `towpath copy` from this server.
    fn copy(&self, databases: &Databases, line: Line, arguments: &[&str]) -> Program {
        Program::copy_from(databases, &self.url(line), arguments)
            .with_file("root.pem", &self.certificate)
    }
}

async fn check_line(line: Line) {
    let server = Server::start().await;
    check_rows(&server, line).await;
    check_cancelled(&server, line).await;
}

async fn check_rows(server: &Server, line: Line) {
    server.session.run(ROWS).await;
    let databases = Databases::create().await;
    let copy = server.copy(&databases, line, &["--table", "public.t"]);
    copy.run().await.assert_done();
    let expected = server.session.value(SUM).await;
    assert_eq!(databases.destination.value(SUM).await, expected);
}

/// A session that is not asked to stop would go on for two minutes.
async fn check_cancelled(server: &Server, line: Line) {
    let databases = Databases::create().await;
    let query = ["query", &server.url(line), "SELECT pg_sleep(120)"];
    let query = Program::new(&databases, &query).with_file("root.pem", &server.certificate);
    let (child, _folder) = query.start();
    wait_for_sleeping(&server.session, true).await;
    let mut interrupt = Command::new("kill");
    interrupt.args(["-INT", &child.id().to_string()]);
    assert!(interrupt.status().unwrap().success());
    let outcome = Outcome::of(child).await;
    outcome.assert_refused(1, &["the statement was cancelled"]);
    wait_for_sleeping(&server.session, false).await;
}

/// Waits until a session of towpath's sleeps, or none does.
async fn wait_for_sleeping(session: &Session, sleeps: bool) {
    let sleeping = "SELECT (count(*) > 0)::text FROM pg_stat_activity
        WHERE application_name LIKE 'towpath%' AND wait_event = 'PgSleep'";
    for _ in 0..600 {
        if session.value(sleeping).await == sleeps.to_string() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is not so that a session sleeps: {sleeps}");
}

//! What servers and sockets say when they refuse, told apart for people.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use tokio_postgres::error::{DbError, SqlState};

use super::config::{ConnectionConfig, Host};
use super::negotiation::NegotiationError;
use crate::error::{Error, ErrorKind};

/// Why one host gave no session.
pub(super) enum Failure {
    /// What the driver says.
    Driver(tokio_postgres::Error),
    /// There is no stream to it.
    Socket(io::Error),
    /// It took longer than this.
    Timeout(Duration),
    /// The server is not of the kind wanted, but this.
    WrongKind(&'static str),
}

impl Failure {
    /// Whether the next host need not be tried: the server was reached, and refuses who we are.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Driver(err) => err
                .as_db_error()
                // Class 57 is a server that starts up or shuts down, 53 one without resources.
                .is_some_and(|db| {
                    !["57", "53"]
                        .iter()
                        .any(|class| db.code().code().starts_with(class))
                }),
            Self::Socket(_) | Self::Timeout(_) | Self::WrongKind(_) => false,
        }
    }

    /// Whether the server has no connection left, for the role, for the database or at all.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Driver(err) if err.code().is_some_and(|code| code.code() == "53300"))
    }

    /// Whether it may work with TLS where there was none, or the other way round.
    pub(super) fn may_depend_on_tls(&self) -> bool {
        match self {
            Self::Driver(err) => {
                let is_refused = err.code().is_some_and(|code| code.code() == "28000");
                is_refused || tls_error(err).is_some()
            }
            Self::Socket(_) | Self::Timeout(_) | Self::WrongKind(_) => false,
        }
    }
}

/// The error for a connection that was refused: one line with the object and the cause, and a hint.
pub(super) fn connect_error(config: &ConnectionConfig, host: &Host, failure: Failure) -> Error {
    let (what, hint) = match &failure {
        Failure::Timeout(limit) => (
            format!("{host} did not answer within {} s", limit.as_secs()),
            "check host, port and firewall, or raise connect_timeout".to_owned(),
        ),
        Failure::WrongKind(found) => (
            format!("{host} is {found}, which target_session_attrs rules out"),
            "name another host, or change target_session_attrs".to_owned(),
        ),
        Failure::Driver(err) => match err.as_db_error() {
            Some(db) => server_refusal(config, db),
            None => driver_failure(host, err),
        },
        Failure::Socket(err) => socket_failure(host, Some(err.kind())),
    };
    let message = format!("cannot connect to {config}: {what}");
    let error = Error::new(ErrorKind::Connect, message).with_hint(hint);
    match failure {
        Failure::Driver(err) => match cause(&err) {
            Some(cause) => error.with_source(cause),
            None => error,
        },
        Failure::Socket(err) => error.with_source(err),
        Failure::Timeout(_) | Failure::WrongKind(_) => error,
    }
}

/// The error where no host was tried at all.
pub(super) fn wrong_kind(config: &ConnectionConfig) -> Error {
    Error::new(
        ErrorKind::Connect,
        format!("cannot connect to {config}: it names no host"),
    )
}

/// Why the server refused, and what to do, by SQLSTATE.
///
/// Source: PostgreSQL documentation, "PostgreSQL Error Codes".
fn server_refusal(config: &ConnectionConfig, db: &DbError) -> (String, String) {
    let (user, database) = (config.user(), config.database());
    match db.code().code() {
        "28P01" => (
            format!("wrong password for role {user:?}"),
            "check the password; PGPASSWORD and ~/.pgpass count where none is given".to_owned(),
        ),
        "28000" => (
            format!("the server does not let role {user:?} in"),
            "check that the role exists and may log in, and pg_hba.conf; some servers ask for \
             sslmode=require"
                .to_owned(),
        ),
        "3D000" => (
            format!("there is no database {database:?}"),
            "check the name; it is the role's own name where none is given".to_owned(),
        ),
        "42501" => (
            format!("role {user:?} may not connect to database {database:?}"),
            format!("as its owner: GRANT CONNECT ON DATABASE {database:?} TO {user:?}"),
        ),
        "53300" => (
            "the server has too many connections".to_owned(),
            "lower --connections or --max-connections, end other sessions, or let the server take more".to_owned(),
        ),
        "57P03" => (
            "the server is starting up or shutting down".to_owned(),
            "try again in a moment".to_owned(),
        ),
        _ => (
            "the server refuses".to_owned(),
            db.hint()
                .unwrap_or("see the cause, and the server's log")
                .to_owned(),
        ),
    }
}

/// Why there was no answer that a server gives, and what to do.
fn driver_failure(host: &Host, err: &tokio_postgres::Error) -> (String, String) {
    let source = err.source().map(ToString::to_string).unwrap_or_default();
    if source == "password missing" {
        return (
            "the server asks for a password".to_owned(),
            "give one in the URL, as PGPASSWORD, or in ~/.pgpass".to_owned(),
        );
    }
    if source == "server did not use channel binding" {
        return (
            "the session is not bound to TLS, as channel_binding=require asks".to_owned(),
            "use TLS and a role with a SCRAM password, or say channel_binding=prefer".to_owned(),
        );
    }
    if let Some(err) = tls_error(err) {
        return tls_failure(host, err);
    }
    if source.starts_with("failed to lookup address information") {
        return (
            format!("host {:?} is not known", host.name),
            "check the host's name, and that this machine resolves it".to_owned(),
        );
    }
    let source = err.source();
    let kind = match source.and_then(|source| source.downcast_ref()) {
        Some(NegotiationError::Request(err)) => Some(err.kind()),
        _ => source
            .and_then(|source| source.downcast_ref::<io::Error>())
            .map(io::Error::kind),
    };
    socket_failure(host, kind)
}

/// Why bytes do not come and go, and what to do.
fn socket_failure(host: &Host, kind: Option<io::ErrorKind>) -> (String, String) {
    match kind {
        Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => (
            format!("nothing listens at {host}"),
            "check host and port, and that the server runs and listens there".to_owned(),
        ),
        Some(io::ErrorKind::TimedOut) => (
            format!("{host} did not answer"),
            "check host, port and firewall".to_owned(),
        ),
        _ => (
            format!("{host} does not talk as a PostgreSQL server does"),
            "check host and port".to_owned(),
        ),
    }
}

fn tls_failure(host: &Host, err: &NegotiationError) -> (String, String) {
    if matches!(err, NegotiationError::Refused) {
        return (
            format!("{host} does not offer TLS"),
            "switch ssl on at the server, or say sslmode=prefer".to_owned(),
        );
    }
    let hint = match err.to_string().contains("certificate") {
        true => {
            "name the authority's certificate as sslrootcert, and the host as its certificate \
                 does; sslmode=require encrypts without asking who answers"
        }
        false => {
            "check sslmode and sslnegotiation (direct needs PostgreSQL 17), and the server's TLS \
                 versions"
        }
    };
    (format!("TLS with {host} failed"), hint.to_owned())
}

/// What went wrong with TLS, if that did.
fn tls_error(err: &tokio_postgres::Error) -> Option<&NegotiationError> {
    err.source()?
        .downcast_ref()
        .filter(|err| !matches!(err, NegotiationError::Request(_)))
}

/// An error of the server, or of the connection to it, under our own line.
///
/// The cause is the server's primary message with its SQLSTATE, and the column if COPY names one,
/// without values of rows: `DETAIL` and `CONTEXT` quote them and are left out, as is what class 22
/// (data exception) quotes, unless it is the name of an encoding.
pub fn server_error(
    kind: ErrorKind,
    message: impl Into<String>,
    err: tokio_postgres::Error,
) -> Error {
    let error = match err.as_db_error().is_some_and(lasts) {
        true => Error::new(kind, message).lasting(),
        false => Error::new(kind, message),
    };
    let error = match err.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_DEADLOCK_DETECTED) => error.blocked(),
        _ => error,
    };
    let error = match err.as_db_error().and_then(DbError::hint) {
        Some(hint) => error.with_hint(hint),
        None => error,
    };
    match cause(&err) {
        Some(cause) => error.with_source(cause),
        None => error.with_source(err),
    }
}

/// Whether the server would say the same of the same data.
///
/// Source: PostgreSQL documentation, "PostgreSQL Error Codes": the classes of unsupported features, data
/// exceptions, violated constraints and conditions, and wrong SQL.
fn lasts(err: &DbError) -> bool {
    let code = err.code().code();
    let is_serialization = code == "40001";
    let classes = ["0A", "21", "22", "23", "2F", "38", "39", "42", "44"];
    !is_serialization && classes.iter().any(|class| code.starts_with(class))
}

/// Whether it is row security that refuses: a query that it would filter, or a row that it does
/// not let in. The code stands for lacking privileges too, and messages come in many languages.
///
/// Source: PostgreSQL, `src/backend/utils/misc/rls.c`, `src/backend/executor/execMain.c`.
pub fn is_row_security(err: &tokio_postgres::Error) -> bool {
    err.as_db_error().is_some_and(|db| {
        db.code().code() == "42501"
            && matches!(
                db.routine(),
                Some("check_enable_rls" | "ExecWithCheckOptions")
            )
    })
}

/// What the server or the system says, as one line; `None` if the driver has nothing to add.
fn cause(err: &tokio_postgres::Error) -> Option<String> {
    match err.as_db_error() {
        Some(db) => {
            let code = db.code().code();
            let quotes_values = code.starts_with("22") && !ENCODING_FAILURES.contains(&code);
            let message = match quotes_values {
                true => without_quoted(db.message()),
                false => db.message().to_owned(),
            };
            let column = db.where_().and_then(copied_column);
            let column = column.map(|name| format!(" in column {name:?}"));
            Some(format!(
                "{message}{} (SQLSTATE {code})",
                column.unwrap_or_default()
            ))
        }
        None => err
            .source()
            .map(ToString::to_string)
            .filter(|text| text != "password missing"),
    }
}

/// `character_not_in_repertoire` and `untranslatable_character`, which quote names of encodings.
const ENCODING_FAILURES: [&str; 2] = ["22021", "22P05"];

/// The column that the context of an error in a binary COPY names.
///
/// Source: PostgreSQL, `CopyFromErrorCallback` in `src/backend/commands/copyfrom.c`.
fn copied_column(context: &str) -> Option<&str> {
    let line = context.lines().find(|line| line.starts_with("COPY "))?;
    let (_, name) = line.rsplit_once(", column ")?;
    Some(name)
}

/// `text` with `"…"` for all that stands between double quotes.
fn without_quoted(text: &str) -> String {
    let mut parts = text.split('"');
    let mut masked = parts.next().unwrap_or_default().to_owned();
    while parts.next().is_some() {
        masked.push_str("\"…\"");
        masked.push_str(parts.next().unwrap_or_default());
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_the_server_quotes_are_masked() {
        check(
            r#"invalid input syntax for type integer: "a"b""#,
            "invalid input syntax for type integer: \"…\"b\"…\"",
        );
        check("division by zero", "division by zero");
        check(r#"value "12 is out"#, "value \"…\"");
    }

    #[test]
    fn the_column_of_a_binary_copy_is_told() {
        let column = copied_column("SQL statement\nCOPY t, line 3, column Total, net");
        assert_eq!(column, Some("Total, net"));
        assert_eq!(copied_column("COPY t, line 3"), None);
        assert_eq!(copied_column("PL/pgSQL function f() line 1"), None);
    }

    #[test]
    fn a_timeout_names_host_and_database() {
        let config: ConnectionConfig = "postgresql://etl:secret@db/dwh".parse().unwrap();
        let failure = Failure::Timeout(Duration::from_secs(3));
        let error = connect_error(&config, &config.hosts[0], failure);
        insta::assert_snapshot!(
            error,
            @"cannot connect to etl@db:5432/dwh: db:5432 did not answer within 3 s"
        );
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(without_quoted(text), expected);
    }
}

//! How to reach a server: what a URL or a libpq `key=value` string says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio_postgres::config::{ChannelBinding, SslNegotiation};

use super::parameters::parse_parameters;
use crate::error::{Error, ErrorKind, Result};

/// Before the system asks a connection on which nothing is said for a sign of life, if the connection does not
/// say: some wait for hours while others move rows, and firewalls forget them after some minutes.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// How far a connection insists on TLS and on the server's identity: libpq's `sslmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS only if the server refuses to talk without.
    Allow,
    /// TLS if the server offers it, whoever it is.
    #[default]
    Prefer,
    /// TLS, whoever the server is; with a root certificate, as `VerifyCa`.
    Require,
    /// TLS with a certificate from a trusted authority.
    VerifyCa,
    /// TLS with a certificate from a trusted authority for this very host.
    VerifyFull,
}

/// Which servers of a list will do: libpq's `target_session_attrs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SessionKind {
    #[default]
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    /// A standby, or any server if there is none.
    PreferStandby,
}

/// One address where the server may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// A name, an address, or the directory of a socket.
    pub(super) name: String,
    /// The address to use in place of looking `name` up.
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
}

impl Host {
    /// Whether it is the directory of a Unix socket.
    pub(super) fn is_socket(&self) -> bool {
        self.address.is_none() && self.name.starts_with('/')
    }

    /// The server's name, for a connection that is not a socket's: its address, if what is named is a
    /// socket's directory.
    pub(super) fn server_name(&self) -> Cow<'_, str> {
        match self.address {
            Some(address) if self.name.starts_with('/') => address.to_string().into(),
            _ => (&*self.name).into(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.contains(':') {
            true => write!(f, "[{}]:{}", self.name, self.port),
            false => write!(f, "{}:{}", self.name, self.port),
        }
    }
}

/// Certificates, and how far to insist on them.
#[derive(Clone, Default)]
pub(super) struct TlsConfig {
    pub(super) mode: TlsMode,
    pub(super) negotiation: SslNegotiation,
    /// Certificates of trusted authorities; `system`, or none, means the system's.
    pub(super) root_certificate: Option<PathBuf>,
    /// The client's certificate and key.
    pub(super) client_certificate: Option<PathBuf>,
    pub(super) client_key: Option<PathBuf>,
}

/// How to reach one database. Displays without the password.
#[derive(Clone)]
pub struct ConnectionConfig {
    /// What the driver is given for every host; it holds neither host nor port.
    pub(super) driver: tokio_postgres::Config,
    /// Where the server may be, in order of preference; never empty.
    pub(super) hosts: Vec<Host>,
    /// Whether the order of hosts is random.
    pub(super) balances_hosts: bool,
    /// The host that gave the last session, by its place among them; clones share it.
    pub(super) answered: Arc<AtomicUsize>,
    pub(super) session_kind: SessionKind,
    pub(super) tls: TlsConfig,
    /// How long one host may take until the session is ready; `None` is for ever.
    pub(super) connect_timeout: Option<Duration>,
    /// How long a server that has no connection left is asked again.
    pub(super) patience: Duration,
}

/// Time until the session must be ready where none is given: longer than a busy server needs, and
/// shorter than the minutes that a kernel tries an address where nothing answers.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Parameters with an effect.
const SUPPORTED: [&str; 22] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Parameters of libpq that change nothing here: towpath always talks UTF-8 and protocol 3.0,
/// names itself, sends the host's name in TLS and speaks TLS 1.2 or newer, without compression.
const WITHOUT_EFFECT: [&str; 8] = [
    "client_encoding",
    "fallback_application_name",
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "max_protocol_version",
    "sslcompression",
    "sslsni",
];

impl ConnectionConfig {
    /// The same, but a server that has no connection left is asked again for so long.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Reads parameters named as in libpq (`host`, `dbname`, `sslmode`, …); an empty value counts
    /// as not given.
    ///
    /// Without host the socket of a server on this machine is taken, or else `localhost`; without
    /// `dbname` the database is called as the user.
    ///
    /// # Errors
    /// `Config`, naming the parameter, if one is unknown or malformed, or there is no user.
    pub fn from_parameters(parameters: &BTreeMap<String, String>) -> Result<Self> {
        let given = |name: &str| parameters.get(name).filter(|value| !value.is_empty());
        let user = given("user").ok_or_else(|| {
            Error::new(ErrorKind::Config, "connection names no user")
                .with_hint("write user=… or postgresql://user@host/database")
        })?;
        let mut driver = tokio_postgres::Config::new();
        driver.keepalives_idle(LONGEST_SILENCE);
        let mut config = Self {
            driver,
            hosts: hosts(given("host"), given("hostaddr"), given("port"))?,
            balances_hosts: false,
            answered: Arc::new(AtomicUsize::new(usize::MAX)),
            session_kind: SessionKind::default(),
            tls: TlsConfig::default(),
            connect_timeout: Some(CONNECT_TIMEOUT),
            patience: Duration::ZERO,
        };
        config.driver.user(user).dbname(user);
        for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
            config.apply(name, value)?;
        }
        config.check_tls()?;
        Ok(config)
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        self.driver.get_user().unwrap_or_default()
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        self.driver.get_dbname().unwrap_or_default()
    }

    fn apply(&mut self, name: &str, value: &str) -> Result<()> {
        let driver = &mut self.driver;
        match name {
            "application_name" => drop(driver.application_name(value)),
            "dbname" => drop(driver.dbname(value)),
            "options" => drop(driver.options(value)),
            "password" => drop(driver.password(value)),
            "user" | "host" | "hostaddr" | "port" => {}
            "connect_timeout" => self.connect_timeout = seconds(name, value)?,
            "channel_binding" => {
                driver.channel_binding(choice(name, value, &CHANNEL_BINDING)?);
            }
            "load_balance_hosts" => self.balances_hosts = choice(name, value, &LOAD_BALANCE)?,
            "target_session_attrs" => self.session_kind = choice(name, value, &SESSION_KINDS)?,
            "sslmode" => self.tls.mode = choice(name, value, &TLS_MODES)?,
            "sslnegotiation" => self.tls.negotiation = choice(name, value, &NEGOTIATIONS)?,
            "sslrootcert" => self.tls.root_certificate = Some(value.into()),
            "sslcert" => self.tls.client_certificate = Some(value.into()),
            "sslkey" => self.tls.client_key = Some(value.into()),
            "gssencmode" | "sslcertmode" if value != "require" => {}
            name if WITHOUT_EFFECT.contains(&name) => {}
            name => return self.apply_socket_option(name, value),
        }
        Ok(())
    }

    fn apply_socket_option(&mut self, name: &str, value: &str) -> Result<()> {
        let driver = &mut self.driver;
        match name {
            "keepalives" => drop(driver.keepalives(number(name, value)? != 0)),
            "keepalives_idle" => {
                if let Some(idle) = seconds(name, value)? {
                    driver.keepalives_idle(idle);
                }
            }
            "keepalives_interval" => {
                if let Some(interval) = seconds(name, value)? {
                    driver.keepalives_interval(interval);
                }
            }
            "keepalives_count" => match number(name, value)? {
                0 => {}
                count => drop(driver.keepalives_retries(count)),
            },
            "tcp_user_timeout" => match number(name, value)? {
                0 => {}
                millis => drop(driver.tcp_user_timeout(Duration::from_millis(millis.into()))),
            },
            name => return Err(unknown(name)),
        }
        Ok(())
    }

    /// What libpq refuses, because it would look safer than it is.
    fn check_tls(&self) -> Result<()> {
        let uses_system = self.tls.root_certificate.as_deref() == Some(Path::new("system"));
        if uses_system && self.tls.mode != TlsMode::VerifyFull {
            let message = "sslrootcert=system needs sslmode=verify-full";
            return Err(Error::new(ErrorKind::Config, message)
                .with_hint("a public authority gives anybody a certificate for some host"));
        }
        let may_go_without = matches!(
            self.tls.mode,
            TlsMode::Disable | TlsMode::Allow | TlsMode::Prefer
        );
        if self.tls.negotiation == SslNegotiation::Direct && may_go_without {
            let message = "sslnegotiation=direct needs TLS in any case";
            return Err(Error::new(ErrorKind::Config, message)
                .with_hint("say sslmode=require, verify-ca or verify-full"));
        }
        if self.tls.client_certificate.is_some() != self.tls.client_key.is_some() {
            let message = "sslcert and sslkey go together, and one is missing";
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(())
    }
}

impl FromStr for ConnectionConfig {
    type Err = Error;

    /// Reads `postgresql://…` or `key=value …`; environment and password files do not count here.
    fn from_str(text: &str) -> Result<Self> {
        Self::from_parameters(&parse_parameters(text)?)
    }
}

impl fmt::Display for ConnectionConfig {
    /// `user@host:port/database`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts.iter().map(Host::to_string).collect();
        let (user, database) = (self.user(), self.database());
        write!(f, "{user}@{}/{database}", hosts.join(","))
    }
}

impl fmt::Debug for ConnectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Values of a parameter that is one of a few words.
type Choices<T, const N: usize> = [(&'static str, T); N];

const TLS_MODES: Choices<TlsMode, 6> = [
    ("disable", TlsMode::Disable),
    ("allow", TlsMode::Allow),
    ("prefer", TlsMode::Prefer),
    ("require", TlsMode::Require),
    ("verify-ca", TlsMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull),
];

const SESSION_KINDS: Choices<SessionKind, 6> = [
    ("any", SessionKind::Any),
    ("read-write", SessionKind::ReadWrite),
    ("read-only", SessionKind::ReadOnly),
    ("primary", SessionKind::Primary),
    ("standby", SessionKind::Standby),
    ("prefer-standby", SessionKind::PreferStandby),
];

const CHANNEL_BINDING: Choices<ChannelBinding, 3> = [
    ("disable", ChannelBinding::Disable),
    ("prefer", ChannelBinding::Prefer),
    ("require", ChannelBinding::Require),
];

const NEGOTIATIONS: Choices<SslNegotiation, 2> = [
    ("postgres", SslNegotiation::Postgres),
    ("direct", SslNegotiation::Direct),
];

const LOAD_BALANCE: Choices<bool, 2> = [("disable", false), ("random", true)];

fn choice<T: Copy>(name: &str, value: &str, choices: &[(&'static str, T)]) -> Result<T> {
    let found = choices.iter().find(|(word, _)| *word == value);
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let message = format!("connection parameter {name} cannot be {value:?}");
        Error::new(ErrorKind::Config, message)
            .with_hint(format!("it is one of {}", words.join(", ")))
    })
}

/// A number of seconds; `None` for zero or less, which switches the limit off.
fn seconds(name: &str, value: &str) -> Result<Option<Duration>> {
    let seconds: i32 = value.trim().parse().map_err(|_| not_a_number(name))?;
    Ok(u64::try_from(seconds)
        .ok()
        .filter(|&seconds| seconds > 0)
        .map(Duration::from_secs))
}

fn number(name: &str, value: &str) -> Result<u32> {
    value.trim().parse().map_err(|_| not_a_number(name))
}

fn not_a_number(name: &str) -> Error {
    let message = format!("connection parameter {name} is not a number in range");
    Error::new(ErrorKind::Config, message)
}

/// The error for a parameter that has no meaning here.
fn unknown(name: &str) -> Error {
    let message = format!("connection parameter {name:?} is unknown or not supported");
    let nearest = SUPPORTED
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 2);
    let hint = match nearest {
        Some((_, known)) => format!("did you mean {known}?"),
        None => format!("it is one of {}", SUPPORTED.join(", ")),
    };
    Error::new(ErrorKind::Config, message).with_hint(hint)
}

/// Pairs hosts, addresses and ports, each a list with commas; one port serves all hosts.
fn hosts(
    names: Option<&String>,
    addresses: Option<&String>,
    ports: Option<&String>,
) -> Result<Vec<Host>> {
    let list = |text: Option<&String>| -> Vec<String> {
        text.map(|text| text.split(',').map(|part| part.trim().to_owned()).collect())
            .unwrap_or_default()
    };
    let (names, addresses, ports) = (list(names), list(addresses), list(ports));
    let count = names.len().max(addresses.len()).max(1);
    let fits = |list: &[String]| list.is_empty() || list.len() == count;
    if !fits(&names) || !fits(&addresses) || (ports.len() > 1 && ports.len() != count) {
        let message = "connection has lists of hosts, addresses and ports of different lengths";
        return Err(Error::new(ErrorKind::Config, message).with_hint("give one port, or one each"));
    }
    (0..count)
        .map(|at| {
            let port = ports.get(at).or(ports.first()).map_or("", String::as_str);
            let port = match port {
                "" => 5432,
                text => match text.parse() {
                    Ok(0) | Err(_) => return Err(not_a_number("port")),
                    Ok(port) => port,
                },
            };
            let address = match addresses.get(at).map_or("", String::as_str) {
                "" => None,
                text => Some(text.parse().map_err(|_| {
                    let message = "connection parameter hostaddr is not an IP address";
                    Error::new(ErrorKind::Config, message).with_hint("give a name as host")
                })?),
            };
            let name = match names.get(at).map_or("", String::as_str) {
                "" => address.map_or_else(|| local_host(port), |ip: IpAddr| ip.to_string()),
                name => name.to_owned(),
            };
            Ok(Host {
                name,
                address,
                port,
            })
        })
        .collect()
}

/// The directory of the socket of a server on this machine, or else `localhost`.
fn local_host(port: u16) -> String {
    ["/var/run/postgresql", "/tmp"]
        .into_iter()
        .find(|directory| {
            Path::new(directory)
                .join(format!(".s.PGSQL.{port}"))
                .exists()
        })
        .unwrap_or("localhost")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_displays_without_its_password() {
        check("postgresql://etl:secret@db:6432/dwh", "etl@db:6432/dwh");
        let config: ConnectionConfig = "postgresql://etl:secret@db/dwh".parse().unwrap();
        assert_eq!(format!("{config:?}"), "etl@db:5432/dwh");
    }

    #[test]
    fn the_database_is_called_as_the_user() {
        check("host=db user=etl", "etl@db:5432/etl");
    }

    #[test]
    fn hosts_share_one_port_or_have_their_own() {
        check("host=a,b port=6 user=u", "u@a:6,b:6/u");
        check("postgresql://u@a:1,[::1]/d", "u@a:1,[::1]:5432/d");
        check("host=/run/pg user=u", "u@/run/pg:5432/u");
        check_refused("host=a,b,c port=1,2 user=u", "different lengths");
    }

    #[test]
    fn an_address_stands_for_a_host() {
        check("hostaddr=10.0.0.1 user=u", "u@10.0.0.1:5432/u");
        check_refused("hostaddr=db user=u", "hostaddr is not an IP address");
    }

    #[test]
    fn an_address_beside_a_socket_is_the_server_s_name() {
        let config: ConnectionConfig = "host=/run/pg hostaddr=10.0.0.1 user=u".parse().unwrap();
        assert!(!config.hosts[0].is_socket());
        assert_eq!(config.hosts[0].server_name(), "10.0.0.1");
    }

    #[test]
    fn tls_without_asking_is_tls_in_any_case() {
        for word in ["disable", "allow", "prefer"] {
            let text = format!("user=u sslnegotiation=direct sslmode={word}");
            check_refused(&text, "sslnegotiation=direct needs TLS");
        }
    }

    #[test]
    fn every_sslmode_is_known() {
        for (word, mode) in TLS_MODES {
            let config: ConnectionConfig = format!("user=u sslmode={word}").parse().unwrap();
            assert_eq!(config.tls.mode, mode);
        }
        check_refused("user=u sslmode=on", "cannot be \"on\"");
    }

    #[test]
    fn the_system_s_certificates_need_the_full_check() {
        check_refused("user=u sslmode=verify-ca sslrootcert=system", "verify-full");
    }

    #[test]
    fn every_supported_parameter_is_applied() {
        let words = SUPPORTED.map(|name| {
            let value = match name {
                "channel_binding" => "prefer",
                "hostaddr" => "::1",
                "load_balance_hosts" => "random",
                "sslmode" => "verify-full",
                "sslnegotiation" => "direct",
                "target_session_attrs" => "standby",
                _ => "1",
            };
            format!("{name}={value}")
        });
        check(&words.join(" "), "1@1:1/1");
    }

    #[test]
    fn an_unknown_parameter_names_the_nearest() {
        let error = "user=u ssl_mode=require"
            .parse::<ConnectionConfig>()
            .unwrap_err();
        assert_eq!(error.hint(), Some("did you mean sslmode?"));
    }

    #[test]
    fn a_timeout_of_zero_is_for_ever() {
        let config: ConnectionConfig = "user=u connect_timeout=0".parse().unwrap();
        assert_eq!(config.connect_timeout, None);
        let config: ConnectionConfig = "user=u".parse().unwrap();
        assert_eq!(config.connect_timeout, Some(CONNECT_TIMEOUT));
    }

    #[test]
    fn a_connection_needs_a_user() {
        check_refused("host=db", "names no user");
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(
            text.parse::<ConnectionConfig>().unwrap().to_string(),
            expected
        );
    }

    fn check_refused(text: &str, expected: &str) {
        let error = text.parse::<ConnectionConfig>().unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

//! How to reach a server: what a URL or a libpq `key=value` string says.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Error, Result};

/// How far a connection insists on TLS and on the server's identity: libpq's `sslmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS.
    Disable,
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

/// How to reach one database. Displays without the password.
#[derive(Clone)]
pub struct ConnectionConfig {
    /// What the driver is given.
    pub(super) driver: tokio_postgres::Config,
    /// How far to insist on TLS.
    pub(super) tls: TlsMode,
    /// Certificates of trusted authorities, if not the system's.
    pub(super) root_certificate: Option<PathBuf>,
}

impl ConnectionConfig {
    /// Reads parameters named as in libpq (`host`, `dbname`, `sslmode`, …).
    ///
    /// # Errors
    /// `Config`, naming the parameter, if one is unknown or its value is malformed.
    pub fn from_parameters(parameters: &BTreeMap<String, String>) -> Result<Self> {
        let _ = parameters;
        unimplemented!()
    }
}

impl FromStr for ConnectionConfig {
    type Err = Error;

    /// Reads `postgresql://…` or `key=value …`; environment and password files do not count here.
    fn from_str(text: &str) -> Result<Self> {
        let _ = text;
        unimplemented!()
    }
}

impl fmt::Display for ConnectionConfig {
    /// `user@host:port/database`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        unimplemented!()
    }
}

impl fmt::Debug for ConnectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

//! Connection parameters as libpq finds them: what is given, then the service file, then `PG*`
//! variables, then defaults and the password file.
//!
//! Source: PostgreSQL documentation, libpq, "Environment Variables", "The Password File", "The
//! Connection Service File".

mod passfile;
mod service;

use std::collections::BTreeMap;
use std::path::PathBuf;

use towpath_engine::Result;
use towpath_engine::postgres::ConnectionConfig;

use crate::environment::Environment;

/// Parameters by their names in libpq.
pub(crate) type Parameters = BTreeMap<String, String>;

/// Variables with the parameters they stand for.
const VARIABLES: [(&str, &str); 18] = [
    ("PGAPPNAME", "application_name"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGDATABASE", "dbname"),
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
    ("PGOPTIONS", "options"),
    ("PGPASSFILE", "passfile"),
    ("PGPASSWORD", "password"),
    ("PGPORT", "port"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGUSER", "user"),
];

/// The connection that `given` parameters mean in this environment.
///
/// # Errors
/// `Config`, if a parameter is unknown or malformed, or a service is not there.
pub(crate) fn connection(given: Parameters, environment: &Environment) -> Result<ConnectionConfig> {
    ConnectionConfig::from_parameters(&complete(given, environment)?)
}

/// `given` with everything that libpq would add.
fn complete(mut given: Parameters, environment: &Environment) -> Result<Parameters> {
    let service = given.remove("service");
    let servicefile = given.remove("servicefile").map(PathBuf::from);
    let service = service.or_else(|| environment.get("PGSERVICE").map(str::to_owned));
    if let Some(service) = service.filter(|service| !service.is_empty()) {
        for (name, value) in service::find(&service, servicefile, environment)? {
            given.entry(name).or_insert(value);
        }
    }
    for (variable, name) in VARIABLES {
        if let Some(value) = environment.get(variable) {
            given
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
    if let Some(user) = &environment.user {
        let entry = given.entry("user".to_owned()).or_default();
        if entry.is_empty() {
            entry.clone_from(user);
        }
    }
    add_certificates(&mut given, environment);
    add_password(&mut given, environment);
    Ok(given)
}

/// Certificates in `~/.postgresql` count where none are named.
fn add_certificates(given: &mut Parameters, environment: &Environment) {
    let Some(home) = &environment.home else {
        return;
    };
    let directory = home.join(".postgresql");
    let mut add = |name: &str, file: &str| {
        let path = directory.join(file);
        if path.is_file() {
            given
                .entry(name.to_owned())
                .or_insert_with(|| path.display().to_string());
        }
    };
    add("sslrootcert", "root.crt");
    if directory.join("postgresql.key").is_file() {
        add("sslcert", "postgresql.crt");
        add("sslkey", "postgresql.key");
    }
}

/// The password file counts where no password is given.
fn add_password(given: &mut Parameters, environment: &Environment) {
    let named = given
        .remove("passfile")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    if given
        .get("password")
        .is_some_and(|password| !password.is_empty())
    {
        return;
    }
    let file = named.or_else(|| environment.home.as_ref().map(|home| home.join(".pgpass")));
    if let Some(password) = file.and_then(|file| passfile::find(&file, given)) {
        given.insert("password".to_owned(), password);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_goes_before_the_environment() {
        check(
            &[("host", "db")],
            &[("PGHOST", "other"), ("PGPORT", "6432"), ("PGUSER", "etl")],
            "etl@db:6432/etl",
        );
    }

    #[test]
    fn the_service_file_goes_between_both() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("services");
        std::fs::write(&file, "[dwh]\nhost=db\nuser=service\n").unwrap();
        let file = file.display().to_string();
        check(
            &[("user", "etl"), ("service", "dwh")],
            &[
                ("PGSERVICEFILE", &file),
                ("PGHOST", "other"),
                ("PGDATABASE", "d"),
            ],
            "etl@db:5432/d",
        );
    }

    #[test]
    fn the_system_s_user_is_the_last_resort() {
        let mut environment = Environment::of(&[("PGHOST", "db")]);
        environment.user = Some("me".to_owned());
        let config = connection(Parameters::new(), &environment).unwrap();
        assert_eq!(config.to_string(), "me@db:5432/me");
    }

    fn check(given: &[(&str, &str)], variables: &[(&str, &str)], expected: &str) {
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = connection(given.collect(), &Environment::of(variables)).unwrap();
        assert_eq!(config.to_string(), expected);
    }
}

//! From what people call a connection to how it is reached.

use std::collections::BTreeMap;

use towpath_engine::postgres::{ConnectionConfig, is_connection_string, parse_parameters};
use towpath_engine::transform::{ReferencedTable, Transform};
use towpath_engine::{Error, ErrorKind, Result};

use crate::environment::Environment;
use crate::file::{ConnectionEntry, parse_connections};
use crate::libpq;
use crate::yaml::did_you_mean;

/// Connections by name: those of a pipeline file before those of the person.
#[derive(Debug)]
pub(crate) struct Connections<'a> {
    named: BTreeMap<String, ConnectionEntry>,
    environment: &'a Environment,
}

impl<'a> Connections<'a> {
    /// The connections of a pipeline file, which may be none.
    pub(crate) fn new(
        named: BTreeMap<String, ConnectionEntry>,
        environment: &'a Environment,
    ) -> Self {
        Self { named, environment }
    }

    /// The connection that `text` means: a URL, a libpq string, or a name.
    ///
    /// # Errors
    /// `Config`, if it is malformed, or there is no connection of that name.
    pub(crate) fn find(&self, text: &str) -> Result<ConnectionConfig> {
        if is_connection_string(text) {
            return libpq::connection(parse_parameters(text)?, self.environment);
        }
        let name = text.trim();
        if let Some(entry) = self.named.get(name) {
            return self.defined(name, entry);
        }
        let shared = self.shared()?;
        match shared.get(name) {
            Some(entry) => self.defined(name, entry),
            None => Err(self.unknown(name, &shared)),
        }
    }

    /// The databases that `transform` reads tables of by the names of their connections.
    ///
    /// # Errors
    /// `Config`, if there is no connection of a name.
    pub(crate) fn referenced(
        &self,
        transform: &dyn Transform,
    ) -> Result<BTreeMap<String, ConnectionConfig>> {
        let mut found = BTreeMap::new();
        for reference in transform.references() {
            if let ReferencedTable::Other { connection, table } = &reference.table {
                let config = self.find(connection).map_err(|err| {
                    let known = match err.hint() {
                        Some(hint) if hint.starts_with("there are ") => hint,
                        _ => {
                            "define it under connections, in the pipeline file or in \
                              ~/.config/towpath/connections.yaml"
                        }
                    };
                    let hint = format!(
                        "{known}; a table of the source is source('{connection}.{}')",
                        table.name
                    );
                    err.with_hint(hint)
                })?;
                found.insert(connection.clone(), config);
            }
        }
        Ok(found)
    }

    /// The connection that an entry of the pipeline file means.
    ///
    /// # Errors
    /// `Config`, if it is malformed, or there is no connection of that name.
    pub(crate) fn entry(&self, entry: &ConnectionEntry) -> Result<ConnectionConfig> {
        match entry {
            ConnectionEntry::Text(text) => self.find(text),
            ConnectionEntry::Parameters(file) => {
                libpq::connection(file.parameters(), self.environment)
            }
        }
    }

    fn defined(&self, name: &str, entry: &ConnectionEntry) -> Result<ConnectionConfig> {
        match entry {
            ConnectionEntry::Text(text) if !is_connection_string(text) => {
                let message = format!("connection {name:?} is neither URL nor libpq string");
                Err(Error::new(ErrorKind::Config, message)
                    .with_hint("write postgresql://user@host/database, or its parameters as keys"))
            }
            entry => self.entry(entry),
        }
    }

    /// The connections of `~/.config/towpath/connections.yaml`; none if there is no such file.
    fn shared(&self) -> Result<BTreeMap<String, ConnectionEntry>> {
        let directory = self.environment.config_directory();
        let Some(path) = directory.map(|path| path.join("connections.yaml")) else {
            return Ok(BTreeMap::new());
        };
        let Ok(text) = std::fs::read_to_string(&path) else {
            return Ok(BTreeMap::new());
        };
        match parse_connections(&text, self.environment) {
            Ok(file) => Ok(file.connections),
            Err(problems) => match problems.into_error(&path.display().to_string()) {
                Some(error) => Err(error),
                None => Ok(BTreeMap::new()),
            },
        }
    }

    fn unknown(&self, name: &str, shared: &BTreeMap<String, ConnectionEntry>) -> Error {
        let known = || self.named.keys().chain(shared.keys()).map(String::as_str);
        let near = did_you_mean(name, known());
        // What looks like a mistyped URL or string may hold a password.
        let shown = match name.contains(|c: char| c.is_whitespace() || ":@/=".contains(c)) {
            true => "what was given is neither a connection string nor the name of a connection"
                .to_owned(),
            false => format!("there is no connection called {name:?}"),
        };
        let message = format!("{shown}{near}");
        let hint = match known().next() {
            Some(_) => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
            None => "write a URL as postgresql://user@host/database, or define the name in \
                     ~/.config/towpath/connections.yaml"
                .to_owned(),
        };
        Error::new(ErrorKind::Config, message).with_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_url_is_not_repeated() {
        check(
            "postgres//u:secret@h/d",
            Err("what was given is neither a connection string nor the name of a connection"),
        );
    }

    const SHARED: &str = "connections:\n  warehouse: {host: db, user: etl}\n  loop: warehouse\n";

    #[test]
    fn a_name_is_looked_up_in_the_pipeline_and_then_in_the_shared_file() {
        check("warehouse", Ok("etl@db:5432/etl"));
        check("local", Ok("u@local:5432/u"));
    }

    #[test]
    fn a_url_is_no_name() {
        check("postgresql://u@h/d", Ok("u@h:5432/d"));
        check("host=h user=u", Ok("u@h:5432/u"));
    }

    #[test]
    fn an_unknown_name_tells_the_nearest() {
        check(
            "warehuose",
            Err("there is no connection called \"warehuose\", did you mean warehouse?"),
        );
        check(
            "loop",
            Err("connection \"loop\" is neither URL nor libpq string"),
        );
    }

    fn check(text: &str, expected: Result<&str, &str>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().display().to_string();
        std::fs::create_dir(directory.path().join("towpath")).unwrap();
        std::fs::write(directory.path().join("towpath/connections.yaml"), SHARED).unwrap();
        let environment = Environment::of(&[("XDG_CONFIG_HOME", &path)]);
        let local = ConnectionEntry::Text("postgresql://u@local".to_owned());
        let connections =
            Connections::new(BTreeMap::from([("local".to_owned(), local)]), &environment);
        let found = connections.find(text).map(|config| config.to_string());
        let found = found.map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }
}

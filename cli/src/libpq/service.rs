//! The service file: sections of `key=value` lines.

use std::path::PathBuf;

use towpath_engine::{Error, ErrorKind, Result};

use super::Parameters;
use crate::environment::Environment;

/// The parameters of `service`: of the file that is named, else of the user's and the system's.
///
/// # Errors
/// `Config`, if no file has it, or its section has a line that is no parameter.
pub(super) fn find(
    service: &str,
    named: Option<PathBuf>,
    environment: &Environment,
) -> Result<Parameters> {
    let named = named.or_else(|| environment.get("PGSERVICEFILE").map(PathBuf::from));
    let user = named.or_else(|| Some(environment.home.as_ref()?.join(".pg_service.conf")));
    let system = environment
        .get("PGSYSCONFDIR")
        .unwrap_or("/etc/postgresql-common");
    let files = user
        .into_iter()
        .chain([PathBuf::from(system).join("pg_service.conf")]);
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        if let Some(section) = section(&text, service) {
            return section.map_err(|line| {
                let message = format!("{} line {line} is no parameter", file.display());
                Error::new(ErrorKind::Config, message).with_hint("write key=value")
            });
        }
    }
    Err(Error::new(
        ErrorKind::Config,
        format!("no service file has service {service:?}"),
    )
    .with_hint("service files are ~/.pg_service.conf and those of PGSERVICEFILE, PGSYSCONFDIR"))
}

/// The parameters under `[service]`, or the number of a malformed line; `None` without section.
fn section(text: &str, service: &str) -> Option<Result<Parameters, usize>> {
    let header = format!("[{service}]");
    let mut lines = text.lines().map(str::trim).zip(1..);
    lines.by_ref().find(|(line, _)| *line == header)?;
    let parameters = lines
        .take_while(|(line, _)| !line.starts_with('['))
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, number)| match line.split_once('=') {
            Some((name, value)) => Ok((name.trim_end().to_owned(), value.trim_start().to_owned())),
            None => Err(number),
        });
    Some(parameters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# all\n[a]\nhost=db\nport = 6432\n\n[b]\nhost db\n";

    #[test]
    fn a_section_ends_at_the_next() {
        let parameters = section(FILE, "a").unwrap().unwrap();
        assert_eq!(
            parameters.into_iter().collect::<Vec<_>>(),
            [
                ("host".to_owned(), "db".to_owned()),
                ("port".to_owned(), "6432".to_owned()),
            ]
        );
    }

    #[test]
    fn a_malformed_line_is_counted() {
        assert_eq!(section(FILE, "b"), Some(Err(7)));
    }

    #[test]
    fn a_service_that_is_nowhere_is_refused() {
        let environment = Environment::of(&[("PGSYSCONFDIR", "/nowhere")]);
        assert!(find("dwh", None, &environment).is_err());
    }
}

//! The password file: `host:port:database:user:password` lines.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tracing::warn;

use super::Parameters;

/// The password of the first line in `file` that fits `parameters`.
///
/// A file that others may read does not count, as in libpq. Of several hosts the first one that
/// has a line counts.
pub(super) fn find(file: &Path, parameters: &Parameters) -> Option<String> {
    let metadata = std::fs::metadata(file).ok()?;
    if !metadata.is_file() {
        return None;
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        let file = file.display();
        warn!(%file, "password file is ignored: others may read it; chmod 0600 makes it count");
        return None;
    }
    search(&std::fs::read_to_string(file).ok()?, parameters)
}

fn search(lines: &str, parameters: &Parameters) -> Option<String> {
    let value = |name: &str| parameters.get(name).map_or("", String::as_str);
    let user = value("user");
    let database = match value("dbname") {
        "" => user,
        name => name,
    };
    let ports: Vec<&str> = value("port").split(',').collect();
    let hosts = match value("host") {
        "" => value("hostaddr"),
        hosts => hosts,
    };
    hosts.split(',').enumerate().find_map(|(at, host)| {
        let port = ports
            .get(at)
            .or(ports.first())
            .filter(|port| !port.is_empty());
        let wanted = [host_name(host), port.unwrap_or(&"5432"), database, user];
        lines.lines().find_map(|line| password(line, wanted))
    })
}

/// The socket of this machine is called `localhost`.
fn host_name(host: &str) -> &str {
    match host {
        "" | "/var/run/postgresql" | "/tmp" => "localhost",
        host => host,
    }
}

/// The password of `line`, if its four fields fit.
fn password(line: &str, wanted: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut rest = line;
    for value in wanted {
        let (field, tail) = field(rest)?;
        if field != "*" && unescape(field) != value {
            return None;
        }
        rest = tail;
    }
    let password = unescape(field(rest).map_or(rest, |(field, _)| field));
    (!password.is_empty()).then_some(password)
}

/// The text before the next colon without a backslash, still escaped, and the text after it.
fn field(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = text.find(|char| {
        let ends = char == ':' && !escaped;
        escaped = char == '\\' && !escaped;
        ends
    })?;
    Some((&text[..end], &text[end + 1..]))
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => plain.extend(chars.next()),
            char => plain.push(char),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "# comment\n\
        db:5432:dwh:etl:one\n\
        db:*:*:etl:two\n\
        ::1\n\
        \\:\\:1:5432:*:etl:th\\:ree\n\
        localhost:*:*:*:four\\\\\n";

    #[test]
    fn the_first_line_that_fits_counts() {
        check(&[("host", "db"), ("dbname", "dwh")], Some("one"));
        check(&[("host", "db"), ("dbname", "other")], Some("two"));
        check(
            &[("host", "db"), ("dbname", "dwh"), ("port", "6432")],
            Some("two"),
        );
        check(&[("host", "elsewhere")], None);
    }

    #[test]
    fn a_backslash_escapes_colons_and_itself() {
        check(&[("host", "::1")], Some("th:ree"));
        check(&[("host", "/tmp")], Some("four\\"));
    }

    #[test]
    fn no_host_is_localhost() {
        check(&[], Some("four\\"));
    }

    #[test]
    fn of_several_hosts_the_first_with_a_line_counts() {
        check(&[("host", "a,db"), ("port", "1,2")], Some("two"));
    }

    #[test]
    fn a_file_that_others_may_read_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pgpass");
        std::fs::write(&file, LINES).unwrap();
        let parameters = parameters(&[("host", "db")]);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        assert_eq!(find(&file, &parameters), None);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(find(&file, &parameters).as_deref(), Some("two"));
    }

    fn check(given: &[(&str, &str)], expected: Option<&str>) {
        assert_eq!(search(LINES, &parameters(given)).as_deref(), expected);
    }

    fn parameters(given: &[(&str, &str)]) -> Parameters {
        let given = given.iter().chain(&[("user", "etl")]);
        given
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }
}

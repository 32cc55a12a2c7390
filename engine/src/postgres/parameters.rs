//! Connection parameters as people write them: a URL, or libpq's `key=value` words.
//!
//! Messages name parameters and places, never values: a slip in a URL puts the password anywhere.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};

/// Reads `postgresql://…`, `postgres://…` or `key=value …` into parameters named as in libpq.
///
/// Several hosts become one `host` with commas, as in libpq. Names are not checked here, and
/// neither environment nor password files count.
///
/// # Errors
/// `Config`, without any value, if the text is malformed.
///
/// Source: PostgreSQL documentation, libpq, "Connection Strings".
pub fn parse_parameters(text: &str) -> Result<BTreeMap<String, String>> {
    let text = text.trim();
    match text
        .strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
    {
        Some(rest) => parse_url(rest),
        None => match scheme(text) {
            Some(scheme) => Err(Error::new(
                ErrorKind::Config,
                format!("connection URL begins with {scheme}://, which is not PostgreSQL"),
            )
            .with_hint("towpath reads postgresql://user@host/database")),
            None => parse_words(text),
        },
    }
}

/// What stands before `://`, if `text` is a URL at all.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_word = scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    (is_word && !scheme.is_empty()).then_some(scheme)
}

/// Whether `text` is a URL or `key=value` words, and not the name of a connection.
pub fn is_connection_string(text: &str) -> bool {
    let text = text.trim();
    scheme(text).is_some() || text.contains('=')
}

/// Reads what follows `postgresql://`: `[user[:password]@][host[:port],…][/dbname][?key=value&…]`.
fn parse_url(rest: &str) -> Result<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if path.contains(['@', '/']) {
        return Err(malformed_url("its database name holds a bare @ or /"));
    }
    // A host never holds @, so that the last one ends the password even if the password has some.
    let (credentials, hosts) = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => (Some(credentials), hosts),
        None => (None, authority),
    };
    if let Some(credentials) = credentials {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        store(&mut parameters, "user", user)?;
        store(&mut parameters, "password", password)?;
    }
    let (hosts, ports) = split_hosts(hosts)?;
    store(&mut parameters, "host", &hosts)?;
    store(&mut parameters, "port", &ports)?;
    store(&mut parameters, "dbname", path)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| malformed_url("a parameter after ? has no value"))?;
        match (decode(name)?.as_str(), value) {
            ("ssl", "true") => parameters.insert("sslmode".to_owned(), "require".to_owned()),
            (name, value) => parameters.insert(name.to_owned(), decode(value)?),
        };
    }
    Ok(parameters)
}

/// Hosts and ports of `a:1,[::1],b:2`, each joined by commas; no port at all is an empty text.
fn split_hosts(text: &str) -> Result<(String, String)> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for part in text.split(',') {
        let (host, rest) = match part.strip_prefix('[') {
            Some(inner) => inner
                .split_once(']')
                .ok_or_else(|| malformed_url("an IPv6 address has no closing bracket"))?,
            None => part.split_at(part.find(':').unwrap_or(part.len())),
        };
        let port = match rest.strip_prefix(':') {
            Some(port) => port,
            None if rest.is_empty() => "",
            None => return Err(malformed_url("text follows an IPv6 address")),
        };
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed_url("its port is not a number"));
        }
        hosts.push(host);
        ports.push(port);
    }
    let ports = match ports.iter().all(|port| port.is_empty()) {
        true => String::new(),
        false => ports.join(","),
    };
    Ok((hosts.join(","), ports))
}

/// Records a decoded part of a URL; an empty one was not given.
fn store(parameters: &mut BTreeMap<String, String>, name: &str, text: &str) -> Result<()> {
    if !text.is_empty() {
        parameters.insert(name.to_owned(), decode(text)?);
    }
    Ok(())
}

/// Resolves `%41`. A plus sign stands for itself, as in libpq.
fn decode(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let byte = match tail {
            [high, low, ..] => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        match byte.map(|(high, low)| high << 4 | low) {
            None | Some(0) => return Err(malformed_url("a % is not followed by two digits")),
            Some(byte) => bytes.push(byte),
        }
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| malformed_url("its %-escapes are not UTF-8"))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

fn malformed_url(what: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("connection URL is malformed: {what}"),
    )
    .with_hint(
        "write postgresql://user@host:5432/database, with : / ? # @ % in names and passwords as \
         %3A %2F %3F %23 %40 %25",
    )
}

/// Reads `key = value` words; a value may be in single quotes, and a backslash escapes.
fn parse_words(text: &str) -> Result<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, tail) = rest
            .split_once('=')
            .ok_or_else(|| malformed_words("a word has no ="))?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(malformed_words("a word has no ="));
        }
        let (value, tail) = parse_value(tail.trim_start())?;
        parameters.insert(name.to_owned(), value);
        rest = tail.trim_start();
    }
    Ok(parameters)
}

/// Reads one value up to white space, or the closing quote; gives it and what follows.
fn parse_value(text: &str) -> Result<(String, &str)> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            char if !quoted && char.is_whitespace() => return Ok((value, &text[at..])),
            char => value.push(char),
        }
    }
    match quoted {
        true => Err(malformed_words("a quoted value does not end")),
        false => Ok((value, "")),
    }
}

fn malformed_words(what: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("connection string is malformed: {what}"),
    )
    .with_hint(
        "write host=db.internal dbname=dwh user=etl, with values that hold blanks in single quotes",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_all_its_parts() {
        check(
            "postgresql://etl:p%40ss@db.internal:6432/dwh?sslmode=require&application_name=a%20b",
            "application_name=a b|dbname=dwh|host=db.internal|password=p@ss|port=6432|\
             sslmode=require|user=etl",
        );
    }

    #[test]
    fn parts_of_a_url_may_be_missing() {
        check("postgres://", "");
        check("postgresql:///dwh", "dbname=dwh");
        check("postgresql://db", "host=db");
        check("postgresql://etl@/dwh", "dbname=dwh|user=etl");
        check("postgresql://:6432/", "port=6432");
    }

    #[test]
    fn a_url_may_name_several_hosts() {
        check(
            "postgresql://a:1,b,[::1]:3/d",
            "dbname=d|host=a,b,::1|port=1,,3",
        );
    }

    #[test]
    fn a_url_may_name_a_socket_directory() {
        check("postgresql:///d?host=/var/run", "dbname=d|host=/var/run");
        check(
            "postgresql://%2Fvar%2Frun:6/d",
            "dbname=d|host=/var/run|port=6",
        );
    }

    #[test]
    fn the_last_at_sign_ends_the_password() {
        check(
            "postgresql://u:p@ss@db/d",
            "dbname=d|host=db|password=p@ss|user=u",
        );
    }

    #[test]
    fn a_malformed_url_is_refused_without_its_values() {
        for text in [
            "postgresql://u:se/cret@db/d",
            "postgresql://u:secret",
            "postgresql://u:secret%@db",
            "postgresql://u:secret%00@db",
            "postgresql://u:secret%ff@db",
            "postgresql://u:secret@[::1/d",
            "postgresql://u:secret@db/d?sslmode",
        ] {
            let error = parse_parameters(text).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn words_may_be_quoted_and_escaped() {
        check(
            r"host = db  password='it\'s a \\ secret' user=a\ b dbname=''",
            r"dbname=|host=db|password=it's a \ secret|user=a b",
        );
    }

    #[test]
    fn malformed_words_are_refused_without_their_values() {
        for text in ["secret", "host=db secret", "password='secret", "=secret"] {
            let error = parse_parameters(text).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_url_of_another_system_is_refused_by_its_scheme() {
        let error = parse_parameters("mysql://u:secret@db/d").unwrap_err();
        assert_eq!(
            error.to_string(),
            "connection URL begins with mysql://, which is not PostgreSQL"
        );
    }

    #[test]
    fn a_name_is_no_connection_string() {
        assert!(!is_connection_string("warehouse"));
        assert!(is_connection_string("host=db"));
        assert!(is_connection_string(" postgres://db"));
    }

    fn check(text: &str, expected: &str) {
        let words: Vec<_> = parse_parameters(text)
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(words.join("|"), expected);
    }
}

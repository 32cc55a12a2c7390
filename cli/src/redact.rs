//! Passwords out of text that people see.

/// `text` with `***` for the password of every URL, and for every value of `password=`.
///
/// It is for text that may hold a connection string, well formed or not: too much may be hidden.
pub(crate) fn redact(text: &str) -> String {
    redact_words(&redact_urls(text))
}

fn redact_urls(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        clean.push_str(head);
        let end = tail.find(char::is_whitespace).unwrap_or(tail.len());
        let (url, after) = tail.split_at(end);
        match (url.find(':'), url.rfind('@')) {
            (Some(colon), Some(at)) if colon < at => {
                clean.push_str(&url[..colon]);
                clean.push_str(":***");
                clean.push_str(&url[at..]);
            }
            _ => clean.push_str(url),
        }
        rest = after;
    }
    clean.push_str(rest);
    clean
}

fn redact_words(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("password") {
        let (head, tail) = rest.split_at(at + "password".len());
        clean.push_str(head);
        let Some(value) = tail.trim_start().strip_prefix('=') else {
            rest = tail;
            continue;
        };
        clean.push_str("=***");
        let value = value.trim_start();
        rest = &value[value_end(value)..];
    }
    clean.push_str(rest);
    clean
}

/// Where a value ends: at its closing quote, or else before white space or the next parameter.
fn value_end(value: &str) -> usize {
    let quoted = value.starts_with('\'');
    let mut escaped = false;
    for (at, char) in value.char_indices().skip(usize::from(quoted)) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => return at + 1,
            char if !quoted && (char.is_whitespace() || char == '&') => return at,
            _ => {}
        }
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_url_is_hidden() {
        check(
            "see postgresql://u:s@h/d now",
            "see postgresql://u:***@h/d now",
        );
        check("postgres://u:a/b@c:d@h/d", "postgres://u:***@h/d");
        check("postgres://h:5432/d", "postgres://h:5432/d");
    }

    #[test]
    fn the_value_of_password_is_hidden() {
        check("host=h password=s dbname=d", "host=h password=*** dbname=d");
        check(r"password = 'a b\'c' user=u", "password=*** user=u");
        check("?password=s&user=u", "?password=***&user=u");
    }

    #[test]
    fn other_text_is_left_alone() {
        check(
            "wrong password for role \"u\"",
            "wrong password for role \"u\"",
        );
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(redact(text), expected);
    }
}

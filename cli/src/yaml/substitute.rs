//! Variables in the text of a pipeline file.

use crate::environment::Environment;

/// `text` with the values of `${NAME}` and `${NAME:-default}`; `$${` stands for `${`.
///
/// The default is also taken where the variable is empty, as in a shell.
///
/// # Errors
/// What is wrong: a variable that is not set, or a brace that is missing.
pub(super) fn substitute(text: &str, environment: &Environment) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (head, tail) = rest.split_at(at);
        let tail = &tail[2..];
        if let Some(head) = head.strip_suffix('$') {
            result.push_str(head);
            result.push_str("${");
            rest = tail;
            continue;
        }
        result.push_str(head);
        let (inner, after) = tail.split_once('}').ok_or("${ has no closing brace")?;
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        if name.is_empty()
            || !name
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || char == '_')
        {
            return Err(format!(
                "${{{name}}} is no name of a variable; $${{ stands for ${{"
            ));
        }
        match (environment.get(name), default) {
            (Some(""), Some(default)) | (None, Some(default)) => result.push_str(default),
            (Some(value), _) => result.push_str(value),
            (None, None) => return Err(format!("variable {name} is not set")),
        }
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_by_their_values() {
        check("a${X}b${X}", Ok("a1b1"));
        check("${Y:-2}${EMPTY:-3}${X:-4}", Ok("231"));
        check("$X $1 $$", Ok("$X $1 $$"));
    }

    #[test]
    fn two_dollars_keep_the_braces() {
        check("$${X}", Ok("${X}"));
    }

    #[test]
    fn a_variable_that_is_not_set_is_a_problem() {
        check("${Y}", Err("variable Y is not set"));
        check("${X", Err("${ has no closing brace"));
        check(
            "${a b}",
            Err("${a b} is no name of a variable; $${ stands for ${"),
        );
    }

    fn check(text: &str, expected: Result<&str, &str>) {
        let environment = Environment::of(&[("X", "1"), ("EMPTY", "")]);
        let found = substitute(text, &environment);
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }
}

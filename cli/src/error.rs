//! How an error is told: to people on stderr, to programs as JSON.

use std::error::Error as StdError;
use std::fmt;

use serde_json::json;
use towpath_engine::{Error, ErrorKind};

use crate::output::OutputFormat;
use crate::redact::redact;

/// Several things wrong with one request, told together.
#[derive(Debug, Default)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

/// One thing wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line in the file, from 1; `None` if it is nowhere in particular.
    pub(crate) line: Option<usize>,
    /// The keys that lead there, with points between.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) message: String,
    /// The way out, if the message does not say.
    pub(crate) hint: Option<String>,
}

impl Problem {
    /// What `error` says, causes included, about what is at `path`.
    pub(crate) fn of(error: &Error, line: Option<usize>, path: impl Into<String>) -> Self {
        Self {
            line,
            path: path.into(),
            message: with_causes(error),
            hint: error.hint().map(redact),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An empty file has no lines.
        if let Some(line @ 1..) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("; "))
    }
}

impl StdError for Problems {}

impl Problems {
    /// One error of these, under a line about `object`; `None` if there is nothing wrong.
    pub(crate) fn into_error(mut self, object: &str) -> Option<Error> {
        self.0.sort_by_key(|problem| problem.line);
        let message = match self.0.len() {
            0 => return None,
            1 => format!("{object} has a problem"),
            count => format!("{object} has {count} problems"),
        };
        let error = Error::new(ErrorKind::Config, message);
        // The hint of the only problem is the error's.
        let only = match &mut self.0[..] {
            [only] => only.hint.take(),
            _ => None,
        };
        Some(match only {
            Some(hint) => error.with_hint(hint).with_source(self),
            None => error.with_source(self),
        })
    }
}

/// The whole chain as lines for people: the error, its causes, a blank line, the hints.
pub(crate) fn text(error: &Error) -> String {
    let mut lines = vec![format!("error: {error}")];
    for cause in causes(error) {
        match cause.downcast_ref::<Problems>() {
            Some(problems) => lines.extend(problems.0.iter().map(|line| format!("  {line}"))),
            None => lines.push(format!("  caused by: {}", one_line(cause))),
        }
    }
    let hints: Vec<&str> = hints(error).collect();
    if !hints.is_empty() {
        lines.push(String::new());
        lines.extend(hints.iter().map(|hint| format!("hint: {hint}")));
    }
    redact(&lines.join("\n"))
}

/// The whole chain as one JSON object.
pub(crate) fn json(error: &Error) -> serde_json::Value {
    let mut chain = Vec::new();
    for cause in causes(error) {
        match cause.downcast_ref::<Problems>() {
            Some(problems) => chain.extend(problems.0.iter().map(Problem::to_string)),
            None => chain.push(one_line(cause)),
        }
    }
    json!({
        "error": redact(&error.to_string()),
        "causes": chain.iter().map(|cause| redact(cause)).collect::<Vec<_>>(),
        "hint": hints(error).next().map(redact),
        "kind": kind_name(error.kind()),
        "retry": error.may_pass(),
    })
}

/// The whole chain as one line, its hint in brackets.
pub(crate) fn one_liner(error: &Error) -> String {
    Problem::of(error, None, "").to_string()
}

fn with_causes(error: &Error) -> String {
    let mut line = error.to_string();
    for cause in causes(error) {
        line.push_str(": ");
        line.push_str(&one_line(cause));
    }
    redact(&line)
}

/// Writes the error to stderr in the form that was asked for.
pub(crate) fn print(error: &Error, format: OutputFormat) {
    match format {
        OutputFormat::Text => eprintln!("{}", text(error)),
        OutputFormat::Json => eprintln!("{}", json(error)),
    }
}

/// The hints of the whole chain, from the outside in.
fn hints(error: &Error) -> impl Iterator<Item = &str> {
    let inner = causes(error).filter_map(|cause| cause.downcast_ref::<Error>()?.hint());
    error.hint().into_iter().chain(inner)
}

fn causes(error: &Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

fn one_line(cause: &(dyn StdError + 'static)) -> String {
    let text = cause.to_string();
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The kind in the words of JSON: `unsupported_type`.
fn kind_name(kind: ErrorKind) -> String {
    let mut name = String::new();
    for char in format!("{kind:?}").chars() {
        if char.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(char.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_told_from_the_outside_in_with_its_hint_last() {
        let cause = Error::new(ErrorKind::Schema, "it is numeric without precision");
        let error = Error::new(ErrorKind::Encode, "column \"amount\" holds 1e-40")
            .with_hint("cast it in the transform")
            .with_source(cause);
        insta::assert_snapshot!(text(&error), @r#"
        error: column "amount" holds 1e-40
          caused by: it is numeric without precision

        hint: cast it in the transform
        "#);
    }

    #[test]
    fn problems_are_told_in_the_order_of_their_lines() {
        insta::assert_snapshot!(text(&two_problems()), @r"
        error: pipeline shop.yaml has 2 problems
          line 3: defaults.write: unknown word
          line 9: streams.a.key: unknown key
        ");
    }

    #[test]
    fn json_has_the_same_in_fields() {
        insta::assert_snapshot!(json(&two_problems()), @r#"{"error":"pipeline shop.yaml has 2 problems","causes":["line 3: defaults.write: unknown word","line 9: streams.a.key: unknown key"],"hint":null,"kind":"config","retry":false}"#);
    }

    #[test]
    fn no_password_is_told() {
        let error = Error::new(ErrorKind::Config, "cannot use postgresql://u:secret@h/d")
            .with_source("password=secret");
        assert!(!text(&error).contains("secret"));
        assert!(!json(&error).to_string().contains("secret"));
    }

    #[test]
    fn kinds_are_words_with_underscores() {
        assert_eq!(kind_name(ErrorKind::UnsupportedType), "unsupported_type");
    }

    fn two_problems() -> Error {
        let problem = |line, path: &str, message: &str| Problem {
            line: Some(line),
            path: path.to_owned(),
            message: message.to_owned(),
            hint: None,
        };
        let problems = Problems(vec![
            problem(9, "streams.a.key", "unknown key"),
            problem(3, "defaults.write", "unknown word"),
        ]);
        problems.into_error("pipeline shop.yaml").unwrap()
    }
}

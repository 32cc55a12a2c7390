//! How mistakes in the user's SQL are said: where, what, and the nearest name that exists.

use datafusion::common::DataFusionError;
use towpath_engine::{Error, ErrorKind};

/// A position in the user's text; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Line.
    pub(crate) line: u64,
    /// Column.
    pub(crate) column: u64,
}

impl Place {
    /// The place where `offset` bytes of `text` end.
    pub(crate) fn of_offset(text: &str, offset: usize) -> Self {
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() as u64 + 1,
            column: before[line_start..].chars().count() as u64 + 1,
        }
    }
}

impl Place {
    /// The place of character number `at` of `text`, from 0; `None` behind its end.
    pub(crate) fn of_character(text: &str, at: usize) -> Option<Self> {
        let (offset, _) = text.char_indices().nth(at)?;
        Some(Self::of_offset(text, offset))
    }
}

/// The way out of most refusals: PostgreSQL itself computes it.
pub(crate) const AT_SOURCE: &str = "let the source compute it: on: source, or a view there";

/// Why something in the SQL is refused, before it is known where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// One line.
    pub(crate) message: String,
    /// The way out.
    pub(crate) hint: String,
}

/// An error in the request: `message`, and where if that is known.
pub(crate) fn refuse(place: Option<Place>, message: impl Into<String>) -> Error {
    let message = message.into();
    Error::new(
        ErrorKind::Config,
        match place {
            Some(Place { line, column }) if line > 0 => {
                format!("{message}, at line {line}, column {column}")
            }
            _ => message,
        },
    )
}

/// An error that one value causes while rows move.
pub(crate) fn value_error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Decode, message)
}

/// `err` on its way through DataFusion, to be unwrapped where it leaves.
pub(crate) fn external(err: Error) -> DataFusionError {
    DataFusionError::External(Box::new(err))
}

/// The engine's own error in the chain of causes, if one is there.
pub(crate) fn find<'a>(err: &'a (dyn std::error::Error + 'static)) -> Option<&'a Error> {
    let mut next = Some(err);
    while let Some(err) = next {
        if let Some(ours) = err.downcast_ref::<Error>() {
            return Some(ours);
        }
        next = err.source();
    }
    None
}

/// The candidate that is most like `name`, if one is like it at all.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(3) / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Two columns of one result have the same name.
pub(crate) fn duplicate(name: &str) -> Error {
    refuse(None, format!("the result has two columns called {name:?}"))
        .with_hint("give one of them another name with AS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_suggested_only_if_it_is_near() {
        assert_eq!(nearest("amuont", ["amount", "id"]), Some("amount"));
        assert_eq!(nearest("zzz", ["amount", "id"]), None);
    }
}

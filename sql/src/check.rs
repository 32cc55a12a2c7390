//! DataFusion's errors in the user's terms.

use datafusion::arrow::error::ArrowError;
use datafusion::common::{Column, DataFusionError, SchemaError};
use towpath_engine::source::SOURCE;
use towpath_engine::table::ident;
use towpath_engine::{Error, ErrorKind};

use crate::template::{AT_SOURCE, Place, duplicate, find, nearest, refuse, value_error};

/// What DataFusion says against a statement, in the user's terms.
pub(crate) fn planning(err: DataFusionError) -> Error {
    let place = place_of(&err);
    match unwrap(err) {
        Unwrapped::Ours(err) => err,
        Unwrapped::Theirs(DataFusionError::SchemaError(schema, _)) => schema_error(*schema, place),
        Unwrapped::Theirs(err) => {
            let message = sentence(&err);
            if let Some(column) = ungrouped(&message) {
                let message = format!("column {column:?} is neither grouped by nor aggregated");
                return refuse(place, message).with_hint("add it to GROUP BY");
            }
            if message.contains("physical plan does not support") {
                return refuse(
                    place,
                    "this subquery cannot be joined to the query around it",
                )
                .with_hint("write it as a JOIN, or let the source run it (on: source)");
            }
            if let Some(function) = mismatched(&message) {
                let message = format!("{function} does not take arguments of these types");
                return refuse(place, message).with_hint("cast them to types that it takes");
            }
            let unsupported = matches!(err, DataFusionError::NotImplemented(_));
            let refused = refuse(place, message);
            match unsupported {
                true => refused.with_hint(AT_SOURCE),
                false => refused,
            }
        }
    }
}

/// What stopped a running plan, in the user's terms; errors of the source stay as they are.
pub(crate) fn running(err: DataFusionError) -> Error {
    match unwrap(err) {
        Unwrapped::Ours(err) => err,
        Unwrapped::Theirs(DataFusionError::ResourcesExhausted(cause)) => Error::new(
            ErrorKind::Config,
            "the transform needs more memory than the run may use",
        )
        .with_hint("raise the memory limit, or use fewer connections")
        .with_source(cause),
        Unwrapped::Theirs(DataFusionError::ArrowError(err, _)) => arrow_error(*err),
        Unwrapped::Theirs(DataFusionError::Execution(message)) => value_error(first_line(&message)),
        Unwrapped::Theirs(err) => {
            Error::new(ErrorKind::Internal, "the transform stopped").with_source(sentence(&err))
        }
    }
}

/// The function that a message says no signature of fits.
fn mismatched(message: &str) -> Option<&str> {
    let (before, _) = message.split_once("' failed to match any signature")?;
    before.rsplit('\'').next()
}

/// The column that a message says must be in GROUP BY.
fn ungrouped(message: &str) -> Option<&str> {
    let (before, _) = message.split_once("\" must appear in the GROUP BY clause")?;
    before.rsplit(['"', '.']).next()
}

fn arrow_error(err: ArrowError) -> Error {
    match err {
        ArrowError::DivideByZero => value_error("division by zero in the transform"),
        ArrowError::ArithmeticOverflow(message)
        | ArrowError::CastError(message)
        | ArrowError::ComputeError(message)
        | ArrowError::ParseError(message)
        | ArrowError::InvalidArgumentError(message) => value_error(first_line(&message)),
        err => Error::new(ErrorKind::Internal, "the transform stopped").with_source(err),
    }
}

enum Unwrapped {
    Ours(Error),
    Theirs(DataFusionError),
}

/// Finds the engine's own error under DataFusion's wrappers, or the innermost of DataFusion's.
fn unwrap(err: DataFusionError) -> Unwrapped {
    match err {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            unwrap(*inner)
        }
        DataFusionError::Collection(mut errors) if !errors.is_empty() => {
            unwrap(errors.swap_remove(0))
        }
        DataFusionError::Shared(shared) => match std::sync::Arc::try_unwrap(shared) {
            Ok(inner) => unwrap(inner),
            Err(shared) => match (find(&*shared), shared.find_root()) {
                (Some(ours), _) => Unwrapped::Ours(ours.again()),
                (None, DataFusionError::ResourcesExhausted(cause)) => {
                    Unwrapped::Theirs(DataFusionError::ResourcesExhausted(cause.clone()))
                }
                (None, _) => Unwrapped::Theirs(DataFusionError::Execution(sentence(&shared))),
            },
        },
        DataFusionError::External(boxed) => match boxed.downcast::<Error>() {
            Ok(ours) => Unwrapped::Ours(*ours),
            Err(boxed) => match boxed.downcast::<DataFusionError>() {
                Ok(inner) => unwrap(*inner),
                Err(boxed) => Unwrapped::Theirs(DataFusionError::External(boxed)),
            },
        },
        DataFusionError::ArrowError(arrow, context) => match *arrow {
            ArrowError::ExternalError(boxed) => unwrap(DataFusionError::External(boxed)),
            arrow => Unwrapped::Theirs(DataFusionError::ArrowError(Box::new(arrow), context)),
        },
        err => Unwrapped::Theirs(err),
    }
}

fn place_of(err: &DataFusionError) -> Option<Place> {
    let diagnostic = match err {
        DataFusionError::Diagnostic(diagnostic, _) => diagnostic,
        DataFusionError::Context(_, inner) => return place_of(inner),
        DataFusionError::Collection(errors) => return errors.first().and_then(place_of),
        _ => return None,
    };
    diagnostic.span.map(|span| Place {
        line: span.start.line,
        column: span.start.column,
    })
}

fn schema_error(err: SchemaError, place: Option<Place>) -> Error {
    match err {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => unknown_column(&field, &valid_fields, place),
        SchemaError::AmbiguousReference { field } => {
            refuse(place, format!("column {:?} is ambiguous", field.name))
                .with_hint("write the table's alias before it")
        }
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => duplicate(&name),
    }
}

fn unknown_column(field: &Column, valid: &[Column], place: Option<Place>) -> Error {
    if let Some(error) = unknown_table(field, valid, place) {
        return error;
    }
    let error = refuse(place, format!("column {:?} does not exist", field.name));
    // What servers compute is called by its expression, in parentheses.
    let mut names: Vec<&str> = valid
        .iter()
        .map(|column| &*column.name)
        .filter(|name| !name.starts_with('('))
        .collect();
    names.sort_unstable();
    names.dedup();
    if let Some(same) = names
        .iter()
        .find(|name| name.eq_ignore_ascii_case(&field.name) && **name != field.name)
    {
        return error.with_hint(format!(
            "the column is called \"{same}\": write it with the double quotes"
        ));
    }
    match nearest(&field.name, names.iter().copied()) {
        Some(name) if name != field.name => error.with_hint(format!("did you mean {name:?}?")),
        _ => error.with_hint(format!("there are: {}", names.join(", "))),
    }
}

/// The error for a column that there is, of a table that is not called so; `None` if it is.
fn unknown_table(field: &Column, valid: &[Column], place: Option<Place>) -> Option<Error> {
    let qualifier = field.relation.as_ref()?.table();
    let mut known = valid
        .iter()
        .filter(|column| column.name == field.name)
        .filter_map(|column| Some(column.relation.as_ref()?.table()))
        .peekable();
    let first = *known.peek()?;
    if known.any(|known| known == qualifier) {
        return None;
    }
    let (table, name) = (ident(qualifier), ident(&field.name));
    let hint = match first {
        SOURCE => format!("write FROM {{{{ source }}}} AS {table}"),
        _ => format!("did you mean {}.{name}?", ident(first)),
    };
    let message = format!("column {table}.{name} does not exist");
    Some(refuse(place, message).with_hint(hint))
}

/// DataFusion's message without its prefixes and its advice to report bugs.
fn sentence(err: &DataFusionError) -> String {
    let message = err.strip_backtrace();
    let mut rest = message.as_str();
    while let Some((prefix, tail)) = rest.split_once(": ")
        && PREFIXES.contains(&prefix)
    {
        rest = tail;
    }
    first_line(rest)
}

const PREFIXES: [&str; 10] = [
    "Error during planning",
    "This feature is not implemented",
    "Internal error",
    "Schema error",
    "Execution error",
    "External error",
    "Arrow error",
    "SQL error",
    "Resources exhausted",
    "Invalid or Unsupported Configuration",
];

/// One line, in lower case at its start, without a full stop.
fn first_line(message: &str) -> String {
    let line = message
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.');
    let mut chars = line.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::external;

    #[test]
    fn an_error_of_the_source_survives_datafusions_wrappers() {
        let ours = Error::new(ErrorKind::Read, "connection lost").with_hint("try again");
        let wrapped = DataFusionError::Context(
            "while sorting".into(),
            Box::new(DataFusionError::Shared(std::sync::Arc::new(external(ours)))),
        );
        let err = running(wrapped);
        assert_eq!(err.kind(), ErrorKind::Read);
        assert_eq!(err.to_string(), "connection lost");
        assert_eq!(err.hint(), Some("try again"));
    }

    #[test]
    fn an_error_that_several_streams_report_says_the_same_to_each() {
        let ours = Error::new(ErrorKind::Load, "locked")
            .with_source("55P03")
            .blocked();
        let shared = std::sync::Arc::new(external(ours.lasting()));
        for _ in 0..2 {
            let err = running(DataFusionError::Shared(shared.clone()));
            assert!(err.is_blocked() && !err.may_pass());
            assert_eq!(
                std::error::Error::source(&err).unwrap().to_string(),
                "55P03"
            );
        }
    }

    #[test]
    fn a_message_of_datafusion_loses_its_prefix() {
        let err = DataFusionError::Plan("Cannot do that.\nmore".into());
        assert_eq!(sentence(&err), "cannot do that");
    }
}

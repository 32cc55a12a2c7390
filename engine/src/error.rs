//! The one error type of this crate.

use std::{error, fmt};

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error: what kind, about which object, what to do, and why.
///
/// One pointer wide, so that a `Result` in a hot loop costs a register.
#[derive(Debug)]
pub struct Error(Box<Inner>);

/// What the operator can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request is wrong (arguments, pipeline file, names): correct it.
    Config,
    /// A server cannot be reached or refuses us: check address, role and password.
    Connect,
    /// Source, transform and destination disagree about a table: a person must decide.
    Schema,
    /// A type cannot travel this way: follow the hint.
    UnsupportedType,
    /// The source stopped answering, or answered with an error, while rows were read.
    Read,
    /// Bytes from the source break the COPY format, or a value has no exact Arrow form.
    Decode,
    /// A value has no exact form in the destination column's type.
    Encode,
    /// The destination refused rows, or the transaction that publishes them.
    Load,
    /// The run was cancelled.
    Cancelled,
    /// The program is wrong: report it.
    Internal,
}

/// What a program does after an error of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// Whether the same run may succeed when it is tried again unchanged, if nothing else is known.
    pub retry: bool,
    /// Exit status: 2 if the request is wrong and nothing began, 1 if the run failed.
    pub exit_code: u8,
}

impl ErrorKind {
    /// What follows from an error of this kind, for everyone.
    pub fn consequence(self) -> Consequence {
        let (retry, exit_code) = match self {
            Self::Config | Self::Schema | Self::UnsupportedType => (false, 2),
            Self::Connect => (true, 2),
            Self::Read | Self::Load => (true, 1),
            Self::Decode | Self::Encode | Self::Cancelled | Self::Internal => (false, 1),
        };
        Consequence { retry, exit_code }
    }
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    is_final: bool,
    is_blocked: bool,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `message` is one line, lower case, and names its object.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            is_final: false,
            is_blocked: false,
            source: None,
        }))
    }

    /// Adds the next step for the operator.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    pub fn with_source(mut self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same, for a failure that comes again with the same data.
    pub fn lasting(mut self) -> Self {
        self.0.is_final = true;
        self
    }

    /// The same error once more, its cause as text: for streams that each report what ended them all.
    pub fn again(&self) -> Self {
        let Inner {
            kind,
            message,
            hint,
            is_final,
            is_blocked,
            source,
        } = &*self.0;
        Self(Box::new(Inner {
            kind: *kind,
            message: message.clone(),
            hint: hint.clone(),
            is_final: *is_final,
            is_blocked: *is_blocked,
            source: source.as_ref().map(|source| source.to_string().into()),
        }))
    }

    /// The same, for a lock that was not to be had.
    pub fn blocked(mut self) -> Self {
        self.0.is_blocked = true;
        self
    }

    /// Whether a lock was not to be had: it may be once the run has let go of its own.
    pub fn is_blocked(&self) -> bool {
        self.0.is_blocked
    }

    /// Whether the same run may succeed when it is tried again unchanged.
    pub fn may_pass(&self) -> bool {
        self.kind().consequence().retry && !self.0.is_final
    }

    /// What the operator can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The next step for the operator, if one is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    /// Our own line only: whoever prints the error walks [`source`](error::Error::source).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn display_leaves_the_cause_to_source() {
        let err = Error::new(ErrorKind::Schema, "table is gone").with_source("42P01");
        assert_eq!(err.to_string(), "table is gone");
        assert_eq!(err.source().unwrap().to_string(), "42P01");
    }

    #[test]
    fn a_wrong_request_exits_with_2_and_a_failed_run_with_1() {
        assert_eq!(ErrorKind::Schema.consequence().exit_code, 2);
        assert_eq!(ErrorKind::Load.consequence().exit_code, 1);
    }

    #[test]
    fn an_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}

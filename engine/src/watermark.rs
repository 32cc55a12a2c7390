//! How far a stream has been read.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The highest cursor value whose rows are committed in the destination, in PostgreSQL's text form.
///
/// It is compared by the source, in the cursor column's own type: text keeps every value exact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark(String);

impl Watermark {
    /// The watermark with this text, as `column::text` gave it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! What writing means.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What writing into the destination means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// Insert new rows, update changed ones, leave the rest.
    #[default]
    Upsert,
    /// Insert all rows.
    Append,
    /// The table holds these rows afterwards and no others; the table itself stays.
    Replace,
    /// As upsert, and rows whose key did not come are deleted.
    Mirror,
}

impl fmt::Display for WriteMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upsert => "upsert",
            Self::Append => "append",
            Self::Replace => "replace",
            Self::Mirror => "mirror",
        })
    }
}

/// What happens to rows of one run that share a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// The run is refused.
    #[default]
    Refuse,
    /// The row with the greatest value in this column wins.
    Last {
        /// A column of the result.
        order_by: String,
    },
}

//! Whether two tables are equal.

use towpath_engine::{Error, ErrorKind, Result};

use crate::database::Database;

/// What two equal tables have in common.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// How many rows.
    pub(crate) row_count: u64,
    /// Hash of the rows, in any order; then the columns, and the key.
    rest: Vec<String>,
}

impl Fingerprint {
    /// The fingerprint of the table in `database`.
    ///
    /// # Errors
    /// `Read`, if the server refuses.
    pub(crate) async fn of(database: &Database) -> Result<Self> {
        let mut rest = database.texts(include_str!("fingerprint.sql")).await?;
        let row_count = rest.remove(0);
        Ok(Self {
            row_count: row_count.parse().map_err(|err| {
                Error::new(ErrorKind::Read, "count(*) is no number").with_source(err)
            })?,
            rest,
        })
    }
}

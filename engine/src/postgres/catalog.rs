//! What the catalogue says, by the queries beside this file.

use serde::Serialize;
use tokio_postgres::Client;

use crate::error::Result;
use crate::table::{Table, TableKind, TableName, TablePattern};

/// One line of a list of tables.
#[derive(Clone, Debug, Serialize)]
pub struct TableSummary {
    /// Schema and name.
    pub name: TableName,
    /// What it is.
    pub kind: TableKind,
    /// Rows by the catalogue's estimate, if it has one.
    pub estimated_rows: Option<u64>,
    /// Bytes with indexes and TOAST; 0 for views and foreign tables.
    pub size_bytes: u64,
    /// Columns of the primary key.
    pub key: Vec<String>,
}

/// The tables that `pattern` means, by name; all those of users if there is none.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn summaries(
    client: &Client,
    pattern: Option<&TablePattern>,
) -> Result<Vec<TableSummary>> {
    let _ = (client, pattern);
    unimplemented!()
}

/// What the catalogue says of table `name`; `None` if it is not there.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn table(client: &Client, name: &TableName) -> Result<Option<Table>> {
    let _ = (client, name);
    unimplemented!()
}

//! What the source holds: generated, and the same in every run.

mod lineitem;
mod synthetic;

use towpath_engine::Result;

use crate::database::Database;
use crate::table::Table;

pub(crate) use lineitem::lineitem;
pub(crate) use synthetic::{DROP_EVENT_KIND, EVENT_KIND, documents, events, many, one, wide};

/// One set of source tables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DataSet {
    /// TPC-H's lineitem at a scale.
    Lineitem(f64),
    /// An application's events, so many of them.
    Events(u64),
    /// So many tables of 100 rows.
    Many(u64),
    /// Rows of 300 columns.
    Wide(u64),
    /// Documents of some 20 kB.
    Documents(u64),
    /// One row.
    One,
}

impl DataSet {
    /// Fills the source, which is empty, with it.
    ///
    /// # Errors
    /// `Load`, if the server refuses.
    pub(crate) async fn load(self, database: &Database) -> Result<()> {
        let statements = match self {
            Self::Lineitem(scale) => return lineitem::load(database, scale).await,
            Self::Events(row_count) => synthetic::fill_events(row_count),
            Self::Many(table_count) => synthetic::fill_many(table_count),
            Self::Wide(row_count) => synthetic::fill_wide(row_count),
            Self::Documents(row_count) => synthetic::fill_documents(row_count),
            Self::One => synthetic::fill_one(),
        };
        for statement in statements {
            database.execute(&statement).await?;
        }
        database.execute("VACUUM ANALYZE").await
    }

    /// Its tables.
    pub(crate) fn tables(self) -> Vec<Table> {
        match self {
            Self::Lineitem(_) => vec![lineitem()],
            Self::Events(_) => vec![events()],
            Self::Many(table_count) => many(table_count),
            Self::Wide(_) => vec![wide()],
            Self::Documents(_) => vec![documents()],
            Self::One => vec![one()],
        }
    }

    /// What it is, and how large, for people.
    ///
    /// # Errors
    /// `Read`, if the server does not answer.
    pub(crate) async fn describe(self, database: &Database) -> Result<String> {
        let text = match self {
            Self::Lineitem(scale) => format!("TPC-H's lineitem at scale {scale}, 16 columns"),
            Self::Events(row_count) => format!("{row_count} events, 13 columns"),
            Self::Many(table_count) => format!("{table_count} tables of 100 rows, 4 columns"),
            Self::Wide(row_count) => format!("{row_count} rows of 300 columns"),
            Self::Documents(row_count) => format!("{row_count} documents of some 20 kB"),
            Self::One => "one row".to_owned(),
        };
        let size = database.text(include_str!("size.sql")).await?;
        Ok(format!("{text}; {size}"))
    }
}

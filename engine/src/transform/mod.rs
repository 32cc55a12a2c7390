//! What happens to rows between source and destination.

mod passthrough;

use std::sync::Arc;

use arrow_schema::DataType;
use async_trait::async_trait;

pub use passthrough::{Passthrough, carry};

use crate::error::Result;
use crate::source::{BatchStream, Scan, Source};
use crate::table::Table;
use crate::types::{PgType, Representation};

/// One column of a transform's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// Its type in PostgreSQL's terms: the source column's if it is carried.
    pub pg_type: PgType,
    /// How its values travel.
    pub representation: Representation,
    /// The Arrow type of its values.
    pub data_type: DataType,
    /// Whether NULL may occur.
    pub nullable: bool,
    /// The source column whose values it carries unchanged; `None` if it is computed.
    pub source_column: Option<String>,
}

/// A way to make rows of the destination out of rows of the source.
#[async_trait]
pub trait Transform: Send + Sync {
    /// Plans over the columns of `table`; no rows move.
    ///
    /// `destination`, if the table is there already, decides how carried columns travel: where
    /// both types are the same, as bytes. Columns are matched by name. The plan must not fail
    /// because a type does not fit the destination: the caller reports all of those together.
    ///
    /// # Errors
    /// `Config` or `Schema`, if the transform cannot mean anything over this table.
    async fn plan(
        &self,
        table: &Table,
        destination: Option<&Table>,
    ) -> Result<Arc<dyn TransformPlan>>;
}

/// A transform over one table, ready to run.
#[async_trait]
pub trait TransformPlan: Send + Sync {
    /// The result's columns in order.
    fn columns(&self) -> &[OutputColumn];

    /// What it reads of the source.
    fn scan(&self) -> &Scan;

    /// Whether each row of the result comes from a row of its own at the source, so that a key
    /// that is unique there and carried is unique here.
    fn keeps_rows_apart(&self) -> bool;

    /// What runs between source and destination, for people; `None` if nothing does.
    fn explain(&self) -> Option<String>;

    /// Starts it over `source`. The streams together are the result; they may be polled at the
    /// same time, and nothing is read before that. Batches have the columns of
    /// [`columns`](Self::columns), by position.
    ///
    /// # Errors
    /// `Internal`, if the plan cannot be started.
    async fn execute(&self, source: Arc<dyn Source>) -> Result<Vec<BatchStream>>;
}

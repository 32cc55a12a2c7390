//! What happens to rows between source and destination.

mod passthrough;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use arrow_schema::DataType;
use async_trait::async_trait;

pub use passthrough::{Passthrough, carry_query};

pub use crate::postgres::catalog::{FunctionTraits, QueryRefusal, ResultColumn};

use passthrough::carry;

use crate::error::{Error, ErrorKind, Result};
use crate::source::{BatchStream, Scan, Source, SourceQuery};
use crate::table::{Table, TableName};
use crate::types::{PgType, Representation};

/// What is known of where a result goes, as far as it decides how carried columns travel.
#[derive(Clone, Debug, Default)]
pub struct Destination {
    /// The table; `None` if it is to be created.
    pub table: Option<Table>,
    /// Columns of the result that travel as text, whatever their type.
    pub as_text: BTreeSet<String>,
}

impl Destination {
    /// The type of the column called `name`, if the table is there and has it.
    pub fn column_type(&self, name: &str) -> Option<&PgType> {
        let column = self.table.as_ref()?.column(name)?;
        Some(&column.pg_type)
    }

    /// How values of `from` travel into the column called `name` when nothing computes on them:
    /// as bytes wherever both ends agree.
    ///
    /// `None` only for pseudo-types. A type that cannot be assigned to the destination's gets the
    /// representation it would have if it could.
    pub fn carry(&self, name: &str, from: &PgType) -> Option<Representation> {
        let representation = carry(from, self.column_type(name))?;
        Some(match self.as_text.contains(name) {
            true => Representation::Text,
            false => representation,
        })
    }
}

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
    /// Whether its values are as the source sends them, and not computed on the way.
    pub is_carried: bool,
    /// The column of the stream's table that it carries; `None` if it is computed, here or there,
    /// or comes from another table.
    pub source_column: Option<String>,
    /// Which of the tables it comes from, by number, so that its type is one of that database; 0 if
    /// it is computed.
    pub input: usize,
}

/// A table that a transform reads beside the stream's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What the SELECT calls its rows.
    pub name: String,
    /// Which it is.
    pub table: ReferencedTable,
}

/// Which table a transform reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReferencedTable {
    /// One of the stream's source.
    Source(TableName),
    /// One of another database.
    Other {
        /// What the pipeline calls its connection.
        connection: String,
        /// The table.
        table: TableName,
    },
    /// The one that is written, as it was before.
    Destination,
}

/// A table that a transform is planned over.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The table.
    pub table: &'a Table,
    /// What answers for the server that it is on.
    pub catalog: &'a dyn SourceCatalog,
}

impl<'a> Input<'a> {
    /// A table of which no server can be asked.
    pub fn without_server(table: &'a Table) -> Self {
        Self {
            table,
            catalog: &NoCatalog,
        }
    }
}

/// What a transform may ask of a server that its rows come from; nothing is run there.
#[async_trait]
pub trait SourceCatalog: Send + Sync {
    /// Whether the source runs SELECTs.
    fn runs_sql(&self) -> bool;

    /// The columns that `query` gives over `table`, or why the server does not take it.
    ///
    /// # Errors
    /// `Read`, if it does not answer.
    async fn describe(
        &self,
        table: &Table,
        query: &SourceQuery,
    ) -> Result<Result<Vec<ResultColumn>, QueryRefusal>>;

    /// What functions of these names are; names that no function has are left out.
    ///
    /// # Errors
    /// `Read`, if the server does not answer.
    async fn functions(&self, names: &[String]) -> Result<Vec<FunctionTraits>>;
}

/// The catalogue of a source that is no server: it runs no SELECT.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCatalog;

#[async_trait]
impl SourceCatalog for NoCatalog {
    fn runs_sql(&self) -> bool {
        false
    }

    async fn describe(
        &self,
        _: &Table,
        _: &SourceQuery,
    ) -> Result<Result<Vec<ResultColumn>, QueryRefusal>> {
        Ok(Err(QueryRefusal {
            message: "this source runs no SQL".to_owned(),
            hint: None,
            offset: None,
        }))
    }

    async fn functions(&self, _: &[String]) -> Result<Vec<FunctionTraits>> {
        Ok(Vec::new())
    }
}

/// What one column of a batch holds of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// One column, by number.
    Column(usize),
    /// Neighbouring columns that are neighbours at the source, too: their fields as PostgreSQL sends
    /// them, each behind its length.
    Run(Range<usize>),
}

/// A way to make rows of the destination out of rows of the source.
#[async_trait]
pub trait Transform: Send + Sync {
    /// The tables that it reads beside the stream's own.
    fn references(&self) -> &[Reference] {
        &[]
    }

    /// Plans over `inputs`, the stream's table and then those of [`references`](Self::references);
    /// no rows move.
    ///
    /// `destination` decides how carried columns travel. Columns are matched by name. The plan
    /// must not fail because a type does not fit there: the caller reports all of those together.
    ///
    /// # Errors
    /// `Config` or `Schema`, if the transform cannot mean anything over these tables; `Internal`, if
    /// there are more or fewer of them.
    async fn plan(
        &self,
        inputs: &[Input<'_>],
        destination: &Destination,
    ) -> Result<Arc<dyn TransformPlan>>;

    /// The same in SQL for a PostgreSQL server, where the stream's rows are called [`SOURCE`], and
    /// those of other tables by their names; `None` if every row passes as it is. A server may
    /// refuse it, as its version may lack a function.
    ///
    /// [`SOURCE`]: crate::source::SOURCE
    fn select(&self) -> Option<String>;

    /// The same, run by the source as a whole; `None` if every row passes as it is, or if it reads
    /// tables of other databases.
    fn at_source(&self) -> Option<Arc<dyn Transform>>;
}

/// A transform over its tables, ready to run.
#[async_trait]
pub trait TransformPlan: Send + Sync {
    /// The result's columns in order.
    fn columns(&self) -> &[OutputColumn];

    /// What it reads: several scans where tables are joined, which may be read at the same time.
    fn scans(&self) -> &[Scan];

    /// The scan whose rows are the result, column by column; `None` if anything happens to them in
    /// between. Who relays it need not [execute](Self::execute) the plan.
    fn relay(&self) -> Option<Scan>;

    /// Whether each row of the result comes from a row of its own at the source, so that a key
    /// that is unique there and carried is unique here.
    fn keeps_rows_apart(&self) -> bool;

    /// Why its results may be others than the source's in their last digits, or end in an error where
    /// the source's do not; `None` if they are the same.
    fn inexact(&self) -> Option<&'static str> {
        None
    }

    /// What runs between source and destination, for people; `None` if nothing does.
    fn explain(&self) -> Option<String>;

    /// What the source does for it beyond reading, and why, for people.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// Starts it over `sources`, one for each table that it was planned over. The streams together
    /// are the result; they may be polled at the same time, and nothing is read before that. Batches
    /// have the columns of [`columns`](Self::columns), by position.
    ///
    /// # Errors
    /// `Internal`, if the plan cannot be started.
    async fn execute(&self, sources: &[Arc<dyn Source>]) -> Result<Vec<BatchStream>>;

    /// For each column of the result, the column of the only scan that it is; `None` if the plan does
    /// more than computing columns of each row by itself.
    fn carried(&self) -> Option<Vec<Option<usize>>> {
        None
    }

    /// As [`execute`](Self::execute), for a plan that says what it [carries](Self::carried); batches
    /// have one column for each of `slots`.
    ///
    /// # Errors
    /// `Internal`, if the plan cannot be started, or has no such slots.
    async fn execute_slots(&self, _: &[Arc<dyn Source>], _: &[Slot]) -> Result<Vec<BatchStream>> {
        let message = "the plan knows nothing of what it carries";
        Err(Error::new(ErrorKind::Internal, message))
    }

    /// Time that its operators have computed so far, summed over threads and executions.
    fn compute_time(&self) -> Duration;
}

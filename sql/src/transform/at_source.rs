//! The transform that the source runs itself.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use towpath_engine::table::Table;
use towpath_engine::transform::{
    Destination, Input, OutputColumn, QueryRefusal, Reference, ReferencedTable, ResultColumn,
    Transform, TransformPlan, carry_query,
};
use towpath_engine::{Error, Result};

use super::named;
use crate::delegation::{Base, WholeQuery};
use crate::template::{AT_SOURCE, Place, Template, duplicate, refuse};

/// A SELECT over `{{ source }}`, and other tables of its database, that the source runs itself: its
/// result is streamed, and nothing is computed on the way.
///
/// Names are looked up as in any session of the role. A SELECT that takes one row at a time is run
/// for parts of the table on several connections; any other in one statement.
#[derive(Clone, Debug)]
pub struct SourceTransform {
    template: Template,
}

impl SourceTransform {
    /// The transform that `sql` is.
    ///
    /// # Errors
    /// `Config`, with line and column, if the placeholder is missing or misspelt, a quote is not
    /// closed, there is more than one statement, or it reads tables of other databases.
    pub fn new(sql: &str) -> Result<Self> {
        let template = Template::new(sql)?;
        template.check_end()?;
        Self::of(template)
    }

    /// The transform that `template` is.
    ///
    /// # Errors
    /// `Config`, if it reads tables of other databases.
    pub(super) fn of(template: Template) -> Result<Self> {
        let elsewhere = template
            .references()
            .iter()
            .find_map(|reference| match &reference.table {
                ReferencedTable::Source(_) => None,
                ReferencedTable::Other { connection, table } => {
                    Some(format!("{table} of {connection}"))
                }
                ReferencedTable::Destination => Some("the destination".to_owned()),
            });
        match elsewhere {
            None => Ok(Self { template }),
            Some(elsewhere) => {
                let message = format!("the source cannot run a SELECT that reads {elsewhere}");
                Err(refuse(None, message).with_hint("let the engine run it: on: engine"))
            }
        }
    }
}

#[async_trait]
impl Transform for SourceTransform {
    fn references(&self) -> &[Reference] {
        self.template.references()
    }

    async fn plan(
        &self,
        inputs: &[Input<'_>],
        destination: &Destination,
    ) -> Result<Arc<dyn TransformPlan>> {
        let select = self.template.select();
        let bases = named(&self.template, inputs)?;
        let described = Described::of(select, bases[0], &bases[1..]).await?;
        let described =
            described.map_err(|unknown| refused_by_source(unknown, bases[0].table, select))?;
        described.carried(destination, Vec::new())
    }

    fn select(&self) -> Option<String> {
        Some(self.template.select().to_owned())
    }

    fn at_source(&self) -> Option<Arc<dyn Transform>> {
        Some(Arc::new(self.clone()))
    }
}

/// A whole SELECT as the source describes it: what PostgreSQL gives.
pub(super) struct Described {
    whole: WholeQuery,
    columns: Vec<ResultColumn>,
}

impl Described {
    /// What `select` is over `own`, whose rows its result consists of, and `others`, all of one
    /// database, or why the source refuses it.
    ///
    /// # Errors
    /// `Read`, if the server does not answer.
    pub(super) async fn of(
        select: &str,
        own: Base<'_>,
        others: &[Base<'_>],
    ) -> Result<Result<Self, QueryRefusal>> {
        let whole = WholeQuery::of(select, own, others).await?;
        let described = own.catalog.describe(own.table, &whole.query).await?;
        Ok(described.map(|columns| Self { whole, columns }))
    }

    /// Whether it takes one row at a time.
    pub(super) fn is_row_wise(&self) -> bool {
        self.whole.query.is_row_wise
    }

    /// Why a plan with `columns` would not give what the source gives; `None` if it may.
    pub(super) fn objection(&self, columns: &[OutputColumn]) -> Option<Error> {
        if columns.len() != self.columns.len() {
            let message = format!(
                "the SELECT gives {} columns in PostgreSQL, and {} in the engine",
                self.columns.len(),
                columns.len()
            );
            return Some(refuse(None, message).with_hint(AT_SOURCE));
        }
        let mut pairs = self.columns.iter().map(|it| &it.column).zip(columns);
        let (expected, found) = pairs.find(|(expected, found)| {
            expected.name != found.name || expected.pg_type.sql != found.pg_type.sql
        })?;
        let message = match expected.name == found.name {
            true => format!(
                "column {:?} is {} in PostgreSQL, and {} in the engine",
                expected.name, expected.pg_type, found.pg_type
            ),
            false => format!(
                "column {:?} is called {:?} in the engine",
                expected.name, found.name
            ),
        };
        Some(refuse(None, message).with_hint(AT_SOURCE))
    }

    /// The plan that carries what the source gives, with what is to be told about it.
    ///
    /// # Errors
    /// `Config`, if its columns cannot be loaded.
    pub(super) fn carried(
        &self,
        destination: &Destination,
        notes: Vec<String>,
    ) -> Result<Arc<dyn TransformPlan>> {
        let mut columns = self.columns.clone();
        if !self.is_row_wise() {
            // An outer join may leave them out.
            let columns = columns.iter_mut();
            columns.for_each(|result| result.column.nullable = true);
        }
        if columns.is_empty() {
            let message = "a SELECT without columns has nothing to load";
            return Err(refuse(None, message).with_hint("name columns"));
        }
        let mut names = HashSet::new();
        let mut all = columns.iter().map(|result| &result.column.name);
        if let Some(name) = all.find(|name| !names.insert(*name)) {
            return Err(duplicate(name));
        }
        let WholeQuery {
            query,
            keeps_rows_apart,
        } = self.whole.clone();
        carry_query(query, &columns, keeps_rows_apart, (destination, notes))
    }
}

/// What the source says against `select` over `table`.
pub(super) fn refused_by_source(unknown: QueryRefusal, table: &Table, select: &str) -> Error {
    let place = unknown
        .offset
        .and_then(|at| Place::of_character(select, at));
    let message = format!(
        "the source refuses the SELECT over {}: {}",
        table.name, unknown.message
    );
    let error = refuse(place, message);
    let is_ungrouped = unknown
        .message
        .contains("must appear in the GROUP BY clause");
    let is_about_data = unknown.message.contains("(SQLSTATE 22");
    let hint = match unknown.hint {
        Some(hint) => hint,
        None if is_about_data => {
            "PostgreSQL computes constants when it plans, even where no row needs them".to_owned()
        }
        None if is_ungrouped => {
            "add it to GROUP BY: the table is a query there, whose key is not known".to_owned()
        }
        None => return error,
    };
    error.with_hint(hint)
}

//! What of a SELECT the source runs itself: all of it, or what takes one row at a time.

mod digits;
mod scope;
mod shape;
mod split;

use std::collections::HashMap;

use datafusion::sql::sqlparser::ast::{Query, Statement};
use towpath_engine::Result;
use towpath_engine::source::SourceQuery;
use towpath_engine::transform::{FunctionTraits, SourceCatalog};

use crate::template::parsed;
use shape::{functions_of, is_row_wise, keeps_rows_apart};

pub(crate) use digits::{Computed, varying};
pub(crate) use split::{Delegated, Splitter};

/// What the source's functions are, by name.
pub(crate) struct Functions(HashMap<String, FunctionTraits>);

impl Functions {
    /// Asks about the functions that `statement` calls.
    ///
    /// # Errors
    /// `Read`, if the server does not answer.
    pub(crate) async fn of(statement: &Statement, catalog: &dyn SourceCatalog) -> Result<Self> {
        let names = functions_of(statement);
        let found = match names.is_empty() {
            true => Vec::new(),
            false => catalog.functions(&names).await?,
        };
        let by_name = found
            .into_iter()
            .map(|traits| (traits.name.clone(), traits));
        Ok(Self(by_name.collect()))
    }

    /// Whether a call takes one row, and gives the same again for it.
    fn is_row_wise(&self, name: &str) -> bool {
        let traits = self.0.get(name);
        traits.is_none_or(|traits| !traits.takes_several_rows && !traits.is_volatile)
    }

    fn takes_several_rows(&self, name: &str) -> bool {
        let traits = self.0.get(name);
        traits.is_some_and(|traits| traits.takes_several_rows)
    }

    fn returns_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|traits| traits.returns_set)
    }
}

/// A whole SELECT that the source runs.
pub(crate) struct WholeQuery {
    /// The SELECT.
    pub(crate) query: SourceQuery,
    /// Whether each of its rows comes from a row of its own.
    pub(crate) keeps_rows_apart: bool,
}

impl WholeQuery {
    /// What `select` is; one that is not understood is taken to be about all rows at once.
    ///
    /// # Errors
    /// `Read`, if the server does not answer.
    pub(crate) async fn of(select: &str, catalog: &dyn SourceCatalog) -> Result<Self> {
        let statement = parsed(select);
        let functions = match &statement {
            Some(statement) => Functions::of(statement, catalog).await?,
            None => Functions(HashMap::new()),
        };
        Ok(match statement {
            Some(Statement::Query(query)) => Self::over(select, &query, &functions),
            _ => Self::new(select, false, false),
        })
    }

    /// `select`, which is written as `query`.
    fn over(select: &str, query: &Query, functions: &Functions) -> Self {
        let is_row_wise = is_row_wise(query, functions);
        Self::new(
            select,
            is_row_wise,
            is_row_wise && keeps_rows_apart(query, functions),
        )
    }

    fn new(select: &str, is_row_wise: bool, keeps_rows_apart: bool) -> Self {
        let select = select.to_owned();
        Self {
            query: SourceQuery {
                select,
                is_row_wise,
            },
            keeps_rows_apart,
        }
    }
}

//! What of a SELECT its sources run themselves: all of it, or what takes one row at a time.

mod digits;
mod joins;
mod scope;
mod shape;
mod split;
mod strict;

use std::collections::HashMap;

use datafusion::sql::sqlparser::ast::{Query, Statement};
use towpath_engine::Result;
use towpath_engine::source::SourceQuery;
use towpath_engine::table::Table;
use towpath_engine::transform::{FunctionTraits, Input, SourceCatalog};

use crate::template::parsed;
use shape::{functions_of, is_row_wise, keeps_rows_apart};

pub(crate) use digits::{Computed, varying};
pub(crate) use split::{Delegated, Splitter};

/// A table that a SELECT reads.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a> {
    /// What the SELECT calls its rows.
    pub(crate) name: &'a str,
    /// The table.
    pub(crate) table: &'a Table,
    /// What answers for its server.
    pub(crate) catalog: &'a dyn SourceCatalog,
}

impl<'a> Base<'a> {
    /// The table `input`, whose rows are called `name`.
    pub(crate) fn new(name: &'a str, input: Input<'a>) -> Self {
        Self {
            name,
            table: input.table,
            catalog: input.catalog,
        }
    }

    /// `select` over it alone, which takes one row at a time.
    fn row_wise(&self, select: &str) -> SourceQuery {
        SourceQuery {
            select: select.to_owned(),
            name: self.name.to_owned(),
            others: Vec::new(),
            is_row_wise: true,
        }
    }
}

/// What names in a SELECT mean: those of tables, and those of functions.
#[derive(Default)]
pub(crate) struct Names {
    tables: Vec<String>,
    functions: HashMap<String, FunctionTraits>,
}

impl Names {
    /// Asks about the functions that `statement` calls over `bases`: where servers disagree, what any
    /// of them says of a function counts.
    ///
    /// # Errors
    /// `Read`, if a server does not answer.
    pub(crate) async fn of(statement: &Statement, bases: &[Base<'_>]) -> Result<Self> {
        let called = functions_of(statement);
        let mut functions: HashMap<String, FunctionTraits> = HashMap::new();
        for base in bases.iter().filter(|_| !called.is_empty()) {
            for traits in base.catalog.functions(&called).await? {
                let known = functions.entry(traits.name.clone());
                let known = known.or_insert_with(|| traits.clone());
                known.takes_several_rows |= traits.takes_several_rows;
                known.is_volatile |= traits.is_volatile;
                known.returns_set |= traits.returns_set;
                known.is_strict &= traits.is_strict;
            }
        }
        let tables = bases.iter().map(|base| base.name.to_owned());
        Ok(Self {
            tables: tables.collect(),
            functions,
        })
    }

    /// The number of the table that is called so.
    fn table(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|table| table == name)
    }

    /// Whether a call takes one row, and gives the same again for it.
    fn is_row_wise(&self, function: &str) -> bool {
        let traits = self.functions.get(function);
        traits.is_none_or(|traits| !traits.takes_several_rows && !traits.is_volatile)
    }

    fn takes_several_rows(&self, function: &str) -> bool {
        let traits = self.functions.get(function);
        traits.is_some_and(|traits| traits.takes_several_rows)
    }

    fn is_strict(&self, function: &str) -> bool {
        let traits = self.functions.get(function);
        traits.is_some_and(|traits| traits.is_strict)
    }

    fn returns_set(&self, function: &str) -> bool {
        let traits = self.functions.get(function);
        traits.is_some_and(|traits| traits.returns_set)
    }
}

/// A whole SELECT that a source runs.
#[derive(Clone)]
pub(crate) struct WholeQuery {
    /// The SELECT.
    pub(crate) query: SourceQuery,
    /// Whether each of its rows comes from a row of its own.
    pub(crate) keeps_rows_apart: bool,
}

impl WholeQuery {
    /// What `select` is over `own`, whose rows its result consists of, and `others`, all of one
    /// database; one that is not understood is taken to be about all rows at once.
    ///
    /// # Errors
    /// `Read`, if the server does not answer.
    pub(crate) async fn of(select: &str, own: Base<'_>, others: &[Base<'_>]) -> Result<Self> {
        let mut whole = Self {
            query: SourceQuery {
                is_row_wise: false,
                others: others
                    .iter()
                    .map(|other| (other.name.to_owned(), other.table.clone()))
                    .collect(),
                ..own.row_wise(select)
            },
            keeps_rows_apart: false,
        };
        if let Some(Statement::Query(query)) = parsed(select) {
            let names = Names::of(&Statement::Query(query.clone()), &[own]).await?;
            whole.query.is_row_wise = is_row_wise(&query, &names);
            whole.keeps_rows_apart = whole.query.is_row_wise && keeps_rows_apart(&query, &names);
        }
        Ok(whole)
    }

    /// `select` over `base`, which is written as `query`; `None` if it takes several rows at a time.
    fn row_wise(select: &str, query: &Query, base: &Base<'_>, names: &Names) -> Option<Self> {
        is_row_wise(query, names).then(|| Self {
            query: base.row_wise(select),
            keeps_rows_apart: keeps_rows_apart(query, names),
        })
    }
}

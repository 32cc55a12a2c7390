//! The transform that the source runs itself.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use towpath_engine::source::SourceQuery;
use towpath_engine::table::Table;
use towpath_engine::transform::{
    Destination, QueryRefusal, SourceCatalog, Transform, TransformPlan, carry_query,
};
use towpath_engine::{Error, Result};

use crate::delegation::{Functions, Shape};
use crate::template::{Place, Template, duplicate, refuse};

/// A SELECT over `{{ source }}` that the source runs itself: its result is streamed, and nothing is
/// computed on the way.
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
    /// `Config`, with line and column, if the placeholder is missing or misspelt, or a quote is not
    /// closed.
    pub fn new(sql: &str) -> Result<Self> {
        Template::new(sql).map(|template| Self { template })
    }

    fn refusal(&self, refusal: QueryRefusal) -> Error {
        let offset = refusal.offset;
        let place = offset.and_then(|at| Place::of_character(self.template.select(), at));
        let error = refuse(place, format!("the source refuses the SELECT: {}", refusal.message));
        match refusal.hint {
            Some(hint) => error.with_hint(hint),
            None => error.with_hint("write it as that server takes it, with its table as source"),
        }
    }
}

#[async_trait]
impl Transform for SourceTransform {
    async fn plan(
        &self,
        table: &Table,
        destination: &Destination,
        catalog: &dyn SourceCatalog,
    ) -> Result<Arc<dyn TransformPlan>> {
        let select = self.template.select();
        let described = catalog.describe(table, select).await?;
        let columns = described.map_err(|refusal| self.refusal(refusal))?;
        if columns.is_empty() {
            let message = "a SELECT without columns has nothing to load";
            return Err(refuse(None, message).with_hint("name columns"));
        }
        let mut names = HashSet::new();
        let mut all = columns.iter().map(|result| &result.column.name);
        if let Some(name) = all.find(|name| !names.insert(*name)) {
            return Err(duplicate(name));
        }
        let (is_row_wise, keeps_rows_apart) = match Shape::of(select) {
            Some(shape) => {
                let functions = Functions::of(shape.functions(), catalog).await?;
                (shape.is_row_wise(&functions), shape.keeps_rows_apart(&functions))
            }
            None => (false, false),
        };
        let query = SourceQuery {
            select: select.to_owned(),
            is_row_wise,
        };
        carry_query(query, &columns, keeps_rows_apart, destination)
    }

    fn select(&self) -> Option<String> {
        Some(self.template.select().to_owned())
    }

    fn select_of(&self, columns: &[String]) -> Option<String> {
        self.template.select_of(columns)
    }
}

//! The transform that the source runs itself.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use towpath_engine::table::Table;
use towpath_engine::transform::{
    Destination, QueryRefusal, SourceCatalog, Transform, TransformPlan, carry_query,
};
use towpath_engine::{Error, Result};

use crate::delegation::WholeQuery;
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
    /// `Config`, with line and column, if the placeholder is missing or misspelt, a quote is not
    /// closed, or there is more than one statement.
    pub fn new(sql: &str) -> Result<Self> {
        let template = Template::new(sql)?;
        template.check_end()?;
        Ok(Self::of(template))
    }

    /// The transform that `template` is.
    pub(super) fn of(template: Template) -> Self {
        Self { template }
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
        let whole = WholeQuery::of(select, catalog).await?;
        let destination = (destination, Vec::new());
        let plan = carry_whole(whole, table, destination, catalog).await?;
        plan.map_err(|unknown| refused_by_source(unknown, table, select))
    }

    fn select(&self) -> Option<String> {
        Some(self.template.select().to_owned())
    }

    fn at_source(&self) -> Option<Arc<dyn Transform>> {
        Some(Arc::new(self.clone()))
    }

    fn select_of(&self, columns: &[String]) -> Option<String> {
        self.template.select_of(columns)
    }
}

/// The plan that carries what `whole` gives, with what is to be told about it, or why the source
/// refuses that.
///
/// # Errors
/// `Config`, if its columns cannot be loaded; `Read`, if the server does not answer.
pub(super) async fn carry_whole(
    whole: WholeQuery,
    table: &Table,
    destination: (&Destination, Vec<String>),
    catalog: &dyn SourceCatalog,
) -> Result<Result<Arc<dyn TransformPlan>, QueryRefusal>> {
    let mut columns = match catalog.describe(table, &whole.query.select).await? {
        Ok(columns) => columns,
        Err(unknown) => return Ok(Err(unknown)),
    };
    if !whole.query.is_row_wise {
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
    } = whole;
    carry_query(query, &columns, keeps_rows_apart, destination).map(Ok)
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
    error.with_hint(match unknown.hint {
        Some(hint) => hint,
        None => "write it as that server takes it, over its table by the name source".to_owned(),
    })
}

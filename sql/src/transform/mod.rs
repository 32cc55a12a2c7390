//! The transform that a SELECT is.

mod at_source;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use datafusion::common::TableReference;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream_partitioned};
use datafusion::sql::parser::Statement;
use futures::{StreamExt, TryStreamExt};
use towpath_engine::pipeline::Settings;
use towpath_engine::source::{BatchStream, Scan, Source};
use towpath_engine::table::Table;
use towpath_engine::transform::{
    Destination, OutputColumn, SourceCatalog, Transform, TransformPlan,
};
use towpath_engine::{Error, ErrorKind, Result};

pub use at_source::SourceTransform;

use crate::check::{planning, running};
use crate::functions;
use crate::pushdown::{PlannedTable, Relation};
use crate::representation::{Represented, represent};
use crate::session;
use crate::template::{SOURCE, Template, checked};

/// A SELECT over `{{ source }}`, in PostgreSQL's SQL.
///
/// The same SELECT run in PostgreSQL, with `TimeZone` UTC, gives the same rows, or planning
/// refuses it.
#[derive(Clone, Debug)]
pub struct SqlTransform {
    template: Template,
    settings: Settings,
}

impl SqlTransform {
    /// The transform that `sql` is, run within `settings`.
    ///
    /// # Errors
    /// `Config`, with line and column, if `sql` is not one SELECT over the placeholder.
    pub fn new(sql: &str, settings: &Settings) -> Result<Self> {
        let template = Template::new(sql)?;
        template.parsed()?;
        Ok(Self {
            template,
            settings: settings.clone(),
        })
    }

    async fn optimized(
        &self,
        state: &SessionState,
        table: &Table,
        takes_filters: bool,
    ) -> Result<LogicalPlan> {
        let refusal = |name: &str, windowed| functions::refusal_over(table, name, windowed);
        let statement = checked(self.template.parsed()?, &[SOURCE], &refusal)?;
        let planned = PlannedTable::new(Relation::whole(table.clone()), takes_filters);
        let name = TableReference::bare(SOURCE);
        let schema = state.schema_for_ref(name).map_err(planning)?;
        schema
            .register_table(SOURCE.to_owned(), Arc::new(planned))
            .map_err(planning)?;
        let plan = state
            .statement_to_plan(Statement::Statement(Box::new(statement)))
            .await
            .map_err(planning)?;
        state.optimize(&plan).map_err(planning)
    }

    async fn represented(
        &self,
        table: &Table,
        destination: &Destination,
        takes_filters: bool,
    ) -> Result<(SessionState, Represented)> {
        let state = session::state(&self.settings, table)?;
        let plan = self.optimized(&state, table, takes_filters).await?;
        Ok((
            state,
            represent(plan, destination).map_err(planning)?,
        ))
    }
}

#[async_trait]
impl Transform for SqlTransform {
    async fn plan(
        &self,
        table: &Table,
        destination: &Destination,
        _: &dyn SourceCatalog,
    ) -> Result<Arc<dyn TransformPlan>> {
        let (state, represented) = self.represented(table, destination, true).await?;
        let physical = physical(&state, &represented, None).await?;
        Ok(Arc::new(SqlPlan {
            transform: self.clone(),
            table: table.clone(),
            destination: destination.clone(),
            explained: displayable(&*physical).indent(false).to_string(),
            state,
            represented,
            executions: Mutex::default(),
        }))
    }

    fn select(&self) -> Option<String> {
        Some(self.template.select().to_owned())
    }

    fn select_of(&self, columns: &[String]) -> Option<String> {
        self.template.select_of(columns)
    }
}

/// A SELECT planned over one table.
struct SqlPlan {
    transform: SqlTransform,
    table: Table,
    destination: Destination,
    explained: String,
    state: SessionState,
    represented: Represented,
    /// What has been run, for its times.
    executions: Mutex<Vec<Arc<dyn ExecutionPlan>>>,
}

#[async_trait]
impl TransformPlan for SqlPlan {
    fn columns(&self) -> &[OutputColumn] {
        &self.represented.columns
    }

    fn scans(&self) -> &[Scan] {
        &self.represented.scans
    }

    fn relay(&self) -> Option<Scan> {
        self.represented.relay()
    }

    fn keeps_rows_apart(&self) -> bool {
        self.represented.keeps_rows_apart
    }

    fn explain(&self) -> Option<String> {
        Some(self.explained.clone())
    }

    async fn execute(&self, source: Arc<dyn Source>) -> Result<Vec<BatchStream>> {
        let physical = match source.accepts_filters() {
            true => physical(&self.state, &self.represented, Some(&source)).await?,
            false => self.physical_with_filters(&source).await?,
        };
        lock(&self.executions).push(Arc::clone(&physical));
        let streams =
            execute_stream_partitioned(physical, self.state.task_ctx()).map_err(running)?;
        Ok(streams
            .into_iter()
            .map(|stream| stream.map_err(running).boxed())
            .collect())
    }

    fn compute_time(&self) -> Duration {
        lock(&self.executions).iter().map(compute_time).sum()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Time that the operators of one execution have computed.
fn compute_time(plan: &Arc<dyn ExecutionPlan>) -> Duration {
    let own = plan.metrics().and_then(|metrics| metrics.elapsed_compute());
    let inputs: Duration = plan.children().into_iter().map(compute_time).sum();
    Duration::from_nanos(own.unwrap_or_default() as u64) + inputs
}

impl SqlPlan {
    /// The plan that applies all filters itself, for sources that cannot.
    async fn physical_with_filters(
        &self,
        source: &Arc<dyn Source>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planned = self
            .transform
            .represented(&self.table, &self.destination, false)
            .await;
        let (state, represented) = planned?;
        if represented.columns != self.represented.columns {
            return Err(Error::new(
                ErrorKind::Internal,
                "the source applies no filters, and without them the result has other types",
            ));
        }
        physical(&state, &represented, Some(source)).await
    }
}

async fn physical(
    state: &SessionState,
    represented: &Represented,
    source: Option<&Arc<dyn Source>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = represented.plan_over(source).map_err(planning)?;
    // The logical optimizer has run: a second time it would see columns it cannot compute on.
    state
        .query_planner()
        .create_physical_plan(&plan, state)
        .await
        .map_err(planning)
}

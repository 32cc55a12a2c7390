//! The transform that a SELECT is.

mod at_source;
mod filters;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use datafusion::common::TableReference;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream_partitioned};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use futures::{StreamExt, TryStreamExt};
use towpath_engine::pipeline::Settings;
use towpath_engine::source::{BatchStream, Scan, Source};
use towpath_engine::table::{Column, Table};
use towpath_engine::transform::{
    Destination, Input, OutputColumn, QueryRefusal, Reference, ReferencedTable, Slot, Transform,
    TransformPlan,
};
use towpath_engine::types::{PgType, Representation, ScanColumn, oid};
use towpath_engine::{Error, ErrorKind, Result};

pub use at_source::SourceTransform;

use crate::check::{planning, running};
use crate::delegation::{Base, Computed, Delegated, Splitter, varying};
use crate::functions;
use crate::pushdown::{PlannedTable, Relation};
use crate::representation::{Represented, Slots, represent};
use crate::session;
use crate::template::{AT_SOURCE, SOURCE, Template, checked, names_collations, parsed, refuse};
use at_source::{Described, refused_by_source};
use filters::{filter_in, kept_conditions};

/// A SELECT over `{{ source }}`, and other tables, in PostgreSQL's SQL, that towpath's engine runs as
/// far as it can.
///
/// What the engine does not compute exactly is left to the tables' servers, as little as possible:
/// expressions over one row, or else, to the source, the whole SELECT.
///
/// The same SELECT run in PostgreSQL, with `TimeZone` UTC, gives the same rows, or planning
/// refuses it.
#[derive(Clone, Debug)]
pub struct SqlTransform {
    template: Template,
    settings: Settings,
    /// Whether the source may run a whole SELECT that the engine does not.
    may_run_whole: bool,
}

impl SqlTransform {
    /// The transform that `sql` is, run within `settings`.
    ///
    /// # Errors
    /// `Config`, with line and column, if the placeholder is missing or misspelt, a quote is not
    /// closed, or there is more than one statement.
    pub fn new(sql: &str, settings: &Settings) -> Result<Self> {
        let template = Template::new(sql)?;
        template.check_end()?;
        Ok(Self {
            template,
            settings: settings.clone(),
            may_run_whole: true,
        })
    }

    /// The same transform, of which the source computes nothing but what takes one row at a time.
    ///
    /// # Errors
    /// `Config`, if it is not one SELECT that the engine can read.
    pub fn engine_only(self) -> Result<Self> {
        self.template.parsed()?;
        Ok(Self {
            may_run_whole: false,
            ..self
        })
    }

    /// The tables in `inputs` by what the SELECT calls their rows: the source's first.
    fn bases<'a>(&'a self, inputs: &[Input<'a>]) -> Result<Vec<Base<'a>>> {
        named(&self.template, inputs)
    }

    /// What the source says of the whole SELECT; `None` if it has not all of the tables.
    async fn described(
        &self,
        bases: &[Base<'_>],
    ) -> Result<Option<Result<Described, QueryRefusal>>> {
        let Some((own, others)) = bases.split_first().filter(|_| self.is_of_one_database()) else {
            return Ok(None);
        };
        let described = Described::of(self.template.select(), *own, others);
        described.await.map(Some)
    }

    fn is_of_one_database(&self) -> bool {
        let mut references = self.template.references().iter();
        references.all(|reference| matches!(reference.table, ReferencedTable::Source(_)))
    }

    /// What the source says against the SELECT over `table`; the engine's own refusal of a name knows
    /// the others.
    fn explained(&self, unknown: QueryRefusal, table: &Table, refusal: Option<Error>) -> Error {
        let knows_better = |refusal: &Error| {
            let hint = refusal.hint();
            hint.is_some_and(|hint| hint.starts_with("did you mean")) || names_nothing(refusal)
        };
        let refusal = refusal.filter(knows_better);
        refusal.unwrap_or_else(|| refused_by_source(unknown, table, self.template.select()))
    }

    /// The plan in which the source runs what the engine does not; `refusal` is why that does not
    /// run everything.
    async fn delegated(
        &self,
        (bases, described): (&[Base<'_>], Option<&Described>),
        destination: &Destination,
        refusal: Error,
    ) -> Result<Arc<dyn TransformPlan>> {
        let is_row_wise = described.is_some_and(Described::is_row_wise);
        let reason = reason(&refusal);
        let left = match (is_row_wise, self.template.parsed()) {
            (false, Ok(statement)) => {
                let rest = (&statement, refusal);
                let allows_failures = described.is_none() || !self.may_run_whole;
                let cut = Box::pin(self.cut(rest, allows_failures, bases, destination)).await;
                cut.and_then(|plan| confirmed(plan, described))
            }
            _ => Err(refusal),
        };
        match (left, described) {
            (Err(err), Some(described))
                if is_refusal(&err) && (is_row_wise || self.may_run_whole) =>
            {
                let note = match is_row_wise {
                    true => format!("the source computes the rows: {reason}"),
                    false => format!("the source runs the whole SELECT: {}", self::reason(&err)),
                };
                described.carried(destination, vec![note])
            }
            (Err(err), None) if err.hint().is_some_and(|hint| hint.contains("on: source")) => {
                Err(err.with_hint(
                    "its tables are in several databases: compute it in a view of one of them",
                ))
            }
            (left, _) => left,
        }
    }

    /// The plan in which the source computes the rows, or the whole result, if `plan` is
    /// [inexact](TransformPlan::inexact), or the last digits of one that it computes depend on how
    /// many each value has; `None` if it may stay as it is, or must.
    fn digit_for_digit(
        &self,
        plan: &dyn TransformPlan,
        (bases, described): (&[Base<'_>], &Described),
        destination: &Destination,
    ) -> Option<Arc<dyn TransformPlan>> {
        let is_row_wise = described.is_row_wise();
        let does = match is_row_wise {
            true => "computes the rows",
            false if self.may_run_whole => "runs the whole SELECT",
            false => return None,
        };
        if let Some(reason) = plan.inexact() {
            let note = format!("the source {does}: {reason}");
            return described.carried(destination, vec![note]).ok();
        }
        let columns = plan.columns().iter().enumerate();
        // What is only computed from more digits is not worth running the whole SELECT there.
        let computed: Vec<Computed> = columns
            .filter(|(_, column)| !column.is_carried || loses_digits(column))
            .filter(|(_, column)| is_row_wise || is_free_numeric(&column.pg_type))
            .map(|(at, column)| Computed {
                at,
                name: column.name.clone(),
                is_free_numeric: is_free_numeric(&column.pg_type),
            })
            .collect();
        // Whatever the parser does not take has been left to the source.
        let Ok(ast::Statement::Query(query)) = self.template.parsed() else {
            return None;
        };
        let tables: Vec<&Table> = bases.iter().map(|base| base.table).collect();
        let Computed { name, .. } = varying(&query, &tables, &computed)?;
        let note = format!("the source {does}: digits of {name:?} depend on each value");
        described.carried(destination, vec![note]).ok()
    }

    /// The plan in which the servers compute what takes one row at a time; `refusal` is why the
    /// engine does not run all of `statement`, and `allows_failures` says whether they may compute what
    /// fails for rows that a join leaves out.
    async fn cut(
        &self,
        (statement, refusal): (&ast::Statement, Error),
        allows_failures: bool,
        bases: &[Base<'_>],
        destination: &Destination,
    ) -> Result<Arc<dyn TransformPlan>> {
        let splitter = Splitter::new(statement, bases).await?;
        let mut native = HashSet::new();
        for select in splitter.candidates() {
            if self.is_native(&select, bases).await {
                native.insert(select);
            }
        }
        let reason = reason(&refusal);
        let mut last = refusal;
        for native in [native, HashSet::new()] {
            let Some(split) = splitter.split(&native) else {
                break;
            };
            let joins = split.delegated.len() > 1;
            if joins && !allows_failures && split.delegated.iter().any(|part| part.may_fail) {
                let message = "what may fail is computed for rows that a join may leave out";
                return Err(refuse(None, message).with_hint(AT_SOURCE));
            }
            let mut planned = Planned::over(bases, split.statement);
            for delegated in split.delegated {
                let name = delegated.name.clone();
                let base = &bases[delegated.table];
                let relation = relation(delegated, base).await?;
                let relation = relation.map_err(|unknown| {
                    refused_by_source(unknown, base.table, self.template.select())
                })?;
                planned.notes.extend(computed_note(&relation, &reason));
                planned.relations.push((name, relation));
            }
            match Box::pin(self.plan_over(planned, destination)).await {
                // What is left out is no hint.
                Err(err) if names_nothing(&err) && names_nothing(&last) => {}
                Err(err) if is_refusal(&err) => last = err,
                planned => return planned,
            }
        }
        Err(last)
    }

    /// Whether the engine computes the one result of `select` as its server does, digit for digit.
    async fn is_native(&self, select: &str, bases: &[Base<'_>]) -> bool {
        let Some(statement) = parsed(select) else {
            return false;
        };
        let planned = Planned::over(bases, statement);
        let destination = Destination::default();
        let represented = self.represented(&planned, &destination, true).await;
        represented.is_ok_and(|(_, represented)| {
            let mut columns = represented.columns.iter();
            columns.all(|column| column.is_carried || !is_free_numeric(&column.pg_type))
        })
    }

    async fn plan_over(
        &self,
        planned: Planned,
        destination: &Destination,
    ) -> Result<Arc<dyn TransformPlan>> {
        let (state, represented) = self.represented(&planned, destination, true).await?;
        let physical = physical(&state, &represented, None).await?;
        let mut explained = displayable(&*physical).indent(false).to_string();
        if filter_in(represented.plan()).is_some() {
            for condition in kept_conditions(self, &planned).await {
                explained += &format!("{condition}\n");
            }
        }
        Ok(Arc::new(SqlPlan {
            transform: self.clone(),
            destination: destination.clone(),
            explained,
            planned,
            state,
            represented,
            executions: Mutex::default(),
            slots: Mutex::default(),
        }))
    }

    async fn optimized(
        &self,
        state: &SessionState,
        planned: &Planned,
        takes_filters: bool,
    ) -> Result<LogicalPlan> {
        let refusal = |name: &str, windowed| {
            let mut tables = planned.tables();
            tables.find_map(|table| functions::refusal_over(table, name, windowed))
        };
        let names: Vec<&str> = planned.relations.iter().map(|(name, _)| &**name).collect();
        let statement = checked(planned.statement.clone(), &names, &refusal)?;
        for (name, relation) in &planned.relations {
            let schema = state.schema_for_ref(TableReference::bare(&**name));
            let table = PlannedTable::new(relation.clone(), takes_filters);
            let registered = schema
                .and_then(|schema| schema.register_table(name.clone(), Arc::new(table)))
                .map_err(planning)?;
            debug_assert!(registered.is_none(), "each relation has a name of its own");
        }
        let plan = state
            .statement_to_plan(Statement::Statement(Box::new(statement)))
            .await
            .map_err(planning)?;
        state.optimize(&plan).map_err(planning)
    }

    async fn represented(
        &self,
        planned: &Planned,
        destination: &Destination,
        takes_filters: bool,
    ) -> Result<(SessionState, Represented)> {
        let mut state = session::state(&self.settings)?;
        let plan = self.optimized(&state, planned, takes_filters).await?;
        let represented = represent(plan, destination).map_err(planning)?;
        session::choose_joins(&mut state, &self.settings, &represented.sizes);
        Ok((state, represented))
    }
}

/// `inputs` by what the SELECT of `template` calls their rows.
///
/// # Errors
/// `Internal`, if they are more or fewer than its tables.
fn named<'a>(template: &'a Template, inputs: &[Input<'a>]) -> Result<Vec<Base<'a>>> {
    let references = template.references();
    if inputs.len() != 1 + references.len() {
        let message = format!("{} tables for {} names", inputs.len(), 1 + references.len());
        return Err(Error::new(ErrorKind::Internal, message));
    }
    let names = references.iter().map(|reference| &*reference.name);
    let names = std::iter::once(SOURCE).chain(names);
    Ok(names
        .zip(inputs)
        .map(|(name, input)| Base::new(name, *input))
        .collect())
}

/// A SELECT, and the tables in it.
#[derive(Clone)]
struct Planned {
    statement: ast::Statement,
    relations: Vec<(String, Relation)>,
    /// What servers do for it, for people.
    notes: Vec<String>,
}

impl Planned {
    /// `statement` over `bases` as they are.
    fn over(bases: &[Base<'_>], statement: ast::Statement) -> Self {
        let relations = bases.iter().enumerate().map(|(number, base)| {
            let relation = Relation::whole(number, base.table.clone());
            (base.name.to_owned(), relation)
        });
        Self {
            statement,
            relations: relations.collect(),
            notes: Vec::new(),
        }
    }

    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.relations.iter().map(|(_, relation)| &relation.table)
    }
}

/// The table that a SELECT over `base` gives, or why the server refuses it.
async fn relation(delegated: Delegated, base: &Base<'_>) -> Result<Result<Relation, QueryRefusal>> {
    let Delegated {
        table,
        whole,
        computed,
        ..
    } = delegated;
    let described = base.catalog.describe(base.table, &whole.query).await?;
    let is_open = may_be_nondeterministic(&whole.query.select, base.table);
    Ok(described.map(|results| {
        let mut columns: Vec<Column> = results.into_iter().map(|result| result.column).collect();
        for column in &mut columns {
            let is_open = is_open && computed.contains(&column.name) && is_text(&column.pg_type);
            column.nondeterministic |= is_open;
        }
        Relation {
            input: table,
            table: Table {
                columns,
                ..base.table.clone()
            },
            query: Some(whole.query),
            keeps_rows_apart: whole.keeps_rows_apart,
            computed,
        }
    }))
}

/// Whether text that `select` computes over `table` may have a collation by which texts that differ are
/// equal.
fn may_be_nondeterministic(select: &str, table: &Table) -> bool {
    table.columns.iter().any(|column| column.nondeterministic)
        || parsed(select).is_none_or(|statement| names_collations(&statement))
}

/// Whether `pg_type` has a collation, or is a domain of one that has.
fn is_text(pg_type: &PgType) -> bool {
    [oid::TEXT, oid::VARCHAR, oid::BPCHAR].contains(&pg_type.without_domains().oid)
}

/// What of `relation` the source computes, and that `reason` is why.
fn computed_note(relation: &Relation, reason: &str) -> Option<String> {
    let computed = relation.table.columns.iter();
    let computed: Vec<&str> = computed
        .filter(|column| relation.computed.contains(&column.name))
        .map(|column| &*column.name)
        .collect();
    match computed.is_empty() {
        true => None,
        false => Some(format!(
            "the source computes {}: {reason}",
            computed.join(", ")
        )),
    }
}

/// Why the engine refuses, in one line.
fn reason(refusal: &Error) -> String {
    refusal.to_string().replace(" and is refused", "")
}

/// Whether `column` is carried by value, without the digits that each value has.
fn loses_digits(column: &OutputColumn) -> bool {
    is_free_numeric(&column.pg_type) && column.representation == Representation::Native
}

/// Whether `pg_type` is numeric without precision.
fn is_free_numeric(pg_type: &PgType) -> bool {
    let pg_type = pg_type.without_domains();
    pg_type.oid == oid::NUMERIC && pg_type.typmod == -1
}

/// `plan`, if the source describes its result in the same way, or does not know it.
///
/// # Errors
/// `Config`, with the column that differs in name or type.
fn confirmed(
    plan: Arc<dyn TransformPlan>,
    described: Option<&Described>,
) -> Result<Arc<dyn TransformPlan>> {
    match described.and_then(|described| described.objection(plan.columns())) {
        Some(objection) => Err(objection),
        None => Ok(plan),
    }
}

/// Whether no plan was made for another reason than what the SELECT says.
fn is_failure(plan: &Result<Arc<dyn TransformPlan>>) -> bool {
    plan.as_ref().is_err_and(|err| !is_refusal(err))
}

/// Whether `err` is about a name that nothing has.
fn names_nothing(err: &Error) -> bool {
    err.to_string().contains("does not exist")
}

/// Whether another plan may do what this one does not.
fn is_refusal(err: &Error) -> bool {
    // No row has been read: what cannot be decoded is a constant of the SELECT.
    let kind = err.kind();
    matches!(
        kind,
        ErrorKind::Config | ErrorKind::UnsupportedType | ErrorKind::Decode
    )
}

#[async_trait]
impl Transform for SqlTransform {
    fn references(&self) -> &[Reference] {
        self.template.references()
    }

    async fn plan(
        &self,
        inputs: &[Input<'_>],
        destination: &Destination,
    ) -> Result<Arc<dyn TransformPlan>> {
        let bases = self.bases(inputs)?;
        let native = match self.template.parsed() {
            Ok(statement) => {
                let planned = Planned::over(&bases, statement);
                Box::pin(self.plan_over(planned, destination)).await
            }
            Err(err) => Err(err),
        };
        if !bases.iter().all(|base| base.catalog.runs_sql()) || is_failure(&native) {
            return native;
        }
        let described = match self.described(&bases).await? {
            Some(Err(unknown)) => {
                return Err(self.explained(unknown, bases[0].table, native.err()));
            }
            Some(Ok(described)) => Some(described),
            None => None,
        };
        let described = described.as_ref();
        let plan = match native.and_then(|plan| confirmed(plan, described)) {
            Err(refusal) => {
                Box::pin(self.delegated((&bases, described), destination, refusal)).await?
            }
            Ok(plan) => plan,
        };
        let exact = described
            .and_then(|described| self.digit_for_digit(&*plan, (&bases, described), destination));
        Ok(exact.unwrap_or(plan))
    }

    fn select(&self) -> Option<String> {
        Some(self.template.select().to_owned())
    }

    fn at_source(&self) -> Option<Arc<dyn Transform>> {
        let transform = SourceTransform::of(self.template.clone()).ok()?;
        Some(Arc::new(transform))
    }
}

/// A SELECT planned over its tables.
struct SqlPlan {
    transform: SqlTransform,
    destination: Destination,
    planned: Planned,
    explained: String,
    state: SessionState,
    represented: Represented,
    /// What has been run, for its times.
    executions: Mutex<Vec<Arc<dyn ExecutionPlan>>>,
    /// Likewise, of slots.
    slots: Mutex<Vec<Arc<Slots>>>,
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

    fn inexact(&self) -> Option<&'static str> {
        let mut columns = self.represented.scans.iter().flat_map(|scan| &scan.columns);
        let is_free = |column: &ScanColumn| {
            column.representation == Representation::Native && is_free_numeric(&column.pg_type)
        };
        if columns.any(is_free) {
            return Some("numerics without precision have digits of their own");
        }
        functions::difference(self.represented.plan())
    }

    fn notes(&self) -> &[String] {
        &self.planned.notes
    }

    fn explain(&self) -> Option<String> {
        Some(self.explained.clone())
    }

    async fn execute(&self, sources: &[Arc<dyn Source>]) -> Result<Vec<BatchStream>> {
        let physical = match sources.iter().all(|source| source.accepts_filters()) {
            true => physical(&self.state, &self.represented, Some(sources)).await?,
            false => self.physical_with_filters(sources).await?,
        };
        lock(&self.executions).push(Arc::clone(&physical));
        let streams =
            execute_stream_partitioned(physical, self.state.task_ctx()).map_err(running)?;
        Ok(streams
            .into_iter()
            .map(|stream| stream.map_err(running).boxed())
            .collect())
    }

    fn carried(&self) -> Option<Vec<Option<usize>>> {
        Some(self.represented.row_wise()?.carried())
    }

    async fn execute_slots(
        &self,
        sources: &[Arc<dyn Source>],
        slots: &[Slot],
    ) -> Result<Vec<BatchStream>> {
        let rows = self.represented.row_wise().ok_or_else(no_slots)?;
        let source = sources.get(rows.scan.input).ok_or_else(no_slots)?;
        let slots = rows.slots(slots, self.state.execution_props());
        let slots = Arc::new(slots.map_err(planning)?);
        lock(&self.slots).push(Arc::clone(&slots));
        let partitions = 0..source.partition_count(&slots.scan);
        Ok(partitions
            .map(|partition| {
                let slots = Arc::clone(&slots);
                let batches = source.read(&slots.scan, partition);
                batches
                    .map(move |batch| slots.of(&batch?).map_err(running))
                    .boxed()
            })
            .collect())
    }

    fn compute_time(&self) -> Duration {
        let planned: Duration = lock(&self.executions).iter().map(compute_time).sum();
        let slots: Duration = lock(&self.slots).iter().map(|slots| slots.time()).sum();
        planned + slots
    }
}

fn no_slots() -> Error {
    let message = "only rows of one scan that are computed each by itself have slots";
    Error::new(ErrorKind::Internal, message)
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
        sources: &[Arc<dyn Source>],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planned = self
            .transform
            .represented(&self.planned, &self.destination, false)
            .await;
        let (state, represented) = planned?;
        if represented.columns != self.represented.columns {
            return Err(Error::new(
                ErrorKind::Internal,
                "the source applies no filters, and without them the result has other types",
            ));
        }
        physical(&state, &represented, Some(sources)).await
    }
}

async fn physical(
    state: &SessionState,
    represented: &Represented,
    sources: Option<&[Arc<dyn Source>]>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = represented.plan_over(sources).map_err(planning)?;
    // The logical optimizer has run: a second time it would see columns it cannot compute on.
    state
        .query_planner()
        .create_physical_plan(&plan, state)
        .await
        .map_err(planning)
}

//! Plans that compute each row by itself: what they only carry need not be looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column as Reference, DFSchema, Result, internal_datafusion_err};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::logical_plan::Projection;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use towpath_engine::source::{Scan, Shape};
use towpath_engine::transform::Slot;

use super::relay;

/// Projections, one over the other, over one scan.
pub(crate) struct RowWise<'a> {
    /// What is read.
    pub(crate) scan: Scan,
    /// The projections, the first over the scan.
    projections: Vec<&'a Projection>,
}

impl<'a> RowWise<'a> {
    /// `plan`, if it is no more than that.
    pub(super) fn of(plan: &'a LogicalPlan) -> Option<Self> {
        match plan {
            LogicalPlan::SubqueryAlias(alias) => Self::of(&alias.input),
            LogicalPlan::Projection(projection) => {
                let mut rows = Self::of(&projection.input)?;
                rows.projections.push(projection);
                projection.expr.iter().all(is_of_one_row).then_some(rows)
            }
            LogicalPlan::TableScan(table) => Some(Self {
                scan: relay::whole(table)?,
                projections: Vec::new(),
            }),
            _ => None,
        }
    }

    /// For each column of the result, the column of the scan that it is.
    pub(crate) fn carried(&self) -> Vec<Option<usize>> {
        let mut carried: Vec<_> = (0..self.scan.columns.len()).map(Some).collect();
        for projection in &self.projections {
            let below = std::mem::take(&mut carried);
            let column = |expr: &Expr| below[input_of(projection, relay::plain(expr)?)?];
            carried = projection.expr.iter().map(column).collect();
        }
        carried
    }

    /// What makes batches of `slots`.
    ///
    /// # Errors
    /// `Internal`, if there are no such slots, or an expression is none of one row.
    pub(crate) fn slots(&self, slots: &[Slot], props: &ExecutionProps) -> Result<Slots> {
        let carried = self.carried();
        let mut wanted: Vec<usize> = slots.iter().filter_map(column_of).collect();
        let mut stages = Vec::new();
        for projection in self.projections.iter().rev() {
            let (stage, inputs) = Stage::of(projection, &wanted, props)?;
            stages.push(stage);
            wanted = inputs;
        }
        stages.reverse();
        let runs = slots.iter().filter_map(|slot| match slot {
            Slot::Column(_) => None,
            Slot::Run(run) => Some(run),
        });
        let runs = runs.map(|run| {
            let start = carried.get(run.start).copied().flatten();
            let start = start.ok_or_else(|| internal_datafusion_err!("{run:?} is not carried"))?;
            Ok(start..start + run.len())
        });
        let shape = Shape::Runs {
            columns: wanted,
            runs: runs.collect::<Result<_>>()?,
        };
        Ok(Slots {
            scan: Scan {
                shape,
                ..self.scan.clone()
            },
            stages,
            slots: slots.to_vec(),
            nanoseconds: AtomicU64::new(0),
        })
    }
}

fn column_of(slot: &Slot) -> Option<usize> {
    match slot {
        Slot::Column(at) => Some(*at),
        Slot::Run(_) => None,
    }
}

/// Whether `expr` asks for no other rows.
fn is_of_one_row(expr: &Expr) -> bool {
    let asks = expr.exists(|expr| {
        Ok(matches!(
            expr,
            Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_)
        ))
    });
    !asks.unwrap_or(true)
}

/// The number of the input's column that `column` names.
fn input_of(projection: &Projection, column: &Reference) -> Option<usize> {
    projection.input.schema().index_of_column(column).ok()
}

/// The expressions of one projection that are wanted, over those of its columns that they use.
struct Stage {
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    /// The schema of what they make.
    schema: SchemaRef,
}

impl Stage {
    /// The `wanted` expressions of `projection`, by number, and the numbers of the input's columns
    /// that they are over.
    fn of(
        projection: &Projection,
        wanted: &[usize],
        props: &ExecutionProps,
    ) -> Result<(Self, Vec<usize>)> {
        let exprs: Vec<&Expr> = wanted.iter().map(|&at| &projection.expr[at]).collect();
        let mut inputs: Vec<usize> = exprs
            .iter()
            .flat_map(|expr| expr.column_refs())
            .filter_map(|column| input_of(projection, column))
            .collect();
        inputs.sort_unstable();
        inputs.dedup();
        let schema = projection.input.schema();
        let fields = inputs.iter().map(|&at| {
            let (qualifier, field) = schema.qualified_field(at);
            (qualifier.cloned(), Arc::clone(field))
        });
        let input = DFSchema::new_with_metadata(fields.collect(), Default::default())?;
        let context = PhysicalPlanningContext::default();
        let physical = exprs
            .iter()
            .map(|expr| create_physical_expr(expr, &input, props, &context));
        let fields = wanted
            .iter()
            .map(|&at| Arc::clone(projection.schema.field(at)));
        let stage = Self {
            exprs: physical.collect::<Result<_>>()?,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        };
        Ok((stage, inputs))
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let arrays = self.exprs.iter().map(|expr| {
            let value = expr.evaluate(batch)?;
            value.into_array(batch.num_rows())
        });
        batch_of(
            &self.schema,
            arrays.collect::<Result<_>>()?,
            batch.num_rows(),
        )
    }
}

fn batch_of(schema: &SchemaRef, arrays: Vec<ArrayRef>, row_count: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(row_count));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        arrays,
        &options,
    )?)
}

/// What makes batches of slots out of those of a scan.
pub(crate) struct Slots {
    /// What is read.
    pub(crate) scan: Scan,
    stages: Vec<Stage>,
    slots: Vec<Slot>,
    nanoseconds: AtomicU64,
}

impl Slots {
    /// The slots of the rows in `batch`, which is one of the scan.
    pub(crate) fn of(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let began = Instant::now();
        let run_count = self
            .slots
            .iter()
            .filter(|slot| column_of(slot).is_none())
            .count();
        let decoded: Vec<usize> = (0..batch.num_columns() - run_count).collect();
        let mut runs = batch.columns()[decoded.len()..].iter();
        let mut rows = batch.project(&decoded)?;
        for stage in &self.stages {
            rows = stage.evaluate(&rows)?;
        }
        let schema = rows.schema();
        let fields = schema.fields().iter().cloned();
        let mut columns = fields.zip(rows.columns().iter().cloned());
        let slots = self.slots.iter().filter_map(|slot| match slot {
            Slot::Column(_) => columns.next(),
            Slot::Run(_) => {
                let field = Field::new("fields", DataType::Binary, false);
                Some((Arc::new(field), Arc::clone(runs.next()?)))
            }
        });
        let (fields, arrays): (Vec<_>, Vec<_>) = slots.unzip();
        let slots = batch_of(&Arc::new(Schema::new(fields)), arrays, batch.num_rows());
        let elapsed = began.elapsed().as_nanos() as u64;
        self.nanoseconds.fetch_add(elapsed, Ordering::Relaxed);
        slots
    }

    /// The time that computing has taken.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }
}

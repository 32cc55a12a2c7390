//! Columns that are read twice: once to compute on, once to carry as they are.

use datafusion::common::{Column as Reference, JoinType, Result};
use datafusion::logical_expr::logical_plan::Projection;
use datafusion::logical_expr::{Expr, LogicalPlan};
use towpath_engine::types::{PgType, TypeKind, native_type, oid};

use super::lineage::{Lineage, plain_column};
use super::{Origin, Scanned, scan_number};

/// One such column: which, and the column of the result that carries it.
#[derive(Clone, Debug)]
pub(super) struct Twin {
    /// The column and its scan.
    pub(super) origin: Origin,
    /// Position in the result.
    pub(super) output: usize,
}

impl Twin {
    /// The name of its field: the control character keeps it apart from any column's.
    pub(super) fn field_name(&self) -> String {
        format!(
            "{}\u{1}{}\u{1}{}",
            self.origin.1, self.origin.0, self.output
        )
    }
}

/// The columns of the result that must be read a second time to arrive as they were.
///
/// Where the plan has no way to thread a second column through, the computed form has to do.
pub(super) fn wanted(
    plan: &LogicalPlan,
    lineage: &Lineage,
    scanned: &Scanned,
) -> Result<Vec<Twin>> {
    let mut wanted = Vec::new();
    for (output, origin) in lineage.outputs().iter().enumerate() {
        let Some(origin) = origin else {
            continue;
        };
        let pg_type = &scanned.column(origin)?.pg_type;
        let inexact = lineage.is_computed(origin) && !is_exact_when_computed(pg_type);
        if inexact && find(plan, output).as_ref() == Some(origin) {
            wanted.push(Twin {
                origin: origin.clone(),
                output,
            });
        }
    }
    Ok(wanted)
}

/// Whether the form in which SQL computes on `pg_type` holds all that PostgreSQL stores.
///
/// A numeric without precision loses its display scale, a list its bounds, an interval its range.
fn is_exact_when_computed(pg_type: &PgType) -> bool {
    let base = pg_type.without_domains();
    if native_type(base).is_none() {
        return true;
    }
    match base.oid {
        oid::NUMERIC => base.typmod != -1,
        oid::INTERVAL => false,
        _ => !matches!(base.kind, TypeKind::Array(_)),
    }
}

/// Follows output column `at` of `plan` down to its scan, through nodes that pass columns on.
fn find(plan: &LogicalPlan, at: usize) -> Option<Origin> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let name = scan.projected_schema.field(at).name().clone();
            Some((scan_number(scan).ok()?, name))
        }
        LogicalPlan::Projection(projection) => {
            let column = plain_column(&projection.expr[at])?;
            let at = projection.input.schema().index_of_column(column).ok()?;
            find(&projection.input, at)
        }
        LogicalPlan::Filter(filter) => find(&filter.input, at),
        LogicalPlan::Sort(sort) => find(&sort.input, at),
        LogicalPlan::Limit(limit) => find(&limit.input, at),
        LogicalPlan::SubqueryAlias(alias) => find(&alias.input, at),
        LogicalPlan::Window(window) => {
            (at < window.input.schema().fields().len()).then(|| find(&window.input, at))?
        }
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            match join.join_type {
                JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
                    match at < left {
                        true => find(&join.left, at),
                        false => find(&join.right, at - left),
                    }
                }
                JoinType::LeftSemi | JoinType::LeftAnti => find(&join.left, at),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Lets the twins in a projection's input through; other nodes pass them on by themselves.
pub(super) fn thread(node: LogicalPlan, twins: &[Twin]) -> Result<LogicalPlan> {
    let LogicalPlan::Projection(mut projection) = node else {
        return Ok(node);
    };
    for twin in twins {
        if let Some(column) = reference(&projection.input, twin) {
            projection.expr.push(Expr::Column(column));
        }
    }
    Ok(LogicalPlan::Projection(projection))
}

fn reference(plan: &LogicalPlan, twin: &Twin) -> Option<Reference> {
    let name = twin.field_name();
    plan.schema()
        .iter()
        .find(|(_, field)| *field.name() == name)
        .map(|(qualifier, field)| Reference::new(qualifier.cloned(), field.name().clone()))
}

/// Puts the twins in the places of the columns they stand for, and hides them otherwise.
pub(super) fn select(plan: LogicalPlan, twins: &[Twin]) -> Result<LogicalPlan> {
    if twins.is_empty() {
        return Ok(plan);
    }
    let hidden = twins
        .iter()
        .filter(|twin| reference(&plan, twin).is_some())
        .count();
    let width = plan.schema().fields().len() - hidden;
    let mut exprs = Vec::with_capacity(width);
    let visible = plan
        .schema()
        .iter()
        .filter(|(_, field)| twins.iter().all(|twin| twin.field_name() != **field.name()));
    for (at, (qualifier, field)) in visible.enumerate() {
        let twin = twins
            .iter()
            .find(|twin| twin.output == at)
            .and_then(|twin| reference(&plan, twin));
        exprs.push(match twin {
            Some(twin) => Expr::Column(twin).alias_qualified(qualifier.cloned(), field.name()),
            None => Expr::Column(Reference::new(qualifier.cloned(), field.name().clone())),
        });
    }
    Ok(LogicalPlan::Projection(Projection::try_new(
        exprs,
        std::sync::Arc::new(plan),
    )?))
}

//! Plans that only choose and name columns: their rows are those of one.

use datafusion::common::Column as Reference;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::logical_plan::TableScan;
use datafusion::logical_expr::{Expr, LogicalPlan};
use towpath_engine::source::{Scan, ScanColumn};

use crate::provider::downcast;

/// The scan whose rows, column by column, are those of `plan`; `None` if anything is computed,
/// left out or counted on the way.
pub(super) fn scan(plan: &LogicalPlan) -> Option<Scan> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => scan(&alias.input),
        LogicalPlan::Projection(projection) => {
            let input = scan(&projection.input)?;
            let column = |expr: &Expr| -> Option<ScanColumn> {
                let at = projection
                    .input
                    .schema()
                    .index_of_column(plain(expr)?)
                    .ok()?;
                input.columns.get(at).cloned()
            };
            let columns = projection.expr.iter().map(column);
            Some(Scan {
                columns: columns.collect::<Option<_>>()?,
                ..input
            })
        }
        LogicalPlan::TableScan(table) => whole(table),
        _ => None,
    }
}

/// What a scan of the plan reads, if every partition may give all that it has.
pub(super) fn whole(table: &TableScan) -> Option<Scan> {
    let provider = source_as_provider(&table.source).ok()?;
    let scan = downcast(&*provider)?.scan_of().clone();
    if table.fetch.is_some() || scan.limit.is_some() || !table.filters.is_empty() {
        return None;
    }
    let columns = match &table.projection {
        None => scan.columns.clone(),
        Some(projection) => {
            let columns = projection.iter().map(|&at| scan.columns.get(at).cloned());
            columns.collect::<Option<_>>()?
        }
    };
    Some(Scan { columns, ..scan })
}

/// The column that `expr` is under a name.
pub(super) fn plain(expr: &Expr) -> Option<&Reference> {
    match expr {
        Expr::Alias(alias) => plain(&alias.expr),
        Expr::Column(column) => Some(column),
        _ => None,
    }
}

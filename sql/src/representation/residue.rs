//! What is left for the engine to decide after pushdown, and must not be: collations, equal values that
//! look different, and types that only the source knows.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ExprSchema};
use datafusion::logical_expr::expr::{AggregateFunction, ScalarFunction, WindowFunction};
use datafusion::logical_expr::logical_plan::{Aggregate, Join, Sort};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, SortExpr};
use towpath_engine::{Error, Result};

use crate::functions::{columns, is_collate_c, opaque_comparison};
use crate::template::{AT_SOURCE, refuse};

/// Refuses `plan` if rows could depend on the order of text or on a type of the source's.
///
/// # Errors
/// `Config`, with the way out.
pub(super) fn check(plan: &LogicalPlan) -> Result<()> {
    walk(plan, false)
}

/// Checks `plan`; `ordered` says whether the order of its rows decides which rows there are.
fn walk(plan: &LogicalPlan, ordered: bool) -> Result<()> {
    let schema = merge_schema(&plan.inputs());
    let mut found = None;
    let _ = plan.apply_expressions(|expr| {
        expr.apply(|inner| {
            found = found.take().or_else(|| expression(inner, &schema));
            Ok(match found {
                Some(_) => TreeNodeRecursion::Stop,
                None => TreeNodeRecursion::Continue,
            })
        })
    });
    // Filters of a scan are the source's to decide.
    if let (Some(err), false) = (found, matches!(plan, LogicalPlan::TableScan(_))) {
        return Err(err);
    }
    if let LogicalPlan::Join(join) = plan {
        check_keys_of_join(join, &schema)?;
    }
    if let LogicalPlan::Aggregate(Aggregate { group_expr, .. }) = plan {
        if group_expr.iter().any(|key| is_float(key, &schema)) {
            return Err(grouped_floats());
        }
        if group_expr
            .iter()
            .any(|key| is_compared_otherwise(key, &schema))
        {
            return Err(compared_otherwise());
        }
    }
    let below = match plan {
        LogicalPlan::Limit(_) => true,
        LogicalPlan::Sort(sort) => {
            if ordered || sort.fetch.is_some() {
                check_sort(sort)?;
            }
            false
        }
        LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => {
            ordered
        }
        _ => false,
    };
    let mut subqueries = Ok(());
    let _ = plan.apply_subqueries(|subquery| {
        if subqueries.is_ok() {
            subqueries = walk(subquery, false);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    subqueries?;
    plan.inputs()
        .into_iter()
        .try_for_each(|input| walk(input, below))
}

/// Zero and minus zero are equal, and PostgreSQL shows the one that came first.
fn grouped_floats() -> Error {
    refuse(
        None,
        "what a group of equal floats looks like depends on their order",
    )
    .with_hint(AT_SOURCE)
}

fn is_float(key: &Expr, schema: &DFSchema) -> bool {
    let data_type = key.get_type(schema);
    data_type.is_ok_and(|data_type| data_type.is_floating())
}

fn check_sort(sort: &Sort) -> Result<()> {
    let schema = sort.input.schema();
    if sorts_otherwise(&sort.expr, schema) {
        return Err(compared_otherwise());
    }
    match by_local_text(&sort.expr, schema) {
        true => Err(unordered("which rows a LIMIT keeps")),
        false => Ok(()),
    }
}

/// To PostgreSQL, a month is as long as 30 days, and arrays have bounds.
fn compared_otherwise() -> Error {
    refuse(None, "intervals and arrays are compared otherwise here").with_hint(AT_SOURCE)
}

fn is_compared_otherwise(expr: &Expr, schema: &DFSchema) -> bool {
    matches!(
        expr.get_type(schema),
        Ok(DataType::Interval(_) | DataType::List(_))
    )
}

fn expression(expr: &Expr, schema: &DFSchema) -> Option<Error> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right })
            if op.supports_propagation() && in_conflict(left, right, schema) =>
        {
            Some(conflict())
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_ordering(*op) => {
            let neutral = |expr: &Expr| is_text(expr, schema) && !is_local_text(expr, schema);
            let local = is_local_text(left, schema) || is_local_text(right, schema);
            // One side in C decides for both; a constant decides nothing.
            let constant = |expr: &Expr| matches!(expr, Expr::Literal(..));
            let decided = neutral(left) && !constant(left) || neutral(right) && !constant(right);
            (local && !decided).then(|| unordered(&format!("text {op} text")))
        }
        Expr::ScalarFunction(call) => function(call, schema),
        Expr::AggregateFunction(call) => aggregate(call, schema),
        Expr::WindowFunction(call) => window(call, schema),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => null_test(inner, schema),
        _ => None,
    }
}

/// Whether columns are compared that have two collations, neither of them the default one.
fn in_conflict(left: &Expr, right: &Expr, schema: &DFSchema) -> bool {
    let collation = |expr: &Expr| {
        let field = schema.field_from_column(expr.try_as_col()?).ok()?;
        columns::collation(field).map(ToOwned::to_owned)
    };
    let collations = collation(left).zip(collation(right));
    collations.is_some_and(|(left, right)| left != right)
}

fn check_keys_of_join(join: &Join, schema: &DFSchema) -> Result<()> {
    for (left, right) in &join.on {
        if in_conflict(left, right, schema) {
            return Err(conflict());
        }
        if is_compared_otherwise(left, schema) {
            return Err(compared_otherwise());
        }
    }
    Ok(())
}

fn conflict() -> Error {
    refuse(None, "two columns are compared that have two collations")
        .with_hint("say by which: x COLLATE \"C\" = y")
}

/// Whether a row is NULL depends on its fields, which are not looked into.
fn null_test(inner: &Expr, schema: &DFSchema) -> Option<Error> {
    let row = inner.column_refs().into_iter().find(|column| {
        let field = schema.field_from_column(column);
        field.is_ok_and(|field| columns::holds_rows(field))
    })?;
    let message = format!(
        "whether a row is NULL depends on its fields, and column {:?} holds rows",
        row.name
    );
    let hint = "use it alone in WHERE over {{ source }}, or let the source run it (on: source)";
    Some(refuse(None, message).with_hint(hint))
}

fn is_ordering(op: Operator) -> bool {
    matches!(
        op,
        Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq
    )
}

fn function(call: &ScalarFunction, schema: &DFSchema) -> Option<Error> {
    if opaque_comparison(call).is_some() {
        let column = call.args.first().map(ToString::to_string);
        let message = format!(
            "the comparison with {} cannot be decided outside the source",
            column.as_deref().unwrap_or("this column")
        );
        return Some(refuse(None, message).with_hint(
            "use it alone in WHERE over {{ source }}, or let the source run it (on: source)",
        ));
    }
    let orders = matches!(call.name(), "greatest" | "least");
    (orders && call.args.iter().any(|arg| is_local_text(arg, schema)))
        .then(|| unordered(&format!("{} of text", call.name())))
}

fn aggregate(call: &AggregateFunction, schema: &DFSchema) -> Option<Error> {
    let name = call.func.name();
    let args = &call.params.args;
    let orders = matches!(name, "min" | "max") && args.iter().any(|arg| is_local_text(arg, schema));
    let what = match args.first() {
        Some(Expr::Column(column)) => format!("text in column {:?}", column.name),
        _ => "text".to_owned(),
    };
    let keys = &call.params.order_by;
    if sorts_otherwise(keys, schema) {
        return Some(compared_otherwise());
    }
    (orders || by_local_text(keys, schema)).then(|| unordered(&format!("{name} of {what}")))
}

fn window(call: &WindowFunction, schema: &DFSchema) -> Option<Error> {
    let name = call.fun.name();
    let args = &call.params.args;
    let orders = matches!(name, "min" | "max") && args.iter().any(|arg| is_local_text(arg, schema));
    let keys = &call.params.order_by;
    if sorts_otherwise(keys, schema) {
        return Some(compared_otherwise());
    }
    (orders || by_local_text(keys, schema))
        .then(|| unordered(&format!("{name} over a window ordered by text")))
}

fn by_local_text(keys: &[SortExpr], schema: &DFSchema) -> bool {
    keys.iter().any(|key| is_local_text(&key.expr, schema))
}

fn sorts_otherwise(keys: &[SortExpr], schema: &DFSchema) -> bool {
    keys.iter()
        .any(|key| is_compared_otherwise(&key.expr, schema))
}

fn is_text(expr: &Expr, schema: &DFSchema) -> bool {
    matches!(
        expr.get_type(schema),
        Ok(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
    )
}

/// Whether `expr` is text that the source orders by a locale, as far as is known.
fn is_local_text(expr: &Expr, schema: &DFSchema) -> bool {
    is_text(expr, schema) && !is_in_c(expr, schema)
}

fn is_in_c(expr: &Expr, schema: &DFSchema) -> bool {
    match expr {
        Expr::Literal(..) => true,
        Expr::Alias(alias) => is_in_c(&alias.expr, schema),
        Expr::Column(column) => schema
            .field_from_column(column)
            .is_ok_and(|field| columns::is_in_c(field)),
        Expr::ScalarFunction(call) => is_collate_c(call),
        _ => false,
    }
}

fn unordered(what: &str) -> Error {
    refuse(
        None,
        format!("{what} depends on the collation of the source"),
    )
    .with_hint("write x COLLATE \"C\" to order by bytes, or let the source run it (on: source)")
}

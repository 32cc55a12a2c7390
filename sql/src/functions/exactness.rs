//! What a plan may give otherwise than the source: last digits, and errors.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};

use super::types::{Pg, pg};

/// Why results of `plan` may be others than the source's in their last digits, or end in an error where
/// the source's do not; `None` if they are the same.
pub(crate) fn difference(plan: &LogicalPlan) -> Option<&'static str> {
    let mut found = None;
    // Nothing in it fails.
    let _ = plan.apply_with_subqueries(|node| {
        if matches!(node, LogicalPlan::TableScan(_)) {
            return Ok(TreeNodeRecursion::Continue);
        }
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                found = found.or_else(|| of_expression(expr, &schema));
                Ok(match found {
                    Some(_) => TreeNodeRecursion::Stop,
                    None => TreeNodeRecursion::Continue,
                })
            })
        })
    });
    found
}

fn of_expression(expr: &Expr, schema: &DFSchema) -> Option<&'static str> {
    let are_floats = |args: &[Expr]| {
        let mut types = args.iter().filter_map(|arg| arg.get_type(schema).ok());
        types.any(|data_type| pg(&data_type).is_some_and(Pg::is_float))
    };
    let is_found = match expr {
        Expr::AggregateFunction(call) => {
            is_by_order(call.func.name()) && are_floats(&call.params.args)
        }
        Expr::WindowFunction(call) => {
            let is_ordered = !call.params.order_by.is_empty();
            is_by_order(call.fun.name()) && !is_ordered && are_floats(&call.params.args)
        }
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::And | Operator::Or,
            right,
        }) if computes(left) || computes(right) => {
            return Some("PostgreSQL does not evaluate every side of AND and OR");
        }
        Expr::ScalarFunction(call) if reads_time(call, schema) => {
            return Some("PostgreSQL reads more spellings of times");
        }
        _ => false,
    };
    is_found.then_some("what floats give depends on the order of its rows")
}

/// Whether what an aggregate makes of floats depends on their order: the last digits of a sum, and
/// which of zero and minus zero is the least.
fn is_by_order(function: &str) -> bool {
    matches!(function, "avg" | "max" | "min" | "sum")
}

/// Whether `expr` has arithmetic in it, which may overflow where PostgreSQL would not have come to it.
fn computes(expr: &Expr) -> bool {
    let found = expr.exists(|inner| {
        Ok(matches!(inner, Expr::ScalarFunction(call)
            if matches!(call.name(), "+" | "-" | "*" | "/" | "%" | "power")))
    });
    found.unwrap_or(true)
}

/// Whether `call` casts text that is no constant to a time.
fn reads_time(call: &ScalarFunction, schema: &DFSchema) -> bool {
    let [arg] = &*call.args else {
        return false;
    };
    let is_text = |data_type: DataType| data_type == DataType::Utf8;
    if call.name() != "cast"
        || matches!(arg, Expr::Literal(..))
        || !arg.get_type(schema).is_ok_and(is_text)
    {
        return false;
    }
    let wanted = call.func.return_type(&[DataType::Utf8]).ok();
    wanted.as_ref().and_then(pg).is_some_and(|known| {
        use Pg::{Date, Interval, Time, Timestamp, TimestampTz};
        matches!(known, Date | Interval | Time | Timestamp | TimestampTz)
    })
}

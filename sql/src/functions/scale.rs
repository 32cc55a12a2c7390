//! Whether every value of a numeric has, in PostgreSQL, the digits after the point of its Arrow type.
//!
//! Division, averages and text forms depend on them. They are known of columns and casts with
//! precision and scale, and of what is computed from those without dividing.

use std::collections::HashMap;

use datafusion::common::metadata::FieldMetadata;
use datafusion::common::{DFSchema, ExprSchema};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::quotient::QUOTIENT_SCALE;
use super::types::{Pg, digits, pg};
use super::{columns, declared};

/// Metadata key of a field whose values have its type's digits.
const SCALE_KEY: &str = "towpath.scale";

/// Whether the digits of `expr` are known.
pub(super) fn is_known(expr: &Expr, schema: &DFSchema) -> bool {
    let Ok(data_type) = expr.get_type(schema) else {
        return false;
    };
    if pg(&data_type) != Some(Pg::Numeric) {
        return true;
    }
    if let Expr::Column(column) = expr
        && schema.field_from_column(column).is_ok_and(|field| {
            columns::source_type(field).is_some_and(|sql| sql.starts_with("numeric("))
        })
    {
        return true;
    }
    // Scales from there on are those of quotients, which differ from value to value.
    if digits(&data_type).is_none_or(|(_, scale)| scale >= QUOTIENT_SCALE) {
        return false;
    }
    let all = |args: &[Expr]| args.iter().all(|arg| is_known(arg, schema));
    match expr {
        Expr::Literal(..) => true,
        Expr::Column(column) => schema.field_from_column(column).is_ok_and(|field| {
            declared::of(field).is_some() || field.metadata().contains_key(SCALE_KEY)
        }),
        Expr::Alias(alias) => is_known(&alias.expr, schema),
        Expr::Cast(cast) => {
            let from = cast.expr.get_type(schema).ok();
            let from = from.as_ref().and_then(digits);
            let to = digits(&data_type);
            is_known(&cast.expr, schema)
                && from.zip(to).is_some_and(|((_, from), (_, to))| from == to)
        }
        Expr::ScalarFunction(call) => function(call, schema),
        Expr::AggregateFunction(call) => {
            matches!(call.func.name(), "sum" | "min" | "max") && all(&call.params.args)
        }
        Expr::WindowFunction(call) => !matches!(call.fun.name(), "avg") && all(&call.params.args),
        _ => false,
    }
}

fn function(call: &ScalarFunction, schema: &DFSchema) -> bool {
    match call.name() {
        "round" | "trunc" | "ceil" | "ceiling" | "floor" | "sign" | "extract" => true,
        "+" | "-" | "*" | "%" | "mod" | "abs" => call.args.iter().all(|arg| is_known(arg, schema)),
        "nullif" => call
            .args
            .first()
            .is_some_and(|first| is_known(first, schema)),
        _ => {
            let field = Expr::ScalarFunction(call.clone()).to_field(schema);
            field.is_ok_and(|(_, field)| declared::of(&field).is_some())
        }
    }
}

/// `expr` under the name `name`, with what is known of its digits.
pub(super) fn remember(expr: Expr, schema: &DFSchema) -> Expr {
    let is_numeric = expr
        .get_type(schema)
        .is_ok_and(|data_type| pg(&data_type) == Some(Pg::Numeric));
    if !is_numeric || matches!(expr, Expr::Column(_)) || !is_known(&expr, schema) {
        return expr;
    }
    let key = HashMap::from([(SCALE_KEY.to_owned(), String::new())]);
    let (qualifier, name) = expr.qualified_name();
    let inner = match expr {
        Expr::Alias(alias) => *alias.expr,
        expr => expr,
    };
    inner.alias_qualified_with_metadata(qualifier, name, Some(FieldMetadata::from(key)))
}

//! Numerics of which the source knows more than the engine: as many digits as each value has.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr, Ident, Query, SelectItem, SetExpr,
    Value, ValueWithSpan, Visit, Visitor,
};
use towpath_engine::table::Table;
use towpath_engine::types::oid;

use super::shape::name_of;
use crate::template::folded;

/// Functions that give a numeric as many digits as their argument has, or as they are asked for.
const KEEPING: [&str; 9] = [
    "abs", "ceil", "ceiling", "count", "floor", "max", "min", "round", "sum",
];

/// A column of a result that is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Computed {
    /// Its position.
    pub(crate) at: usize,
    /// Whether it is a numeric without precision.
    pub(crate) is_free_numeric: bool,
}

/// The position of the first of `outputs` that the source computes from more digits than the engine,
/// or whose own digits depend on each value, in `query` over `table`: that of a quotient, a choice
/// between numbers, anything made of a numeric without precision.
pub(crate) fn varying(query: &Query, table: &Table, outputs: &[Computed]) -> Option<usize> {
    let SetExpr::Select(select) = &*query.body else {
        return None;
    };
    let results = select.projection.iter().flat_map(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => vec![Some(expr)],
        // Of a SELECT that takes one row at a time, `*` can only be the table's.
        _ => vec![None; table.columns.len()],
    });
    let results: Vec<Option<&Expr>> = results.collect();
    let varies = |output: &&Computed| {
        let own_digits = output.is_free_numeric;
        let expr = results.get(output.at).copied().flatten();
        expr.is_some_and(|expr| expr.visit(&mut Digits { table, own_digits }).is_break())
    };
    outputs.iter().find(varies).map(|output| output.at)
}

/// Breaks at the first thing whose digits depend on its value.
struct Digits<'a> {
    table: &'a Table,
    /// Whether the digits of the result itself count.
    own_digits: bool,
}

impl Digits<'_> {
    fn is_free(&self, column: &Ident) -> bool {
        let column = self.table.column(&folded(column));
        column.is_some_and(|column| {
            let pg_type = column.pg_type.without_domains();
            pg_type.oid == oid::NUMERIC && pg_type.typmod == -1
        })
    }

    fn varies(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Identifier(name) => self.is_free(name),
            Expr::CompoundIdentifier(names) => names.last().is_some_and(|name| self.is_free(name)),
            _ if !self.own_digits => false,
            Expr::BinaryOp { op, .. } => {
                matches!(op, BinaryOperator::Divide | BinaryOperator::Modulo)
            }
            Expr::Case { .. } | Expr::Extract { .. } | Expr::Subquery(_) => true,
            Expr::Function(function) => {
                name_of(function).is_none_or(|name| !KEEPING.contains(&&*name))
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                data_type:
                    DataType::Numeric(ExactNumberInfo::None) | DataType::Decimal(ExactNumberInfo::None),
                ..
            } => true,
            Expr::Value(ValueWithSpan {
                value: Value::Number(number, _),
                ..
            }) => number.contains(['e', 'E']),
            _ => false,
        }
    }
}

impl Visitor for Digits<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match self.varies(expr) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

//! Expressions that are NULL where the row is.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator,
};

use super::Names;
use super::shape::name_of;

/// Whether `expr` is surely NULL in a row all of whose columns are: an outer join that adds such a row
/// then adds what `expr` is of it.
pub(super) fn is_null_of_nulls(expr: &Expr, names: &Names) -> bool {
    let is_null = |expr: &Expr| is_null_of_nulls(expr, names);
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        Expr::Nested(inner)
        | Expr::Cast { expr: inner, .. }
        | Expr::Extract { expr: inner, .. }
        | Expr::AtTimeZone {
            timestamp: inner, ..
        }
        | Expr::CompoundFieldAccess { root: inner, .. }
        | Expr::UnaryOp {
            op: UnaryOperator::Minus | UnaryOperator::Plus | UnaryOperator::Not,
            expr: inner,
        } => is_null(inner),
        Expr::BinaryOp { left, op, right } => is_strict(op) && (is_null(left) || is_null(right)),
        Expr::Function(function) => {
            let is_strict = name_of(function).is_some_and(|name| names.is_strict(&name));
            is_strict && arguments(function).any(is_null)
        }
        _ => false,
    }
}

/// Whether all operators of PostgreSQL that are written so give NULL for NULL.
fn is_strict(op: &BinaryOperator) -> bool {
    use BinaryOperator::{
        Arrow, ArrowAt, AtArrow, AtAt, AtQuestion, Divide, Eq, Gt, GtEq, HashArrow, HashLongArrow,
        HashMinus, LongArrow, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Plus, Question,
        QuestionAnd, QuestionPipe,
    };
    matches!(
        op,
        Arrow
            | ArrowAt
            | AtArrow
            | AtAt
            | AtQuestion
            | Divide
            | Eq
            | Gt
            | GtEq
            | HashArrow
            | HashLongArrow
            | HashMinus
            | LongArrow
            | Lt
            | LtEq
            | Minus
            | Modulo
            | Multiply
            | NotEq
            | Plus
            | Question
            | QuestionAnd
            | QuestionPipe
    )
}

fn arguments(function: &Function) -> impl Iterator<Item = &Expr> {
    let list = match &function.args {
        FunctionArguments::List(list) => &*list.args,
        _ => &[],
    };
    list.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
        | FunctionArg::Named {
            arg: FunctionArgExpr::Expr(expr),
            ..
        } => Some(expr),
        _ => None,
    })
}

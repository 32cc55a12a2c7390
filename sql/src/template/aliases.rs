//! Output names that PostgreSQL does not see where the planner would.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, OrderByKind, Query, Select, SelectItem, SetExpr, visit_expressions,
};
use towpath_engine::Error;

use super::mistake::{Place, refuse};
use super::statement::folded;

/// The error for a name in HAVING, or inside an expression of ORDER BY, that is a column in
/// PostgreSQL and would be an output here.
pub(super) fn captured(query: &Query) -> Option<Error> {
    let SetExpr::Select(select) = &*query.body else {
        return None;
    };
    let outputs = outputs(select);
    if outputs.is_empty() {
        return None;
    }
    if let Some(having) = &select.having
        && let Some(err) = capture_in(having, &outputs, "HAVING")
    {
        return Some(err);
    }
    let Some(OrderByKind::Expressions(sort)) = query.order_by.as_ref().map(|order| &order.kind)
    else {
        return None;
    };
    sort.iter()
        .filter(|sort| !matches!(sort.expr, Expr::Identifier(_)))
        .find_map(|sort| capture_in(&sort.expr, &outputs, "an expression of ORDER BY"))
}

/// Takes the parentheses from names in ORDER BY: they mean outputs all the same.
pub(crate) fn bare_order(query: &mut Query) {
    let Some(OrderByKind::Expressions(sort)) = query.order_by.as_mut().map(|order| &mut order.kind)
    else {
        return;
    };
    for sort in sort {
        while let Expr::Nested(inner) = &sort.expr
            && matches!(**inner, Expr::Nested(_) | Expr::Identifier(_))
        {
            sort.expr = (**inner).clone();
        }
    }
}

/// Output names that are not just the column of that name.
fn outputs(select: &Select) -> HashMap<String, &Expr> {
    select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => Some((folded(alias), expr)),
            _ => None,
        })
        .filter(|(name, expr)| match expr {
            Expr::Identifier(column) => folded(column) != *name,
            _ => true,
        })
        .collect()
}

fn capture_in(expr: &Expr, outputs: &HashMap<String, &Expr>, clause: &str) -> Option<Error> {
    let found = visit_expressions(expr, |inner| match inner {
        Expr::Identifier(ident) if outputs.contains_key(&folded(ident)) => {
            ControlFlow::Break(ident.clone())
        }
        _ => ControlFlow::Continue(()),
    });
    let ControlFlow::Break(ident) = found else {
        return None;
    };
    let start = ident.span.start;
    let place = Place {
        line: start.line,
        column: start.column,
    };
    let message =
        format!("{ident} in {clause} is a column in PostgreSQL, not the output so called");
    Some(refuse(Some(place), message).with_hint(
        "write the table's alias before it to mean the column, or repeat the output's expression",
    ))
}

//! Conditions that the engine applies itself, told with the reason.

use std::ops::ControlFlow;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, Query, Select, SelectItem, SetExpr, Statement, Visit, Visitor,
};

use super::{Planned, SqlTransform};
use crate::pushdown::objection;
use crate::session;

/// The predicate of a filter in `plan`, if there is one.
pub(super) fn filter_in(plan: &LogicalPlan) -> Option<Expr> {
    let mut found = None;
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Filter(filter) = node {
            found = Some(filter.predicate.clone());
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

/// The conditions in WHERE that no source applies for `planned`, each with the reason.
pub(super) async fn kept_conditions(transform: &SqlTransform, planned: &Planned) -> Vec<String> {
    let Statement::Query(query) = &planned.statement else {
        return Vec::new();
    };
    let mut conditions = Conditions::default();
    let _ = planned.statement.visit(&mut conditions);
    let mut kept = Vec::new();
    for (select, condition) in conditions.found {
        let text = condition.to_string();
        let probe = Planned {
            statement: probe(query, select, condition),
            ..planned.clone()
        };
        let Ok(state) = session::state(&transform.settings) else {
            break;
        };
        // What depends on a query around it has no plan of its own.
        let plan = transform.optimized(&state, &probe, true).await;
        if let Some(predicate) = plan.ok().and_then(|plan| filter_in(&plan)) {
            let reason = objection(&predicate);
            let line = format!("WHERE {text} stays in the engine: {reason}");
            if !kept.contains(&line) {
                kept.push(line);
            }
        }
    }
    kept
}

/// Rows of `select`, a SELECT within `query`, that pass `condition`.
fn probe(query: &Query, mut select: Select, condition: ast::Expr) -> Statement {
    select.distinct = None;
    select.projection = vec![SelectItem::UnnamedExpr(ast::Expr::value(
        ast::Value::Boolean(true),
    ))];
    select.selection = Some(condition);
    select.group_by = ast::GroupByExpr::Expressions(Vec::new(), Vec::new());
    select.having = None;
    select.named_window = Vec::new();
    Statement::Query(Box::new(Query {
        body: Box::new(SetExpr::Select(Box::new(select))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        ..query.clone()
    }))
}

/// Collects the conditions of every WHERE that must all hold, with their SELECTs.
#[derive(Default)]
struct Conditions {
    found: Vec<(Select, ast::Expr)>,
}

impl Visitor for Conditions {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let mut left: Vec<&ast::Expr> = select.selection.iter().collect();
        while let Some(condition) = left.pop() {
            match condition {
                ast::Expr::BinaryOp {
                    left: one,
                    op: BinaryOperator::And,
                    right: other,
                } => left.extend([&**other, &**one]),
                ast::Expr::Nested(inner) => left.push(inner),
                condition => self.found.push((select.clone(), condition.clone())),
            }
        }
        ControlFlow::Continue(())
    }
}

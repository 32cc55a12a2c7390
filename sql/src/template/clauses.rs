//! Clauses of a SELECT, one by one: those that mean here what they mean in PostgreSQL.

use std::collections::HashSet;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, JoinConstraint, JoinOperator, LimitClause, NamedWindowDefinition,
    NamedWindowExpr, Query, Select, SelectFlavor, SelectItem, SetExpr, SetOperator, SetQuantifier,
    Spanned, Value, ValueWithSpan, Values, WildcardAdditionalOptions,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::mistake::AT_SOURCE;
use super::naming::result_name;
use super::statement::{EXTENDED_WINDOW, OK, Verdict, folded, is_string, no, shortened};

/// Refuses LIMIT and OFFSET of anything but numbers.
pub(super) fn check_limit(query: &Query, span: Span) -> Verdict {
    let is_number = |expr: &Expr| {
        matches!(
            expr,
            Expr::Value(ValueWithSpan {
                value: Value::Number(..) | Value::Null,
                ..
            })
        )
    };
    match &query.limit_clause {
        None => OK,
        Some(LimitClause::LimitOffset {
            limit,
            offset,
            limit_by,
        }) if limit_by.is_empty()
            && limit.as_ref().is_none_or(is_number)
            && offset
                .as_ref()
                .is_none_or(|offset| is_number(&offset.value)) =>
        {
            OK
        }
        Some(_) => no(
            span,
            "LIMIT and OFFSET take a number each",
            "write LIMIT 10 OFFSET 20",
        ),
    }
}

/// Refuses columns of VALUES in which quoted values take the type of others: here they lose digits.
fn check_values(values: &Values, span: Span) -> Verdict {
    let width = values.rows.first().map_or(0, |row| row.content.len());
    let mixes = |at: usize| {
        let column = values.rows.iter().filter_map(|row| row.content.get(at));
        let (quoted, others): (Vec<&Expr>, Vec<&Expr>) = column
            .filter(|expr| !is_null(expr))
            .partition(|expr| is_string(expr));
        !quoted.is_empty() && !others.is_empty()
    };
    match (0..width).find(|at| mixes(*at)) {
        None => OK,
        Some(at) => no(
            span,
            &format!("column {} of VALUES mixes types", at + 1),
            "cast its values to one type",
        ),
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Value(ValueWithSpan {
            value: Value::Null,
            ..
        })
    )
}

/// Refuses set operations that DataFusion computes differently.
pub(super) fn check_body(body: &SetExpr) -> Verdict {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) => OK,
        SetExpr::Values(values) => check_values(values, body.span()),
        SetExpr::SetOperation {
            left,
            op,
            set_quantifier,
            right,
        } => {
            let is_exact = match (op, set_quantifier) {
                (_, SetQuantifier::None | SetQuantifier::Distinct) => {
                    !matches!(op, SetOperator::Minus)
                }
                (SetOperator::Union, SetQuantifier::All) => true,
                _ => false,
            };
            if !is_exact {
                let what = format!("{op} {set_quantifier} is not supported");
                return no(body.span(), &what, AT_SOURCE);
            }
            check_body(left)?;
            check_body(right)
        }
        _ => no(
            body.span(),
            "only SELECT reads rows in a transform",
            AT_SOURCE,
        ),
    }
}

/// Refuses clauses that PostgreSQL does not have, and columns without a name of their own.
pub(super) fn check_select(select: &Select) -> Verdict {
    let span = select.span();
    let odd = select.select_modifiers.is_some()
        || select.top.is_some()
        || select.exclude.is_some()
        || select.into.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || select.qualify.is_some()
        || select.value_table_mode.is_some()
        || !matches!(select.flavor, SelectFlavor::Standard);
    if odd {
        return no(
            span,
            "a clause of this SELECT is not PostgreSQL's",
            "leave it out",
        );
    }
    match &select.group_by {
        GroupByExpr::Expressions(by, modifiers) if modifiers.is_empty() => {
            if let Some(constant) = by.iter().find(|by| is_odd_constant(by)) {
                let what = "a constant in GROUP BY is the number of a result";
                return no(constant.span(), what, "leave it out");
            }
        }
        _ => {
            return no(
                span,
                "this GROUP BY is not supported",
                "list the expressions",
            );
        }
    }
    if select.projection.is_empty() {
        return no(
            span,
            "a SELECT without columns has nothing to load",
            "name columns",
        );
    }
    let extends = |window: &NamedWindowDefinition| match &window.1 {
        NamedWindowExpr::NamedWindow(_) => true,
        NamedWindowExpr::WindowSpec(window) => window.window_name.is_some(),
    };
    if select.named_window.iter().any(extends) {
        return no(span, EXTENDED_WINDOW, "write the whole window");
    }
    if let Some(Distinct::On(_)) = select.distinct
        && select.having.is_some()
    {
        return no(span, "DISTINCT ON with HAVING is not supported", AT_SOURCE);
    }
    check_results(select)
}

/// Whether `expr` is a constant and no whole number.
fn is_odd_constant(expr: &Expr) -> bool {
    let Expr::Value(ValueWithSpan { value, .. }) = expr else {
        return false;
    };
    !matches!(value, Value::Number(number, _) if number.parse::<i64>().is_ok())
}

/// Refuses results that PostgreSQL does not have, or that have one name.
fn check_results(select: &Select) -> Verdict {
    if let Some((name, span)) = repeated(select) {
        let what = format!("the result has two columns called {name:?}");
        return no(span, &what, "give one of them another name with AS");
    }
    for item in &select.projection {
        let plain = match item {
            SelectItem::UnnamedExpr(_) => true,
            SelectItem::ExprWithAlias { alias, .. } => alias.quote_style != Some('\''),
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
                is_plain(options)
            }
            SelectItem::ExprWithAliases { .. } => false,
        };
        if !plain {
            let what = format!("{} is not PostgreSQL's", shortened(&item.to_string()));
            return no(item.span(), &what, "list the columns");
        }
    }
    OK
}

fn is_plain(options: &WildcardAdditionalOptions) -> bool {
    options.opt_ilike.is_none()
        && options.opt_exclude.is_none()
        && options.opt_except.is_none()
        && options.opt_replace.is_none()
        && options.opt_rename.is_none()
        && options.opt_alias.is_none()
}

/// A name that two results have, where the second one stands.
fn repeated(select: &Select) -> Option<(String, Span)> {
    let mut names = HashSet::new();
    select.projection.iter().find_map(|item| {
        let name = match item {
            SelectItem::UnnamedExpr(expr) => result_name(expr),
            SelectItem::ExprWithAlias { alias, .. } => folded(alias),
            _ => return None,
        };
        (!names.insert(name.clone())).then(|| (name, item.span()))
    })
}

/// Refuses joins that merge columns in another way.
pub(super) fn check_joins(select: &Select) -> Verdict {
    let has_wildcard = select
        .projection
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_)));
    for join in select.from.iter().flat_map(|from| &from.joins) {
        let span = join.relation.span();
        let is_cross = matches!(join.join_operator, JoinOperator::CrossJoin(_));
        let (constraint, keeps_left) = match &join.join_operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint) => (constraint, true),
            JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint) => (constraint, false),
            JoinOperator::CrossJoin(constraint) => (constraint, true),
            _ => {
                return no(
                    span,
                    "this kind of join is not PostgreSQL's",
                    "use JOIN … ON",
                );
            }
        };
        match constraint {
            JoinConstraint::On(_) => {}
            JoinConstraint::None if is_cross => {}
            JoinConstraint::None => {
                return no(
                    span,
                    "a join lacks its condition",
                    "write ON, or CROSS JOIN",
                );
            }
            // A merged column is the left one's, and comes first in `*`, only as told here.
            JoinConstraint::Using(_) if keeps_left && !has_wildcard => {}
            JoinConstraint::Using(_) | JoinConstraint::Natural => {
                return no(
                    span,
                    "USING and NATURAL are not supported here",
                    "use JOIN … ON",
                );
            }
        }
    }
    OK
}

//! Whether a SELECT takes one row of its table at a time.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, Function, FunctionArguments, GroupByExpr, Ident, JoinOperator, ObjectNamePart,
    Query, Select, SetExpr, TableFactor, TableWithJoins, Value, ValueWithSpan, Visit, Visitor,
};

use super::Names;
use crate::template::folded;

/// Whether each row of one table gives its own rows of `query`, whatever the others are and whenever
/// it is read.
pub(crate) fn is_row_wise(query: &Query, names: &Names) -> bool {
    let takes_rows = plain_select(query).is_some_and(|select| reads_rows(select, names));
    takes_rows && query.visit(&mut RowWise { names }).is_continue()
}

/// Whether `query`, which is row-wise, gives at most one row for each of the table's.
pub(crate) fn keeps_rows_apart(query: &Query, names: &Names) -> bool {
    let reads_one = plain_select(query).is_some_and(|select| match &*select.from {
        [TableWithJoins { relation, joins }] if joins.is_empty() => match relation {
            TableFactor::Derived { subquery, .. } => keeps_rows_apart(subquery, names),
            _ => true,
        },
        _ => false,
    });
    let gives_sets = functions_of(query)
        .iter()
        .any(|name| names.returns_set(name));
    reads_one && !gives_sets
}

/// The functions that `part` of a statement calls.
pub(crate) fn functions_of(part: &impl Visit) -> Vec<String> {
    let mut calls = Calls::default();
    let _ = part.visit(&mut calls);
    calls.names
}

/// The SELECT that `query` is, if nothing in it is about several rows but functions it may call.
fn plain_select(query: &Query) -> Option<&Select> {
    let is_plain = query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && query.locks.is_empty();
    let SetExpr::Select(select) = &*query.body else {
        return None;
    };
    let is_distinct = !matches!(select.distinct, None | Some(Distinct::All));
    let is_one_by_one = !has_group_by(select) && !is_distinct && select.having.is_none();
    (is_plain && is_one_by_one).then_some(select)
}

/// Whether `select` has a GROUP BY.
pub(super) fn has_group_by(select: &Select) -> bool {
    match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(by, modifiers) => !by.is_empty() || !modifiers.is_empty(),
    }
}

/// Whether the rows of `select` are those of one table, each with what functions make of it.
fn reads_rows(select: &Select, names: &Names) -> bool {
    let gives_rows = |factor: &TableFactor| match factor {
        TableFactor::Derived {
            lateral: false,
            subquery,
            sample: None,
            ..
        } => is_row_wise(subquery, names),
        factor => table_number(factor, names).is_some(),
    };
    first_and_functions(&select.from).is_some_and(gives_rows)
}

/// The first item of `from`, if all others are functions that are called for its rows.
pub(super) fn first_and_functions(from: &[TableWithJoins]) -> Option<&TableFactor> {
    let mut factors = from.iter().flat_map(|from| {
        let joined = from.joins.iter().map(|join| {
            let keeps_left = matches!(
                join.join_operator,
                JoinOperator::Join(_)
                    | JoinOperator::Inner(_)
                    | JoinOperator::Left(_)
                    | JoinOperator::LeftOuter(_)
                    | JoinOperator::CrossJoin(_)
            );
            (&join.relation, keeps_left)
        });
        std::iter::once((&from.relation, true)).chain(joined)
    });
    let (first, _) = factors.next()?;
    factors
        .all(|(factor, keeps_left)| keeps_left && is_function(factor))
        .then_some(first)
}

/// The number of the table that `factor` is; `None` if it is something else.
pub(super) fn table_number(factor: &TableFactor, names: &Names) -> Option<usize> {
    let TableFactor::Table {
        name,
        args: None,
        sample: None,
        ..
    } = factor
    else {
        return None;
    };
    match &*name.0 {
        [ObjectNamePart::Identifier(name)] => names.table(&folded(name)),
        _ => None,
    }
}

/// The number of the table whose rows `query`, which is row-wise, is about.
pub(super) fn table_of_rows(query: &Query, names: &Names) -> Option<usize> {
    match first_and_functions(&plain_select(query)?.from)? {
        TableFactor::Derived { subquery, .. } => table_of_rows(subquery, names),
        factor => table_number(factor, names),
    }
}

/// Whether `factor` is what a function gives for the row beside it.
fn is_function(factor: &TableFactor) -> bool {
    matches!(
        factor,
        TableFactor::Table { args: Some(_), .. }
            | TableFactor::Function { .. }
            | TableFactor::UNNEST { .. }
            | TableFactor::TableFunction { .. }
    )
}

/// Collects the names of functions.
#[derive(Default)]
struct Calls {
    names: Vec<String>,
}

impl Visitor for Calls {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr {
            self.names.extend(name_of(function));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        self.names.extend(function_in_from(factor));
        ControlFlow::Continue(())
    }
}

/// The function that `factor` calls, if it calls one by name.
fn function_in_from(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table {
            name,
            args: Some(_),
            ..
        }
        | TableFactor::Function { name, .. } => {
            let name = name.0.last().and_then(ObjectNamePart::as_ident);
            name.map(folded)
        }
        _ => None,
    }
}

/// The name of the function that is called, without its schema.
pub(super) fn name_of(function: &Function) -> Option<String> {
    let name = function.name.0.last().and_then(ObjectNamePart::as_ident);
    name.map(folded)
}

/// The name that `expr` is, without what qualifies it.
pub(super) fn last_name(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(names) => names.last(),
        _ => None,
    }
}

/// Breaks at the first thing that is about several rows, or about when the SELECT runs.
struct RowWise<'a> {
    names: &'a Names,
}

impl RowWise<'_> {
    fn go_on(is_row_wise: bool) -> ControlFlow<()> {
        match is_row_wise {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }
}

impl Visitor for RowWise<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        // Queries within expressions have stopped the visit before they are reached.
        Self::go_on(plain_select(query).is_some())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let name = function_in_from(factor);
        Self::go_on(name.is_none_or(|name| self.names.is_row_wise(&name)))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        Self::go_on(is_about_one_row(expr, self.names))
    }
}

/// Whether `expr` itself, apart from what is inside, is about one row only.
pub(super) fn is_about_one_row(expr: &Expr, names: &Names) -> bool {
    match expr {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => false,
        Expr::Function(function) => {
            let name = name_of(function);
            function.over.is_none()
                && function.filter.is_none()
                && function.within_group.is_empty()
                && !matches!(function.args, FunctionArguments::Subquery(_))
                && !is_clock(function)
                && name.is_some_and(|name| names.is_row_wise(&name))
        }
        Expr::Value(ValueWithSpan { value, .. }) => !is_clock_literal(value),
        Expr::TypedString(literal) => !is_clock_literal(&literal.value.value),
        _ => true,
    }
}

/// Functions that tell the time of a transaction: each connection that reads has its own.
const CLOCKS: [&str; 8] = [
    "now",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "statement_timestamp",
    "transaction_timestamp",
];

fn is_clock(function: &Function) -> bool {
    let arguments = match &function.args {
        FunctionArguments::List(list) => list.args.len(),
        _ => 0,
    };
    name_of(function)
        .is_some_and(|name| CLOCKS.contains(&&*name) || name == "age" && arguments == 1)
}

/// Whether `value` may be read as a time that depends on when it is read.
fn is_clock_literal(value: &Value) -> bool {
    let text = match value {
        Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => text,
        Value::DollarQuotedString(quoted) => &quoted.value,
        _ => return false,
    };
    let text = text.to_ascii_lowercase();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| ["now", "today", "tomorrow", "yesterday"].contains(&word))
}

//! Whether a SELECT takes one row of its table at a time.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, Function, FunctionArguments, GroupByExpr, JoinOperator, ObjectNamePart, Query,
    Select, SetExpr, Statement, TableFactor, Value, ValueWithSpan, Visit, Visitor,
};

use super::Functions;
use crate::template::{SOURCE, folded, parsed};

/// What a SELECT looks like, as far as it decides whether parts of the table give parts of the
/// result.
pub(crate) struct Shape {
    query: Box<Query>,
}

impl Shape {
    /// The shape of `select`; `None` if it is not understood.
    pub(crate) fn of(select: &str) -> Option<Self> {
        match parsed(select)? {
            Statement::Query(query) => Some(Self { query }),
            _ => None,
        }
    }

    /// The functions that it calls.
    pub(crate) fn functions(&self) -> Vec<String> {
        let mut calls = Calls::default();
        let _ = self.query.visit(&mut calls);
        calls.names
    }

    /// Whether each row of the table gives its own rows of the result, whatever the others are and
    /// whenever it is read.
    pub(crate) fn is_row_wise(&self, functions: &Functions) -> bool {
        let Some(select) = plain_select(&self.query) else {
            return false;
        };
        if !reads_source_first(select) {
            return false;
        }
        let mut rules = RowWise { functions, queries: 0 };
        self.query.visit(&mut rules).is_continue()
    }

    /// Whether it is row-wise, and gives at most one row for each of the table's.
    pub(crate) fn keeps_rows_apart(&self, functions: &Functions) -> bool {
        let reads_source_only = plain_select(&self.query).is_some_and(|select| {
            matches!(&*select.from, [from] if from.joins.is_empty())
        });
        let gives_sets = self
            .functions()
            .iter()
            .any(|name| functions.returns_set(name));
        self.is_row_wise(functions) && reads_source_only && !gives_sets
    }
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
    let groups = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(by, modifiers) => !by.is_empty() || !modifiers.is_empty(),
    };
    let is_distinct = !matches!(select.distinct, None | Some(Distinct::All));
    (is_plain && !groups && !is_distinct && select.having.is_none()).then_some(select)
}

/// Whether the rows of `select` are the source's, each with what functions make of it.
fn reads_source_first(select: &Select) -> bool {
    let mut factors = select.from.iter().flat_map(|from| {
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
    let is_first = factors.next().is_some_and(|(factor, _)| is_source(factor));
    is_first && factors.all(|(factor, keeps_left)| keeps_left && is_function(factor))
}

/// Whether `factor` is the source's table.
pub(super) fn is_source(factor: &TableFactor) -> bool {
    let TableFactor::Table {
        name,
        args: None,
        sample: None,
        ..
    } = factor
    else {
        return false;
    };
    matches!(&*name.0, [ObjectNamePart::Identifier(name)] if folded(name) == SOURCE)
}

/// Whether `factor` is what a function gives for the row beside it.
pub(super) fn is_function(factor: &TableFactor) -> bool {
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
        let name = match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                name.0.last().and_then(ObjectNamePart::as_ident)
            }
            _ => None,
        };
        self.names.extend(name.map(folded));
        ControlFlow::Continue(())
    }
}

/// The name of the function that is called, without its schema.
pub(super) fn name_of(function: &Function) -> Option<String> {
    let name = function.name.0.last().and_then(ObjectNamePart::as_ident);
    name.map(folded)
}

/// Breaks at the first thing that is about several rows, or about when the SELECT runs.
struct RowWise<'a> {
    functions: &'a Functions,
    queries: usize,
}

impl Visitor for RowWise<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.queries += 1;
        match self.queries {
            1 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let mut calls = Calls::default();
        let _ = calls.pre_visit_table_factor(factor);
        match calls.names.iter().all(|name| self.functions.is_row_wise(name)) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match is_row_wise(expr, self.functions) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }
}

/// Whether `expr` itself, apart from what is inside, is about one row only.
pub(super) fn is_row_wise(expr: &Expr, functions: &Functions) -> bool {
    match expr {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => false,
        Expr::Function(function) => {
            let name = name_of(function);
            function.over.is_none()
                && function.filter.is_none()
                && function.within_group.is_empty()
                && !is_clock(function)
                && name.is_some_and(|name| functions.is_row_wise(&name))
        }
        Expr::Value(ValueWithSpan { value, .. }) => !is_clock_literal(value),
        Expr::TypedString(literal) => !is_clock_literal(&literal.value.value),
        _ => true,
    }
}

/// Functions that tell the time of a transaction: each connection that reads has its own.
const CLOCKS: [&str; 9] = [
    "now",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "pg_backend_pid",
];

fn is_clock(function: &Function) -> bool {
    let arguments = match &function.args {
        FunctionArguments::List(list) => list.args.len(),
        _ => 0,
    };
    name_of(function).is_some_and(|name| {
        CLOCKS.contains(&&*name) || name == "age" && arguments == 1
    })
}

/// Whether `value` may be read as a time that depends on when it is read.
fn is_clock_literal(value: &Value) -> bool {
    let (Value::SingleQuotedString(text)
    | Value::EscapedStringLiteral(text)
    | Value::DollarQuotedString(datafusion::sql::sqlparser::ast::DollarQuotedString {
        value: text,
        ..
    })) = value
    else {
        return false;
    };
    let text = text.to_ascii_lowercase();
    ["now", "today", "tomorrow", "yesterday"]
        .iter()
        .any(|word| text.trim() == *word || text.split_whitespace().any(|part| part == *word))
}

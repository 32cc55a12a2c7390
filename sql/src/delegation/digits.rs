//! Numerics of which a server knows more than the engine: as many digits as each value has.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, DateTimeField, ExactNumberInfo, Expr, Function,
    FunctionArguments, Query, Select, SelectItem, SetExpr, TableFactor, Value, ValueWithSpan,
    Visit, Visitor,
};
use towpath_engine::table::Table;
use towpath_engine::types::oid;

use super::shape::{last_name, name_of};
use crate::template::{folded, result_name};

/// Functions that give a numeric as many digits as their argument has.
const KEEPING: [&str; 10] = [
    "abs",
    "count",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "max",
    "min",
    "nth_value",
    "sum",
];

/// Functions that give a numeric as many digits as they are asked for.
const ROUNDING: [&str; 5] = ["ceil", "ceiling", "floor", "round", "trunc"];

/// A column of a result that is computed.
#[derive(Clone, Debug)]
pub(crate) struct Computed {
    /// Its position.
    pub(crate) at: usize,
    /// Its name.
    pub(crate) name: String,
    /// Whether it is a numeric without precision.
    pub(crate) is_free_numeric: bool,
}

/// The first of `outputs` that a server computes from more digits than the engine, or whose own
/// digits depend on each value, in `query` over `tables`: that of a quotient, a mean, a choice between
/// numbers, anything made of a numeric without precision.
pub(crate) fn varying<'o>(
    query: &Query,
    tables: &[&Table],
    outputs: &'o [Computed],
) -> Option<&'o Computed> {
    let mut items = Items::default();
    let _ = query.visit(&mut items);
    let digits = Digits {
        tables,
        items: &items,
    };
    let results = results(query);
    outputs.iter().find(|output| {
        let expr = results.get(output.at).copied().flatten();
        match (expr, is_set_operation(query)) {
            (_, true) => output.is_free_numeric,
            (Some(expr), false) => digits.vary(expr, output.is_free_numeric),
            (None, false) => digits.of_name_vary(&output.name, output.is_free_numeric),
        }
    })
}

fn is_set_operation(query: &Query) -> bool {
    match &*query.body {
        SetExpr::Select(_) => false,
        SetExpr::Query(query) => is_set_operation(query),
        _ => true,
    }
}

/// The expressions of a SELECT's list, as far as their positions are known: `None` stands for any
/// from the first wildcard on.
fn results(query: &Query) -> Vec<Option<&Expr>> {
    let select = match &*query.body {
        SetExpr::Select(select) => select,
        SetExpr::Query(query) => return results(query),
        _ => return Vec::new(),
    };
    let items = select.projection.iter().map(expr_of);
    items.take_while(Option::is_some).collect()
}

fn expr_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

/// What names may stand for in a statement.
#[derive(Default)]
struct Items {
    /// Results of all its SELECTs, with their names.
    results: Vec<(String, Expr)>,
    /// Names that columns of `VALUES` and of functions are given.
    given: HashSet<String>,
}

impl Visitor for Items {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            let name = match item {
                SelectItem::UnnamedExpr(expr) => result_name(expr),
                SelectItem::ExprWithAlias { alias, .. } => folded(alias),
                _ => continue,
            };
            let expr = expr_of(item).cloned();
            self.results.extend(expr.map(|expr| (name, expr)));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let columns = cte.alias.columns.iter();
            self.given
                .extend(columns.map(|column| folded(&column.name)));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let alias = match factor {
            TableFactor::Derived { alias, .. }
            | TableFactor::Table { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. } => alias,
            _ => &None,
        };
        let columns = alias.iter().flat_map(|alias| &alias.columns);
        self.given
            .extend(columns.map(|column| folded(&column.name)));
        ControlFlow::Continue(())
    }
}

/// Finds what has digits that depend on values.
struct Digits<'a> {
    tables: &'a [&'a Table],
    items: &'a Items,
}

impl Digits<'_> {
    /// Whether those of `expr` do; `own` says whether its own digits count, or only those that it is
    /// computed from.
    fn vary(&self, expr: &Expr, own: bool) -> bool {
        self.vary_within(expr, own, &mut HashSet::new())
    }

    fn of_name_vary(&self, name: &str, own: bool) -> bool {
        self.name_varies(name, own, &mut HashSet::new())
    }

    fn vary_within(&self, expr: &Expr, own: bool, names: &mut HashSet<String>) -> bool {
        let mut search = Search {
            digits: self,
            own,
            rounded: 0,
            names,
        };
        expr.visit(&mut search).is_break()
    }

    /// Whether those of the columns and results that may be called `name` do; `names` are those that
    /// are being looked at.
    fn name_varies(&self, name: &str, own: bool, names: &mut HashSet<String>) -> bool {
        if self.is_free(name) || own && self.items.given.contains(name) {
            return true;
        }
        if !names.insert(name.to_owned()) {
            return false;
        }
        let mut results = self.items.results.iter();
        results.any(|(result, expr)| {
            // A column under its own name is what it is.
            let is_itself = last_name(expr).is_some_and(|other| folded(other) == name);
            result == name && !is_itself && self.vary_within(expr, own, names)
        })
    }

    /// Whether a column of this name is a numeric without precision.
    fn is_free(&self, name: &str) -> bool {
        let mut columns = self.tables.iter().filter_map(|table| table.column(name));
        columns.any(|column| {
            let pg_type = column.pg_type.without_domains();
            pg_type.oid == oid::NUMERIC && pg_type.typmod == -1
        })
    }
}

/// Breaks at the first thing whose digits depend on its value.
struct Search<'a> {
    digits: &'a Digits<'a>,
    /// Whether the digits of the result itself count.
    own: bool,
    /// How many roundings are around what is visited.
    rounded: usize,
    /// Names that are being looked at.
    names: &'a mut HashSet<String>,
}

impl Search<'_> {
    fn varies(&mut self, expr: &Expr) -> bool {
        let own = self.own && self.rounded == 0;
        if let Some(name) = last_name(expr) {
            return self.digits.name_varies(&folded(name), own, self.names);
        }
        own && match expr {
            Expr::BinaryOp { op, .. } => {
                matches!(op, BinaryOperator::Divide | BinaryOperator::Modulo)
            }
            Expr::Extract { field, .. } => !is_whole(field),
            Expr::Case { .. } => true,
            Expr::Function(function) if has_default(function) => true,
            Expr::Function(function) => {
                let name = name_of(function);
                name.is_none_or(|name| !KEEPING.contains(&&*name) && !ROUNDING.contains(&&*name))
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                data_type,
                ..
            } => is_free(data_type),
            Expr::TypedString(literal) => is_free(&literal.data_type),
            Expr::Value(ValueWithSpan {
                value: Value::Number(number, _),
                ..
            }) => number.contains(['e', 'E']),
            _ => false,
        }
    }
}

/// Whether a field of a time is a whole number.
fn is_whole(field: &DateTimeField) -> bool {
    use DateTimeField::{
        Century, Day, Decade, Dow, Doy, Hour, Isodow, Isoyear, Millennium, Minute,
    };
    use DateTimeField::{Month, Quarter, Week, Year};
    matches!(
        field,
        Century
            | Day
            | Decade
            | Dow
            | Doy
            | Hour
            | Isodow
            | Isoyear
            | Millennium
            | Minute
            | Month
            | Quarter
            | Week(None)
            | Year
    )
}

/// Whether `expr` has as many digits as it says, whatever is inside.
fn rounds(expr: &Expr) -> bool {
    match expr {
        Expr::Ceil { .. } | Expr::Floor { .. } => true,
        Expr::Function(function) => {
            let name = name_of(function);
            name.is_some_and(|name| ROUNDING.contains(&&*name)) && has_constant_digits(function)
        }
        Expr::Cast { data_type, .. } => !is_free(data_type),
        _ => false,
    }
}

/// Whether `data_type` is numeric without precision.
fn is_free(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Numeric(ExactNumberInfo::None)
            | DataType::Decimal(ExactNumberInfo::None)
            | DataType::Dec(ExactNumberInfo::None)
    )
}

/// Whether `lag` or `lead` has a value of its own for rows that are not there.
fn has_default(function: &Function) -> bool {
    let is_neighbour = name_of(function).is_some_and(|name| ["lag", "lead"].contains(&&*name));
    let FunctionArguments::List(list) = &function.args else {
        return false;
    };
    is_neighbour && list.args.len() > 2
}

/// Whether a second argument, if there is one, is a number.
fn has_constant_digits(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else {
        return false;
    };
    let mut digits = list.args.iter().skip(1);
    digits.all(|digits| digits.to_string().parse::<i64>().is_ok())
}

impl Visitor for Search<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.varies(expr) {
            return ControlFlow::Break(());
        }
        self.rounded += usize::from(rounds(expr));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.rounded -= usize::from(rounds(expr));
        ControlFlow::Continue(())
    }
}

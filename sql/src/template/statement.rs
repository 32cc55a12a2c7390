//! The one SELECT: only syntax that means here what it means in PostgreSQL.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, CeilFloorKind, DataType, DateTimeField, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArguments, Ident, ObjectName, ObjectNamePart,
    Query, Select, Spanned, Statement, TableFactor, UnaryOperator, Value, ValueWithSpan, VisitMut,
    VisitorMut, WindowType, visit_expressions,
};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Span;
use towpath_engine::{Error, Result};

use super::clauses::{check_body, check_joins, check_limit, check_select};
use super::grammar::Grammar;
use super::lowering::{fill_list, lower, spread_rows};
use super::mistake::{AT_SOURCE, Place, Refusal, nearest, refuse};
use super::naming::name_results;
use super::{SOURCE, aliases};

/// Nested expressions the parser follows; deeper ones would exhaust the stack.
pub(super) const RECURSION_LIMIT: usize = 100;

/// Parses `sql` as one SELECT.
pub(super) fn parse(sql: &str) -> Result<Statement> {
    let statements = Parser::new(&Grammar)
        .with_recursion_limit(RECURSION_LIMIT)
        .try_with_sql(sql)
        .and_then(|mut parser| parser.parse_statements())
        .map_err(syntax_error)?;
    let mut statements = statements.into_iter();
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return Err(refuse(None, "a transform is exactly one SELECT")
            .with_hint("join several into one with WITH or UNION ALL"));
    };
    if !matches!(statement, Statement::Query(_)) {
        let place = place(statement.span());
        return Err(refuse(Some(place), "a transform is a SELECT"));
    }
    Ok(statement)
}

/// `statement` with its results named as PostgreSQL names them, over these `tables` and those that
/// it names itself; `refusal` says what is wrong with a function's name, windowed or not, if
/// anything.
///
/// # Errors
/// `Config`, if it holds syntax that means something else here.
pub(crate) fn checked(
    mut statement: Statement,
    tables: &[&str],
    refusal: &dyn Fn(&str, bool) -> Option<Refusal>,
) -> Result<Statement> {
    let mut names = TableNames::default();
    let _ = statement.visit(&mut names);
    let given = tables.iter().map(|name| (*name).to_owned());
    let mut rules = Rules {
        refusal,
        tables: given.chain(names.ctes).collect(),
    };
    match statement.visit(&mut rules) {
        ControlFlow::Continue(()) => Ok(statement),
        ControlFlow::Break(err) => Err(err),
    }
}

/// `sql` as one statement of PostgreSQL's; `None` if the parser does not take it.
pub(crate) fn parsed(sql: &str) -> Option<Statement> {
    let mut statements = Parser::new(&Grammar)
        .with_recursion_limit(RECURSION_LIMIT)
        .try_with_sql(sql)
        .and_then(|mut parser| parser.parse_statements())
        .ok()?
        .into_iter();
    match (statements.next(), statements.next()) {
        (Some(statement), None) => Some(statement),
        _ => None,
    }
}

fn syntax_error(err: ParserError) -> Error {
    let message = match err {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return refuse(None, "the SQL is nested too deeply");
        }
    };
    let (text, at) = match message.split_once(" at Line: ") {
        Some((text, at)) => (text, parse_place(at)),
        None => (&*message, None),
    };
    let text = text.replacen("Expected: ", "expected ", 1);
    refuse(at, format!("syntax error: {text}"))
}

fn parse_place(text: &str) -> Option<Place> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Place {
        line: line.parse().ok()?,
        column: column
            .trim_end_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .ok()?,
    })
}

fn place(span: Span) -> Place {
    Place {
        line: span.start.line,
        column: span.start.column,
    }
}

/// Collects the names that WITH gives.
#[derive(Default)]
struct TableNames {
    ctes: HashSet<String>,
}

impl VisitorMut for TableNames {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.ctes.insert(folded(&cte.alias.name));
        }
        ControlFlow::Continue(())
    }
}

/// The name that `ident` means.
pub(crate) fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

/// Walks the statement; breaks at the first thing that is refused.
struct Rules<'a> {
    refusal: &'a dyn Fn(&str, bool) -> Option<Refusal>,
    tables: HashSet<String>,
}

pub(super) type Verdict = ControlFlow<Error>;

pub(super) const OK: Verdict = ControlFlow::Continue(());

pub(super) fn no(span: Span, what: &str, hint: &str) -> Verdict {
    ControlFlow::Break(refuse(Some(place(span)), what.to_owned()).with_hint(hint))
}

impl VisitorMut for Rules<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> Verdict {
        aliases::bare_order(query);
        let span = query.span();
        if let Some(with) = &query.with {
            if with.recursive {
                return no(span, "WITH RECURSIVE is not supported", AT_SOURCE);
            }
            if let Some(cte) = with
                .cte_tables
                .iter()
                .find(|cte| folded(&cte.alias.name) == SOURCE)
            {
                let span = cte.alias.name.span;
                return no(span, "WITH cannot name a query \"source\"", "rename it");
            }
        }
        let odd = !query.locks.is_empty()
            || query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty();
        if odd {
            return no(
                span,
                "a clause after the SELECT is not supported",
                "leave FOR UPDATE and the like out",
            );
        }
        if query.fetch.is_some() {
            return no(span, "FETCH FIRST is not supported", "write LIMIT");
        }
        check_limit(query, span)?;
        check_body(&query.body)
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> Verdict {
        check_select(select)?;
        check_joins(select)?;
        name_results(select);
        OK
    }

    fn post_visit_query(&mut self, query: &mut Query) -> Verdict {
        match aliases::captured(query) {
            Some(err) => ControlFlow::Break(err),
            None => OK,
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> Verdict {
        let span = factor.span();
        match factor {
            TableFactor::Table {
                args: None,
                version: None,
                with_ordinality: false,
                json_path: None,
                sample: None,
                with_hints,
                partitions,
                index_hints,
                name,
                ..
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                self.check_table(name, span)
            }
            TableFactor::Table { name, .. } => {
                let what = format!("{name} with arguments or TABLESAMPLE cannot be read");
                no(span, &what, AT_SOURCE)
            }
            TableFactor::Derived {
                lateral: false,
                sample: None,
                ..
            }
            | TableFactor::NestedJoin { .. } => OK,
            TableFactor::Derived { .. } => no(span, "LATERAL is not supported", AT_SOURCE),
            _ => no(
                span,
                "this kind of table is not supported in FROM",
                AT_SOURCE,
            ),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Verdict {
        spread_rows(expr);
        fill_list(expr);
        self.check_expr(expr)
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Verdict {
        lower(expr);
        OK
    }
}

impl Rules<'_> {
    fn check_table(&self, name: &ObjectName, span: Span) -> Verdict {
        if let [ObjectNamePart::Identifier(ident)] = &*name.0 {
            let folded = folded(ident);
            if self.tables.contains(&folded) {
                return OK;
            }
            if let Some(near) = nearest(&folded, self.tables.iter().map(|name| &**name)) {
                let hint = format!("did you mean {near:?}?");
                return no(span, &format!("table {name} does not exist"), &hint);
            }
        }
        no(
            span,
            &format!("table {name} cannot be read: a transform reads tables by placeholders"),
            "write {{ source }}, or {{ source('schema.table') }} for another table",
        )
    }

    fn check_expr(&self, expr: &Expr) -> Verdict {
        let span = expr.span();
        match expr {
            Expr::Case { .. } if is_condition(expr) && may_fail(expr) => {
                no(span, UNGUARDED, AT_SOURCE)
            }
            plain if is_plain(plain) => OK,
            Expr::BinaryOp {
                left,
                op: BinaryOperator::And | BinaryOperator::Or,
                right,
            } if may_fail(left) || may_fail(right) => no(span, UNGUARDED, AT_SOURCE),
            Expr::BinaryOp { op, .. } => check_operator(op, span),
            Expr::UnaryOp { op, expr } => check_unary(*op, expr, span),
            Expr::Like {
                any: false,
                escape_char: None,
                ..
            } => OK,
            Expr::Like { .. } => no(span, "LIKE with ANY or ESCAPE is not supported", AT_SOURCE),
            Expr::ILike { .. } => no(
                span,
                "ILIKE depends on the database's locale and is refused",
                "write lower(x) LIKE 'pattern in lower case'",
            ),
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                array: false,
                format: None,
                ..
            } => OK,
            Expr::AtTimeZone { time_zone, .. } => check_zone(time_zone, span),
            Expr::Ceil { field, .. } | Expr::Floor { field, .. } => match field {
                CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => OK,
                _ => no(
                    span,
                    "ceil and floor take one argument",
                    "use round or date_trunc",
                ),
            },
            Expr::Substring {
                substring_from: Some(from),
                ..
            } if is_string(from) => no(
                span,
                "substring by a regular expression is not supported",
                AT_SOURCE,
            ),
            Expr::Substring { .. } => OK,
            Expr::Collate { collation, .. } => check_collation(collation, span),
            Expr::Value(value) => check_value(value, span),
            Expr::Function(function) => self.check_function(function, span),
            other => no(
                span,
                &format!("{} is not supported", shortened(&other.to_string())),
                AT_SOURCE,
            ),
        }
    }

    fn check_function(&self, function: &Function, span: Span) -> Verdict {
        let Some(name) = function.name.0.last().and_then(ObjectNamePart::as_ident) else {
            return no(span, "a function's name is expected", AT_SOURCE);
        };
        if function.name.0.len() > 1 {
            let what = format!("function {} is not known here", function.name);
            return no(span, &what, AT_SOURCE);
        }
        if let Some(refusal) = (self.refusal)(&folded(name), function.over.is_some()) {
            return no(span, &refusal.message, &refusal.hint);
        }
        if folded(name) == "timezone"
            && let FunctionArguments::List(list) = &function.args
            && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(zone))) = list.args.first()
        {
            check_zone(zone, span)?;
        }
        if let Some(WindowType::WindowSpec(window)) = &function.over
            && window.window_name.is_some()
        {
            return no(span, EXTENDED_WINDOW, "write the whole window");
        }
        let FunctionArguments::List(list) = &function.args else {
            return OK;
        };
        let odd = function.uses_odbc_syntax
            || !matches!(function.parameters, FunctionArguments::None)
            || list.args.is_empty() && folded(name) == "count"
            || list.duplicate_treatment.is_some() && !AGGREGATES.contains(&&*folded(name))
            || function.null_treatment.is_some()
            || !function.within_group.is_empty()
            || list.args.iter().any(|arg| {
                !matches!(
                    arg,
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(_) | FunctionArgExpr::Wildcard)
                )
            })
            || list
                .clauses
                .iter()
                .any(|clause| !matches!(clause, FunctionArgumentClause::OrderBy(_)));
        match odd {
            true => no(
                span,
                &format!("this way to call {name} is not supported"),
                "pass its arguments by position, without IGNORE NULLS or WITHIN GROUP",
            ),
            false => OK,
        }
    }
}

/// Why a window that another one is part of is refused.
pub(super) const EXTENDED_WINDOW: &str = "a window that extends another is not supported";

/// Why a condition is refused: here both sides of it may be evaluated for every row.
const UNGUARDED: &str =
    "what may fail in a condition is evaluated in another order than in PostgreSQL";

/// Whether evaluating `expr` may fail for some values: divisions, and casts to numbers.
pub(crate) fn may_fail(expr: &Expr) -> bool {
    let found = visit_expressions(expr, |inner| {
        let may_fail = match inner {
            Expr::BinaryOp { op, .. } => {
                matches!(op, BinaryOperator::Divide | BinaryOperator::Modulo)
            }
            Expr::Cast {
                expr, data_type, ..
            } => !matches!(**expr, Expr::Value(_)) && is_number(data_type),
            _ => false,
        };
        match may_fail {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    found.is_break()
}

fn is_number(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::SmallInt(_)
            | DataType::Int2(_)
            | DataType::Int(_)
            | DataType::Integer(_)
            | DataType::Int4(_)
            | DataType::BigInt(_)
            | DataType::Int8(_)
            | DataType::Numeric(_)
            | DataType::Decimal(_)
            | DataType::Real
            | DataType::Float4
            | DataType::Float8
            | DataType::DoublePrecision
    )
}

/// Whether `expr`, a CASE, gives conditions.
fn is_condition(expr: &Expr) -> bool {
    let Expr::Case {
        conditions,
        else_result,
        ..
    } = expr
    else {
        return false;
    };
    let results = conditions.iter().map(|when| &when.result);
    results.chain(else_result.as_deref()).any(|result| {
        matches!(
            result,
            Expr::BinaryOp {
                op: BinaryOperator::And
                    | BinaryOperator::Or
                    | BinaryOperator::Eq
                    | BinaryOperator::NotEq
                    | BinaryOperator::Lt
                    | BinaryOperator::LtEq
                    | BinaryOperator::Gt
                    | BinaryOperator::GtEq,
                ..
            } | Expr::Value(ValueWithSpan {
                value: Value::Boolean(_),
                ..
            }) | Expr::IsNull(_)
                | Expr::IsNotNull(_)
                | Expr::UnaryOp {
                    op: UnaryOperator::Not,
                    ..
                }
        )
    })
}

fn check_unary(op: UnaryOperator, expr: &Expr, span: Span) -> Verdict {
    match op {
        // The planner leaves a plus out, and PostgreSQL computes by it.
        UnaryOperator::Plus if !matches!(expr, Expr::Value(_)) => no(
            span,
            "operator + before a value is not supported",
            AT_SOURCE,
        ),
        UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not => OK,
        op => no(span, &format!("operator {op} is not supported"), AT_SOURCE),
    }
}

/// Aggregates, which take DISTINCT.
const AGGREGATES: [&str; 9] = [
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "every",
    "max",
    "min",
    "string_agg",
    "sum",
];

/// Whether the syntax of `expr` itself, apart from what is inside, means the same everywhere.
fn is_plain(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Nested(_)
            | Expr::TypedString(_)
            | Expr::Case { .. }
            | Expr::Exists { .. }
            | Expr::Subquery(_)
            | Expr::Position { .. }
            | Expr::Trim { .. }
            | Expr::Extract { .. }
            | Expr::Interval(_)
    )
}

fn check_operator(op: &BinaryOperator, span: Span) -> Verdict {
    match op {
        BinaryOperator::Plus
        | BinaryOperator::Minus
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Modulo
        | BinaryOperator::StringConcat
        | BinaryOperator::Gt
        | BinaryOperator::Lt
        | BinaryOperator::GtEq
        | BinaryOperator::LtEq
        | BinaryOperator::Eq
        | BinaryOperator::NotEq
        | BinaryOperator::And
        | BinaryOperator::Or => OK,
        BinaryOperator::PGExp => no(span, "operator ^ is not supported", "write power(x, y)"),
        op => no(span, &format!("operator {op} is not supported"), AT_SOURCE),
    }
}

fn check_zone(zone: &Expr, span: Span) -> Verdict {
    match zone {
        Expr::Value(ValueWithSpan {
            value: Value::SingleQuotedString(zone),
            ..
        }) if zone.eq_ignore_ascii_case("utc") => OK,
        _ => no(
            span,
            "AT TIME ZONE knows only 'UTC' here: rules of other zones differ between servers",
            AT_SOURCE,
        ),
    }
}

/// Whether `statement` names a collation other than that of bytes.
pub(crate) fn names_collations(statement: &Statement) -> bool {
    let found = visit_expressions(statement, |expr| match expr {
        Expr::Collate { collation, .. } if !is_of_bytes(collation) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

fn is_of_bytes(collation: &ObjectName) -> bool {
    let name = collation.0.last().and_then(ObjectNamePart::as_ident);
    name.is_some_and(|name| ["C", "POSIX"].contains(&&*name.value))
}

fn check_collation(collation: &ObjectName, span: Span) -> Verdict {
    match is_of_bytes(collation) {
        true => OK,
        false => no(
            span,
            "only COLLATE \"C\" is the same on every server",
            AT_SOURCE,
        ),
    }
}

fn check_value(value: &ValueWithSpan, span: Span) -> Verdict {
    match &value.value {
        Value::Number(_, false)
        | Value::SingleQuotedString(_)
        | Value::EscapedStringLiteral(_)
        | Value::DollarQuotedString(_)
        | Value::Boolean(_)
        | Value::Null => OK,
        other => no(
            span,
            &format!("{} is not supported", shortened(&other.to_string())),
            "write a plain string or number",
        ),
    }
}

pub(super) fn is_string(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Value(ValueWithSpan {
            value: Value::SingleQuotedString(_),
            ..
        })
    )
}

/// The start of `text`, for messages.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

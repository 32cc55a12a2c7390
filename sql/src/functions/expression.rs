//! One expression at a time: literals, casts and arguments get PostgreSQL's types.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{
    Between, Case, Cast, InList, InSubquery, Like, ScalarFunction,
};
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, Operator, TypeSignature, and, not, or,
};
use datafusion::prelude::lit;

use super::arithmetic;
use super::call::PgFunction;
use super::cast::{self, Target};
use super::choice::{Choice, Concat};
use super::columns::source_type;
use super::declared;
use super::marker::{declared_as, float_key, opaque, source_text};
use super::planner::target_of;
use super::types::{Pg, as_decimal, common, digits, name, pg};
use super::{aggregate, format};
use crate::template::{Place, external, refuse};

/// When the plan is made, in microseconds since 1970: what `now()` gives throughout a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now(pub(super) i64);

/// Gives `expr` over `schema` PostgreSQL's types, from the inside out.
pub(super) fn conform(expr: Expr, schema: &DFSchema, now: Now) -> Result<Transformed<Expr>> {
    let scope = Scope { schema, now };
    expr.transform_up(|expr| Ok(Transformed::yes(scope.node(expr)?)))
}

struct Scope<'a> {
    schema: &'a DFSchema,
    now: Now,
}

/// Whether `expr` is a literal that takes the type of what it stands beside.
fn is_unknown(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Literal(ScalarValue::Utf8(Some(_)) | ScalarValue::Null, _)
    )
}

impl Scope<'_> {
    fn node(&self, expr: Expr) -> Result<Expr> {
        match expr {
            Expr::Literal(value, metadata) => Ok(Expr::Literal(number(value), metadata)),
            Expr::BinaryExpr(binary) => self.binary(binary),
            Expr::Between(between) => self.between(between),
            Expr::InList(list) => self.in_list(list),
            Expr::Like(like) => self.like(like),
            Expr::Case(case) => self.case(case),
            Expr::Cast(cast) => self.cast(cast),
            Expr::Negative(inner) => self.negative(*inner),
            Expr::ScalarFunction(call) => self.scalar(call),
            Expr::AggregateFunction(call) => aggregate_call(call, self),
            Expr::WindowFunction(call) => window_call(*call, self),
            Expr::InSubquery(within) => self.in_subquery(within),
            Expr::Not(inner) => Ok(Expr::Not(Box::new(self.boolean(*inner)?))),
            Expr::IsTrue(inner) => Ok(Expr::IsTrue(Box::new(self.boolean(*inner)?))),
            Expr::IsFalse(inner) => Ok(Expr::IsFalse(Box::new(self.boolean(*inner)?))),
            Expr::IsUnknown(inner) => Ok(Expr::IsUnknown(Box::new(self.boolean(*inner)?))),
            Expr::IsNotTrue(inner) => Ok(Expr::IsNotTrue(Box::new(self.boolean(*inner)?))),
            Expr::IsNotFalse(inner) => Ok(Expr::IsNotFalse(Box::new(self.boolean(*inner)?))),
            Expr::IsNotUnknown(inner) => Ok(Expr::IsNotUnknown(Box::new(self.boolean(*inner)?))),
            Expr::Alias(_)
            | Expr::Column(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::Exists(_)
            | Expr::ScalarSubquery(_)
            | Expr::OuterReferenceColumn(..) => Ok(expr),
            other => Err(external(
                refuse(place(&other), "this expression is not supported")
                    .with_hint("compute it in a view at the source"),
            )),
        }
    }

    /// The type of `expr`; a literal that could be anything has none yet.
    fn type_of(&self, expr: &Expr) -> Result<DataType> {
        match is_unknown(expr) {
            true => Ok(DataType::Null),
            false => expr.get_type(self.schema),
        }
    }

    fn pg_of(&self, expr: &Expr) -> Result<(DataType, Pg)> {
        let data_type = self.type_of(expr)?;
        let known = pg(&data_type).ok_or_else(|| {
            external(refuse(
                place(expr),
                format!("{data_type} has no type in PostgreSQL"),
            ))
        })?;
        Ok((data_type, known))
    }

    fn boolean(&self, expr: Expr) -> Result<Expr> {
        match self.pg_of(&expr)? {
            (_, Pg::Bool) => Ok(expr),
            (data_type, Pg::Unknown) => self.coerce(expr, &data_type, &DataType::Boolean),
            (data_type, _) => Err(external(refuse(
                place(&expr),
                format!("a condition is boolean, and not {}", name(&data_type)),
            ))),
        }
    }

    /// `expr` of type `from` as `to`, to which PostgreSQL casts by itself.
    fn coerce(&self, expr: Expr, from: &DataType, to: &DataType) -> Result<Expr> {
        let target = Target::of(to.clone());
        if let Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) = &expr {
            return Ok(match pg(to) {
                Some(Pg::Text) => expr,
                _ => Expr::Literal(cast::literal(text, &target)?, metadata.clone()),
            });
        }
        if let Expr::Literal(ScalarValue::Null, metadata) = expr {
            return Ok(Expr::Literal(ScalarValue::try_from(to)?, metadata));
        }
        if from == to {
            return Ok(expr);
        }
        let (Some(from_pg), Some(to_pg)) = (pg(from), pg(to)) else {
            return Ok(expr);
        };
        let widens = to_pg.is_number() && from_pg.is_integer() && to_pg != Pg::Float4
            || from_pg == Pg::Numeric && to_pg == Pg::Numeric
            || from_pg == Pg::Float4 && to_pg == Pg::Float8;
        Ok(match (widens, expr) {
            (true, Expr::Literal(value, metadata)) => Expr::Literal(value.cast_to(to)?, metadata),
            (true, expr) => Expr::Cast(Cast::new(Box::new(expr), to.clone())),
            (false, expr) => cast::cast(expr, target),
        })
    }

    fn binary(&self, binary: BinaryExpr) -> Result<Expr> {
        let BinaryExpr { left, op, right } = binary;
        match op {
            Operator::And | Operator::Or => {
                let (left, right) = (self.boolean(*left)?, self.boolean(*right)?);
                Ok(Expr::BinaryExpr(BinaryExpr::new(
                    Box::new(left),
                    op,
                    Box::new(right),
                )))
            }
            _ => self.compare(*left, op, *right),
        }
    }

    fn compare(&self, left: Expr, op: Operator, right: Expr) -> Result<Expr> {
        let (left_type, left_pg) = self.pg_of(&left)?;
        let (right_type, right_pg) = self.pg_of(&right)?;
        let is_equality = matches!(
            op,
            Operator::Eq | Operator::NotEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom
        );
        let by_source = |known: Pg, other: Pg| {
            (known == Pg::Opaque || known == Pg::Enum && !is_equality) && other == Pg::Unknown
        };
        if by_source(left_pg, right_pg) {
            return self.at_source(left, op, right);
        }
        if by_source(right_pg, left_pg) {
            let flipped = op.swap().unwrap_or(op);
            return self.at_source(right, flipped, left);
        }
        let comparable = !matches!(left_pg, Pg::Opaque | Pg::Array | Pg::Interval)
            && (left_pg != Pg::Enum || is_equality);
        let wide = common([&left_type, &right_type])
            .filter(|_| comparable)
            .map(|wide| match wide {
                DataType::Null => DataType::Utf8,
                wide => wide,
            })
            .ok_or_else(|| self.incomparable(&left, op, &right))?;
        let left = self.canonical(left, &right)?;
        let right = self.canonical(right, &left)?;
        let left = self.coerce(left, &left_type, &wide)?;
        let right = self.coerce(right, &right_type, &wide)?;
        let (left, right) = match pg(&wide).is_some_and(Pg::is_float) {
            true => (float_operand(left), float_operand(right)),
            false => (left, right),
        };
        Ok(Expr::BinaryExpr(BinaryExpr::new(
            Box::new(left),
            op,
            Box::new(right),
        )))
    }

    fn incomparable(&self, left: &Expr, op: Operator, right: &Expr) -> DataFusionError {
        let name_of = |expr: &Expr| match self.source_type(expr) {
            Some(source) => source,
            None => self
                .type_of(expr)
                .map_or_else(|_| "unknown".to_owned(), |data_type| name(&data_type)),
        };
        let message = format!(
            "{} {op} {} cannot be decided outside the source",
            name_of(left),
            name_of(right)
        );
        external(
            refuse(place(left).or_else(|| place(right)), message)
                .with_hint("cast both sides to one type, or compare in a view at the source"),
        )
    }

    /// The type at the source of a column.
    fn source_type(&self, expr: &Expr) -> Option<String> {
        let Expr::Column(column) = expr else {
            return None;
        };
        let field = self.schema.field_from_column(column).ok()?;
        source_type(field).map(ToOwned::to_owned)
    }

    /// `column op 'literal'` in the source's own terms.
    fn at_source(&self, column: Expr, op: Operator, literal: Expr) -> Result<Expr> {
        let operator = match op {
            Operator::Eq => "=",
            Operator::NotEq => "<>",
            Operator::Lt => "<",
            Operator::LtEq => "<=",
            Operator::Gt => ">",
            Operator::GtEq => ">=",
            Operator::IsDistinctFrom => "IS DISTINCT FROM",
            Operator::IsNotDistinctFrom => "IS NOT DISTINCT FROM",
            _ => return Err(self.incomparable(&column, op, &literal)),
        };
        match (&column, &literal) {
            (Expr::Column(_), Expr::Literal(ScalarValue::Utf8(_), _)) => {
                Ok(opaque(column, operator, literal))
            }
            _ => Err(self.incomparable(&column, op, &literal)),
        }
    }

    /// A literal beside a column that is text here, in the form in which the source writes it.
    fn canonical(&self, literal: Expr, column: &Expr) -> Result<Expr> {
        let Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) = &literal else {
            return Ok(literal);
        };
        match self.source_type(column).as_deref() {
            Some("uuid") => {}
            // Trailing blanks of char(n) do not count.
            Some(source) if source == "bpchar" || source.split('(').next() == Some("character") => {
                let text = ScalarValue::Utf8(Some(text.trim_end_matches(' ').to_owned()));
                return Ok(Expr::Literal(text, metadata.clone()));
            }
            _ => return Ok(literal),
        }
        let digits: String = text
            .chars()
            .filter(|c| !"{}-".contains(*c))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(external(refuse(
                place(column),
                format!("{text:?} is not a uuid"),
            )));
        }
        let parts = [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ];
        let text = ScalarValue::Utf8(Some(parts.join("-")));
        Ok(Expr::Literal(text, metadata.clone()))
    }

    fn between(&self, between: Between) -> Result<Expr> {
        let Between {
            expr,
            negated,
            low,
            high,
        } = between;
        let inside = and(
            self.compare((*expr).clone(), Operator::GtEq, *low)?,
            self.compare(*expr, Operator::LtEq, *high)?,
        );
        Ok(if negated { not(inside) } else { inside })
    }

    fn in_list(&self, list: InList) -> Result<Expr> {
        let InList {
            expr,
            list,
            negated,
        } = list;
        let (expr_type, expr_pg) = self.pg_of(&expr)?;
        let types = list
            .iter()
            .map(|item| self.type_of(item))
            .collect::<Result<Vec<_>>>()?;
        let wide = common(types.iter().chain([&expr_type]));
        let plain = wide
            .as_ref()
            .and_then(pg)
            .is_some_and(|wide| !wide.is_float() && is_plain(wide));
        if let (true, Some(wide)) = (plain && expr_pg != Pg::Unknown, wide) {
            let list = list.into_iter().zip(&types);
            let list = list.map(|(item, item_type)| self.coerce(item, item_type, &wide));
            return Ok(Expr::InList(InList {
                expr: Box::new(self.coerce(*expr, &expr_type, &wide)?),
                list: list.collect::<Result<Vec<_>>>()?,
                negated,
            }));
        }
        let mut any = lit(false);
        for (at, item) in list.into_iter().enumerate() {
            let equal = self.compare((*expr).clone(), Operator::Eq, item)?;
            any = if at == 0 { equal } else { or(any, equal) };
        }
        Ok(if negated { not(any) } else { any })
    }

    fn like(&self, like: Like) -> Result<Expr> {
        if let Expr::Literal(ScalarValue::Utf8(Some(pattern)), _) = &*like.pattern {
            let escapes = pattern.len() - pattern.trim_end_matches('\\').len();
            if escapes % 2 == 1 {
                let message = "a LIKE pattern ends with its escape character";
                return Err(external(refuse(place(&like.expr), message)));
            }
        }
        let like = Like {
            pattern: Box::new(self.text_argument(*like.pattern)?),
            ..like
        };
        let negated = like.negated;
        match self.pg_of(&like.expr)? {
            (_, Pg::Text) => Ok(Expr::Like(like)),
            (data_type, Pg::Unknown) => Ok(Expr::Like(Like {
                expr: Box::new(self.coerce(*like.expr, &data_type, &DataType::Utf8)?),
                ..like
            })),
            (_, Pg::Opaque | Pg::Enum)
                if matches!(
                    (&*like.expr, &*like.pattern),
                    (Expr::Column(_), Expr::Literal(..))
                ) =>
            {
                let operator = if negated { "NOT LIKE" } else { "LIKE" };
                Ok(opaque(*like.expr, operator, *like.pattern))
            }
            (data_type, _) => Err(external(
                refuse(
                    place(&like.expr),
                    format!("LIKE compares text, and not {}", name(&data_type)),
                )
                .with_hint("cast it to text"),
            )),
        }
    }

    fn text_argument(&self, expr: Expr) -> Result<Expr> {
        match self.pg_of(&expr)? {
            (data_type, Pg::Text | Pg::Unknown) => self.coerce(expr, &data_type, &DataType::Utf8),
            (data_type, _) => {
                let message = format!("a LIKE pattern is text, and not {}", name(&data_type));
                Err(external(refuse(place(&expr), message)))
            }
        }
    }

    fn case(&self, case: Case) -> Result<Expr> {
        let results = case
            .when_then_expr
            .iter()
            .map(|(_, result)| self.type_of(result))
            .chain(case.else_expr.iter().map(|result| self.type_of(result)))
            .collect::<Result<Vec<_>>>()?;
        let wide = common(&results).ok_or_else(|| {
            let types: Vec<String> = results.iter().map(name).collect();
            external(
                refuse(None, format!("CASE cannot give {}", types.join(" or ")))
                    .with_hint("cast its results to one type"),
            )
        })?;
        let wide = match wide {
            DataType::Null => DataType::Utf8,
            wide => wide,
        };
        let null = Expr::Literal(ScalarValue::Null, None);
        let otherwise = case.else_expr.as_deref().unwrap_or(&null);
        let whens = case.when_then_expr.iter().map(|(_, result)| &**result);
        let declaration = self.merged(std::iter::once(otherwise).chain(whens));
        let mut types = results.iter();
        let mut result = |expr: Expr| {
            let from = types.next().cloned().unwrap_or(DataType::Null);
            self.coerce(expr, &from, &wide).map(Box::new)
        };
        let mut when_then_expr = Vec::with_capacity(case.when_then_expr.len());
        for (when, then) in case.when_then_expr {
            let when = match &case.expr {
                Some(operand) => self.compare((**operand).clone(), Operator::Eq, *when)?,
                None => self.boolean(*when)?,
            };
            when_then_expr.push((Box::new(when), result(*then)?));
        }
        let case = Expr::Case(Case {
            expr: None,
            when_then_expr,
            else_expr: case.else_expr.map(|expr| result(*expr)).transpose()?,
        });
        Ok(match declaration {
            Some(_) => declared_as(case, declaration),
            None => case,
        })
    }

    fn cast(&self, cast: Cast) -> Result<Expr> {
        let target = target_of(&cast.field);
        let expr = *cast.expr;
        let (from, from_pg) = self.pg_of(&expr)?;
        let to_pg = pg(&target.data_type);
        if !to_pg.is_some_and(|to| cast::is_possible(from_pg, to)) {
            let message = format!(
                "{} cannot be cast to {}",
                name(&from),
                name(&target.data_type)
            );
            return Err(external(
                refuse(place(&expr), message).with_hint("compute it in a view at the source"),
            ));
        }
        if target.exact
            && let Some(exact) = as_decimal(&from)
        {
            return self.coerce(expr, &from, &exact);
        }
        if to_pg == Some(Pg::Text) {
            if self.has_text_of_its_own(&expr, from_pg) {
                return Ok(match target.declared {
                    Some(_) => cast::cast(source_text(expr), target),
                    None => source_text(expr),
                });
            }
            self.check_text_of(&expr, &from)?;
        }
        let same = from == target.data_type && !is_unknown(&expr);
        let declaration = self.declared(&expr);
        Ok(match same && declaration == target.declared {
            true => expr,
            false if same && target.declared.is_none() => declared_as(expr, None),
            false => cast::cast(expr, target),
        })
    }

    /// Whether `expr` is a column whose text only the source can make.
    fn has_text_of_its_own(&self, expr: &Expr, known: Pg) -> bool {
        let is_column = matches!(expr, Expr::Column(_)) && self.source_type(expr).is_some();
        let unknown_digits = known == Pg::Numeric && self.declared(expr).is_none();
        is_column && (matches!(known, Pg::Interval | Pg::Bytea | Pg::Array) || unknown_digits)
    }

    fn negative(&self, expr: Expr) -> Result<Expr> {
        let (data_type, known) = self.pg_of(&expr)?;
        if let Expr::Literal(value, metadata) = &expr
            && let Ok(negated) = value.arithmetic_negate()
        {
            return Ok(Expr::Literal(negated, metadata.clone()));
        }
        let minus_one = match known {
            Pg::Numeric => ScalarValue::Decimal128(Some(-1), 1, 0),
            _ if known.is_number() => ScalarValue::Int16(Some(-1)).cast_to(&data_type)?,
            _ => {
                let message = format!("there is no operator - {}", name(&data_type));
                return Err(external(refuse(place(&expr), message)));
            }
        };
        let product = arithmetic::arithmetic(arithmetic::Operator::Multiply, expr, lit(minus_one));
        self.node(product)
    }

    fn scalar(&self, call: ScalarFunction) -> Result<Expr> {
        if let Some(now) = self.clock(call.name()) {
            return Ok(Expr::Literal(now, None));
        }
        if !matches!(
            call.func.signature().type_signature,
            TypeSignature::UserDefined
        ) {
            return Ok(Expr::ScalarFunction(call));
        }
        let types = call
            .args
            .iter()
            .map(|arg| self.type_of(arg))
            .collect::<Result<Vec<_>>>()?;
        let wanted = argument_types(&call, &types)?;
        if matches!(call.name(), "||" | "concat" | "concat_ws") {
            for (arg, data_type) in call.args.iter().zip(&types) {
                self.check_text_of(arg, data_type)?;
            }
        }
        let declaration = match call.name() {
            "nullif" => self.declared(&call.args[0]),
            "coalesce" | "greatest" | "least" => self.merged(call.args.iter()),
            _ => None,
        };
        let args = call
            .args
            .into_iter()
            .zip(types.iter().zip(&wanted))
            .map(|(arg, (from, to))| self.argument(arg, from, to))
            .collect::<Result<Vec<_>>>()?;
        let result = match call.func.name() {
            "coalesce" => coalesce(args),
            _ => Expr::ScalarFunction(ScalarFunction::new_udf(call.func, args)),
        };
        Ok(match declaration {
            Some(_) => declared_as(result, declaration),
            None => result,
        })
    }

    /// What `expr` is declared as.
    fn declared(&self, expr: &Expr) -> Option<String> {
        let (_, field) = expr.to_field(self.schema).ok()?;
        declared::of(&field).map(ToOwned::to_owned)
    }

    /// What a choice between `exprs` is declared as; the first of a type decides.
    fn merged<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Option<String> {
        let mut unknown = false;
        let mut declarations = Vec::new();
        for expr in exprs {
            match is_unknown(expr) {
                true => unknown = true,
                false => declarations.push(self.declared(expr)),
            }
        }
        if unknown {
            // A literal has no modifier, so the choice has none.
            declarations.push(None);
        }
        declared::shared(&declarations)
    }

    /// Refuses the text of a numeric whose digits after the point are not known to be shown.
    fn check_text_of(&self, expr: &Expr, data_type: &DataType) -> Result<()> {
        let Some((_, scale)) = digits(data_type).filter(|_| pg(data_type) == Some(Pg::Numeric))
        else {
            return Ok(());
        };
        let mut known = scale < 32;
        let _ = expr.apply(|inner| {
            if matches!(inner, Expr::Column(_))
                && self.type_of(inner).ok().as_ref().and_then(pg) == Some(Pg::Numeric)
            {
                known &= self.declared(inner).is_some();
            }
            Ok(TreeNodeRecursion::Continue)
        });
        if known || self.declared(expr).is_some() {
            return Ok(());
        }
        Err(external(
            refuse(
                place(expr),
                "how many digits PostgreSQL shows of this numeric is not known here",
            )
            .with_hint("cast it to numeric(p,s) first"),
        ))
    }

    fn argument(&self, arg: Expr, from: &DataType, to: &DataType) -> Result<Expr> {
        let implicit = match (pg(from), pg(to)) {
            (Some(from), Some(to)) => from == to || super::types::is_implicit(from, to),
            _ => false,
        };
        if implicit {
            return match to {
                DataType::Null => self.coerce(arg, from, &DataType::Utf8),
                to => self.coerce(arg, from, to),
            };
        }
        let message = format!("{} is not {}", name(from), name(to));
        Err(external(refuse(place(&arg), message).with_hint("cast it")))
    }

    fn clock(&self, function: &str) -> Option<ScalarValue> {
        let Now(now) = self.now;
        Some(match function {
            "now" | "current_timestamp" | "transaction_timestamp" => {
                ScalarValue::TimestampMicrosecond(Some(now), Some("UTC".into()))
            }
            "current_date" => ScalarValue::Date32(i32::try_from(now.div_euclid(format::DAY)).ok()),
            _ => return None,
        })
    }

    fn in_subquery(&self, within: InSubquery) -> Result<Expr> {
        let from = self.type_of(&within.expr)?;
        let to = within
            .subquery
            .subquery
            .schema()
            .field(0)
            .data_type()
            .clone();
        if common([&from, &to]).as_ref() != Some(&to)
            || matches!(pg(&to), Some(Pg::Opaque | Pg::Array) | None)
            || pg(&to).is_some_and(Pg::is_float)
        {
            let message = format!(
                "{} IN (a query of {}) is not supported",
                name(&from),
                name(&to)
            );
            return Err(external(
                refuse(place(&within.expr), message).with_hint("cast the query's column"),
            ));
        }
        Ok(Expr::InSubquery(InSubquery {
            expr: Box::new(self.coerce(*within.expr, &from, &to)?),
            ..within
        }))
    }
}

/// Whether values of it are equal here exactly where they are in PostgreSQL.
fn is_plain(known: Pg) -> bool {
    !matches!(
        known,
        Pg::Opaque | Pg::Enum | Pg::Array | Pg::Interval | Pg::Unknown
    )
}

/// The types in which `call` takes arguments of `types`; unknown literals count as NULL.
fn argument_types(call: &ScalarFunction, types: &[DataType]) -> Result<Vec<DataType>> {
    let function: &dyn std::any::Any = call.func.inner().as_ref();
    if let Some(function) = function.downcast_ref::<PgFunction>() {
        return function.argument_types(types);
    }
    if let Some(operator) = function.downcast_ref::<arithmetic::Arithmetic>() {
        return operator.argument_types(types);
    }
    if let Some(concat) = function.downcast_ref::<Concat>() {
        concat.check(types)?;
        return Ok(types.to_vec());
    }
    if let Some(choice) = function.downcast_ref::<Choice>() {
        return Ok(vec![choice.shared(types)?; types.len()]);
    }
    call.func.coerce_types(types)
}

/// Whole numbers are integer if they fit, then bigint, then numeric, as PostgreSQL reads them.
fn number(value: ScalarValue) -> ScalarValue {
    match value {
        ScalarValue::Int64(Some(number)) => match i32::try_from(number) {
            Ok(number) => ScalarValue::Int32(Some(number)),
            Err(_) => ScalarValue::Int64(Some(number)),
        },
        ScalarValue::UInt64(Some(number)) => {
            ScalarValue::Decimal128(Some(i128::from(number)), 20, 0)
        }
        value => value,
    }
}

fn float_operand(expr: Expr) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Float64(Some(value)), metadata) if !value.is_nan() => {
            Expr::Literal(ScalarValue::Float64(Some(value + 0.0)), metadata)
        }
        Expr::Literal(ScalarValue::Float32(Some(value)), metadata) if !value.is_nan() => {
            Expr::Literal(ScalarValue::Float32(Some(value + 0.0)), metadata)
        }
        expr => float_key(expr),
    }
}

/// `coalesce` as CASE, which does not compute what it does not need.
fn coalesce(args: Vec<Expr>) -> Expr {
    let mut args = args.into_iter().rev();
    let last = args
        .next()
        .unwrap_or(Expr::Literal(ScalarValue::Null, None));
    args.fold(last, |rest, arg| {
        Expr::Case(Case {
            expr: None,
            when_then_expr: vec![(
                Box::new(Expr::IsNotNull(Box::new(arg.clone()))),
                Box::new(arg),
            )],
            else_expr: Some(Box::new(rest)),
        })
    })
}

/// Where the first column in `expr` stands in the user's text.
pub(super) fn place(expr: &Expr) -> Option<Place> {
    let mut found = None;
    let _ = expr.apply(|inner| {
        if let Some(span) = inner.spans().and_then(|spans| spans.first()) {
            found.get_or_insert(Place {
                line: span.start.line,
                column: span.start.column,
            });
        }
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    });
    found
}

fn aggregate_call(
    mut call: datafusion::logical_expr::expr::AggregateFunction,
    scope: &Scope<'_>,
) -> Result<Expr> {
    let args = std::mem::take(&mut call.params.args);
    let types = args
        .iter()
        .map(|arg| scope.type_of(arg))
        .collect::<Result<Vec<_>>>()?;
    let name_of_call = call.func.name().to_owned();
    let refused = |what: &str| {
        let types: Vec<String> = types.iter().map(name).collect();
        external(
            refuse(
                args.first().and_then(place),
                format!("{name_of_call}({}) {what}", types.join(", ")),
            )
            .with_hint("cast the argument, or compute it in a view at the source"),
        )
    };
    let wanted = aggregate_types(&name_of_call, &types, call.params.distinct)
        .ok_or_else(|| refused("is not supported"))?;
    if name_of_call == "string_agg" && call.params.order_by.is_empty() {
        return Err(refused(
            "needs an ORDER BY to give the same text everywhere",
        ));
    }
    call.params.args = args
        .into_iter()
        .zip(types.iter().zip(&wanted))
        .map(|(arg, (from, to))| scope.coerce(arg, from, to))
        .collect::<Result<Vec<_>>>()?;
    if call.params.distinct && wanted.first().and_then(pg).is_some_and(Pg::is_float) {
        call.params.args = call.params.args.into_iter().map(float_key).collect();
    }
    if name_of_call == "avg" && wanted.first().and_then(pg) == Some(Pg::Numeric) {
        call.func = aggregate::numeric_avg();
    }
    call.params.filter = match call.params.filter {
        Some(filter) => Some(Box::new(scope.boolean(*filter)?)),
        None => None,
    };
    Ok(Expr::AggregateFunction(call))
}

/// The types in which an aggregate takes its arguments; `None` if it would differ.
pub(super) fn aggregate_types(
    function: &str,
    types: &[DataType],
    distinct: bool,
) -> Option<Vec<DataType>> {
    let first = types.first();
    let known = first.and_then(pg);
    let one = |data_type: DataType| Some(vec![data_type]);
    match function {
        "count" => match known {
            Some(Pg::Opaque | Pg::Array) if distinct => None,
            _ => Some(types.to_vec()),
        },
        "sum" => match known? {
            Pg::Int2 | Pg::Int4 | Pg::Float8 => one(first?.clone()),
            Pg::Int8 => one(DataType::Decimal128(19, 0)),
            // DataFusion's sum adds 10 digits and wraps: 38 must be enough for any table.
            Pg::Numeric => match first? {
                DataType::Decimal128(precision, scale) if *precision > 28 => {
                    one(DataType::Decimal256(*precision, *scale))
                }
                data_type => one(data_type.clone()),
            },
            _ => None,
        },
        "avg" => match known? {
            Pg::Int2 | Pg::Int4 | Pg::Int8 | Pg::Numeric => one(as_decimal(first?)?),
            Pg::Float4 | Pg::Float8 => one(DataType::Float64),
            _ => None,
        },
        "min" | "max" => match known? {
            known if known.is_number() => one(first?.clone()),
            Pg::Text | Pg::Date | Pg::Time | Pg::Timestamp | Pg::TimestampTz => one(first?.clone()),
            _ => None,
        },
        "bool_and" | "bool_or" | "every" => match known? {
            Pg::Bool | Pg::Unknown => one(DataType::Boolean),
            _ => None,
        },
        "string_agg" => match (known?, types.get(1).and_then(pg)?) {
            (Pg::Text, Pg::Text | Pg::Unknown) => Some(vec![DataType::Utf8; 2]),
            _ => None,
        },
        _ => None,
    }
}

fn window_call(
    mut call: datafusion::logical_expr::expr::WindowFunction,
    scope: &Scope<'_>,
) -> Result<Expr> {
    use datafusion::logical_expr::WindowFunctionDefinition;
    use datafusion::logical_expr::{WindowFrameBound, WindowFrameUnits};
    let function = call.fun.name().to_owned();
    let frame = &call.params.window_frame;
    let is_offset = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::Preceding(value) | WindowFrameBound::Following(value) => !value.is_null(),
        WindowFrameBound::CurrentRow => false,
    };
    let offsets = is_offset(&frame.start_bound) || is_offset(&frame.end_bound);
    if offsets && frame.units != WindowFrameUnits::Rows {
        return Err(external(
            refuse(None, "a window frame with an offset counts ROWS only")
                .with_hint("compute it in a view at the source"),
        ));
    }
    let args = std::mem::take(&mut call.params.args);
    let types = args
        .iter()
        .map(|arg| scope.type_of(arg))
        .collect::<Result<Vec<_>>>()?;
    let wanted = match &call.fun {
        WindowFunctionDefinition::AggregateUDF(_) => {
            aggregate_types(&function, &types, call.params.distinct)
                .filter(|wanted| {
                    let float = wanted.first().and_then(pg).is_some_and(Pg::is_float);
                    // A frame that moves takes values out again, and floats do not come out even.
                    !(float && offsets && matches!(&*function, "sum" | "avg"))
                        && !call.params.distinct
                        && function != "string_agg"
                })
                .ok_or_else(|| {
                    external(
                        refuse(
                            None,
                            format!("{function} over this window is not supported"),
                        )
                        .with_hint("compute it in a view at the source"),
                    )
                })?
        }
        WindowFunctionDefinition::WindowUDF(_) => window_types(&types),
    };
    call.params.args = args
        .into_iter()
        .zip(types.iter().zip(&wanted))
        .map(|(arg, (from, to))| scope.coerce(arg, from, to))
        .collect::<Result<Vec<_>>>()?;
    if function == "avg" && wanted.first().and_then(pg) == Some(Pg::Numeric) {
        call.fun = WindowFunctionDefinition::AggregateUDF(aggregate::numeric_avg());
    }
    let keys = std::mem::take(&mut call.params.partition_by);
    call.params.partition_by = keys
        .into_iter()
        .map(|key| key_of(key, scope.schema))
        .collect::<Result<Vec<_>>>()?;
    Ok(Expr::WindowFunction(Box::new(call)))
}

/// `lag(x, offset, default)`: the default has the type of `x`; offsets are bigint to DataFusion.
fn window_types(types: &[DataType]) -> Vec<DataType> {
    types
        .iter()
        .enumerate()
        .map(|(at, data_type)| match at {
            2 => types[0].clone(),
            _ if at == 1 || types.len() == 1 && data_type.is_integer() => match at {
                1 => DataType::Int64,
                _ => data_type.clone(),
            },
            _ => match data_type {
                DataType::Null => DataType::Utf8,
                data_type => data_type.clone(),
            },
        })
        .collect()
}

/// A key of grouping or partitioning, which compares as PostgreSQL's does.
pub(super) fn key_of(key: Expr, schema: &DFSchema) -> Result<Expr> {
    let data_type = key.get_type(schema)?;
    match pg(&data_type) {
        Some(known) if known.is_float() => Ok(float_key(key)),
        Some(Pg::Opaque | Pg::Array | Pg::Interval) | None => {
            let message = format!("rows cannot be grouped by {}", name(&data_type));
            Err(external(
                refuse(place(&key), message).with_hint("group in a view at the source"),
            ))
        }
        _ => Ok(key),
    }
}

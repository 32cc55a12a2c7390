//! One expression at a time: literals, casts and arguments get PostgreSQL's types.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Case, Cast, InSubquery};
use datafusion::logical_expr::logical_plan::Projection;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, Subquery};
use datafusion::prelude::lit;

use super::cast::{self, Target};
use super::comparison::{is_plain, one_of_several};
use super::conform::widen;
use super::format;
use super::grouped::{aggregate_call, window_call};
use super::marker::{declared_as, nullable, source_text};
use super::planner::target_of;
use super::types::{Pg, as_decimal, chosen, common, name, pg};
use super::{arithmetic, columns};
use crate::template::{AT_SOURCE, Place, external, find, refuse};

/// When the plan is made, in microseconds since 1970: what `now()` gives throughout a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now(pub(super) i64);

/// Gives `expr` over `schema` PostgreSQL's types, from the inside out.
pub(super) fn conform(expr: Expr, schema: &DFSchema, now: Now) -> Result<Transformed<Expr>> {
    let scope = Scope { schema, now };
    expr.transform_up(|expr| Ok(Transformed::yes(scope.node(expr)?)))
}

/// The columns that an expression can name, and the time of the run.
pub(super) struct Scope<'a> {
    /// The columns.
    pub(super) schema: &'a DFSchema,
    now: Now,
}

/// Whether `expr` is a literal that takes the type of what it stands beside.
pub(super) fn is_unknown(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Literal(ScalarValue::Utf8(Some(_)) | ScalarValue::Null, _)
    )
}

impl Scope<'_> {
    pub(super) fn node(&self, expr: Expr) -> Result<Expr> {
        let expr = self.with_numbers(expr)?;
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
            Expr::ScalarSubquery(subquery) => scalar_subquery(subquery),
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
            | Expr::OuterReferenceColumn(..) => Ok(expr),
            other => Err(external(
                refuse(place(&other), "this expression is not supported").with_hint(AT_SOURCE),
            )),
        }
    }

    /// The type of `expr`; a literal that could be anything has none yet.
    pub(super) fn type_of(&self, expr: &Expr) -> Result<DataType> {
        match is_unknown(expr) {
            true => Ok(DataType::Null),
            false => expr.get_type(self.schema),
        }
    }

    pub(super) fn pg_of(&self, expr: &Expr) -> Result<(DataType, Pg)> {
        let data_type = self.type_of(expr)?;
        let known = pg(&data_type).ok_or_else(|| {
            external(refuse(
                place(expr),
                format!("{data_type} has no type in PostgreSQL"),
            ))
        })?;
        Ok((data_type, known))
    }

    pub(super) fn boolean(&self, expr: Expr) -> Result<Expr> {
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
    pub(super) fn coerce(&self, expr: Expr, from: &DataType, to: &DataType) -> Result<Expr> {
        let target = Target::of(to.clone());
        if let Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) = &expr {
            return Ok(match pg(to) {
                Some(Pg::Text) => expr,
                _ => Expr::Literal(literal(text, &target)?, metadata.clone()),
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
                if op == Operator::Or
                    && let Some(list) = one_of_several(&left, &right)
                {
                    return Ok(list);
                }
                Ok(Expr::BinaryExpr(BinaryExpr::new(
                    Box::new(left),
                    op,
                    Box::new(right),
                )))
            }
            _ => self.compare(*left, op, *right),
        }
    }

    fn case(&self, case: Case) -> Result<Expr> {
        let results = case
            .when_then_expr
            .iter()
            .map(|(_, result)| self.type_of(result))
            .chain(case.else_expr.iter().map(|result| self.type_of(result)))
            .collect::<Result<Vec<_>>>()?;
        let wide = chosen(&results).ok_or_else(|| {
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
        self.check_modifiers(whens.clone().chain([otherwise]))?;
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
        Ok(choice_as(case, &wide, declaration))
    }

    fn cast(&self, cast: Cast) -> Result<Expr> {
        let target = target_of(&cast.field);
        let expr = *cast.expr;
        let (from, from_pg) = self.pg_of(&expr)?;
        let to_pg = pg(&target.data_type);
        if to_pg == Some(Pg::Text) && self.has_text_of_its_own(&expr, from_pg) {
            return Ok(match target.declared {
                Some(_) => cast::cast(source_text(expr), target),
                None => source_text(expr),
            });
        }
        if !to_pg.is_some_and(|to| cast::is_possible(from_pg, to)) {
            let message = format!(
                "{} cannot be cast to {}",
                name(&from),
                name(&target.data_type)
            );
            return Err(external(refuse(place(&expr), message).with_hint(AT_SOURCE)));
        }
        if let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &expr {
            // It is read here, so that a mistake in it, or a form unknown here, shows before any row.
            cast::literal(text, &target)?;
        }
        if target.exact && from_pg.is_float() {
            let message = "numeric without precision has as many digits as each float needs";
            return Err(external(
                refuse(place(&expr), message).with_hint("cast it to numeric(p,s)"),
            ));
        }
        if target.exact
            && let Some(exact) = as_decimal(&from)
        {
            let is_declared = self.declared(&expr).is_some();
            let coerced = self.coerce(expr, &from, &exact)?;
            return Ok(match is_declared {
                true => declared_as(coerced, None),
                false => coerced,
            });
        }
        if to_pg == Some(Pg::Text) {
            self.check_scale(&expr, &from)?;
        }
        let same = from == target.data_type && !is_unknown(&expr);
        let declaration = self.declared(&expr);
        Ok(match same && declaration == target.declared {
            true if self.is_domain(&expr) => declared_as(expr, declaration),
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

    pub(super) fn clock(&self, function: &str) -> Option<ScalarValue> {
        let Now(now) = self.now;
        Some(match function {
            "now" | "current_timestamp" | "transaction_timestamp" => {
                ScalarValue::TimestampMicrosecond(Some(now), Some("UTC".into()))
            }
            "current_date" => ScalarValue::Date32(i32::try_from(now.div_euclid(format::DAY)).ok()),
            _ => return None,
        })
    }

    /// Both sides of IN get the type in which PostgreSQL compares them.
    fn in_subquery(&self, within: InSubquery) -> Result<Expr> {
        let from = self.type_of(&within.expr)?;
        let plan = Arc::clone(&within.subquery.subquery);
        let to = plan.schema().field(0).data_type().clone();
        let wide = common([&from, &to]).filter(|wide| {
            pg(wide).is_some_and(|wide| !wide.is_float() && (wide == Pg::Enum || is_plain(wide)))
        });
        let Some(wide) = wide else {
            let message = format!(
                "{} IN (a query of {}) is not supported",
                name(&from),
                name(&to)
            );
            return Err(external(
                refuse(place(&within.expr), message).with_hint("cast both to one type"),
            ));
        };
        let subquery = Subquery {
            subquery: widen(plan, std::slice::from_ref(&wide))?,
            ..within.subquery
        };
        Ok(Expr::InSubquery(InSubquery {
            expr: Box::new(self.coerce(*within.expr, &from, &wide)?),
            subquery,
            negated: within.negated,
        }))
    }
}

/// A choice between values of `data_type`, under its own declaration even where only one of them can be
/// chosen: that one may be a column with another.
pub(super) fn choice_as(expr: Expr, data_type: &DataType, declaration: Option<String>) -> Expr {
    let has_modifier = !pg(data_type).is_some_and(|known| {
        known.is_integer() || known.is_float() || matches!(known, Pg::Bool | Pg::Date)
    });
    match has_modifier {
        true => declared_as(expr, declaration),
        false => expr,
    }
}

/// A subquery without rows gives NULL, even of a column that is never NULL. One that depends on rows
/// around it becomes a join, which knows.
fn scalar_subquery(subquery: Subquery) -> Result<Expr> {
    let field = subquery.subquery.schema().iter().next();
    if let Some((_, field)) = field
        && let Some(source) = columns::source_type(field)
        && columns::has_precision_of_time(source)
    {
        let message = format!("the source knows the type of a subquery of {source}");
        return Err(external(refuse(None, message).with_hint(AT_SOURCE)));
    }
    let field = field.filter(|(_, field)| !field.is_nullable());
    let Some((qualifier, field)) = field.filter(|_| subquery.outer_ref_columns.is_empty()) else {
        return Ok(Expr::ScalarSubquery(subquery));
    };
    let column = Column::new(qualifier.cloned(), field.name());
    let value = nullable(Expr::Column(column)).alias_qualified(qualifier.cloned(), field.name());
    let input = Arc::clone(&subquery.subquery);
    let plan = LogicalPlan::Projection(Projection::try_new(vec![value], input)?);
    Ok(Expr::ScalarSubquery(Subquery {
        subquery: Arc::new(plan),
        ..subquery
    }))
}

/// The value of a string literal; one that has none is a mistake in the SQL.
fn literal(text: &str, target: &Target) -> Result<ScalarValue> {
    cast::literal(text, target).map_err(|err| {
        let refused = refuse(None, format!("'{text}' is no {}", name(&target.data_type)));
        external(match find(&err).and_then(towpath_engine::Error::hint) {
            Some(hint) => refused.with_hint(hint),
            None => refused,
        })
    })
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

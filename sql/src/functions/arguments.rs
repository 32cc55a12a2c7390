//! Calls of scalar functions: the types and declarations of their arguments and results.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{Case, ScalarFunction};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, TypeSignature};

use super::call::PgFunction;
use super::choice::{Choice, Concat};
use super::comparison::is_char;
use super::expression::{Scope, choice_as, is_unknown, place};
use super::planner::check_field;
use super::types::{Pg, name, pg};
use super::{arithmetic, columns, declared, scale};
use crate::template::{AT_SOURCE, external, refuse};

impl Scope<'_> {
    pub(super) fn scalar(&self, call: ScalarFunction) -> Result<Expr> {
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
        if let ("nullif", [first, second]) = (call.name(), &*call.args)
            && let Some(compared) = self.null_if((first, &types[0]), (second, &types[1]))?
        {
            return Ok(compared);
        }
        if call.name() == "extract" {
            check_field(&call.args, &types)?;
        }
        check_compared(call.name(), &types)?;
        let wanted = argument_types(&call, &types)?;
        if matches!(call.name(), "||" | "concat" | "concat_ws" | "/") {
            for (arg, data_type) in call.args.iter().zip(&types) {
                self.check_scale(arg, data_type)?;
                self.check_blanks(arg, call.name())?;
            }
        }
        let declaration = match call.name() {
            // It compares varchar as text.
            "nullif" => self
                .declared(&call.args[0])
                .filter(|declaration| declared::without_modifier(declaration).is_none()),
            "coalesce" | "greatest" | "least" => {
                self.check_modifiers(call.args.iter())?;
                self.merged(call.args.iter())
            }
            _ => None,
        };
        let args = call
            .args
            .into_iter()
            .zip(types.iter().zip(&wanted))
            .map(|(arg, (from, to))| self.argument(arg, from, to))
            .collect::<Result<Vec<_>>>()?;
        let name = call.func.name().to_owned();
        let result = match &*name {
            "coalesce" => coalesce(args),
            _ => Expr::ScalarFunction(ScalarFunction::new_udf(call.func, args)),
        };
        Ok(match &*name {
            "coalesce" | "greatest" | "least" | "nullif" => {
                choice_as(result, &wanted[0], declaration)
            }
            _ => result,
        })
    }

    /// `nullif` of types that have an operator between them: it keeps the type of `first`. `None` if they
    /// have none, and both get one type.
    fn null_if(
        &self,
        (first, first_type): (&Expr, &DataType),
        (second, second_type): (&Expr, &DataType),
    ) -> Result<Option<Expr>> {
        self.check_modifiers(std::iter::once(first))?;
        let (Some(one), Some(other)) = (pg(first_type), pg(second_type)) else {
            return Ok(None);
        };
        if one == Pg::Float4 && other.is_number() && !other.is_float() {
            let message = format!(
                "nullif of real and {} is double precision",
                name(second_type)
            );
            return Err(external(
                refuse(place(first), message).with_hint("cast the first to double precision"),
            ));
        }
        let is_float = one == Pg::Float8 || one.is_float() && other.is_float();
        let is_numeric = one == Pg::Numeric && other.is_number() && !other.is_float();
        if !is_float && !is_numeric && (one == other || !are_compared_as_they_are(one, other)) {
            return Ok(None);
        }
        let equal = self.compare(first.clone(), Operator::Eq, second.clone())?;
        let null = ScalarValue::try_from(first_type)?;
        let chosen = Expr::Case(Case {
            expr: None,
            when_then_expr: vec![(Box::new(equal), Box::new(Expr::Literal(null, None)))],
            else_expr: Some(Box::new(first.clone())),
        });
        Ok(Some(choice_as(chosen, first_type, self.declared(first))))
    }

    /// Refuses choices between columns that have a precision which Arrow's type does not tell: the
    /// source knows whether the choice has it too.
    pub(super) fn check_modifiers<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Result<()> {
        for expr in exprs {
            let source = self.source_type(expr);
            if let Some(source) = source.filter(|source| columns::has_precision_of_time(source)) {
                let message =
                    format!("the source knows the type of a choice between values of {source}");
                return Err(external(refuse(place(expr), message).with_hint(AT_SOURCE)));
            }
        }
        Ok(())
    }

    /// What `expr` is declared as.
    pub(super) fn declared(&self, expr: &Expr) -> Option<String> {
        let (_, field) = expr.to_field(self.schema).ok()?;
        declared::of(&field).map(ToOwned::to_owned)
    }

    /// What a choice between `exprs` is declared as; the first of a type decides.
    pub(super) fn merged<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Option<String> {
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

    /// Refuses char(n) where its trailing blanks would count: they are not read.
    fn check_blanks(&self, expr: &Expr, function: &str) -> Result<()> {
        match self.source_type(expr).as_deref() {
            Some(source) if is_char(source) && function.starts_with("concat") => Err(external(
                refuse(
                    place(expr),
                    format!("{function} keeps the trailing blanks of {source}"),
                )
                .with_hint("cast the column to text, or use ||"),
            )),
            _ => Ok(()),
        }
    }

    /// Refuses what depends on how many digits PostgreSQL keeps after the point of each value.
    pub(super) fn check_scale(&self, expr: &Expr, data_type: &DataType) -> Result<()> {
        if pg(data_type) != Some(Pg::Numeric) || scale::is_known(expr, self.schema) {
            return Ok(());
        }
        let message = "how many digits PostgreSQL keeps of this numeric is not known here";
        Err(external(
            refuse(place(expr), message).with_hint("cast it to numeric(p,s) first"),
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
}

/// Refuses choices by comparison between values that PostgreSQL compares otherwise.
fn check_compared(function: &str, types: &[DataType]) -> Result<()> {
    use Pg::{Array, Enum, Interval, Opaque};
    let is_otherwise = |known: Pg| match function {
        "greatest" | "least" => matches!(known, Array | Enum | Interval | Opaque),
        "nullif" => matches!(known, Array | Interval | Opaque),
        _ => false,
    };
    let mut otherwise = types
        .iter()
        .filter(|data_type| pg(data_type).is_some_and(is_otherwise));
    match otherwise.next() {
        None => Ok(()),
        Some(data_type) => {
            let message = format!("{function} of {} is not supported", name(data_type));
            Err(external(refuse(None, message).with_hint(AT_SOURCE)))
        }
    }
}

/// Whether an operator of PostgreSQL's compares values of both types without a cast.
fn are_compared_as_they_are(one: Pg, other: Pg) -> bool {
    let is_moment = |known: Pg| matches!(known, Pg::Date | Pg::Timestamp | Pg::TimestampTz);
    one.is_integer() && other.is_integer() || is_moment(one) && is_moment(other)
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

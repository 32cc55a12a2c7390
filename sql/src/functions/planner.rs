//! How syntax becomes calls: operators, EXTRACT, SUBSTRING, and the types in casts.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimestampMicrosecondType};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, TypePlanner};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CharacterLength, DataType as SqlType, ExactNumberInfo, TimezoneInfo,
};
use towpath_engine::types::UNCONSTRAINED_NUMERIC;

use super::arithmetic::{self, Operator};
use super::call::{Overload, PgFunction, Returns};
use super::cast::{self, Target};
use super::choice::{Concat, Joining};
use super::declared;
use super::time::{UNITS, part_scale, unknown_unit};
use super::types::{INTERVAL, TIMESTAMP, timestamptz};
use crate::template::{AT_SOURCE, external, refuse};

/// Metadata keys by which a cast's type says more than Arrow's does.
const LENGTH_KEY: &str = "towpath.length";
const EXACT_KEY: &str = "towpath.exact";

/// Plans operators and special syntax into this crate's functions.
#[derive(Debug)]
pub(super) struct PostgresPlanner;

impl ExprPlanner for PostgresPlanner {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let expr = with_boolean_literal(expr, schema)?;
        let operator = match expr.op {
            BinaryOperator::Plus => Operator::Add,
            BinaryOperator::Minus => Operator::Subtract,
            BinaryOperator::Multiply => Operator::Multiply,
            BinaryOperator::Divide => Operator::Divide,
            BinaryOperator::Modulo => Operator::Remainder,
            BinaryOperator::StringConcat => {
                let concat = ScalarUDF::from(Concat::new(Joining::Operator));
                return Ok(PlannerResult::Planned(
                    concat.call(vec![expr.left, expr.right]),
                ));
            }
            _ => return Ok(PlannerResult::Original(expr)),
        };
        Ok(PlannerResult::Planned(arithmetic::arithmetic(
            operator, expr.left, expr.right,
        )))
    }

    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("extract", args)
    }

    fn plan_position(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("strpos", args)
    }

    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        call("substring", args)
    }
}

/// A string beside a boolean is a boolean: DataFusion would not compare them at all.
fn with_boolean_literal(expr: RawBinaryExpr, schema: &DFSchema) -> Result<RawBinaryExpr> {
    let RawBinaryExpr { op, left, right } = expr;
    let is_boolean = |expr: &Expr| {
        expr.get_type(schema)
            .is_ok_and(|data_type| data_type == DataType::Boolean)
    };
    let read = |expr: Expr, beside: bool| match &expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) if beside => Ok(Expr::Literal(
            cast::literal(text, &Target::of(DataType::Boolean))?,
            metadata.clone(),
        )),
        _ => Ok::<_, DataFusionError>(expr),
    };
    let (left_is, right_is) = (is_boolean(&left), is_boolean(&right));
    Ok(RawBinaryExpr {
        op,
        left: read(left, right_is)?,
        right: read(right, left_is)?,
    })
}

fn call(name: &str, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
    let function = super::scalars()
        .into_iter()
        .find(|function| function.name() == name);
    Ok(match function {
        Some(function) => PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction::new_udf(
            function, args,
        ))),
        None => PlannerResult::Original(args),
    })
}

/// `mod(a, b)`, which is `a % b`.
pub(super) fn modulo() -> Arc<ScalarUDF> {
    Arc::new(arithmetic::named_remainder("mod"))
}

/// The functions that tell the time of the run: planning puts the time in their place.
pub(super) fn clocks() -> Vec<Arc<ScalarUDF>> {
    let clock = |name, returns| {
        let overload = Overload {
            args: &[],
            optional: 0,
            returns: Returns::Type(returns),
            body: |_, _| {
                Err(external(refuse(
                    None,
                    "the time of the run is known when it is planned",
                )))
            },
        };
        Arc::new(ScalarUDF::from(PgFunction::new(name, vec![overload])))
    };
    vec![
        clock("now", timestamptz()),
        clock("current_timestamp", timestamptz()),
        clock("transaction_timestamp", timestamptz()),
        clock("current_date", DataType::Date32),
    ]
}

/// Refuses `extract(field from date)` of a field that dates have had before version 14 only.
pub(super) fn check_field(args: &[Expr], types: &[DataType]) -> Result<()> {
    let ([Expr::Literal(ScalarValue::Utf8(Some(field)), _), _], Some(DataType::Date32)) =
        (args, types.get(1))
    else {
        return Ok(());
    };
    match is_of_a_clock(&field.to_lowercase()) {
        true => {
            let message = format!("a date has no {field} to extract from version 14 on");
            Err(external(refuse(None, message).with_hint(AT_SOURCE)))
        }
        false => Ok(()),
    }
}

/// The type of `extract(field from x)`: numeric with the digits that the field has.
pub(super) fn extracted(_: &[DataType], constants: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(DataType::Decimal128(20, scale_of(field(constants))?))
}

/// The type of `date_part(field, x)`, whose fields are those of `extract`.
pub(super) fn parted(_: &[DataType], constants: &[Option<&ScalarValue>]) -> Result<DataType> {
    scale_of(field(constants))?;
    Ok(DataType::Float64)
}

/// The field that is named, in lower case, if it is a constant.
fn field(constants: &[Option<&ScalarValue>]) -> Option<String> {
    match constants.first() {
        Some(Some(ScalarValue::Utf8(Some(field)))) => Some(field.to_lowercase()),
        _ => None,
    }
}

fn scale_of(field: Option<String>) -> Result<i8> {
    let Some(field) = field else {
        return Ok(6);
    };
    part_scale(&field).ok_or_else(|| {
        let message = format!("{field} of a time is not supported");
        external(refuse(None, message).with_hint(AT_SOURCE))
    })
}

/// Whether a field is a part of a day.
fn is_of_a_clock(field: &str) -> bool {
    let field = field.strip_suffix('s').unwrap_or(field);
    matches!(
        field,
        "hour" | "minute" | "second" | "millisecond" | "microsecond"
    )
}

/// The type of `date_trunc(unit, x)`.
pub(super) fn truncated(args: &[DataType], constants: &[Option<&ScalarValue>]) -> Result<DataType> {
    match field(constants) {
        Some(unit) if !UNITS.contains(&&*unit) => Err(external(unknown_unit(&unit))),
        _ => Ok(args[1].clone()),
    }
}

/// `x AT TIME ZONE 'UTC'`: the same microseconds under the other type.
pub(super) fn relabel(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let values = args[1].as_primitive::<TimestampMicrosecondType>().clone();
    Ok(Arc::new(values.with_data_type(result.clone())))
}

/// Plans the types that casts name.
#[derive(Debug)]
pub(super) struct PostgresTypes;

impl TypePlanner for PostgresTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        let target = target(sql_type).ok_or_else(|| {
            external(
                refuse(None, format!("the transform cannot cast to {sql_type}")).with_hint(
                    "leave the cast out: the destination converts text into its column's type",
                ),
            )
        })?;
        let mut metadata = declared::metadata(target.declared.as_deref());
        if let Some(length) = target.length {
            metadata.insert(LENGTH_KEY.to_owned(), length.to_string());
        }
        if target.exact {
            metadata.insert(EXACT_KEY.to_owned(), String::new());
        }
        Ok(Some(Arc::new(
            Field::new("cast", target.data_type, true).with_metadata(metadata),
        )))
    }
}

/// What the type of a cast says, as [`PostgresTypes`] planned it.
pub(super) fn target_of(field: &Field) -> Target {
    Target {
        data_type: field.data_type().clone(),
        length: field
            .metadata()
            .get(LENGTH_KEY)
            .and_then(|length| length.parse().ok()),
        exact: field.metadata().contains_key(EXACT_KEY),
        declared: declared::of(field).map(ToOwned::to_owned),
    }
}

fn target(sql_type: &SqlType) -> Option<Target> {
    let (precision, scale) = UNCONSTRAINED_NUMERIC;
    let data_type = match sql_type {
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::SmallInt(None) | SqlType::Int2(None) => DataType::Int16,
        SqlType::Int(None) | SqlType::Integer(None) | SqlType::Int4(None) => DataType::Int32,
        SqlType::BigInt(None) | SqlType::Int8(None) => DataType::Int64,
        SqlType::Real | SqlType::Float4 => DataType::Float32,
        SqlType::DoublePrecision | SqlType::Float8 | SqlType::Float(ExactNumberInfo::None) => {
            DataType::Float64
        }
        SqlType::Text => DataType::Utf8,
        SqlType::Varchar(length)
        | SqlType::CharacterVarying(length)
        | SqlType::CharVarying(length) => return varchar(length.as_ref()),
        SqlType::Bytea => DataType::Binary,
        SqlType::Date => DataType::Date32,
        SqlType::Time(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            DataType::Time64(datafusion::arrow::datatypes::TimeUnit::Microsecond)
        }
        SqlType::Timestamp(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => TIMESTAMP,
        SqlType::Timestamp(None, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => timestamptz(),
        SqlType::Interval {
            fields: None,
            precision: None,
        } => INTERVAL,
        SqlType::Numeric(info) | SqlType::Decimal(info) | SqlType::Dec(info) => {
            return numeric(info, (precision, scale));
        }
        _ => return None,
    };
    Some(Target::of(data_type))
}

fn varchar(length: Option<&CharacterLength>) -> Option<Target> {
    let length = match length {
        None => None,
        Some(CharacterLength::IntegerLength { length, unit: None }) => {
            Some(usize::try_from(*length).ok()?)
        }
        Some(_) => return None,
    };
    let declared = match length {
        Some(length) => format!("varchar({length})"),
        None => "varchar".to_owned(),
    };
    Some(Target {
        length,
        declared: Some(declared),
        ..Target::of(DataType::Utf8)
    })
}

fn numeric(info: &ExactNumberInfo, (precision, scale): (u8, i8)) -> Option<Target> {
    let (precision, scale, exact) = match info {
        ExactNumberInfo::None => (precision, scale, true),
        ExactNumberInfo::Precision(precision) => (u8::try_from(*precision).ok()?, 0, false),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (
            u8::try_from(*precision).ok()?,
            i8::try_from(*scale).ok()?,
            false,
        ),
    };
    let data_type = match precision {
        1..=38 => DataType::Decimal128(precision, scale),
        39..=76 => DataType::Decimal256(precision, scale),
        _ => return None,
    };
    (0..=precision as i8).contains(&scale).then(|| Target {
        exact,
        declared: declared::of_decimal(&data_type).filter(|_| !exact),
        ..Target::of(data_type)
    })
}

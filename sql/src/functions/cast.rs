//! Casts as PostgreSQL makes them: rounding, ranges, and text forms.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray};
use datafusion::arrow::compute;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Field, FieldRef, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType, i256,
};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::declared;
use super::format::{self, DAY};
use super::numeric::to_numeric;
use super::parse;
use super::quotient::{decimals, divide_half_away, scaled};
use super::time::{checked_date, checked_timestamp};
use super::types::{Pg, name, pg};
use super::vector::{invoke, primitives, text, texts};
use crate::template::{external, value_error};

/// What a cast gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    /// The Arrow type.
    pub(crate) data_type: DataType,
    /// The length that `varchar(n)` cuts at.
    pub(crate) length: Option<usize>,
    /// Whether digits that the decimal does not hold are an error, and not rounded away.
    pub(crate) exact: bool,
    /// What the result is declared as, if that says more than the Arrow type.
    pub(crate) declared: Option<String>,
}

impl Target {
    /// The type alone.
    pub(crate) fn of(data_type: DataType) -> Self {
        Self {
            data_type,
            length: None,
            exact: false,
            declared: None,
        }
    }
}

/// `expr` cast to `target`.
pub(crate) fn cast(expr: Expr, target: Target) -> Expr {
    ScalarUDF::from(PgCast {
        target,
        signature: Signature::any(1, Volatility::Immutable),
    })
    .call(vec![expr])
}

/// `call`, if it is a cast with a declaration, as one without.
pub(super) fn undeclared(call: &ScalarFunction) -> Option<Expr> {
    let function: &dyn std::any::Any = call.func.inner().as_ref();
    let target = &function.downcast_ref::<PgCast>()?.target;
    target.declared.as_ref()?;
    let target = Target {
        declared: None,
        ..target.clone()
    };
    Some(cast(call.args.first()?.clone(), target))
}

/// A string literal read as `target`.
///
/// # Errors
/// `Decode`, if the text is no value of the type.
pub(crate) fn literal(text: &str, target: &Target) -> Result<ScalarValue> {
    let array = ScalarValue::from(text).to_array()?;
    ScalarValue::try_from_array(&convert(&array, target)?, 0)
}

/// Whether PostgreSQL casts `from` to `to` where the user writes the cast, and the same is done here.
pub(crate) fn is_possible(from: Pg, to: Pg) -> bool {
    if from == Pg::Unknown || from == to && from != Pg::Array {
        return true;
    }
    match to {
        Pg::Bool => matches!(from, Pg::Int4 | Pg::Text),
        Pg::Int4 => from.is_number() || matches!(from, Pg::Bool | Pg::Text),
        Pg::Int2 | Pg::Int8 | Pg::Float4 | Pg::Float8 | Pg::Numeric => {
            from.is_number() || from == Pg::Text
        }
        Pg::Text => !matches!(from, Pg::Bytea | Pg::Interval | Pg::Array),
        Pg::Date | Pg::Timestamp | Pg::TimestampTz => {
            matches!(from, Pg::Date | Pg::Timestamp | Pg::TimestampTz | Pg::Text)
        }
        Pg::Time => matches!(from, Pg::Timestamp | Pg::TimestampTz | Pg::Text),
        Pg::Interval | Pg::Bytea => from == Pg::Text,
        _ => false,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct PgCast {
    target: Target,
    signature: Signature,
}

impl ScalarUDFImpl for PgCast {
    fn name(&self) -> &str {
        "cast"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.target.data_type.clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = Field::new("cast", self.target.data_type.clone(), true);
        let metadata = declared::metadata(self.target.declared.as_deref());
        Ok(Arc::new(field.with_metadata(metadata)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        invoke(args, |arrays| convert(&arrays[0], &self.target))
    }
}

/// Casts a column.
pub(super) fn convert(array: &ArrayRef, target: &Target) -> Result<ArrayRef> {
    let rows = array.len();
    let to = &target.data_type;
    if *array.data_type() == DataType::Null {
        return Ok(datafusion::arrow::array::new_null_array(to, rows));
    }
    let is_text = matches!(
        array.data_type(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    );
    match pg(to) {
        Some(Pg::Text) if is_text => cut(array, target.length),
        Some(Pg::Text) => cut(&to_text(array)?, target.length),
        Some(Pg::Enum | Pg::Opaque) if is_text => Ok(compute::cast(array, to)?),
        Some(Pg::Numeric) => to_numeric(array, target),
        Some(Pg::Bool) => to_bool(array),
        Some(Pg::Int2) => Ok(Arc::new(primitives::<Int16Type>(
            rows,
            integers(array, "smallint")?,
        )?)),
        Some(Pg::Int4) => Ok(Arc::new(primitives::<Int32Type>(
            rows,
            integers(array, "integer")?,
        )?)),
        Some(Pg::Int8) => Ok(Arc::new(primitives::<Int64Type>(
            rows,
            integers(array, "bigint")?,
        )?)),
        Some(Pg::Float4) => to_float4(array),
        Some(Pg::Float8) => to_float8(array),
        Some(Pg::Date) => to_date(array),
        Some(Pg::Timestamp | Pg::TimestampTz) => to_timestamp(array, to),
        Some(Pg::Time) => to_time(array),
        Some(Pg::Bytea) => {
            let values = (0..rows).map(|row| text(array, row).map(parse::bytea).transpose());
            let values = values
                .collect::<towpath_engine::Result<Vec<_>>>()
                .map_err(external)?;
            Ok(Arc::new(BinaryArray::from_iter(values)))
        }
        Some(Pg::Interval) => {
            let values = primitives::<IntervalMonthDayNanoType>(rows, |row| {
                text(array, row).map(parse::interval).transpose()
            })?;
            Ok(Arc::new(values))
        }
        _ => Err(impossible(array, to)),
    }
}

/// That there is no such cast.
pub(super) fn impossible(array: &ArrayRef, to: &DataType) -> datafusion::common::DataFusionError {
    external(crate::template::refuse(
        None,
        format!("{} cannot be cast to {}", name(array.data_type()), name(to)),
    ))
}

fn cut(array: &ArrayRef, length: Option<usize>) -> Result<ArrayRef> {
    let array = compute::cast(array, &DataType::Utf8)?;
    let Some(length) = length else {
        return Ok(array);
    };
    texts(array.len(), |row| {
        Ok(
            text(&array, row).map(|value| match value.char_indices().nth(length) {
                Some((end, _)) => &value[..end],
                None => value,
            }),
        )
    })
}

/// Every value in PostgreSQL's text form.
pub(super) fn to_text(array: &ArrayRef) -> Result<ArrayRef> {
    let rows = array.len();
    macro_rules! formatted {
        ($arrow:ty, $format:expr) => {{
            let values = array.as_primitive::<$arrow>();
            texts(rows, |row| {
                Ok(values.is_valid(row).then(|| $format(values.value(row))))
            })
        }};
    }
    match array.data_type() {
        DataType::Utf8 => Ok(Arc::clone(array)),
        DataType::LargeUtf8 | DataType::Utf8View => Ok(compute::cast(array, &DataType::Utf8)?),
        DataType::Boolean => {
            let values = array.as_boolean();
            texts(rows, |row| {
                Ok(values.is_valid(row).then(|| values.value(row).to_string()))
            })
        }
        DataType::Int16 => formatted!(Int16Type, |value: i16| value.to_string()),
        DataType::Int32 => formatted!(Int32Type, |value: i32| value.to_string()),
        DataType::Int64 => formatted!(Int64Type, |value: i64| value.to_string()),
        DataType::Float32 => formatted!(Float32Type, format::float4),
        DataType::Float64 => formatted!(Float64Type, format::float8),
        DataType::Date32 => formatted!(Date32Type, format::date),
        DataType::Time64(_) => formatted!(Time64MicrosecondType, format::time),
        DataType::Timestamp(_, None) => formatted!(TimestampMicrosecondType, format::timestamp),
        DataType::Timestamp(_, Some(_)) => {
            formatted!(TimestampMicrosecondType, format::timestamptz)
        }
        DataType::Decimal128(..) | DataType::Decimal256(..) => {
            let (values, scale) = decimals(array)?;
            texts(rows, |row| {
                let text = || format::decimal(&values.value(row).to_string(), scale);
                Ok(values.is_valid(row).then(text))
            })
        }
        _ => Err(impossible(array, &DataType::Utf8)),
    }
}

fn to_bool(array: &ArrayRef) -> Result<ArrayRef> {
    let values = (0..array.len()).map(|row| match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean();
            Ok(values.is_valid(row).then(|| values.value(row)))
        }
        DataType::Int32 => {
            let values = array.as_primitive::<Int32Type>();
            Ok(values.is_valid(row).then(|| values.value(row) != 0))
        }
        DataType::Utf8 => text(array, row).map(parse::boolean).transpose(),
        other => Err(value_error(format!(
            "{} cannot be cast to boolean",
            name(other)
        ))),
    });
    let values = values
        .collect::<towpath_engine::Result<BooleanArray>>()
        .map_err(external)?;
    Ok(Arc::new(values))
}

/// What a row holds, or the error that ends the run.
type ByRow<'a, N> = Box<dyn FnMut(usize) -> towpath_engine::Result<Option<N>> + 'a>;

/// A function from row to integer, of any width that `what` names.
fn integers<'a, N: TryFrom<i128> + 'a>(
    array: &'a ArrayRef,
    what: &'static str,
) -> Result<ByRow<'a, N>> {
    let narrow = move |value: i128| {
        N::try_from(value)
            .map(Some)
            .map_err(|_| value_error(format!("{what} is out of range in a cast of the transform")))
    };
    Ok(match array.data_type() {
        DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            let values = compute::cast(array, &DataType::Int64)?;
            Box::new(move |row| {
                let values = values.as_primitive::<Int64Type>();
                match values.is_valid(row) {
                    true => narrow(i128::from(values.value(row))),
                    false => Ok(None),
                }
            })
        }
        DataType::Boolean => Box::new(move |row| {
            let values = array.as_boolean();
            match values.is_valid(row) {
                true => narrow(i128::from(values.value(row))),
                false => Ok(None),
            }
        }),
        DataType::Float32 | DataType::Float64 => {
            let values = compute::cast(array, &DataType::Float64)?;
            Box::new(move |row| {
                let values = values.as_primitive::<Float64Type>();
                if values.is_null(row) {
                    return Ok(None);
                }
                let rounded = values.value(row).round_ties_even();
                // Not finite, or beyond any integer: a value that no width holds.
                let whole = match rounded.abs() < 1e30 {
                    true => rounded as i128,
                    false => i128::MAX,
                };
                narrow(whole)
            })
        }
        DataType::Decimal128(..) | DataType::Decimal256(..) => {
            let (values, scale) = decimals(array)?;
            let unit = scaled(i256::ONE, i32::from(scale)).unwrap_or(i256::ONE);
            Box::new(move |row| {
                if values.is_null(row) {
                    return Ok(None);
                }
                let whole = divide_half_away(values.value(row), unit).and_then(i256::to_i128);
                narrow(whole.unwrap_or(i128::MAX))
            })
        }
        DataType::Utf8 => Box::new(move |row| match text(array, row) {
            Some(value) => narrow(parse::integer(value, what)?),
            None => Ok(None),
        }),
        other => return Err(impossible(array, other)),
    })
}

fn to_float8(array: &ArrayRef) -> Result<ArrayRef> {
    let rows = array.len();
    match array.data_type() {
        DataType::Utf8 => Ok(Arc::new(primitives::<Float64Type>(rows, |row| {
            text(array, row).map(parse::float8).transpose()
        })?)),
        // By way of text, as PostgreSQL does: dividing by a power of ten would round twice.
        DataType::Decimal128(..) | DataType::Decimal256(..) => to_float8(&to_text(array)?),
        DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64 => Ok(compute::cast(array, &DataType::Float64)?),
        _ => Err(impossible(array, &DataType::Float64)),
    }
}

fn to_float4(array: &ArrayRef) -> Result<ArrayRef> {
    let rows = array.len();
    match array.data_type() {
        DataType::Utf8 => Ok(Arc::new(primitives::<Float32Type>(rows, |row| {
            text(array, row).map(parse::float4).transpose()
        })?)),
        DataType::Decimal128(..) | DataType::Decimal256(..) => to_float4(&to_text(array)?),
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Ok(Arc::new(primitives::<Float32Type>(rows, |row| {
                if values.is_null(row) {
                    return Ok(None);
                }
                let value = values.value(row);
                let narrow = value as f32;
                let lost =
                    narrow.is_infinite() && value.is_finite() || narrow == 0.0 && value != 0.0;
                match lost {
                    true => Err(value_error(
                        "real is out of range in a cast of the transform",
                    )),
                    false => Ok(Some(narrow)),
                }
            })?))
        }
        DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Float32 => {
            Ok(compute::cast(array, &DataType::Float32)?)
        }
        _ => Err(impossible(array, &DataType::Float32)),
    }
}

fn to_date(array: &ArrayRef) -> Result<ArrayRef> {
    let rows = array.len();
    Ok(match array.data_type() {
        DataType::Date32 => Arc::clone(array),
        DataType::Timestamp(..) => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            Arc::new(primitives::<Date32Type>(rows, |row| {
                if values.is_null(row) {
                    return Ok(None);
                }
                match values.value(row) {
                    i64::MAX => Ok(Some(i32::MAX)),
                    i64::MIN => Ok(Some(i32::MIN)),
                    micros => checked_date(micros.div_euclid(DAY)).map(Some),
                }
            })?)
        }
        DataType::Utf8 => Arc::new(primitives::<Date32Type>(rows, |row| {
            text(array, row).map(parse::date).transpose()
        })?),
        _ => return Err(impossible(array, &DataType::Date32)),
    })
}

fn to_timestamp(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let rows = array.len();
    let with_zone = matches!(to, DataType::Timestamp(_, Some(_)));
    let values = match array.data_type() {
        DataType::Timestamp(..) => array.as_primitive::<TimestampMicrosecondType>().clone(),
        DataType::Date32 => {
            let values = array.as_primitive::<Date32Type>();
            primitives::<TimestampMicrosecondType>(rows, |row| {
                if values.is_null(row) {
                    return Ok(None);
                }
                match values.value(row) {
                    i32::MAX => Ok(Some(i64::MAX)),
                    i32::MIN => Ok(Some(i64::MIN)),
                    day => checked_timestamp(i64::from(day).checked_mul(DAY)).map(Some),
                }
            })?
        }
        DataType::Utf8 => primitives::<TimestampMicrosecondType>(rows, |row| {
            let parsed = text(array, row).map(|value| parse::timestamp(value, with_zone));
            parsed.transpose()
        })?,
        _ => return Err(impossible(array, to)),
    };
    Ok(Arc::new(values.with_data_type(to.clone())))
}

fn to_time(array: &ArrayRef) -> Result<ArrayRef> {
    let rows = array.len();
    Ok(match array.data_type() {
        DataType::Time64(_) => Arc::clone(array),
        DataType::Timestamp(..) => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            Arc::new(primitives::<Time64MicrosecondType>(rows, |row| {
                Ok(values
                    .is_valid(row)
                    .then(|| values.value(row))
                    .filter(|micros| ![i64::MIN, i64::MAX].contains(micros))
                    .map(|micros| micros.rem_euclid(DAY)))
            })?)
        }
        DataType::Utf8 => Arc::new(primitives::<Time64MicrosecondType>(rows, |row| {
            text(array, row).map(parse::time).transpose()
        })?),
        other => return Err(impossible(array, other)),
    })
}

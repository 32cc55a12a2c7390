//! Casts as PostgreSQL makes them: rounding, ranges, and text forms.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal256Builder,
};
use datafusion::arrow::compute;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal256Type, Field, FieldRef, Float32Type, Float64Type, Int16Type,
    Int32Type, Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType,
    TimestampMicrosecondType, i256,
};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::arithmetic::{decimals, divide_half_away, scaled};
use super::declared;
use super::format::{self, DAY};
use super::parse;
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

fn impossible(array: &ArrayRef, to: &DataType) -> datafusion::common::DataFusionError {
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

/// A function from row to integer, of any width that `what` names.
fn integers<'a, N: TryFrom<i128> + 'a>(
    array: &'a ArrayRef,
    what: &'static str,
) -> Result<Box<dyn FnMut(usize) -> towpath_engine::Result<Option<N>> + 'a>> {
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

/// Numerics round halves away from zero; floats first become 15 (real: 6) significant digits.
///
/// Source: PostgreSQL, `src/backend/utils/adt/numeric.c`, `float8_numeric`, `float4_numeric`.
fn to_numeric(array: &ArrayRef, target: &Target) -> Result<ArrayRef> {
    let (precision, scale) = match target.data_type {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            (precision, scale)
        }
        _ => return Err(impossible(array, &target.data_type)),
    };
    let rows = array.len();
    let mut builder = Decimal256Builder::with_capacity(rows);
    let limit = scaled(i256::ONE, i32::from(precision));
    let mut append = |value: Option<(i256, i32)>| -> Result<()> {
        let Some((value, from_scale)) = value else {
            builder.append_null();
            return Ok(());
        };
        let value = rescale(value, from_scale, i32::from(scale), target.exact).map_err(external)?;
        if value
            .zip(limit)
            .is_some_and(|(value, limit)| value.wrapping_abs() < limit)
        {
            builder.append_option(value);
            return Ok(());
        }
        Err(external(too_wide(target)))
    };
    match array.data_type() {
        DataType::Utf8 => {
            for row in 0..rows {
                let parsed = text(array, row).map(parse::numeric).transpose();
                append(parsed.map_err(external)?)?;
            }
        }
        DataType::Float32 | DataType::Float64 => {
            let digits = if *array.data_type() == DataType::Float32 {
                6
            } else {
                15
            };
            let values = compute::cast(array, &DataType::Float64)?;
            let values = values.as_primitive::<Float64Type>();
            for row in 0..rows {
                let text = format!("{:.*e}", digits - 1, values.value(row));
                let parsed = values
                    .is_valid(row)
                    .then(|| parse::numeric(&text))
                    .transpose();
                append(parsed.map_err(external)?)?;
            }
        }
        _ => {
            let (values, from_scale) = decimals(&super::math::as_decimals(array)?)?;
            for row in 0..rows {
                append(
                    values
                        .is_valid(row)
                        .then(|| (values.value(row), i32::from(from_scale))),
                )?;
            }
        }
    }
    let wide = builder.finish().with_precision_and_scale(76, scale)?;
    narrow(&(Arc::new(wide) as ArrayRef), &target.data_type)
}

fn too_wide(target: &Target) -> towpath_engine::Error {
    let error = value_error(format!(
        "a value is out of range of {} in a cast of the transform",
        numeric_name(&target.data_type)
    ));
    match target.exact {
        true => error.with_hint("cast to numeric(p,s) with the precision and scale you need"),
        false => error,
    }
}

fn numeric_name(data_type: &DataType) -> String {
    towpath_engine::types::pg_type_of(data_type).map_or_else(String::new, |pg_type| pg_type.sql)
}

/// `value` of one scale in another; `None` if it is too long.
fn rescale(value: i256, from: i32, to: i32, exact: bool) -> towpath_engine::Result<Option<i256>> {
    if to >= from {
        return Ok(scaled(value, to - from));
    }
    let Some(unit) = scaled(i256::ONE, from - to) else {
        return Ok(None);
    };
    if exact && value.checked_rem(unit) != Some(i256::ZERO) {
        return Err(value_error(format!(
            "a numeric without precision has more than {to} digits after the point in the transform"
        ))
        .with_hint("cast it to numeric(p,s) with the precision and scale you need"));
    }
    Ok(divide_half_away(value, unit))
}

/// Wide decimals in the width of `data_type`, which has their scale.
pub(super) fn narrow(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    match *data_type {
        DataType::Decimal256(precision, scale) => Ok(Arc::new(
            array
                .as_primitive::<Decimal256Type>()
                .clone()
                .with_precision_and_scale(precision, scale)?,
        )),
        _ => Ok(compute::cast(array, data_type)?),
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

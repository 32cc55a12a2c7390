//! Functions of numbers.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute;
use datafusion::arrow::datatypes::{
    DataType, Decimal256Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, i256,
};
use datafusion::common::{Result, ScalarValue};

use super::call::{Overload, PgFunction, Returns};
use super::numeric::narrow;
use super::quotient::{decimals, divide_half_away, scaled};
use super::types::{Pg, as_decimal, decimal, digits};
use super::vector::primitives;
use crate::template::{external, refuse, value_error};

/// All functions of this module.
#[expect(clippy::too_many_lines, reason = "a table of functions")]
pub(super) fn functions() -> Vec<PgFunction> {
    let float = |body| Overload {
        args: &[Pg::Float8],
        optional: 0,
        returns: Returns::Type(DataType::Float64),
        body,
    };
    let numeric = |returns, body| Overload {
        args: &[Pg::Numeric],
        optional: 0,
        returns,
        body,
    };
    let digits_too = |body| Overload {
        args: &[Pg::Numeric, Pg::Int4],
        optional: 0,
        returns: Returns::Computed(at_digits),
        body,
    };
    let whole = || Returns::Computed(|types, _| Ok(to_whole(&types[0])));
    vec![
        PgFunction::new("abs", absolutes()),
        PgFunction::new(
            "round",
            vec![
                float(|args, _| floats(args, f64::round_ties_even)),
                numeric(whole(), |args, result| {
                    shift(args, result, Rounding::HalfAway)
                }),
                digits_too(|args, result| shift(args, result, Rounding::HalfAway)),
            ],
        ),
        PgFunction::new(
            "trunc",
            vec![
                float(|args, _| floats(args, f64::trunc)),
                numeric(whole(), |args, result| {
                    shift(args, result, Rounding::TowardsZero)
                }),
                digits_too(|args, result| shift(args, result, Rounding::TowardsZero)),
            ],
        ),
        PgFunction::new(
            "ceil",
            vec![
                float(|args, _| floats(args, f64::ceil)),
                numeric(whole(), |args, result| shift(args, result, Rounding::Up)),
            ],
        ),
        PgFunction::new(
            "ceiling",
            vec![
                float(|args, _| floats(args, f64::ceil)),
                numeric(whole(), |args, result| shift(args, result, Rounding::Up)),
            ],
        ),
        PgFunction::new(
            "floor",
            vec![
                float(|args, _| floats(args, f64::floor)),
                numeric(whole(), |args, result| shift(args, result, Rounding::Down)),
            ],
        ),
        PgFunction::new(
            "sqrt",
            vec![
                float(|args, _| square_root(args)),
                unlike_numeric(&[Pg::Numeric]),
            ],
        ),
        PgFunction::new(
            "power",
            vec![
                Overload {
                    args: &[Pg::Float8, Pg::Float8],
                    optional: 0,
                    returns: Returns::Type(DataType::Float64),
                    body: |args, _| power(args),
                },
                unlike_numeric(&[Pg::Numeric, Pg::Numeric]),
            ],
        ),
        PgFunction::new(
            "sign",
            vec![
                float(|args, _| floats(args, |x| f64::from(i8::from(x > 0.0) - i8::from(x < 0.0)))),
                numeric(Returns::Type(DataType::Decimal128(1, 0)), |args, result| {
                    sign(args, result)
                }),
            ],
        ),
    ]
}

/// PostgreSQL chooses the numeric function here, whose digits depend on each value.
fn unlike_numeric(args: &'static [Pg]) -> Overload {
    Overload {
        args,
        optional: 0,
        returns: Returns::Computed(|_, _| {
            Err(external(
                refuse(
                    None,
                    "this function of numeric has digits that depend on each value",
                )
                .with_hint("cast the argument to double precision"),
            ))
        }),
        body: |args, _| Ok(Arc::clone(&args[0])),
    }
}

fn absolutes() -> Vec<Overload> {
    let same = |args| Overload {
        args,
        optional: 0,
        returns: Returns::Argument(0),
        body: absolute,
    };
    vec![
        same(&[Pg::Float8]),
        same(&[Pg::Float4]),
        same(&[Pg::Int2]),
        same(&[Pg::Int4]),
        same(&[Pg::Int8]),
        same(&[Pg::Numeric]),
    ]
}

fn absolute(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let array = &args[0];
    let rows = array.len();
    macro_rules! each {
        ($arrow:ty, $absolute:expr) => {{
            let values = array.as_primitive::<$arrow>();
            Arc::new(primitives::<$arrow>(rows, |row| {
                if values.is_null(row) {
                    return Ok(None);
                }
                let absolute = $absolute(values.value(row));
                absolute
                    .map(Some)
                    .ok_or_else(|| value_error("abs is out of range in the transform"))
            })?) as ArrayRef
        }};
    }
    Ok(match array.data_type() {
        DataType::Int16 => each!(Int16Type, i16::checked_abs),
        DataType::Int32 => each!(Int32Type, i32::checked_abs),
        DataType::Int64 => each!(Int64Type, i64::checked_abs),
        DataType::Float32 => each!(Float32Type, |x: f32| Some(x.abs())),
        DataType::Float64 => each!(Float64Type, |x: f64| Some(x.abs())),
        _ => {
            let (values, scale) = decimals(array)?;
            let absolute = primitives::<Decimal256Type>(rows, |row| {
                Ok(values
                    .is_valid(row)
                    .then(|| values.value(row).wrapping_abs()))
            })?;
            let absolute = absolute.with_precision_and_scale(76, scale)?;
            narrow(&(Arc::new(absolute) as ArrayRef), result)?
        }
    })
}

fn floats(args: &[ArrayRef], body: impl Fn(f64) -> f64) -> Result<ArrayRef> {
    Ok(Arc::new(
        args[0]
            .as_primitive::<Float64Type>()
            .unary::<_, Float64Type>(body),
    ))
}

fn square_root(args: &[ArrayRef]) -> Result<ArrayRef> {
    let values = args[0].as_primitive::<Float64Type>();
    Ok(Arc::new(primitives::<Float64Type>(
        values.len(),
        |row| match values.is_valid(row).then(|| values.value(row)) {
            Some(value) if value < 0.0 => Err(value_error(
                "square root of a negative number in the transform",
            )),
            value => Ok(value.map(f64::sqrt)),
        },
    )?))
}

/// Source: PostgreSQL, `src/backend/utils/adt/float.c`, `dpow`.
fn power(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (bases, exponents) = (
        args[0].as_primitive::<Float64Type>(),
        args[1].as_primitive::<Float64Type>(),
    );
    Ok(Arc::new(primitives::<Float64Type>(bases.len(), |row| {
        if bases.is_null(row) || exponents.is_null(row) {
            return Ok(None);
        }
        let (base, exponent) = (bases.value(row), exponents.value(row));
        if base == 0.0 && exponent < 0.0 {
            return Err(value_error(
                "zero raised to a negative power in the transform",
            ));
        }
        if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
            return Err(value_error(
                "a negative number raised to a power that is not whole in the transform",
            ));
        }
        let value = base.powf(exponent);
        let both_finite = base.is_finite() && exponent.is_finite();
        match both_finite && (value.is_infinite() || value == 0.0 && base != 0.0) {
            true => Err(value_error(
                "double precision is out of range in the transform",
            )),
            false => Ok(Some(value)),
        }
    })?))
}

/// The decimal of a rounded number: one more digit, for 9.9 that becomes 10.
fn to_whole(data_type: &DataType) -> DataType {
    let (whole, _) = digits(data_type).unwrap_or((38, 0));
    decimal(whole.saturating_add(1), 0)
}

/// The type of `round(x, n)`: `n` digits after the point, so it must be known.
fn at_digits(types: &[DataType], constants: &[Option<&ScalarValue>]) -> Result<DataType> {
    let (whole, _) = digits(&types[0]).unwrap_or((38, 0));
    match constants.get(1) {
        Some(Some(ScalarValue::Int32(Some(count)))) => {
            let scale = i8::try_from((*count).clamp(0, 70)).unwrap_or(0);
            Ok(decimal(whole.saturating_add(1), scale))
        }
        // Types alone, before constants are known.
        None | Some(Some(_)) => Ok(decimal(whole.saturating_add(1), 0)),
        Some(None) => Err(external(
            refuse(None, "round and trunc take a constant number of digits")
                .with_hint("write round(x, 2)"),
        )),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Rounding {
    HalfAway,
    TowardsZero,
    Up,
    Down,
}

/// Rounds numerics to the scale of `result`, or to the left of the point if the digits say so.
fn shift(args: &[ArrayRef], result: &DataType, rounding: Rounding) -> Result<ArrayRef> {
    let (values, scale) = decimals(&args[0])?;
    let (_, result_scale) = digits(result).unwrap_or((38, 0));
    let counts = args.get(1).map(|counts| counts.as_primitive::<Int32Type>());
    let overflow = || value_error("a rounded numeric is out of range in the transform");
    let rounded = primitives::<Decimal256Type>(values.len(), |row| {
        if values.is_null(row) || counts.is_some_and(|counts| counts.is_null(row)) {
            return Ok(None);
        }
        let count = counts.map_or(0, |counts| counts.value(row).clamp(-76, 70));
        let dropped = i32::from(scale) - count;
        let kept = match dropped > 0 {
            true => round_off(values.value(row), dropped, rounding).ok_or_else(overflow)?,
            false => scaled(values.value(row), -dropped).ok_or_else(overflow)?,
        };
        scaled(kept, i32::from(result_scale) - count)
            .map(Some)
            .ok_or_else(overflow)
    })?;
    let rounded = rounded.with_precision_and_scale(76, result_scale)?;
    narrow(&(Arc::new(rounded) as ArrayRef), result)
}

fn round_off(value: i256, dropped: i32, rounding: Rounding) -> Option<i256> {
    let Some(unit) = scaled(i256::ONE, dropped) else {
        // Every digit goes, and a value this short is below half of the unit.
        return Some(i256::ZERO);
    };
    let whole = value.checked_div(unit)?;
    let rest = value.checked_rem(unit)?;
    match rounding {
        Rounding::HalfAway => divide_half_away(value, unit),
        Rounding::Up if rest > i256::ZERO => whole.checked_add(i256::ONE),
        Rounding::Down if rest < i256::ZERO => whole.checked_sub(i256::ONE),
        _ => Some(whole),
    }
}

fn sign(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let (values, _) = decimals(&args[0])?;
    let signs = primitives::<Decimal256Type>(values.len(), |row| {
        Ok(values.is_valid(row).then(|| values.value(row).signum()))
    })?;
    let signs = signs.with_precision_and_scale(76, 0)?;
    narrow(&(Arc::new(signs) as ArrayRef), result)
}

/// Integers and decimals as decimals.
pub(super) fn as_decimals(array: &ArrayRef) -> Result<ArrayRef> {
    match as_decimal(array.data_type()) {
        Some(data_type) => Ok(compute::cast(array, &data_type)?),
        None => Err(external(refuse(
            None,
            format!("{} is not a number", array.data_type()),
        ))),
    }
}

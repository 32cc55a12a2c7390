//! Casts to numeric, and decimals of one width and scale in another.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal256Builder};
use datafusion::arrow::compute;
use datafusion::arrow::datatypes::{DataType, Decimal256Type, Float64Type, i256};
use datafusion::common::Result;

use super::cast::{Target, impossible};
use super::parse;
use super::quotient::{decimals, divide_half_away, scaled};
use super::vector::text;
use crate::template::{external, value_error};

/// Numerics round halves away from zero; floats first become 15 (real: 6) significant digits.
///
/// Source: PostgreSQL, `src/backend/utils/adt/numeric.c`, `float8_numeric`, `float4_numeric`.
pub(super) fn to_numeric(array: &ArrayRef, target: &Target) -> Result<ArrayRef> {
    let (precision, scale) = match target.data_type {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            (precision, scale)
        }
        _ => return Err(impossible(array, &target.data_type)),
    };
    let mut builder = Decimal256Builder::with_capacity(array.len());
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
    for value in unscaled(array)? {
        append(value)?;
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

/// Every number as its unscaled value and its scale.
fn unscaled(array: &ArrayRef) -> Result<Vec<Option<(i256, i32)>>> {
    let parsed = |text: &str| parse::numeric(text).map_err(external);
    match array.data_type() {
        DataType::Utf8 => (0..array.len())
            .map(|row| text(array, row).map(parsed).transpose())
            .collect(),
        DataType::Float32 | DataType::Float64 => {
            let digits = match array.data_type() {
                DataType::Float32 => 6,
                _ => 15,
            };
            let values = compute::cast(array, &DataType::Float64)?;
            let values = values.as_primitive::<Float64Type>();
            let texts = values
                .iter()
                .map(|value| value.map(|value| format!("{value:.*e}", digits - 1)));
            texts
                .map(|text| text.as_deref().map(parsed).transpose())
                .collect()
        }
        _ => {
            let (values, scale) = decimals(&super::math::as_decimals(array)?)?;
            let scale = i32::from(scale);
            Ok(values
                .iter()
                .map(|value| value.map(|value| (value, scale)))
                .collect())
        }
    }
}

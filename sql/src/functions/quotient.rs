//! Division of numerics, with the digits that PostgreSQL gives each quotient.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal256Array, Decimal256Builder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal256Type, i256};
use datafusion::common::Result;

use super::types::digits;
use crate::template::{external, value_error};

/// Digits after the point that a quotient may have: 16 significant ones of any above 1e-16.
pub(super) const QUOTIENT_SCALE: i8 = 32;

/// What dividing by zero gives.
pub(super) fn division_by_zero() -> towpath_engine::Error {
    value_error("division by zero in the transform")
        .with_hint("divide by nullif(x, 0), which gives NULL instead")
}

/// Numeric division with as many digits after the point as PostgreSQL gives, value by value.
pub(super) fn divide(left: &ArrayRef, right: &ArrayRef, result: &DataType) -> Result<ArrayRef> {
    let (left, left_scale) = decimals(left)?;
    let (right, right_scale) = decimals(right)?;
    let DataType::Decimal256(precision, scale) = *result else {
        return Err(external(value_error(
            "numeric quotient of an unplanned type",
        )));
    };
    let mut builder = Decimal256Builder::with_capacity(left.len());
    for row in 0..left.len() {
        if left.is_null(row) || right.is_null(row) {
            builder.append_null();
            continue;
        }
        let dividend = (left.value(row), left_scale);
        let divisor = (right.value(row), right_scale);
        builder.append_value(quotient(dividend, divisor, scale).map_err(external)?);
    }
    Ok(Arc::new(
        builder
            .finish()
            .with_precision_and_scale(precision, scale)?,
    ))
}

/// A decimal column with its scale, in the widest form.
pub(super) fn decimals(array: &ArrayRef) -> Result<(Decimal256Array, i8)> {
    let scale = digits(array.data_type()).map_or(0, |(_, scale)| scale);
    let wide = cast(array, &DataType::Decimal256(76, scale))?;
    Ok((wide.as_primitive::<Decimal256Type>().clone(), scale))
}

/// `dividend / divisor`, each with its scale, rounded where PostgreSQL rounds, at `scale`.
///
/// # Errors
/// `Decode`, if the divisor is zero or the quotient needs more digits than there are.
///
/// Source: PostgreSQL, `src/backend/utils/adt/numeric.c`, `numeric_div`, `select_div_scale`.
pub(super) fn quotient(
    (dividend, dividend_scale): (i256, i8),
    (divisor, divisor_scale): (i256, i8),
    scale: i8,
) -> towpath_engine::Result<i256> {
    if divisor == i256::ZERO {
        return Err(division_by_zero());
    }
    let rounded_at = quotient_scale((dividend, dividend_scale), (divisor, divisor_scale));
    let too_long = || {
        value_error(format!(
            "a numeric quotient in the transform needs more than {scale} digits after the point"
        ))
        .with_hint("cast one side to double precision, or divide at the source")
    };
    let shift = rounded_at + i32::from(divisor_scale) - i32::from(dividend_scale);
    let mut numerator = dividend;
    let mut denominator = divisor;
    if shift >= 0 {
        numerator = scaled(numerator, shift).ok_or_else(too_long)?;
    } else {
        denominator = scaled(denominator, -shift).ok_or_else(too_long)?;
    }
    let rounded = divide_half_away(numerator, denominator).ok_or_else(too_long)?;
    let missing = i32::from(scale) - rounded_at;
    if missing >= 0 {
        return scaled(rounded, missing).ok_or_else(too_long);
    }
    let unit = scaled(i256::ONE, -missing).ok_or_else(too_long)?;
    match rounded.checked_rem(unit) == Some(i256::ZERO) {
        true => rounded.checked_div(unit).ok_or_else(too_long),
        false => Err(too_long()),
    }
}

/// `value * 10^power`, if it fits.
pub(super) fn scaled(value: i256, power: i32) -> Option<i256> {
    let ten = i256::from_i128(10);
    value.checked_mul(ten.checked_pow(u32::try_from(power).ok()?)?)
}

/// The quotient rounded to a whole number, halves away from zero.
pub(super) fn divide_half_away(numerator: i256, denominator: i256) -> Option<i256> {
    let whole = numerator.checked_div(denominator)?;
    let rest = numerator.checked_rem(denominator)?.checked_abs()?;
    let half = denominator.checked_abs()?.checked_sub(rest)?;
    if rest < half {
        return Some(whole);
    }
    let away = match (numerator < i256::ZERO) == (denominator < i256::ZERO) {
        true => i256::ONE,
        false => i256::MINUS_ONE,
    };
    whole.checked_add(away)
}

/// Digits after the point of PostgreSQL's quotient: at least 16 significant ones, counted in
/// its digits of base 10000.
fn quotient_scale(dividend: (i256, i8), divisor: (i256, i8)) -> i32 {
    let (dividend_weight, dividend_digit) = first_digit(dividend);
    let (divisor_weight, divisor_digit) = first_digit(divisor);
    let mut weight = dividend_weight - divisor_weight;
    if dividend_digit <= divisor_digit {
        weight -= 1;
    }
    (16 - weight * 4)
        .max(i32::from(dividend.1))
        .max(i32::from(divisor.1))
        .clamp(0, 1000)
}

/// Weight and value of the first digit of base 10000; zero has both 0.
fn first_digit((value, scale): (i256, i8)) -> (i32, i256) {
    let base = i256::from_i128(10_000);
    let padding = (4 - i32::from(scale).rem_euclid(4)) % 4;
    let mut rest = value.wrapping_abs();
    // Padding could overflow only a value of 74 digits or more: its last digits do not matter.
    let mut weight = -(i32::from(scale) + padding) / 4;
    match scaled(rest, padding) {
        Some(padded) => rest = padded,
        None => {
            weight += 1;
            rest = scaled(rest.wrapping_div(base), padding).unwrap_or(rest);
        }
    }
    if rest == i256::ZERO {
        return (0, i256::ZERO);
    }
    while rest >= base {
        rest = rest.wrapping_div(base);
        weight += 1;
    }
    (weight, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotient_has_as_many_digits_as_in_postgresql() {
        // SELECT 10.00 / 3, 1 / 3.0, 2 / 30000.0, 123456789 / 7.0
        check((1000, 2), (3, 0), "3.3333333333333333");
        check((1, 0), (30, 1), "0.33333333333333333333");
        check((2, 0), (300_000, 1), "0.000066666666666666666667");
        check((123_456_789, 0), (70, 1), "17636684.142857142857");
        check((-1, 0), (3, 0), "-0.33333333333333333333");
    }

    #[test]
    fn a_quotient_by_zero_is_an_error() {
        assert!(quotient((i256::ONE, 0), (i256::ZERO, 0), 32).is_err());
    }

    #[test]
    fn halves_round_away_from_zero() {
        let five = i256::from_i128(5);
        let two = i256::from_i128(2);
        assert_eq!(divide_half_away(five, two), Some(i256::from_i128(3)));
        assert_eq!(
            divide_half_away(five.wrapping_neg(), two),
            Some(i256::from_i128(-3))
        );
    }

    fn check(dividend: (i128, i8), divisor: (i128, i8), expected: &str) {
        let wide = |(value, scale): (i128, i8)| (i256::from_i128(value), scale);
        let found = quotient(wide(dividend), wide(divisor), 32).unwrap();
        let (whole, fraction) = expected.split_once('.').unwrap();
        let padded = format!("{whole}{fraction:0<32}");
        let padded = padded.trim_start_matches("-0").trim_start_matches('0');
        assert_eq!(
            found.to_string().trim_start_matches('-'),
            padded.trim_start_matches('-')
        );
    }
}

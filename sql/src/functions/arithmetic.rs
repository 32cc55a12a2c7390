//! The operators + - * / % with PostgreSQL's types, its overflow errors and its division.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Decimal256Array, Decimal256Builder, PrimitiveArray,
};
use datafusion::arrow::compute::{cast, kernels::numeric};
use datafusion::arrow::datatypes::{
    ArrowNativeTypeOp, ArrowPrimitiveType, DataType, Decimal256Type, Float32Type, Float64Type, i256,
};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::time;
use super::types::{INTERVAL, Pg, TIMESTAMP, as_decimal, decimal, digits, name, pg, timestamptz};
use super::vector::invoke;
use crate::template::{external, refuse, value_error};

/// Digits after the point that a quotient may have: 16 significant ones of any above 1e-16.
const QUOTIENT_SCALE: i8 = 32;

/// One arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

/// `left operator right` as PostgreSQL computes it.
pub(crate) fn arithmetic(operator: Operator, left: Expr, right: Expr) -> Expr {
    ScalarUDF::from(Arithmetic {
        operator,
        name: operator.symbol(),
        signature: Signature::user_defined(Volatility::Immutable),
    })
    .call(vec![left, right])
}

/// The operator as a function that is called by `name`.
pub(super) fn named_remainder(name: &'static str) -> ScalarUDF {
    ScalarUDF::from(Arithmetic {
        operator: Operator::Remainder,
        name,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

/// An operator over the types that its arguments will have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Arithmetic {
    operator: Operator,
    name: &'static str,
    signature: Signature,
}

/// The argument types an operator computes in, and the type of its result.
struct Plan {
    args: [DataType; 2],
    result: DataType,
}

impl Arithmetic {
    /// The types in which arguments of `types` are passed.
    ///
    /// # Errors
    /// `Config`, if there is no such operator.
    pub(super) fn argument_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [left, right] => Ok(self.plan(left, right)?.args.into()),
            _ => Err(external(refuse(None, "an operator takes two arguments"))),
        }
    }

    fn plan(&self, left: &DataType, right: &DataType) -> Result<Plan> {
        let nothing = || {
            let message = format!(
                "there is no operator {} {} {}",
                name(left),
                self.operator.symbol(),
                name(right)
            );
            external(refuse(None, message).with_hint("cast one side, or compute it at the source"))
        };
        let (left_pg, right_pg) = pg(left).zip(pg(right)).ok_or_else(nothing)?;
        let plan = match (left_pg, right_pg) {
            (Pg::Unknown, Pg::Unknown) => None,
            (Pg::Unknown, _) if right_pg.is_number() => self.numbers(right, right),
            (_, Pg::Unknown) if left_pg.is_number() => self.numbers(left, left),
            _ if left_pg.is_number() && right_pg.is_number() => self.numbers(left, right),
            _ => self.times(left_pg, right_pg),
        };
        plan.ok_or_else(nothing)
    }

    fn numbers(&self, left: &DataType, right: &DataType) -> Option<Plan> {
        let (left_pg, right_pg) = (pg(left)?, pg(right)?);
        if left_pg == Pg::Numeric && !right_pg.is_float()
            || right_pg == Pg::Numeric && !left_pg.is_float()
        {
            return self.decimals(&as_decimal(left)?, &as_decimal(right)?);
        }
        if self.operator == Operator::Remainder && (left_pg.is_float() || right_pg.is_float()) {
            return None;
        }
        let wide = super::types::common([left, right])?;
        Some(Plan {
            args: [wide.clone(), wide.clone()],
            result: wide,
        })
    }

    fn decimals(&self, left: &DataType, right: &DataType) -> Option<Plan> {
        let ((left_whole, left_scale), (right_whole, right_scale)) =
            (digits(left)?, digits(right)?);
        let scale = left_scale.max(right_scale);
        let (whole, scale) = match self.operator {
            Operator::Add | Operator::Subtract => (left_whole.max(right_whole) + 1, scale),
            Operator::Multiply => (
                left_whole.saturating_add(right_whole).saturating_add(1),
                left_scale.checked_add(right_scale)?,
            ),
            Operator::Remainder => (left_whole.max(right_whole), scale),
            Operator::Divide => (76, scale.max(QUOTIENT_SCALE)),
        };
        if scale > 75 {
            return None;
        }
        let result = decimal(whole, scale);
        // Arrow's kernels want both sides in the width of the result.
        let wide = |whole: u8, scale: i8| match (&result, decimal(whole, scale)) {
            (DataType::Decimal256(..), DataType::Decimal128(precision, scale)) => {
                DataType::Decimal256(precision, scale)
            }
            (_, narrow) => narrow,
        };
        Some(Plan {
            args: [wide(left_whole, left_scale), wide(right_whole, right_scale)],
            result,
        })
    }

    fn times(&self, left: Pg, right: Pg) -> Option<Plan> {
        use Operator::{Add, Subtract};
        let plan = |left: DataType, right: DataType, result: DataType| {
            Some(Plan {
                args: [left, right],
                result,
            })
        };
        let int4 = DataType::Int32;
        match (self.operator, left, right) {
            (Add | Subtract, Pg::Date, Pg::Int2 | Pg::Int4) => {
                plan(DataType::Date32, int4, DataType::Date32)
            }
            (Add, Pg::Int2 | Pg::Int4, Pg::Date) => plan(int4, DataType::Date32, DataType::Date32),
            (Subtract, Pg::Date, Pg::Date) => plan(DataType::Date32, DataType::Date32, int4),
            (Subtract, Pg::Timestamp, Pg::Timestamp | Pg::Date)
            | (Subtract, Pg::Date, Pg::Timestamp) => plan(TIMESTAMP, TIMESTAMP, INTERVAL),
            (Subtract, Pg::TimestampTz, Pg::TimestampTz | Pg::Timestamp | Pg::Date)
            | (Subtract, Pg::Timestamp | Pg::Date, Pg::TimestampTz) => {
                plan(timestamptz(), timestamptz(), INTERVAL)
            }
            (Add | Subtract, Pg::Date | Pg::Timestamp, Pg::Interval) => {
                plan(TIMESTAMP, INTERVAL, TIMESTAMP)
            }
            (Add | Subtract, Pg::TimestampTz, Pg::Interval) => {
                plan(timestamptz(), INTERVAL, timestamptz())
            }
            (Add, Pg::Interval, Pg::Date | Pg::Timestamp) => plan(INTERVAL, TIMESTAMP, TIMESTAMP),
            (Add, Pg::Interval, Pg::TimestampTz) => plan(INTERVAL, timestamptz(), timestamptz()),
            _ => None,
        }
    }

    fn compute(&self, args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
        let [left, right] = args else {
            return Err(external(refuse(None, "an operator takes two arguments")));
        };
        let types = (left.data_type(), right.data_type());
        match types {
            (DataType::Float64, _) => self.floats::<Float64Type>(left, right),
            (DataType::Float32, _) => self.floats::<Float32Type>(left, right),
            (DataType::Decimal128(..) | DataType::Decimal256(..), _)
                if self.operator == Operator::Divide =>
            {
                divide(left, right, result)
            }
            (DataType::Int16 | DataType::Int32 | DataType::Int64, DataType::Date32)
            | (DataType::Date32 | DataType::Timestamp(..) | DataType::Interval(_), _) => {
                time::arithmetic(self.operator, left, right)
            }
            _ => {
                let computed = match self.operator {
                    Operator::Add => numeric::add(left, right),
                    Operator::Subtract => numeric::sub(left, right),
                    Operator::Multiply => numeric::mul(left, right),
                    Operator::Divide => numeric::div(left, right),
                    Operator::Remainder => numeric::rem(left, right),
                }
                .map_err(|err| external(self.failure(&err, result)))?;
                Ok(cast(&computed, result)?)
            }
        }
    }

    fn failure(
        &self,
        err: &datafusion::arrow::error::ArrowError,
        result: &DataType,
    ) -> towpath_engine::Error {
        match err {
            datafusion::arrow::error::ArrowError::DivideByZero => division_by_zero(),
            _ => value_error(format!(
                "{} is out of range in the transform, in operator {}",
                name(result),
                self.operator.symbol()
            )),
        }
    }

    /// Float arithmetic that overflows, underflows or divides by zero is an error.
    ///
    /// Source: PostgreSQL, `src/include/utils/float.h`.
    fn floats<T>(&self, left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef>
    where
        T: ArrowPrimitiveType,
        T::Native: ArrowNativeTypeOp + Into<f64>,
    {
        let operator = self.operator;
        let computed: PrimitiveArray<T> = datafusion::arrow::compute::try_binary(
            left.as_primitive::<T>(),
            right.as_primitive::<T>(),
            |a: T::Native, b: T::Native| {
                let value = match operator {
                    Operator::Add => a.add_wrapping(b),
                    Operator::Subtract => a.sub_wrapping(b),
                    Operator::Multiply => a.mul_wrapping(b),
                    Operator::Divide | Operator::Remainder => a.div_wrapping(b),
                };
                check_float(operator, [a.into(), b.into()], value.into())?;
                Ok(value)
            },
        )
        .map_err(|err| match err {
            datafusion::arrow::error::ArrowError::DivideByZero => external(division_by_zero()),
            _ => external(value_error(
                "double precision is out of range in the transform",
            )),
        })?;
        Ok(Arc::new(computed))
    }
}

fn check_float(
    operator: Operator,
    [a, b]: [f64; 2],
    value: f64,
) -> Result<(), datafusion::arrow::error::ArrowError> {
    use datafusion::arrow::error::ArrowError;
    if operator == Operator::Divide && b == 0.0 && !a.is_nan() {
        return Err(ArrowError::DivideByZero);
    }
    let overflows = value.is_infinite() && a.is_finite() && b.is_finite();
    let underflows = value == 0.0
        && match operator {
            Operator::Multiply => a != 0.0 && b != 0.0,
            Operator::Divide => a != 0.0 && b.is_finite(),
            _ => false,
        };
    match overflows || underflows {
        true => Err(ArrowError::ArithmeticOverflow(String::new())),
        false => Ok(()),
    }
}

fn division_by_zero() -> towpath_engine::Error {
    value_error("division by zero in the transform")
        .with_hint("divide by nullif(x, 0), which gives NULL instead")
}

/// Numeric division with as many digits after the point as PostgreSQL gives, value by value.
fn divide(left: &ArrayRef, right: &ArrayRef, result: &DataType) -> Result<ArrayRef> {
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

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        // What does not fit is told when literals have their types.
        Ok(self
            .argument_types(types)
            .unwrap_or_else(|_| types.to_vec()))
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let [left, right] = types else {
            return Err(external(refuse(None, "an operator takes two arguments")));
        };
        Ok(match self.plan(left, right) {
            Ok(plan) => plan.result,
            Err(_) if left.is_integer() => right.clone(),
            Err(_) => left.clone(),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let result = args.return_field.data_type().clone();
        invoke(args, |arrays| self.compute(arrays, &result))
    }
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

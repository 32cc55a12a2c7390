//! The operators + - * / % with PostgreSQL's types, its overflow errors and its division.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::compute::{cast, kernels::numeric};
use datafusion::arrow::datatypes::{
    ArrowNativeTypeOp, ArrowPrimitiveType, DataType, Float32Type, Float64Type,
};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::quotient::{QUOTIENT_SCALE, divide, division_by_zero};
use super::time;
use super::types::{INTERVAL, Pg, TIMESTAMP, as_decimal, decimal, digits, name, pg, timestamptz};
use super::vector::invoke;
use crate::template::{external, refuse, value_error};

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
        // A literal beside an operand is of its type if there is such an operator.
        let (left, right) = match (self.operator, left, right) {
            (Subtract, known, Pg::Unknown) => (known, known),
            (Subtract, Pg::Unknown, known) => (known, known),
            (Add, known @ (Pg::Timestamp | Pg::TimestampTz), Pg::Unknown) => (known, Pg::Interval),
            (_, left, right) => (left, right),
        };
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

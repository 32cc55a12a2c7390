//! `min` and `max` of floats: PostgreSQL has NaN after every other number.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

/// `min` or `max`, as `name` says, of floats.
pub(super) fn float_extreme(name: &str) -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(FloatExtreme {
        wanted: match name {
            "min" => Ordering::Less,
            _ => Ordering::Greater,
        },
        signature: Signature::any(1, Volatility::Immutable),
    }))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct FloatExtreme {
    /// How the result compares with the others.
    wanted: Ordering,
    signature: Signature,
}

impl AggregateUDFImpl for FloatExtreme {
    fn name(&self) -> &str {
        match self.wanted {
            Ordering::Less => "min",
            _ => "max",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Extreme {
            wanted: self.wanted,
            data_type: args.return_type().clone(),
            found: None,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let data_type = args.input_fields[0].data_type().clone();
        Ok(vec![Arc::new(Field::new(self.name(), data_type, true))])
    }
}

#[derive(Debug)]
struct Extreme {
    wanted: Ordering,
    data_type: DataType,
    found: Option<f64>,
}

impl Accumulator for Extreme {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        // A float4 is the same number as a float8.
        let values = cast(&values[0], &DataType::Float64)?;
        for value in values.as_primitive::<Float64Type>().iter().flatten() {
            // Of equal ones, zero and minus zero, the last counts, as at the source.
            self.found = match self.found {
                Some(found) if compared(found, value) == self.wanted => Some(found),
                _ => Some(value),
            };
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::Float64(self.found).cast_to(&self.data_type)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// How PostgreSQL orders two floats: NaN equals itself, and comes last.
fn compared(left: f64, right: f64) -> Ordering {
    let by_nan = left.is_nan().cmp(&right.is_nan());
    left.partial_cmp(&right).unwrap_or(by_nan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::Float64Array;

    #[test]
    fn nan_is_the_greatest_and_infinities_are_numbers() {
        let (infinity, nan) = (f64::INFINITY, f64::NAN);
        check(Ordering::Less, &[nan, infinity], infinity);
        check(Ordering::Less, &[-infinity, 1.0], -infinity);
        check(Ordering::Greater, &[1.5, nan, infinity], nan);
        check(Ordering::Greater, &[-infinity], -infinity);
    }

    fn check(wanted: Ordering, values: &[f64], expected: f64) {
        let mut extreme = Extreme {
            wanted,
            data_type: DataType::Float64,
            found: None,
        };
        let array: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        extreme.update_batch(&[array]).unwrap();
        let found = extreme.found.unwrap();
        assert_eq!(compared(found, expected), Ordering::Equal, "{values:?}");
    }
}

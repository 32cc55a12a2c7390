//! `avg` of integers and numerics: PostgreSQL divides as numerics do.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Decimal256Type, Field, FieldRef, Int64Type, i256};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use super::quotient::{decimals, quotient};
use super::types::digits;
use crate::template::{external, refuse, value_error};

/// Digits after the point of an average; those of a quotient.
const SCALE: i8 = 32;

/// `avg` of decimals.
pub(super) fn numeric_avg() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(NumericAvg {
        signature: Signature::any(1, Volatility::Immutable),
    }))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct NumericAvg {
    signature: Signature,
}

impl AggregateUDFImpl for NumericAvg {
    fn name(&self) -> &str {
        "avg"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let scale = types.first().and_then(digits).map_or(0, |(_, scale)| scale);
        Ok(DataType::Decimal256(76, scale.max(SCALE)))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return Err(external(
                refuse(None, "avg(DISTINCT) is not supported")
                    .with_hint("average over a subquery with SELECT DISTINCT"),
            ));
        }
        let input = args.expr_fields[0].data_type();
        let scale = digits(input).map_or(0, |(_, scale)| scale);
        let result_scale = digits(args.return_type()).map_or(SCALE, |(_, scale)| scale);
        Ok(Box::new(Average {
            scale,
            result_scale,
            sum: i256::ZERO,
            count: 0,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let scale = digits(args.input_fields[0].data_type()).map_or(0, |(_, scale)| scale);
        Ok(vec![
            Arc::new(Field::new("sum", DataType::Decimal256(76, scale), true)),
            Arc::new(Field::new("count", DataType::Int64, true)),
        ])
    }
}

#[derive(Debug)]
struct Average {
    scale: i8,
    result_scale: i8,
    sum: i256,
    count: i64,
}

impl Average {
    fn add(&mut self, value: i256) -> Result<()> {
        self.sum = self
            .sum
            .checked_add(value)
            .ok_or_else(|| external(value_error("avg is out of range in the transform")))?;
        Ok(())
    }
}

impl Accumulator for Average {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (values, _) = decimals(&values[0])?;
        for value in values.iter().flatten() {
            self.add(value)?;
        }
        self.count += (values.len() - values.null_count()) as i64;
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (values, _) = decimals(&values[0])?;
        for value in values.iter().flatten() {
            self.add(value.wrapping_neg())?;
        }
        self.count -= (values.len() - values.null_count()) as i64;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for sum in states[0].as_primitive::<Decimal256Type>().iter().flatten() {
            self.add(sum)?;
        }
        for count in states[1].as_primitive::<Int64Type>().iter().flatten() {
            self.count += count;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![
            ScalarValue::Decimal256(Some(self.sum), 76, self.scale),
            ScalarValue::Int64(Some(self.count)),
        ])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.count == 0 {
            return Ok(ScalarValue::Decimal256(None, 76, self.result_scale));
        }
        let count = i256::from_i128(i128::from(self.count));
        let average = quotient((self.sum, self.scale), (count, 0), self.result_scale);
        Ok(ScalarValue::Decimal256(
            Some(average.map_err(external)?),
            76,
            self.result_scale,
        ))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

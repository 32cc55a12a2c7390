//! `avg` of integers and numerics: PostgreSQL divides as numerics do.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal256Array, Int64Array,
};
use datafusion::arrow::datatypes::{DataType, Decimal256Type, Field, FieldRef, Int64Type, i256};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
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
        Ok(Box::new(Average {
            scales: Scales::of(&args),
            sum: i256::ZERO,
            count: 0,
        }))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Averages {
            scales: Scales::of(&args),
            sums: Vec::new(),
            counts: Vec::new(),
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

/// Digits after the point.
#[derive(Clone, Copy, Debug)]
struct Scales {
    /// Of the values and their sum.
    sum: i8,
    result: i8,
}

impl Scales {
    fn of(args: &AccumulatorArgs<'_>) -> Self {
        let scale = |of| digits(of).map(|(_, scale)| scale);
        Self {
            sum: scale(args.expr_fields[0].data_type()).unwrap_or(0),
            result: scale(args.return_type()).unwrap_or(SCALE),
        }
    }

    /// `None` of no values.
    fn average(self, sum: i256, count: i64) -> Result<Option<i256>> {
        if count == 0 {
            return Ok(None);
        }
        let count = i256::from_i128(i128::from(count));
        let average = quotient((sum, self.sum), (count, 0), self.result);
        average.map(Some).map_err(external)
    }
}

fn added(sum: i256, value: i256) -> Result<i256> {
    sum.checked_add(value)
        .ok_or_else(|| external(value_error("avg is out of range in the transform")))
}

/// The average of all values.
#[derive(Debug)]
struct Average {
    scales: Scales,
    sum: i256,
    count: i64,
}

impl Accumulator for Average {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (values, _) = decimals(&values[0])?;
        for value in values.iter().flatten() {
            self.sum = added(self.sum, value)?;
        }
        self.count += (values.len() - values.null_count()) as i64;
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (values, _) = decimals(&values[0])?;
        for value in values.iter().flatten() {
            self.sum = added(self.sum, value.wrapping_neg())?;
        }
        self.count -= (values.len() - values.null_count()) as i64;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for sum in states[0].as_primitive::<Decimal256Type>().iter().flatten() {
            self.sum = added(self.sum, sum)?;
        }
        for count in states[1].as_primitive::<Int64Type>().iter().flatten() {
            self.count += count;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![
            ScalarValue::Decimal256(Some(self.sum), 76, self.scales.sum),
            ScalarValue::Int64(Some(self.count)),
        ])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let average = self.scales.average(self.sum, self.count)?;
        Ok(ScalarValue::Decimal256(average, 76, self.scales.result))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The averages of groups, by their number.
struct Averages {
    scales: Scales,
    sums: Vec<i256>,
    counts: Vec<i64>,
}

impl Averages {
    fn grow(&mut self, group_count: usize) {
        self.sums.resize(group_count, i256::ZERO);
        self.counts.resize(group_count, 0);
    }

    /// Sums and counts as [`NumericAvg::state_fields`] has them.
    fn states(&self, sums: Vec<i256>, counts: Vec<i64>) -> Result<Vec<ArrayRef>> {
        let sums = Decimal256Array::from_iter_values(sums);
        let sums = sums.with_precision_and_scale(76, self.scales.sum)?;
        Ok(vec![Arc::new(sums), Arc::new(Int64Array::from(counts))])
    }
}

impl GroupsAccumulator for Averages {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        group_count: usize,
    ) -> Result<()> {
        self.grow(group_count);
        let (values, _) = decimals(&values[0])?;
        for (row, (value, &group)) in values.iter().zip(groups).enumerate() {
            let Some(value) = value.filter(|_| passes(filter, row)) else {
                continue;
            };
            self.sums[group] = added(self.sums[group], value)?;
            self.counts[group] += 1;
        }
        Ok(())
    }

    fn merge_batch(
        &mut self,
        states: &[ArrayRef],
        groups: &[usize],
        group_count: usize,
    ) -> Result<()> {
        self.grow(group_count);
        let sums = states[0].as_primitive::<Decimal256Type>().iter();
        let counts = states[1].as_primitive::<Int64Type>().iter();
        for ((sum, count), &group) in sums.zip(counts).zip(groups) {
            self.sums[group] = added(self.sums[group], sum.unwrap_or(i256::ZERO))?;
            self.counts[group] += count.unwrap_or(0);
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let (values, _) = decimals(&values[0])?;
        let counts = (0..values.len())
            .map(|row| i64::from(values.is_valid(row) && passes(filter, row)))
            .collect::<Vec<_>>();
        let sums = values.iter().zip(&counts);
        let sums = sums.map(|(value, &count)| value.filter(|_| count > 0).unwrap_or(i256::ZERO));
        self.states(sums.collect(), counts)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let sums = emit_to.take_needed(&mut self.sums);
        let counts = emit_to.take_needed(&mut self.counts);
        self.states(sums, counts)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = emit_to.take_needed(&mut self.sums);
        let counts = emit_to.take_needed(&mut self.counts);
        let averages = sums.into_iter().zip(counts);
        let averages = averages.map(|(sum, count)| self.scales.average(sum, count));
        let averages: Decimal256Array = averages.collect::<Result<_>>()?;
        Ok(Arc::new(
            averages.with_precision_and_scale(76, self.scales.result)?,
        ))
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i256>() + self.counts.capacity() * size_of::<i64>()
    }
}

/// Whether `filter` lets a row pass.
fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Decimal128Array;

    use super::*;

    #[test]
    fn a_group_without_values_has_no_average() {
        let mut averages = averages();
        let values = decimal_values([Some(100), None, None, Some(250)]);
        let all = &[values];
        averages.update_batch(all, &[0, 0, 1, 0], None, 3).unwrap();
        check(&mut averages, &[Some(175), None, None]);
    }

    #[test]
    fn only_rows_that_pass_the_filter_count() {
        let mut averages = averages();
        let values = decimal_values([Some(100), Some(300), Some(500)]);
        let filter = BooleanArray::from(vec![Some(true), None, Some(false)]);
        let passed = averages.update_batch(&[values], &[0, 0, 0], Some(&filter), 1);
        passed.unwrap();
        check(&mut averages, &[Some(100)]);
    }

    #[test]
    fn averages_of_parts_are_those_of_all() {
        let (mut first, mut second) = (averages(), averages());
        let values = decimal_values([Some(100), Some(200)]);
        first.update_batch(&[values], &[0, 1], None, 2).unwrap();
        let state = first.state(EmitTo::All).unwrap();
        second.merge_batch(&state, &[1, 0], 2).unwrap();
        let values = decimal_values([Some(400), None, Some(700)]);
        let filter = BooleanArray::from(vec![true, true, false]);
        let rows = second.convert_to_state(&[values], Some(&filter)).unwrap();
        second.merge_batch(&rows, &[1, 1, 1], 2).unwrap();
        check(&mut second, &[Some(200), Some(250)]);
    }

    /// Of values with two digits after the point.
    fn averages() -> Averages {
        Averages {
            scales: Scales {
                sum: 2,
                result: SCALE,
            },
            sums: Vec::new(),
            counts: Vec::new(),
        }
    }

    fn decimal_values<const N: usize>(hundredths: [Option<i128>; N]) -> ArrayRef {
        let values = Decimal128Array::from_iter(hundredths);
        Arc::new(values.with_precision_and_scale(15, 2).unwrap())
    }

    fn check(averages: &mut Averages, hundredths: &[Option<i128>]) {
        let expected = hundredths.iter().map(|value| {
            let value = i256::from_i128((*value)?);
            value.checked_mul(i256::from_i128(10).wrapping_pow(u32::from(SCALE as u8) - 2))
        });
        let expected: Decimal256Array = expected.collect();
        let found = averages.evaluate(EmitTo::All).unwrap();
        assert_eq!(
            found
                .as_primitive::<Decimal256Type>()
                .iter()
                .collect::<Vec<_>>(),
            expected.iter().collect::<Vec<_>>()
        );
    }
}

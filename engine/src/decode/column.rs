//! One column of a batch: the type is matched once, then every cell in one loop.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, NullBufferBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, BinaryArray, PrimitiveArray, StringArray};
use arrow_buffer::{Buffer, IntervalMonthDayNano, OffsetBuffer, ScalarBuffer, i256};
use arrow_schema::DataType;

use super::array;
use super::numeric::NumericDecoder;
use super::tuple::ColumnCells;

/// Days and microseconds from 1970-01-01, Arrow's epoch, to 2000-01-01, PostgreSQL's.
pub(super) const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// A value that has no exact Arrow form, or bytes that are no value of the type.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ValueError {
    /// Its row in the batch.
    pub(super) row: usize,
    /// What it is, as the end of "row 7 holds …".
    pub(super) what: Cow<'static, str>,
}

/// Shorthand for a value, or what is in its place, as the end of "row 7 holds …".
pub(super) type ValueResult<T> = Result<T, Cow<'static, str>>;

/// Decodes every cell of one column.
pub(super) fn decode(
    data_type: &DataType,
    cells: &ColumnCells<'_>,
) -> Result<ArrayRef, ValueError> {
    Ok(match data_type {
        DataType::Boolean => Arc::new(booleans(cells)?),
        DataType::Int16 => fixed::<Int16Type, 2>(cells, |b| Ok(i16::from_be_bytes(b)))?,
        DataType::Int32 => fixed::<Int32Type, 4>(cells, |b| Ok(i32::from_be_bytes(b)))?,
        DataType::Int64 => fixed::<Int64Type, 8>(cells, |b| Ok(i64::from_be_bytes(b)))?,
        DataType::Float32 => fixed::<Float32Type, 4>(cells, |b| Ok(f32::from_be_bytes(b)))?,
        DataType::Float64 => fixed::<Float64Type, 8>(cells, |b| Ok(f64::from_be_bytes(b)))?,
        DataType::Date32 => fixed::<Date32Type, 4>(cells, |b| date(i32::from_be_bytes(b)))?,
        DataType::Time64(_) => {
            fixed::<Time64MicrosecondType, 8>(cells, |b| Ok(i64::from_be_bytes(b)))?
        }
        DataType::Timestamp(_, zone) => {
            let array = primitive::<TimestampMicrosecondType>(cells, |bytes| {
                timestamp(i64::from_be_bytes(sized(bytes)?))
            })?;
            Arc::new(array.with_timezone_opt(zone.clone()))
        }
        DataType::Interval(_) => fixed::<IntervalMonthDayNanoType, 16>(cells, interval)?,
        DataType::Decimal128(precision, scale) => {
            let decoder = NumericDecoder::<i128>::new(*precision, *scale);
            let array = primitive::<Decimal128Type>(cells, |bytes| decoder.decode(bytes))?;
            Arc::new(array.with_data_type(data_type.clone()))
        }
        DataType::Decimal256(precision, scale) => {
            let decoder = NumericDecoder::<i256>::new(*precision, *scale);
            let array = primitive::<Decimal256Type>(cells, |bytes| decoder.decode(bytes))?;
            Arc::new(array.with_data_type(data_type.clone()))
        }
        DataType::Utf8 => Arc::new(strings(cells)?),
        DataType::Binary => Arc::new(binaries(cells)?),
        DataType::List(field) => Arc::new(array::decode(field, cells)?),
        other => {
            return Err(ValueError {
                row: 0,
                what: format!("{other}, which is never read").into(),
            });
        }
    })
}

/// A column of fixed-width values.
fn fixed<T: ArrowPrimitiveType, const N: usize>(
    cells: &ColumnCells<'_>,
    value: impl Fn([u8; N]) -> ValueResult<T::Native>,
) -> Result<ArrayRef, ValueError> {
    Ok(Arc::new(primitive::<T>(cells, |bytes| {
        value(sized(bytes)?)
    })?))
}

fn primitive<T: ArrowPrimitiveType>(
    cells: &ColumnCells<'_>,
    value: impl Fn(&[u8]) -> ValueResult<T::Native>,
) -> Result<PrimitiveArray<T>, ValueError> {
    let mut values: Vec<T::Native> = Vec::with_capacity(cells.row_count());
    let mut nulls = NullBufferBuilder::new(cells.row_count());
    for (row, cell) in cells.iter().enumerate() {
        match cell {
            Some(bytes) => {
                values.push(value(bytes).map_err(|what| ValueError { row, what })?);
                nulls.append_non_null();
            }
            None => {
                values.push(T::Native::default());
                nulls.append_null();
            }
        }
    }
    Ok(PrimitiveArray::new(
        ScalarBuffer::from(values),
        nulls.finish(),
    ))
}

fn booleans(cells: &ColumnCells<'_>) -> Result<arrow_array::BooleanArray, ValueError> {
    let mut builder = BooleanBuilder::with_capacity(cells.row_count());
    for (row, cell) in cells.iter().enumerate() {
        let value = cell
            .map(sized::<1>)
            .transpose()
            .map_err(|what| ValueError { row, what })?;
        builder.append_option(value.map(|[byte]| byte != 0));
    }
    Ok(builder.finish())
}

fn strings(cells: &ColumnCells<'_>) -> Result<StringArray, ValueError> {
    let (offsets, values, nulls) = variable(cells)?;
    StringArray::try_new(offsets, values, nulls).map_err(|_| {
        let is_invalid =
            |cell: Option<&[u8]>| cell.is_some_and(|b| std::str::from_utf8(b).is_err());
        let row = cells.iter().position(is_invalid).unwrap_or_default();
        ValueError {
            row,
            what: "bytes that are not UTF-8".into(),
        }
    })
}

fn binaries(cells: &ColumnCells<'_>) -> Result<BinaryArray, ValueError> {
    let (offsets, values, nulls) = variable(cells)?;
    Ok(BinaryArray::new(offsets, values, nulls))
}

type Variable = (OffsetBuffer<i32>, Buffer, Option<arrow_buffer::NullBuffer>);

/// Offsets, bytes and validity of a column of variable width, copied once.
fn variable(cells: &ColumnCells<'_>) -> Result<Variable, ValueError> {
    let total = cells.total_bytes();
    if i32::try_from(total).is_err() {
        return Err(ValueError {
            row: 0,
            what: "more than 2 GiB in one batch".into(),
        });
    }
    let mut values = Vec::with_capacity(total);
    let mut offsets = Vec::with_capacity(cells.row_count() + 1);
    let mut nulls = NullBufferBuilder::new(cells.row_count());
    offsets.push(0);
    for cell in cells.iter() {
        match cell {
            Some(bytes) => {
                values.extend_from_slice(bytes);
                nulls.append_non_null();
            }
            None => nulls.append_null(),
        }
        offsets.push(values.len() as i32);
    }
    Ok((
        OffsetBuffer::new(ScalarBuffer::from(offsets)),
        Buffer::from_vec(values),
        nulls.finish(),
    ))
}

/// `bytes` as an array of the width that the type has.
pub(super) fn sized<const N: usize>(bytes: &[u8]) -> ValueResult<[u8; N]> {
    bytes
        .try_into()
        .map_err(|_| format!("{} bytes, expected {N}", bytes.len()).into())
}

/// Days since 2000 to days since 1970; infinities stay.
///
/// The greatest date of PostgreSQL, 5874897-12-31, is 2145031948 days after 2000, so only bytes
/// that are no date overflow.
fn date(days: i32) -> ValueResult<i32> {
    match days {
        i32::MAX | i32::MIN => Ok(days),
        _ => days
            .checked_add(EPOCH_DAYS)
            .ok_or("a date out of range".into()),
    }
}

/// Microseconds since 2000 to microseconds since 1970; infinities stay.
///
/// Timestamps of PostgreSQL after 294247-01-10 exceed 64 bits when counted from 1970.
fn timestamp(microseconds: i64) -> ValueResult<i64> {
    match microseconds {
        i64::MAX | i64::MIN => Ok(microseconds),
        _ => microseconds
            .checked_add(EPOCH_MICROSECONDS)
            .ok_or("a timestamp after 294247-01-10, the last one of Arrow".into()),
    }
}

/// Microseconds, days and months, in this order on the wire.
fn interval(bytes: [u8; 16]) -> ValueResult<IntervalMonthDayNano> {
    let [time @ .., _, _, _, _, _, _, _, _] = bytes;
    let [_, _, _, _, _, _, _, _, d0, d1, d2, d3, months @ ..] = bytes;
    let nanoseconds = i64::from_be_bytes(time)
        .checked_mul(1000)
        .ok_or("an interval of more than 292 years in its time part")?;
    let days = i32::from_be_bytes([d0, d1, d2, d3]);
    Ok(IntervalMonthDayNano::new(
        i32::from_be_bytes(months),
        days,
        nanoseconds,
    ))
}

//! One column: the conversion is chosen once per run, matched once per batch, never per value.

use std::borrow::Cow;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType};
use arrow_buffer::{IntervalMonthDayNano, NullBuffer};
use arrow_schema::{DataType, IntervalUnit, TimeUnit};

use super::rewrite::OidRewrite;
use super::{array, numeric};
use crate::error::{Error, ErrorKind, Result};
use crate::types::{PgType, Representation, TypeKind, length_of, oid};

/// Days and microseconds from PostgreSQL's epoch, 2000-01-01, back to Arrow's.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// `jsonb` is sent as a version and its text.
///
/// Source: PostgreSQL, `src/backend/utils/adt/jsonb.c`, `jsonb_send`.
const JSONB_VERSION: u8 = 1;

/// The length of NULL.
const NULL_LENGTH: [u8; 4] = (-1_i32).to_be_bytes();

/// How the values of one column become fields of a COPY stream.
#[derive(Clone, Debug)]
pub struct ColumnEncoding {
    name: String,
    conversion: Conversion,
    staged_as_text: bool,
    /// Characters that the destination's column takes, where more could come.
    characters: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Conversion {
    Null,
    Bool,
    /// An integer, widened to this many bytes.
    Integer {
        bytes: usize,
    },
    /// A `real` or `double precision`, from a float or an integer that it holds exactly.
    Float {
        bytes: usize,
    },
    /// `numeric` from an integer or a decimal.
    Numeric,
    /// Bytes as they are: text, bytea, and the wire form of any type.
    Bytes,
    /// So many fields, each behind its length already.
    Fields(usize),
    /// The wire form with the OIDs inside replaced.
    Rewritten(OidRewrite),
    /// Text behind a version byte.
    Jsonb,
    Date,
    Time,
    Timestamp,
    Interval,
    /// A one-dimensional array with elements of this type.
    Array {
        element_oid: u32,
        element: Box<Conversion>,
    },
}

/// A value that the destination's type does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ValueError {
    /// Its row in the batch.
    pub(super) row: usize,
    /// What it is, as the end of "row 7 …, which holds …".
    pub(super) what: Cow<'static, str>,
}

impl ColumnEncoding {
    /// The encoding of `data_type` values of type `from` for a column `name` of type `to`.
    ///
    /// # Errors
    /// `UnsupportedType`, if there is none: the assignment should have been refused before.
    pub fn new(
        name: &str,
        (from, representation, data_type): (&PgType, Representation, &DataType),
        to: &PgType,
    ) -> Result<Self> {
        let conversion = match representation {
            Representation::Wire => Some(match OidRewrite::between(from, to)? {
                Some(rewrite) => Conversion::Rewritten(rewrite),
                None => Conversion::Bytes,
            }),
            Representation::Native | Representation::Text => conversion(data_type, to),
        };
        let staged_as_text = conversion.is_none() && is_string(data_type);
        let conversion = conversion.or(staged_as_text.then_some(Conversion::Bytes));
        let conversion = conversion.ok_or_else(|| {
            let message = format!("column {name:?} cannot be written: {from} into {to}");
            Error::new(ErrorKind::UnsupportedType, message)
                .with_hint("cast it in the transform to the destination column's type")
        })?;
        Ok(Self {
            name: name.to_owned(),
            conversion,
            staged_as_text,
            characters: characters(from, to),
        })
    }

    /// The encoding of text for a column `name` whose type it becomes by a cast in a statement
    /// after COPY, which may cut and round.
    pub fn cast_from_text(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            conversion: Conversion::Bytes,
            staged_as_text: true,
            characters: None,
        }
    }

    /// The encoding of a run of `count` fields as PostgreSQL has sent them, each behind its length, for
    /// as many columns, `name` the first of them.
    pub fn of_fields(name: &str, count: usize) -> Self {
        Self {
            name: name.to_owned(),
            conversion: Conversion::Fields(count),
            staged_as_text: false,
            characters: None,
        }
    }

    /// How many fields each value becomes.
    pub(super) fn field_count(&self) -> usize {
        match self.conversion {
            Conversion::Fields(count) => count,
            _ => 1,
        }
    }

    /// The destination column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the bytes of a field are the source's, whatever they are.
    pub fn is_verbatim(&self) -> bool {
        self.conversion == Conversion::Bytes && self.characters.is_none()
    }

    /// Whether the destination itself must turn text into its type, in a statement after COPY.
    pub fn staged_as_text(&self) -> bool {
        self.staged_as_text
    }

    /// Looks at the whole column once, and refuses it if one value does not fit.
    pub(super) fn prepare<'a>(&self, array: &'a ArrayRef) -> Result<Prepared<'a>, ValueError> {
        let prepared = prepare(&self.conversion, array)?;
        if let Some(characters) = self.characters {
            prepared.check_characters(characters)?;
        }
        Ok(prepared)
    }
}

/// Characters that a `varchar(n)` takes, where values may have more: the server would cut the
/// blanks that are too many.
fn characters(from: &PgType, to: &PgType) -> Option<usize> {
    let (from, to) = (from.without_domains(), to.without_domains());
    if to.oid != oid::VARCHAR {
        return None;
    }
    let limit = length_of(to)?;
    let fits = length_of(from).is_some_and(|length| length <= limit);
    (!fits).then_some(limit as usize)
}

/// The conversion from an Arrow type to PostgreSQL's type, if the engine has one.
fn conversion(data_type: &DataType, to: &PgType) -> Option<Conversion> {
    let to = to.without_domains();
    if let TypeKind::Array(element) = &to.kind {
        let DataType::List(item) = data_type else {
            return (*data_type == DataType::Null).then_some(Conversion::Null);
        };
        let conversion = conversion(item.data_type(), element)?;
        return Some(Conversion::Array {
            element_oid: element.oid,
            element: Box::new(conversion),
        });
    }
    Some(match (data_type, to.oid) {
        (DataType::Null, _) => Conversion::Null,
        (DataType::Boolean, oid::BOOL) => Conversion::Bool,
        (DataType::Int16, oid::INT2) => Conversion::Integer { bytes: 2 },
        (DataType::Int16 | DataType::Int32, oid::INT4) => Conversion::Integer { bytes: 4 },
        (DataType::Int16 | DataType::Int32 | DataType::Int64, oid::INT8) => {
            Conversion::Integer { bytes: 8 }
        }
        (DataType::Int16 | DataType::Float32, oid::FLOAT4) => Conversion::Float { bytes: 4 },
        (
            DataType::Int16 | DataType::Int32 | DataType::Float32 | DataType::Float64,
            oid::FLOAT8,
        ) => Conversion::Float { bytes: 8 },
        (
            DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Decimal128(_, _)
            | DataType::Decimal256(_, _),
            oid::NUMERIC,
        ) => Conversion::Numeric,
        (DataType::Date32, oid::DATE) => Conversion::Date,
        (DataType::Time64(TimeUnit::Microsecond), oid::TIME) => Conversion::Time,
        (DataType::Timestamp(TimeUnit::Microsecond, None), oid::TIMESTAMP) => Conversion::Timestamp,
        (DataType::Timestamp(TimeUnit::Microsecond, Some(_)), oid::TIMESTAMPTZ) => {
            Conversion::Timestamp
        }
        (DataType::Interval(IntervalUnit::MonthDayNano), oid::INTERVAL) => Conversion::Interval,
        (DataType::Binary | DataType::LargeBinary | DataType::BinaryView, oid::BYTEA) => {
            Conversion::Bytes
        }
        (_, oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::JSON)
            if is_string(data_type) =>
        {
            Conversion::Bytes
        }
        (_, oid::JSONB) if is_string(data_type) => Conversion::Jsonb,
        _ if is_string(data_type) && matches!(to.kind, TypeKind::Enum(_)) => Conversion::Bytes,
        _ => return None,
    })
}

fn is_string(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// One column of a batch, every value checked.
pub(super) struct Prepared<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

/// Values by the width they have on the wire.
enum Values<'a> {
    Null,
    One(Vec<[u8; 1]>),
    Two(Vec<[u8; 2]>),
    Four(Vec<[u8; 4]>),
    Eight(Vec<[u8; 8]>),
    Sixteen(Vec<[u8; 16]>),
    /// Consecutive values; the value of row `i` is between offsets `i` and `i` + 1.
    Slices {
        bytes: Cow<'a, [u8]>,
        offsets: Cow<'a, [i32]>,
        prefix: Option<u8>,
    },
    /// Likewise, of values that are whole fields.
    Fields {
        bytes: &'a [u8],
        offsets: &'a [i32],
    },
}

impl Prepared<'_> {
    /// Adds each row's length word and value to its size.
    pub(super) fn add_sizes(&self, rows: Range<usize>, sizes: &mut [usize]) {
        match &self.values {
            Values::Null => sizes.iter_mut().for_each(|size| *size += 4),
            Values::One(_) => self.add_width(rows, 1, sizes),
            Values::Two(_) => self.add_width(rows, 2, sizes),
            Values::Four(_) => self.add_width(rows, 4, sizes),
            Values::Eight(_) => self.add_width(rows, 8, sizes),
            Values::Sixteen(_) => self.add_width(rows, 16, sizes),
            Values::Slices {
                offsets, prefix, ..
            } => {
                let prefix = usize::from(prefix.is_some());
                for (size, row) in sizes.iter_mut().zip(rows) {
                    let length = (offsets[row + 1] - offsets[row]) as usize + prefix;
                    *size += 4 + if self.is_null(row) { 0 } else { length };
                }
            }
            Values::Fields { offsets, .. } => {
                let ends = offsets[rows.start..=rows.end].windows(2);
                for (size, window) in sizes.iter_mut().zip(ends) {
                    *size += (window[1] - window[0]) as usize;
                }
            }
        }
    }

    fn add_width(&self, rows: Range<usize>, width: usize, sizes: &mut [usize]) {
        for (size, row) in sizes.iter_mut().zip(rows) {
            *size += 4 + if self.is_null(row) { 0 } else { width };
        }
    }

    /// Writes each row's field at its cursor, and moves the cursor behind it.
    pub(super) fn write(&self, rows: Range<usize>, cursors: &mut [usize], out: &mut [u8]) {
        match &self.values {
            Values::Null => {
                for cursor in cursors {
                    put(out, cursor, &NULL_LENGTH);
                }
            }
            Values::One(values) => self.write_fixed(values, rows, cursors, out),
            Values::Two(values) => self.write_fixed(values, rows, cursors, out),
            Values::Four(values) => self.write_fixed(values, rows, cursors, out),
            Values::Eight(values) => self.write_fixed(values, rows, cursors, out),
            Values::Sixteen(values) => self.write_fixed(values, rows, cursors, out),
            Values::Slices {
                bytes,
                offsets,
                prefix,
            } => {
                let prefix = prefix.as_slice();
                let ends = offsets[rows.start..=rows.end].windows(2);
                for ((cursor, row), window) in cursors.iter_mut().zip(rows).zip(ends) {
                    if self.is_null(row) {
                        put(out, cursor, &NULL_LENGTH);
                        continue;
                    }
                    let value = &bytes[window[0] as usize..window[1] as usize];
                    let length = (value.len() + prefix.len()) as i32;
                    put(out, cursor, &length.to_be_bytes());
                    if !prefix.is_empty() {
                        put(out, cursor, prefix);
                    }
                    put(out, cursor, value);
                }
            }
            Values::Fields { bytes, offsets } => {
                let ends = offsets[rows.start..=rows.end].windows(2);
                for (cursor, window) in cursors.iter_mut().zip(ends) {
                    put(out, cursor, &bytes[window[0] as usize..window[1] as usize]);
                }
            }
        }
    }

    fn write_fixed<const N: usize>(
        &self,
        values: &[[u8; N]],
        rows: Range<usize>,
        cursors: &mut [usize],
        out: &mut [u8],
    ) {
        let length = (N as i32).to_be_bytes();
        for (cursor, row) in cursors.iter_mut().zip(rows) {
            if self.is_null(row) {
                put(out, cursor, &NULL_LENGTH);
            } else {
                put(out, cursor, &length);
                put(out, cursor, &values[row]);
            }
        }
    }

    /// Refuses text of more than `limit` characters.
    fn check_characters(&self, limit: usize) -> Result<(), ValueError> {
        let Values::Slices { bytes, offsets, .. } = &self.values else {
            return Ok(());
        };
        for (row, window) in offsets.windows(2).enumerate() {
            let value = &bytes[window[0] as usize..window[1] as usize];
            if value.len() <= limit || self.is_null(row) {
                continue;
            }
            // Every character of UTF-8 has one byte that continues none.
            let count = value.iter().filter(|&byte| byte & 0xC0 != 0x80).count();
            if count > limit {
                let what = format!("a text of {count} characters, where {limit} are room");
                return Err(ValueError {
                    row,
                    what: what.into(),
                });
            }
        }
        Ok(())
    }

    fn is_null(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    /// The field of one row, for arrays of such values.
    pub(super) fn append_field(&self, row: usize, out: &mut Vec<u8>) {
        let mut size = [0];
        self.add_sizes(row..row + 1, &mut size);
        let mut cursor = [out.len()];
        out.resize(out.len() + size[0], 0);
        self.write(row..row + 1, &mut cursor, out);
    }
}

fn put(out: &mut [u8], cursor: &mut usize, bytes: &[u8]) {
    out[*cursor..*cursor + bytes.len()].copy_from_slice(bytes);
    *cursor += bytes.len();
}

/// Checks and converts the values of one column.
pub(super) fn prepare<'a>(
    conversion: &Conversion,
    array: &'a ArrayRef,
) -> Result<Prepared<'a>, ValueError> {
    let values = match conversion {
        Conversion::Null => Values::Null,
        Conversion::Bool => {
            let booleans = array.as_boolean().values();
            Values::One(booleans.iter().map(|value| [u8::from(value)]).collect())
        }
        Conversion::Integer { bytes: 2 } => {
            Values::Two(map::<Int16Type, 2>(array, i16::to_be_bytes))
        }
        Conversion::Integer { bytes: 4 } => Values::Four(
            integers(array)
                .map(|value| (value as i32).to_be_bytes())
                .collect(),
        ),
        Conversion::Integer { .. } => {
            Values::Eight(integers(array).map(i64::to_be_bytes).collect())
        }
        Conversion::Float { bytes: 4 } => Values::Four(reals(array)),
        Conversion::Float { .. } => Values::Eight(doubles(array)),
        Conversion::Date => Values::Four(checked::<Date32Type, 4>(array, date)?),
        Conversion::Time => Values::Eight(map::<Time64MicrosecondType, 8>(array, i64::to_be_bytes)),
        Conversion::Timestamp => {
            Values::Eight(checked::<TimestampMicrosecondType, 8>(array, timestamp)?)
        }
        Conversion::Interval => {
            Values::Sixteen(checked::<IntervalMonthDayNanoType, 16>(array, interval)?)
        }
        Conversion::Numeric => owned(numeric::encode(array)),
        Conversion::Array {
            element_oid,
            element,
        } => owned(array::encode(*element_oid, element, array.as_list())?),
        Conversion::Bytes => slices(array, None)?,
        Conversion::Fields(_) => fields(array),
        Conversion::Jsonb => slices(array, Some(JSONB_VERSION))?,
        Conversion::Rewritten(rewrite) => {
            let binary = array.as_binary::<i32>();
            let mut bytes = binary.value_data().to_vec();
            for (row, window) in binary.offsets().windows(2).enumerate() {
                if binary.is_valid(row) {
                    let value = &mut bytes[window[0] as usize..window[1] as usize];
                    rewrite.apply(value).map_err(|what| ValueError {
                        row,
                        what: what.into(),
                    })?;
                }
            }
            let offsets = Cow::Borrowed(&**binary.offsets());
            Values::Slices {
                bytes: Cow::Owned(bytes),
                offsets,
                prefix: None,
            }
        }
    };
    Ok(Prepared {
        nulls: array.nulls(),
        values,
    })
}

fn owned((bytes, offsets): (Vec<u8>, Vec<i32>)) -> Values<'static> {
    Values::Slices {
        bytes: Cow::Owned(bytes),
        offsets: Cow::Owned(offsets),
        prefix: None,
    }
}

/// Values that are whole fields.
fn fields(array: &ArrayRef) -> Values<'_> {
    let fields = array.as_binary::<i32>();
    Values::Fields {
        bytes: fields.value_data(),
        offsets: fields.offsets(),
    }
}

/// Strings and binaries, borrowed where their layout allows.
fn slices(array: &ArrayRef, prefix: Option<u8>) -> Result<Values<'_>, ValueError> {
    let (bytes, offsets) = match array.data_type() {
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            (
                Cow::Borrowed(array.value_data()),
                Cow::Borrowed(&**array.offsets()),
            )
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            (
                Cow::Borrowed(array.value_data()),
                Cow::Borrowed(&**array.offsets()),
            )
        }
        DataType::LargeUtf8 => collect(array.as_string::<i64>().iter().map(as_bytes))?,
        DataType::Utf8View => collect(array.as_string_view().iter().map(as_bytes))?,
        DataType::LargeBinary => collect(array.as_binary::<i64>().iter())?,
        _ => collect(array.as_binary_view().iter())?,
    };
    Ok(Values::Slices {
        bytes,
        offsets,
        prefix,
    })
}

fn as_bytes(value: Option<&str>) -> Option<&[u8]> {
    value.map(str::as_bytes)
}

/// Consecutive bytes of values, and where each of them ends.
type Collected<'a> = (Cow<'a, [u8]>, Cow<'a, [i32]>);

fn collect<'a>(
    values: impl Iterator<Item = Option<&'a [u8]>>,
) -> Result<Collected<'a>, ValueError> {
    let (mut bytes, mut offsets) = (Vec::new(), vec![0]);
    for (row, value) in values.enumerate() {
        bytes.extend_from_slice(value.unwrap_or_default());
        offsets.push(i32::try_from(bytes.len()).map_err(|_| ValueError {
            row,
            what: "the byte that makes the column longer than 2 GiB in one batch".into(),
        })?);
    }
    Ok((Cow::Owned(bytes), Cow::Owned(offsets)))
}

fn map<T: ArrowPrimitiveType, const N: usize>(
    array: &ArrayRef,
    bytes: impl Fn(T::Native) -> [u8; N],
) -> Vec<[u8; N]> {
    array
        .as_primitive::<T>()
        .values()
        .iter()
        .map(|&value| bytes(value))
        .collect()
}

/// As [`map`], for conversions that refuse values; what stands behind a NULL does not count.
fn checked<T: ArrowPrimitiveType, const N: usize>(
    array: &ArrayRef,
    bytes: impl Fn(T::Native) -> Result<[u8; N], &'static str>,
) -> Result<Vec<[u8; N]>, ValueError> {
    let values = array.as_primitive::<T>().values().iter().enumerate();
    values
        .map(|(row, &value)| match bytes(value) {
            Err(_) if array.is_null(row) => Ok([0; N]),
            result => result.map_err(|what| ValueError {
                row,
                what: what.into(),
            }),
        })
        .collect()
}

/// Integers of any width, widened.
fn integers(array: &ArrayRef) -> Box<dyn Iterator<Item = i64> + '_> {
    match array.data_type() {
        DataType::Int16 => Box::new(
            array
                .as_primitive::<Int16Type>()
                .values()
                .iter()
                .map(|&v| i64::from(v)),
        ),
        DataType::Int32 => Box::new(
            array
                .as_primitive::<Int32Type>()
                .values()
                .iter()
                .map(|&v| i64::from(v)),
        ),
        _ => Box::new(array.as_primitive::<Int64Type>().values().iter().copied()),
    }
}

fn reals(array: &ArrayRef) -> Vec<[u8; 4]> {
    match array.data_type() {
        DataType::Int16 => map::<Int16Type, 4>(array, |value| f32::from(value).to_be_bytes()),
        _ => map::<Float32Type, 4>(array, f32::to_be_bytes),
    }
}

fn doubles(array: &ArrayRef) -> Vec<[u8; 8]> {
    match array.data_type() {
        DataType::Int16 => map::<Int16Type, 8>(array, |value| f64::from(value).to_be_bytes()),
        DataType::Int32 => map::<Int32Type, 8>(array, |value| f64::from(value).to_be_bytes()),
        DataType::Float32 => map::<Float32Type, 8>(array, |value| f64::from(value).to_be_bytes()),
        _ => map::<Float64Type, 8>(array, f64::to_be_bytes),
    }
}

fn date(days: i32) -> Result<[u8; 4], &'static str> {
    let days = match days {
        i32::MAX | i32::MIN => days,
        _ => days.checked_sub(EPOCH_DAYS).ok_or("a date out of range")?,
    };
    Ok(days.to_be_bytes())
}

fn timestamp(microseconds: i64) -> Result<[u8; 8], &'static str> {
    let microseconds = match microseconds {
        i64::MAX | i64::MIN => microseconds,
        _ => microseconds
            .checked_sub(EPOCH_MICROSECONDS)
            .ok_or("a timestamp out of range")?,
    };
    Ok(microseconds.to_be_bytes())
}

/// Microseconds, days and months, in this order on the wire.
fn interval(value: IntervalMonthDayNano) -> Result<[u8; 16], &'static str> {
    if value.nanoseconds % 1000 != 0 {
        return Err("an interval with a fraction of a microsecond");
    }
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(value.nanoseconds / 1000).to_be_bytes());
    bytes[8..12].copy_from_slice(&value.days.to_be_bytes());
    bytes[12..].copy_from_slice(&value.months.to_be_bytes());
    Ok(bytes)
}

//! Arrow types as PostgreSQL's parser sees them, and which one several values share.

use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};

/// A type of PostgreSQL's, modifiers aside, as far as the SQL can compute on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Pg {
    /// NULL without a cast. A string literal without one is text by its Arrow type.
    Unknown,
    Bool,
    Int2,
    Int4,
    Int8,
    Numeric,
    Float4,
    Float8,
    Text,
    Bytea,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    Array,
    /// An enum, in PostgreSQL's text form.
    Enum,
    /// Any type without an Arrow type of its own, in PostgreSQL's text form.
    Opaque,
}

/// The Arrow type that stands for an enum while the SQL is planned; nothing else has it.
pub(crate) const ENUM: DataType = DataType::LargeUtf8;

/// The Arrow type that stands for any other type that is only text here; nothing else has it.
pub(crate) const OPAQUE: DataType = DataType::Utf8View;

/// `timestamp`.
pub(crate) const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// `timestamptz`.
pub(crate) fn timestamptz() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// `interval`.
pub(crate) const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// What `data_type` is to PostgreSQL; `None` for types that no column and no function gives.
pub(crate) fn pg(data_type: &DataType) -> Option<Pg> {
    Some(match data_type {
        DataType::Null => Pg::Unknown,
        DataType::Boolean => Pg::Bool,
        DataType::Int16 => Pg::Int2,
        DataType::Int32 => Pg::Int4,
        // Numbers of rows are bigint by the time that they are read.
        DataType::Int64 | DataType::UInt64 => Pg::Int8,
        DataType::Decimal128(..) | DataType::Decimal256(..) => Pg::Numeric,
        DataType::Float32 => Pg::Float4,
        DataType::Float64 => Pg::Float8,
        DataType::Utf8 => Pg::Text,
        DataType::Binary => Pg::Bytea,
        DataType::Date32 => Pg::Date,
        DataType::Time64(_) => Pg::Time,
        DataType::Timestamp(_, None) => Pg::Timestamp,
        DataType::Timestamp(_, Some(_)) => Pg::TimestampTz,
        DataType::Interval(_) => Pg::Interval,
        DataType::List(_) => Pg::Array,
        DataType::LargeUtf8 => Pg::Enum,
        DataType::Utf8View => Pg::Opaque,
        _ => return None,
    })
}

/// The type's name for messages.
pub(crate) fn name(data_type: &DataType) -> String {
    match pg(data_type) {
        Some(Pg::Enum) => "an enum, uuid or char(n)".to_owned(),
        Some(Pg::Opaque) => "a type known only by its text".to_owned(),
        Some(Pg::Numeric) => "numeric".to_owned(),
        Some(Pg::Unknown) => "unknown".to_owned(),
        _ => towpath_engine::types::pg_type_of(data_type)
            .map_or_else(|| data_type.to_string(), |pg_type| pg_type.sql),
    }
}

impl Pg {
    /// Whether it is an integer.
    pub(crate) fn is_integer(self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8)
    }

    /// Whether it is a floating-point number.
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::Float4 | Self::Float8)
    }

    /// Whether it is a number of any kind.
    pub(crate) fn is_number(self) -> bool {
        self.is_integer() || self.is_float() || self == Self::Numeric
    }
}

/// Digits before and after the point of an integer's or a numeric's Arrow type.
pub(crate) fn digits(data_type: &DataType) -> Option<(u8, i8)> {
    Some(match data_type {
        DataType::Int16 => (5, 0),
        DataType::Int32 => (10, 0),
        DataType::Int64 => (19, 0),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            let whole = i16::from(*precision) - i16::from(*scale);
            (u8::try_from(whole.max(0)).unwrap_or(u8::MAX), *scale)
        }
        _ => return None,
    })
}

/// The decimal with these digits before and after the point: as wide as decimals go, if wider.
pub(crate) fn decimal(whole: u8, scale: i8) -> DataType {
    let precision = (i16::from(whole) + i16::from(scale)).clamp(1, 76) as u8;
    match precision {
        ..=38 => DataType::Decimal128(precision, scale),
        _ => DataType::Decimal256(precision, scale),
    }
}

/// The narrowest decimal that holds an integer or numeric type.
pub(crate) fn as_decimal(data_type: &DataType) -> Option<DataType> {
    let (whole, scale) = digits(data_type)?;
    Some(match data_type {
        DataType::Decimal128(..) | DataType::Decimal256(..) => data_type.clone(),
        _ => decimal(whole, scale),
    })
}

/// The type in which values of all these types are compared, or merged by CASE and UNION.
///
/// Source: PostgreSQL documentation, "UNION, CASE, and Related Constructs", and "Operators":
/// numbers widen smallint → integer → bigint → numeric → double precision.
pub(crate) fn common<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<DataType> {
    types
        .into_iter()
        .try_fold(DataType::Null, |wide, next| pair(&wide, next))
}

/// The type of a choice between values of `types`, in CASE, coalesce or UNION: real holds every other
/// number but double precision there, where an operator would make double precision of both.
pub(crate) fn chosen<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<DataType> {
    let types: Vec<&DataType> = types.into_iter().collect();
    let has = |wanted: &DataType| types.contains(&wanted);
    let are_numbers = types
        .iter()
        .all(|data_type| **data_type == DataType::Null || pg(data_type).is_some_and(Pg::is_number));
    match are_numbers && has(&DataType::Float32) && !has(&DataType::Float64) {
        true => Some(DataType::Float32),
        false => common(types),
    }
}

fn pair(left: &DataType, right: &DataType) -> Option<DataType> {
    if left == right || *right == DataType::Null {
        return Some(left.clone());
    }
    if *left == DataType::Null {
        return Some(right.clone());
    }
    let (left_pg, right_pg) = (pg(left)?, pg(right)?);
    if left_pg.is_number() && right_pg.is_number() {
        return number(left, right);
    }
    Some(match (left_pg.min(right_pg), left_pg.max(right_pg)) {
        (Pg::Date, Pg::Timestamp) => TIMESTAMP,
        (Pg::Date | Pg::Timestamp, Pg::TimestampTz) => timestamptz(),
        (low, high) if low == high && low != Pg::Array => left.clone(),
        _ => return None,
    })
}

fn number(left: &DataType, right: &DataType) -> Option<DataType> {
    let (left_pg, right_pg) = (pg(left)?, pg(right)?);
    if left_pg.is_float() || right_pg.is_float() {
        return Some(match (left_pg, right_pg) {
            (Pg::Float4, Pg::Float4) => DataType::Float32,
            _ => DataType::Float64,
        });
    }
    if left_pg == Pg::Numeric || right_pg == Pg::Numeric {
        let ((left_whole, left_scale), (right_whole, right_scale)) =
            (digits(left)?, digits(right)?);
        return Some(decimal(
            left_whole.max(right_whole),
            left_scale.max(right_scale),
        ));
    }
    Some(match left_pg.max(right_pg) {
        Pg::Int8 => DataType::Int64,
        Pg::Int4 => DataType::Int32,
        _ => DataType::Int16,
    })
}

/// Whether PostgreSQL casts `from` to `to` by itself where a function wants `to`.
pub(crate) fn is_implicit(from: Pg, to: Pg) -> bool {
    if from == to || from == Pg::Unknown {
        return true;
    }
    match to {
        Pg::Int4 => from == Pg::Int2,
        Pg::Int8 => matches!(from, Pg::Int2 | Pg::Int4),
        Pg::Numeric => from.is_integer(),
        Pg::Float4 => from.is_integer() || from == Pg::Numeric,
        Pg::Float8 => from.is_number(),
        Pg::Timestamp => from == Pg::Date,
        Pg::TimestampTz => matches!(from, Pg::Date | Pg::Timestamp),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_widen_as_in_postgresql() {
        check(DataType::Int16, DataType::Int32, Some(DataType::Int32));
        check(
            DataType::Int32,
            DataType::Decimal128(10, 2),
            Some(DataType::Decimal128(12, 2)),
        );
        check(
            DataType::Decimal128(38, 9),
            DataType::Decimal128(38, 0),
            Some(DataType::Decimal256(47, 9)),
        );
        check(DataType::Float32, DataType::Int32, Some(DataType::Float64));
        check(
            DataType::Float32,
            DataType::Float32,
            Some(DataType::Float32),
        );
    }

    #[test]
    fn text_and_numbers_have_nothing_in_common() {
        check(DataType::Utf8, DataType::Int32, None);
        check(DataType::Utf8, OPAQUE, None);
    }

    fn check(left: DataType, right: DataType, expected: Option<DataType>) {
        assert_eq!(common([&left, &right]), expected);
    }
}

//! Which PostgreSQL types have an exact Arrow type, and the way back.

use std::sync::Arc;

use arrow_schema::{DataType, Field, IntervalUnit, TimeUnit};

use super::{PgType, TypeKind, oid};

/// Precision and scale of the decimal in which SQL computes on a `numeric` without precision.
///
/// A value that does not fit stops the run. Nine digits after the point leave 29 before it, and
/// keep room for a product of two such columns in 38 digits.
pub const UNCONSTRAINED_NUMERIC: (u8, i8) = (38, 9);

/// Digits a 128-bit and a 256-bit decimal hold.
const MAX_PRECISION_128: u8 = 38;
const MAX_PRECISION_256: u8 = 76;

/// The Arrow type in which SQL can compute on `pg_type`, if one holds its values exactly.
///
/// # Units
/// Times and timestamps are microseconds, as in PostgreSQL; `timestamptz` is UTC. Infinite dates
/// and timestamps are the least and greatest integer.
pub fn native_type(pg_type: &PgType) -> Option<DataType> {
    let pg_type = pg_type.without_domains();
    if let TypeKind::Array(element) = &pg_type.kind {
        // oidvector and int2vector are arrays by category only; their text form differs.
        let element = native_type(element)?;
        return Some(DataType::List(Arc::new(Field::new_list_field(
            element, true,
        ))));
    }
    Some(match pg_type.oid {
        oid::BOOL => DataType::Boolean,
        oid::INT2 => DataType::Int16,
        oid::INT4 => DataType::Int32,
        oid::INT8 => DataType::Int64,
        oid::FLOAT4 => DataType::Float32,
        oid::FLOAT8 => DataType::Float64,
        oid::TEXT | oid::VARCHAR => DataType::Utf8,
        oid::BYTEA => DataType::Binary,
        oid::DATE => DataType::Date32,
        oid::TIME => DataType::Time64(TimeUnit::Microsecond),
        oid::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        oid::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        oid::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        oid::NUMERIC => return decimal_type(pg_type.typmod),
        _ => return None,
    })
}

/// The decimal that holds `numeric` with this modifier; `None` if none is wide enough.
fn decimal_type(typmod: i32) -> Option<DataType> {
    let Some((precision, scale)) = numeric_modifier(typmod) else {
        let (precision, scale) = UNCONSTRAINED_NUMERIC;
        return Some(DataType::Decimal128(precision, scale));
    };
    let precision = u8::try_from(precision).ok()?;
    let scale = i8::try_from(scale)
        .ok()
        .filter(|scale| (0..=precision as i8).contains(scale))?;
    if precision <= MAX_PRECISION_128 {
        Some(DataType::Decimal128(precision, scale))
    } else {
        (precision <= MAX_PRECISION_256).then_some(DataType::Decimal256(precision, scale))
    }
}

/// Precision and scale in a `numeric` column's modifier; `None` if it has none.
///
/// Source: PostgreSQL, `src/backend/utils/adt/numeric.c`, `make_numeric_typmod`: precision in the
/// upper 16 bits, an 11-bit two's complement scale below, both after adding 4.
pub(super) fn numeric_modifier(typmod: i32) -> Option<(i32, i32)> {
    (typmod >= 4).then(|| {
        let bits = typmod - 4;
        let scale = ((bits & 0x7ff) ^ 1024) - 1024;
        ((bits >> 16) & 0xffff, scale)
    })
}

/// The PostgreSQL type that a column computed as `data_type` gets; `None` if there is none.
///
/// Decimals become `numeric(p,s)`, which is what the values fit; unsigned integers become the
/// next wider signed type.
pub fn pg_type_of(data_type: &DataType) -> Option<PgType> {
    let (oid, name, sql) = match data_type {
        DataType::Boolean => (oid::BOOL, "bool", "boolean"),
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => (oid::INT2, "int2", "smallint"),
        DataType::UInt16 | DataType::Int32 => (oid::INT4, "int4", "integer"),
        DataType::UInt32 | DataType::Int64 => (oid::INT8, "int8", "bigint"),
        DataType::Float16 | DataType::Float32 => (oid::FLOAT4, "float4", "real"),
        DataType::Float64 => (oid::FLOAT8, "float8", "double precision"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            (oid::TEXT, "text", "text")
        }
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => (oid::BYTEA, "bytea", "bytea"),
        DataType::Date32 | DataType::Date64 => (oid::DATE, "date", "date"),
        DataType::Time32(_) | DataType::Time64(_) => (oid::TIME, "time", "time without time zone"),
        DataType::Timestamp(_, None) => {
            (oid::TIMESTAMP, "timestamp", "timestamp without time zone")
        }
        DataType::Timestamp(_, Some(_)) => {
            (oid::TIMESTAMPTZ, "timestamptz", "timestamp with time zone")
        }
        DataType::Interval(_) | DataType::Duration(_) => (oid::INTERVAL, "interval", "interval"),
        // UInt64 exceeds bigint.
        DataType::UInt64 => return Some(numeric_type(20, 0)),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => return Some(numeric_type(*precision, *scale)),
        DataType::List(item) | DataType::LargeList(item) => {
            return pg_type_of(item.data_type()).and_then(array_type);
        }
        _ => return None,
    };
    Some(PgType::builtin(oid, name, sql))
}

fn numeric_type(precision: u8, scale: i8) -> PgType {
    let typmod = (i32::from(precision) << 16 | (i32::from(scale) & 0x7ff)) + 4;
    PgType {
        typmod,
        ..PgType::builtin(
            oid::NUMERIC,
            "numeric",
            &format!("numeric({precision},{scale})"),
        )
    }
}

/// The array type of a built-in element type.
///
/// Source: PostgreSQL, `src/include/catalog/pg_type.dat`, `array_type_oid`.
fn array_type(element: PgType) -> Option<PgType> {
    let array_oid = match element.oid {
        oid::BOOL => 1000,
        oid::BYTEA => 1001,
        oid::INT2 => 1005,
        oid::INT4 => 1007,
        oid::TEXT => 1009,
        oid::INT8 => 1016,
        oid::FLOAT4 => 1021,
        oid::FLOAT8 => 1022,
        oid::TIMESTAMP => 1115,
        oid::DATE => 1182,
        oid::TIME => 1183,
        oid::TIMESTAMPTZ => 1185,
        oid::INTERVAL => 1187,
        oid::NUMERIC => 1231,
        _ => return None,
    };
    Some(PgType {
        kind: TypeKind::Array(Arc::new(element.clone())),
        typmod: element.typmod,
        ..PgType::builtin(
            array_oid,
            &format!("_{}", element.name),
            &format!("{}[]", element.sql),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_takes_the_narrowest_decimal_that_holds_it() {
        assert_eq!(
            native_type(&numeric_type(38, 10)),
            Some(DataType::Decimal128(38, 10))
        );
        assert_eq!(
            native_type(&numeric_type(39, 0)),
            Some(DataType::Decimal256(39, 0))
        );
        assert_eq!(native_type(&numeric_type(77, 0)), None);
    }

    #[test]
    fn numeric_without_precision_is_computed_on_as_38_9() {
        let numeric = PgType::builtin(oid::NUMERIC, "numeric", "numeric");
        assert_eq!(native_type(&numeric), Some(DataType::Decimal128(38, 9)));
    }

    #[test]
    fn numeric_with_negative_scale_has_no_native_type() {
        assert_eq!(numeric_modifier(numeric_type(5, -2).typmod), Some((5, -2)));
        assert_eq!(native_type(&numeric_type(5, -2)), None);
    }

    #[test]
    fn char_is_not_native_because_its_padding_counts_in_sql() {
        assert_eq!(
            native_type(&PgType::builtin(oid::BPCHAR, "bpchar", "character")),
            None
        );
    }

    #[test]
    fn every_native_type_is_what_its_arrow_type_becomes() {
        for (oid, name, sql) in [
            (oid::BOOL, "bool", "boolean"),
            (oid::INT8, "int8", "bigint"),
            (oid::BYTEA, "bytea", "bytea"),
            (oid::TIMESTAMPTZ, "timestamptz", "timestamp with time zone"),
            (oid::INTERVAL, "interval", "interval"),
        ] {
            let pg_type = PgType::builtin(oid, name, sql);
            assert_eq!(pg_type_of(&native_type(&pg_type).unwrap()), Some(pg_type));
        }
    }
}

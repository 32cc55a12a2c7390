//! Any batch, encoded and decoded again, is the same batch, wherever the bytes are cut.

#![allow(clippy::unwrap_used, reason = "what a test cannot do without fails it")]

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    Float64Array, Int64Array, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::i256;
use arrow_schema::DataType;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use towpath_engine::decode::{BatchLimits, CopyDecoder};
use towpath_engine::encode::{ColumnEncoding, CopyEncoder};
use towpath_engine::source::Scan;
use towpath_engine::types::{PgType, Representation, ScanColumn, TypeKind, oid};

/// Digits of the widest decimals less one, so that any value of the word below fits.
const NINES_38: i128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

proptest! {
    #[test]
    fn integers_round_trip(values in vec(option::of(any::<i64>()), 1..200), cut in any::<usize>()) {
        check(Arc::new(Int64Array::from(values)), builtin(oid::INT8), cut);
    }

    #[test]
    fn floats_round_trip(bits in vec(option::of(any::<u64>()), 1..200), cut in any::<usize>()) {
        let values: Vec<_> = bits.into_iter().map(|bits| bits.map(f64::from_bits)).collect();
        check(Arc::new(Float64Array::from(values)), builtin(oid::FLOAT8), cut);
    }

    #[test]
    fn booleans_round_trip(values in vec(option::of(any::<bool>()), 1..200), cut in any::<usize>()) {
        check(Arc::new(BooleanArray::from(values)), builtin(oid::BOOL), cut);
    }

    #[test]
    fn texts_round_trip(values in vec(option::of(".{0,40}"), 1..100), cut in any::<usize>()) {
        check(Arc::new(StringArray::from(values)), builtin(oid::TEXT), cut);
    }

    #[test]
    fn bytes_round_trip(
        values in vec(option::of(vec(any::<u8>(), 0..40)), 1..100),
        cut in any::<usize>(),
    ) {
        let values: Vec<_> = values.iter().map(|value| value.as_deref()).collect();
        check(Arc::new(BinaryArray::from(values)), builtin(oid::BYTEA), cut);
    }

    #[test]
    fn dates_round_trip(
        values in vec(option::of(-2_451_545..2_145_042_905_i32), 1..200),
        cut in any::<usize>(),
    ) {
        check(Arc::new(Date32Array::from(values)), builtin(oid::DATE), cut);
    }

    #[test]
    fn timestamps_round_trip(
        values in vec(option::of(-210_866_803_200_000_000..i64::MAX), 1..200),
        cut in any::<usize>(),
    ) {
        let array = TimestampMicrosecondArray::from(values);
        check(Arc::new(array), builtin(oid::TIMESTAMP), cut);
    }

    #[test]
    fn decimals_round_trip(
        values in vec(option::of(-NINES_38..=NINES_38), 1..200),
        scale in 0..=38_i8,
        cut in any::<usize>(),
    ) {
        let array = Decimal128Array::from(values).with_precision_and_scale(38, scale);
        check(Arc::new(array.unwrap()), numeric(38, scale), cut);
    }

    #[test]
    fn small_decimals_round_trip(
        values in vec(option::of(-1_000_000_i128..1_000_000), 1..200),
        scale in 0..=10_i8,
        cut in any::<usize>(),
    ) {
        let array = Decimal128Array::from(values).with_precision_and_scale(18, scale);
        check(Arc::new(array.unwrap()), numeric(18, scale), cut);
    }

    #[test]
    fn wide_decimals_round_trip(
        values in vec(option::of((-NINES_38..=NINES_38, 0..=NINES_38)), 1..100),
        scale in 0..=76_i8,
        cut in any::<usize>(),
    ) {
        let unit = i256::from_i128(NINES_38 + 1);
        let values: Vec<Option<i256>> = values
            .into_iter()
            .map(|value| {
                let (high, low) = value?;
                let low = i256::from_i128(if high < 0 { -low } else { low });
                Some(i256::from_i128(high).wrapping_mul(unit).wrapping_add(low))
            })
            .collect();
        let array = Decimal256Array::from(values).with_precision_and_scale(76, scale);
        check(Arc::new(array.unwrap()), numeric(76, scale), cut);
    }

    #[test]
    fn lists_round_trip(
        values in vec(option::of(vec(option::of(any::<i32>()), 0..8)), 1..100),
        cut in any::<usize>(),
    ) {
        let array = ListArray::from_iter_primitive::<Int32Type, _, _>(values);
        let element = Arc::new(builtin(oid::INT4));
        check(Arc::new(array), PgType { kind: TypeKind::Array(element), ..builtin(1007) }, cut);
    }
}

/// Encodes the array as a column of `pg_type`, decodes it in two pieces, and compares.
fn check(array: ArrayRef, pg_type: PgType, cut: usize) {
    let from = (&pg_type, Representation::Native, array.data_type());
    let encoding = ColumnEncoding::new("c", from, &pg_type).unwrap();
    let column = ScanColumn {
        column: "c".to_owned(),
        field_name: "c".to_owned(),
        pg_type,
        representation: Representation::Native,
        nullable: true,
    };
    let scan = Scan {
        columns: vec![column.clone()],
        ..Scan::default()
    };
    let batch = RecordBatch::try_new(scan.schema(), vec![with_type(&array, &column)]).unwrap();
    let mut bytes = Vec::new();
    let mut encoder = CopyEncoder::new(vec![encoding]);
    CopyEncoder::header(&mut bytes);
    encoder.encode(&batch, &mut bytes).unwrap();
    CopyEncoder::trailer(&mut bytes);
    let limits = BatchLimits {
        rows: usize::MAX,
        bytes: usize::MAX,
    };
    let mut decoder = CopyDecoder::new(scan.columns.clone(), scan.schema(), limits);
    let (head, tail) = bytes.split_at(cut % bytes.len());
    decoder.push(head);
    assert!(decoder.next_batch().unwrap().is_none());
    decoder.push(tail);
    assert_eq!(decoder.finish().unwrap().unwrap(), batch);
}

/// The same array: its type is what the column is decoded to.
fn with_type(array: &ArrayRef, column: &ScanColumn) -> ArrayRef {
    let expected = column.data_type();
    assert!(
        *array.data_type() == expected || matches!(expected, DataType::List(_)),
        "{} is not {expected}",
        array.data_type()
    );
    array.clone()
}

fn builtin(oid: u32) -> PgType {
    PgType::builtin(oid, &format!("type_{oid}"), &format!("type {oid}"))
}

fn numeric(precision: i32, scale: i8) -> PgType {
    PgType {
        typmod: (precision << 16 | i32::from(scale)) + 4,
        ..builtin(oid::NUMERIC)
    }
}

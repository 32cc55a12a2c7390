use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::DataType;

use super::*;
use crate::types::{PgType, Representation, TypeKind, oid};

#[test]
fn a_batch_encodes_row_by_row() {
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some(""), Some("ab")]));
    let columns = [(ids, int4()), (names, text())];
    check(
        &columns,
        &[
            0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 255, 255, 255, 255, 0, 0, 0, 2, b'a',
            b'b',
        ],
    );
}

#[test]
fn fields_go_out_as_they_came_between_values() {
    let fields = [
        [&[0, 0, 0, 1, b'a'][..], &[255; 4]].concat(),
        [&[255; 4][..], &[0, 0, 0, 2, b'b', b'c']].concat(),
    ];
    let run: ArrayRef = Arc::new(BinaryArray::from_iter_values(&fields));
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let wire = |array: &ArrayRef, pg_type: &PgType| {
        let from = (pg_type, Representation::Native, array.data_type());
        ColumnEncoding::new("id", from, pg_type).unwrap()
    };
    let encodings = vec![wire(&ids, &int4()), ColumnEncoding::of_fields("a", 2)];
    let batch = RecordBatch::try_from_iter([("id", ids), ("run", run)]).unwrap();
    let mut out = Vec::new();
    CopyEncoder::new(encodings)
        .encode(&batch, &mut out)
        .unwrap();
    let first = [&[0, 3, 0, 0, 0, 4, 0, 0, 0, 1][..], &fields[0]].concat();
    let second = [&[0, 3, 255, 255, 255, 255][..], &fields[1]].concat();
    assert_eq!(out, [first, second].concat());
}

#[test]
fn a_stream_has_header_and_trailer() {
    let mut out = Vec::new();
    CopyEncoder::header(&mut out);
    CopyEncoder::trailer(&mut out);
    assert_eq!(out, b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff");
}

#[test]
fn strips_join_without_a_seam() {
    let values: Vec<i32> = (0..3 * STRIP_ROWS as i32 + 7).collect();
    let ids: ArrayRef = Arc::new(Int32Array::from(values.clone()));
    let expected: Vec<u8> = values
        .iter()
        .flat_map(|value| [&[0, 1, 0, 0, 0, 4][..], &value.to_be_bytes()].concat())
        .collect();
    check(&[(ids, int4())], &expected);
}

#[test]
fn sliced_arrays_encode_their_own_rows() {
    let names = StringArray::from(vec![Some("skipped"), None, Some("kept")]);
    check(
        &[(Arc::new(names.slice(1, 2)), text())],
        &[
            0, 1, 255, 255, 255, 255, 0, 1, 0, 0, 0, 4, b'k', b'e', b'p', b't',
        ],
    );
}

#[test]
fn infinite_timestamps_stay_the_limits_of_the_integer() {
    let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX, i64::MIN]));
    let tuple = |value: i64| [&[0, 1, 0, 0, 0, 8][..], &value.to_be_bytes()].concat();
    let timestamp = PgType::builtin(oid::TIMESTAMP, "timestamp", "timestamp");
    check(
        &[(array, timestamp)],
        &[tuple(i64::MAX), tuple(i64::MIN)].concat(),
    );
}

#[test]
fn a_timestamp_out_of_range_names_column_and_row() {
    let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0, i64::MIN + 1]));
    let timestamp = PgType::builtin(oid::TIMESTAMP, "timestamp", "timestamp");
    let err = encode(&[(array, timestamp)]).unwrap_err();
    assert_eq!(
        err.to_string(),
        "column \"c0\" cannot take row 2 of the stream, which holds a timestamp out of range"
    );
}

#[test]
fn jsonb_is_text_behind_a_version() {
    let array: ArrayRef = Arc::new(StringArray::from(vec!["{}"]));
    let jsonb = PgType::builtin(oid::JSONB, "jsonb", "jsonb");
    check(&[(array, jsonb)], &[0, 1, 0, 0, 0, 3, 1, b'{', b'}']);
}

#[test]
fn lists_encode_as_arrays_with_their_nulls() {
    let lists = ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>(vec![
        Some(vec![Some(7), None]),
        Some(vec![]),
        None,
    ]);
    let array_type = PgType {
        kind: TypeKind::Array(Arc::new(int4())),
        ..PgType::builtin(1007, "_int4", "integer[]")
    };
    let words = |words: &[i32]| {
        words
            .iter()
            .flat_map(|w| w.to_be_bytes())
            .collect::<Vec<_>>()
    };
    let expected = [
        vec![0, 1],
        words(&[32, 1, 1, 23, 2, 1, 4, 7, -1]),
        vec![0, 1],
        words(&[12, 0, 0, 23]),
        vec![0, 1],
        words(&[-1]),
    ];
    check(&[(Arc::new(lists), array_type)], &expected.concat());
}

#[test]
fn integers_widen() {
    let array: ArrayRef = Arc::new(Int32Array::from(vec![-1]));
    let int8 = PgType::builtin(oid::INT8, "int8", "bigint");
    check(
        &[(array, int8)],
        &[0, 1, 0, 0, 0, 8, 255, 255, 255, 255, 255, 255, 255, 255],
    );
}

#[test]
fn a_type_without_conversion_from_text_is_staged_as_text() {
    let uuid = PgType::builtin(oid::UUID, "uuid", "uuid");
    let from = (&text(), Representation::Text, &DataType::Utf8);
    assert!(
        ColumnEncoding::new("id", from, &uuid)
            .unwrap()
            .staged_as_text()
    );
}

#[test]
fn a_conversion_that_would_narrow_does_not_exist() {
    let int8 = PgType::builtin(oid::INT8, "int8", "bigint");
    let from = (&int8, Representation::Native, &DataType::Int64);
    assert!(ColumnEncoding::new("id", from, &int4()).is_err());
}

#[test]
fn wire_values_pass_untouched() {
    let array: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&b"\0\xff"[..]), None]));
    let uuid = PgType::builtin(oid::UUID, "uuid", "uuid");
    let encoding = ColumnEncoding::new(
        "id",
        (&uuid, Representation::Wire, &DataType::Binary),
        &uuid,
    )
    .unwrap();
    let batch = RecordBatch::try_from_iter([("id", array)]).unwrap();
    let mut out = Vec::new();
    CopyEncoder::new(vec![encoding])
        .encode(&batch, &mut out)
        .unwrap();
    assert_eq!(out, [0, 1, 0, 0, 0, 2, 0, 255, 0, 1, 255, 255, 255, 255]);
}

#[test]
fn a_batch_of_another_width_is_an_error_and_no_panic() {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    assert!(
        CopyEncoder::new(vec![])
            .encode(&batch, &mut Vec::new())
            .is_err()
    );
}

fn check(columns: &[(ArrayRef, PgType)], expected: &[u8]) {
    assert_eq!(encode(columns).unwrap(), expected);
}

fn encode(columns: &[(ArrayRef, PgType)]) -> Result<Vec<u8>> {
    let mut encodings = Vec::new();
    let mut arrays = Vec::new();
    for (index, (array, pg_type)) in columns.iter().enumerate() {
        let name = format!("c{index}");
        let from = (pg_type, Representation::Native, array.data_type());
        encodings.push(ColumnEncoding::new(&name, from, pg_type)?);
        arrays.push((name, array.clone(), true));
    }
    let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
    let mut out = Vec::new();
    CopyEncoder::new(encodings).encode(&batch, &mut out)?;
    Ok(out)
}

fn int4() -> PgType {
    PgType::builtin(oid::INT4, "int4", "integer")
}

fn text() -> PgType {
    PgType::builtin(oid::TEXT, "text", "text")
}

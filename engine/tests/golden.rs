//! Streams that PostgreSQL wrote (`data/golden`): what is decoded from them and encoded again is
//! the same, byte for byte, and decimals and dates read as PostgreSQL writes them.

#![allow(clippy::unwrap_used, reason = "what a test cannot do without fails it")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Decimal256Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use towpath_engine::Result;
use towpath_engine::decode::{BatchLimits, CopyDecoder};
use towpath_engine::encode::{ColumnEncoding, CopyEncoder};
use towpath_engine::source::Scan;
use towpath_engine::types::{PgType, Representation, ScanColumn, TypeKind, oid};

#[test]
fn every_golden_file_round_trips_as_wire() {
    let files = [
        "integers", "floats", "texts", "bytes", "dates", "decimals", "numerics", "arrays",
    ];
    let more = [
        "intervals",
        "documents",
        "networks",
        "ranges",
        "shapes",
        "no_columns",
        "no_rows",
    ];
    for name in files.into_iter().chain(more) {
        let bytes = golden(name, "copy");
        // Any type will do: nothing looks inside a value that is carried.
        let columns = vec![builtin(oid::UUID); field_count(&bytes)];
        check_round_trip(name, &columns, Representation::Wire);
    }
}

#[test]
fn integers_round_trip() {
    let types = [oid::INT4, oid::BOOL, oid::INT2, oid::INT4, oid::INT8];
    let mut columns: Vec<PgType> = types.into_iter().map(builtin).collect();
    columns.push(builtin(oid::INT4)); // An oid has the bytes of an integer.
    check_round_trip("integers", &columns, Representation::Native);
}

#[test]
fn floats_round_trip_bit_for_bit() {
    let columns = [oid::INT4, oid::FLOAT4, oid::FLOAT8].map(builtin);
    check_round_trip("floats", &columns, Representation::Native);
}

#[test]
fn decimals_round_trip_and_read_as_postgresql_writes_them() {
    let columns = [
        builtin(oid::INT4),
        numeric(12, 2),
        numeric(38, 10),
        numeric(76, 20),
        numeric(5, 0),
    ];
    check_round_trip("decimals", &columns, Representation::Native);
    let batch = decode("decimals", &columns, Representation::Native).unwrap();
    for (row, line) in String::from_utf8(golden("decimals", "txt"))
        .unwrap()
        .lines()
        .enumerate()
    {
        let texts: Vec<&str> = line.split('\t').collect();
        for (array, text) in batch.columns().iter().zip(texts).skip(1) {
            assert_eq!(decimal_text(array, row), text, "row {row}");
        }
    }
}

#[test]
fn an_interval_of_more_than_292_years_of_time_is_refused() {
    let columns = [oid::INT4, oid::INTERVAL].map(builtin);
    let err = decode("intervals", &columns, Representation::Native).unwrap_err();
    assert!(err.to_string().contains("row 9"), "{err}");
}

#[test]
fn a_timestamp_beyond_arrow_is_refused() {
    let types = [
        oid::INT4,
        oid::DATE,
        oid::TIMESTAMP,
        oid::TIMESTAMPTZ,
        oid::TIME,
        oid::UUID,
    ];
    let mut columns: Vec<ScanColumn> = types
        .iter()
        .enumerate()
        .map(|(i, &t)| scan_column(i, builtin(t), Representation::Native))
        .collect();
    columns[5].representation = Representation::Wire;
    let err = decode_columns("dates", columns).unwrap_err();
    assert!(err.to_string().contains("row 6"), "{err}");
}

#[test]
fn arrays_of_other_shapes_are_refused_as_lists() {
    let int4s = PgType {
        kind: TypeKind::Array(Arc::new(builtin(oid::INT4))),
        ..builtin(1007)
    };
    let mut columns: Vec<ScanColumn> = (0..8)
        .map(|index| scan_column(index, builtin(oid::UUID), Representation::Wire))
        .collect();
    columns[1] = scan_column(1, int4s, Representation::Native);
    let err = decode_columns("arrays", columns).unwrap_err();
    assert!(
        err.to_string()
            .contains("row 5 of the stream holds an array of 2 dimensions"),
        "{err}"
    );
}

#[test]
fn nan_is_refused_as_decimal() {
    let columns = [builtin(oid::INT4), builtin(oid::NUMERIC), numeric(10, 2)];
    let err = decode("numerics", &columns, Representation::Native).unwrap_err();
    assert!(err.to_string().contains("cannot be computed on"), "{err}");
}

/// Decodes a golden file and encodes it again: the bytes must be the same.
fn check_round_trip(name: &str, columns: &[PgType], representation: Representation) {
    let batch = decode(name, columns, representation).unwrap();
    let schema = batch.schema();
    let encodings = columns.iter().zip(schema.fields()).map(|(pg_type, field)| {
        let from = (pg_type, representation, field.data_type());
        ColumnEncoding::new(field.name(), from, pg_type).unwrap()
    });
    let mut encoder = CopyEncoder::new(encodings.collect());
    let mut bytes = Vec::new();
    CopyEncoder::header(&mut bytes);
    encoder.encode(&batch, &mut bytes).unwrap();
    CopyEncoder::trailer(&mut bytes);
    assert!(bytes == golden(name, "copy"), "{name} came out differently");
}

fn decode(name: &str, columns: &[PgType], representation: Representation) -> Result<RecordBatch> {
    let columns = columns.iter().enumerate();
    decode_columns(
        name,
        columns
            .map(|(i, t)| scan_column(i, t.clone(), representation))
            .collect(),
    )
}

fn decode_columns(name: &str, columns: Vec<ScanColumn>) -> Result<RecordBatch> {
    let schema = Scan {
        columns: columns.clone(),
        ..Scan::default()
    }
    .schema();
    let limits = BatchLimits {
        rows: 1000,
        bytes: 1 << 20,
    };
    let mut decoder = CopyDecoder::new(columns, schema.clone(), limits);
    decoder.push(&golden(name, "copy"));
    assert!(decoder.next_batch()?.is_none(), "golden files are small");
    Ok(decoder
        .finish()?
        .unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

fn scan_column(index: usize, pg_type: PgType, representation: Representation) -> ScanColumn {
    let name = format!("c{index}");
    ScanColumn {
        column: name.clone(),
        field_name: name,
        pg_type,
        representation,
        nullable: true,
    }
}

fn decimal_text(array: &ArrayRef, row: usize) -> String {
    match array.data_type() {
        _ if array.is_null(row) => "\\N".to_owned(),
        DataType::Decimal128(_, _) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        _ => array.as_primitive::<Decimal256Type>().value_as_string(row),
    }
}

/// Fields of the first tuple; none if there is no tuple.
fn field_count(stream: &[u8]) -> usize {
    let count = i16::from_be_bytes([stream[19], stream[20]]);
    usize::try_from(count).unwrap_or(1)
}

fn golden(name: &str, ending: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data/golden");
    fs::read(root.join(format!("{name}.{ending}"))).unwrap()
}

fn builtin(oid: u32) -> PgType {
    PgType::builtin(oid, &format!("type_{oid}"), &format!("type {oid}"))
}

fn numeric(precision: i32, scale: i32) -> PgType {
    PgType {
        typmod: (precision << 16 | scale) + 4,
        ..builtin(oid::NUMERIC)
    }
}

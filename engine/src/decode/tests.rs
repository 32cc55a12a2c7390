use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{Field, Schema};

use super::*;
use crate::types::{PgType, Representation, oid};

const LIMITS: BatchLimits = BatchLimits {
    rows: 3,
    bytes: 1 << 20,
};

#[test]
fn bytes_may_be_cut_anywhere() {
    let stream = stream(&[row(1, "one"), row(2, ""), row(3, "three"), row(4, "four")]);
    let whole = decode(&[&stream], LIMITS).unwrap();
    for cut in 0..stream.len() {
        let (head, tail) = stream.split_at(cut);
        assert_eq!(
            decode(&[head, tail], LIMITS).unwrap(),
            whole,
            "cut at {cut}"
        );
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(decode(&bytes, LIMITS).unwrap(), whole);
}

#[test]
fn whole_tuples_are_the_bytes_between_header_and_trailer() {
    let tuples = [row(1, "one"), row(2, ""), row(3, "three"), row(4, "four")];
    let stream = stream(&tuples);
    for cut in 0..stream.len() {
        let (head, tail) = stream.split_at(cut);
        let batches = decode_tuples(&[head, tail]).unwrap();
        let found: Vec<&[u8]> = batches
            .iter()
            .flat_map(|batch| batch.column(0).as_binary::<i64>().iter())
            .map(Option::unwrap)
            .collect();
        assert_eq!(found, tuples, "cut at {cut}");
        assert!(batches.iter().all(|batch| batch.schema() == tuple_schema()));
    }
}

#[test]
fn whole_tuples_reject_truncated_input_and_wrong_counts() {
    let stream = stream(&[row(1, "one"), row(2, "two")]);
    for end in 0..stream.len() {
        let err = decode_tuples(&[&stream[..end]]).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Decode, "{end}");
    }
    let mut wrong_count = stream;
    wrong_count[20] = 7;
    assert_eq!(
        decode_tuples(&[&wrong_count]).unwrap_err().to_string(),
        "COPY stream is broken at byte 19: a tuple has 7 fields, expected 2"
    );
}

#[test]
fn runs_are_fields_behind_their_lengths() {
    let null = [&[0, 2, 0, 0, 0, 4][..], &9_i32.to_be_bytes(), &[255; 4]].concat();
    let tuples = [row(1, "one"), row(2, ""), null];
    let stream = stream(&tuples);
    for cut in 0..stream.len() {
        let (head, tail) = stream.split_at(cut);
        let batch = decode_runs(&[head, tail]).unwrap().remove(0);
        assert_eq!(
            batch.column(0).as_primitive::<Int32Type>().values(),
            &[1, 2, 9]
        );
        let run = |at: usize| {
            batch
                .column(at)
                .as_binary::<i32>()
                .iter()
                .map(Option::unwrap)
        };
        assert!(
            run(1).eq(tuples.iter().map(|tuple| &tuple[2..])),
            "cut at {cut}"
        );
        assert!(
            run(2).eq(tuples.iter().map(|tuple| &tuple[10..])),
            "cut at {cut}"
        );
    }
}

#[test]
fn runs_reject_truncated_input() {
    let stream = stream(&[row(1, "one"), row(2, "two")]);
    for end in 0..stream.len() {
        let err = decode_runs(&[&stream[..end]]).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Decode, "{end}");
    }
}

#[test]
fn batches_are_closed_by_rows() {
    let rows: Vec<_> = (0..7).map(|id| row(id, "x")).collect();
    let batches = decode(&[&stream(&rows)], LIMITS).unwrap();
    assert_eq!(
        batches
            .iter()
            .map(RecordBatch::num_rows)
            .collect::<Vec<_>>(),
        [3, 3, 1]
    );
}

#[test]
fn batches_are_closed_by_bytes() {
    let rows: Vec<_> = (0..4).map(|id| row(id, &"x".repeat(100))).collect();
    let limits = BatchLimits {
        rows: 100,
        bytes: 150,
    };
    let batches = decode(&[&stream(&rows)], limits).unwrap();
    assert_eq!(
        batches
            .iter()
            .map(RecordBatch::num_rows)
            .collect::<Vec<_>>(),
        [2, 2]
    );
}

#[test]
fn a_batch_of_exactly_the_limit_is_followed_by_none() {
    let rows: Vec<_> = (0..3).map(|id| row(id, "x")).collect();
    assert_eq!(decode(&[&stream(&rows)], LIMITS).unwrap().len(), 1);
}

#[test]
fn decoding_keeps_nulls_and_empty_strings_apart() {
    let null = [
        &[0, 2][..],
        &(-1_i32).to_be_bytes(),
        &(-1_i32).to_be_bytes(),
    ]
    .concat();
    let batch = decode(&[&stream(&[null, row(1, "")])], LIMITS)
        .unwrap()
        .remove(0);
    let names = batch.column(1).as_string::<i32>();
    assert!(names.is_null(0) && batch.column(0).is_null(0));
    assert_eq!(names.value(1), "");
    assert_eq!(batch.column(0).as_primitive::<Int32Type>().value(1), 1);
}

#[test]
fn decoding_rejects_truncated_input() {
    let stream = stream(&[row(1, "one"), row(2, "two")]);
    for end in 0..stream.len() {
        let err = decode(&[&stream[..end]], LIMITS).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Decode, "{end}");
    }
}

#[test]
fn decoding_names_the_byte_that_breaks_the_format() {
    let mut wrong_count = stream(&[row(1, "one")]);
    wrong_count[20] = 7;
    check_error(
        &wrong_count,
        "COPY stream is broken at byte 19: a tuple has 7 fields, expected 2",
    );
    let mut negative = stream(&[row(1, "one")]);
    negative[21..25].copy_from_slice(&(-2_i32).to_be_bytes());
    check_error(
        &negative,
        "COPY stream is broken at byte 21: a field has a negative length",
    );
    let mut flags = stream(&[]);
    flags[11] = 1;
    check_error(
        &flags,
        "COPY stream is broken at byte 11: it has critical flags nobody knows",
    );
    let trailing = [stream(&[]), vec![0]].concat();
    check_error(
        &trailing,
        "COPY stream is broken at byte 21: bytes follow the trailer",
    );
}

#[test]
fn the_header_extension_is_skipped() {
    let mut bytes = stream(&[row(1, "one")]);
    bytes[15..19].copy_from_slice(&5_u32.to_be_bytes());
    bytes.splice(19..19, *b"extra");
    assert_eq!(decode(&[&bytes], LIMITS).unwrap()[0].num_rows(), 1);
}

#[test]
fn a_stream_without_columns_counts_rows() {
    let bytes = stream(&[vec![0, 0], vec![0, 0]]);
    let mut decoder = CopyDecoder::new(vec![], Arc::new(Schema::empty()), LIMITS);
    decoder.push(&bytes);
    assert!(decoder.next_batch().unwrap().is_none());
    assert_eq!(decoder.finish().unwrap().unwrap().num_rows(), 2);
}

#[test]
fn infinite_timestamps_are_the_limits_of_the_integer() {
    for (wire, expected) in [
        (i64::MAX, Some(i64::MAX)),
        (i64::MIN, Some(i64::MIN)),
        (0, Some(946_684_800_000_000)),
    ] {
        assert_eq!(timestamp(wire).ok(), expected);
    }
}

#[test]
fn a_timestamp_beyond_arrow_names_column_and_row() {
    let err = timestamp(i64::MAX - 1).unwrap_err();
    assert_eq!(
        err.to_string(),
        "column \"at\", a timestamp, cannot be computed on: row 1 of the stream holds a timestamp \
         after 294247-01-10, the last one of Arrow"
    );
}

fn timestamp(wire: i64) -> Result<i64> {
    let column = scan_column(
        "at",
        PgType::builtin(oid::TIMESTAMP, "timestamp", "timestamp"),
    );
    let tuple = [&[0, 1][..], &8_i32.to_be_bytes(), &wire.to_be_bytes()].concat();
    let batch = decode_columns(vec![column], &[&stream(&[tuple])], LIMITS)?.remove(0);
    Ok(batch
        .column(0)
        .as_primitive::<TimestampMicrosecondType>()
        .value(0))
}

fn check_error(stream: &[u8], expected: &str) {
    assert_eq!(decode(&[stream], LIMITS).unwrap_err().to_string(), expected);
}

fn decode(pieces: &[&[u8]], limits: BatchLimits) -> Result<Vec<RecordBatch>> {
    decode_columns(id_and_name(), pieces, limits)
}

/// Decodes the first column, and passes on both as a run, and the second one as another.
fn decode_runs(pieces: &[&[u8]]) -> Result<Vec<RecordBatch>> {
    let fields = [
        Field::new("id", DataType::Int32, true),
        Field::new("both", DataType::Binary, false),
        Field::new("name", DataType::Binary, false),
    ];
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let decoder = CopyDecoder::new(id_and_name(), schema, LIMITS);
    decode_with(decoder.with_runs(&[0], &[0..2, 1..2]), pieces)
}

fn id_and_name() -> Vec<ScanColumn> {
    vec![
        scan_column("id", PgType::builtin(oid::INT4, "int4", "integer")),
        scan_column("name", PgType::builtin(oid::TEXT, "text", "text")),
    ]
}

fn decode_columns(
    columns: Vec<ScanColumn>,
    pieces: &[&[u8]],
    limits: BatchLimits,
) -> Result<Vec<RecordBatch>> {
    let fields: Vec<Field> = columns.iter().map(ScanColumn::field).collect();
    let schema = Arc::new(Schema::new(fields));
    decode_with(CopyDecoder::new(columns, schema, limits), pieces)
}

fn decode_tuples(pieces: &[&[u8]]) -> Result<Vec<RecordBatch>> {
    decode_with(CopyDecoder::whole_tuples(2, LIMITS), pieces)
}

fn decode_with(mut decoder: CopyDecoder, pieces: &[&[u8]]) -> Result<Vec<RecordBatch>> {
    let mut batches = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(batch) = decoder.next_batch()? {
            batches.push(batch);
        }
    }
    batches.extend(decoder.finish()?);
    Ok(batches)
}

fn scan_column(name: &str, pg_type: PgType) -> ScanColumn {
    ScanColumn {
        column: name.to_owned(),
        field_name: name.to_owned(),
        pg_type,
        representation: Representation::Native,
        nullable: true,
    }
}

/// A stream of these tuples, with header and trailer.
fn stream(tuples: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend(tuples.concat());
    bytes.extend((-1_i16).to_be_bytes());
    bytes
}

fn row(id: i32, name: &str) -> Vec<u8> {
    let length = name.len() as i32;
    [
        &[0, 2, 0, 0, 0, 4][..],
        &id.to_be_bytes(),
        &length.to_be_bytes(),
        name.as_bytes(),
    ]
    .concat()
}

//! What the targets share: columns of every kind, and streams that get past the signature.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use towpath_engine::Result;
use towpath_engine::decode::{BatchLimits, CopyDecoder};
use towpath_engine::encode::{ColumnEncoding, CopyEncoder};
use towpath_engine::types::{PgType, Representation, ScanColumn, TypeKind, oid, pg_type_of};

/// What a stream begins with; a fuzzer would take hours to find it.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Small, so that short inputs fill more than one batch.
const LIMITS: BatchLimits = BatchLimits {
    rows: 3,
    bytes: 200,
};

/// The representation that nothing looks into.
pub const CARRIED: Representation = Representation::Wire;

/// One column of each type that has an Arrow type, and one that is carried.
pub fn columns() -> Vec<ScanColumn> {
    let text = PgType::builtin(oid::TEXT, "text", "text");
    let natives = [
        DataType::Boolean,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        DataType::Utf8,
        DataType::Binary,
        DataType::Date32,
        DataType::Time64(arrow_schema::TimeUnit::Microsecond),
        DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, None),
        DataType::Interval(arrow_schema::IntervalUnit::MonthDayNano),
        DataType::Decimal128(15, 2),
        DataType::Decimal256(76, 20),
        list(DataType::Int32),
        list(DataType::Utf8),
        list(DataType::Decimal128(15, 2)),
    ];
    let types = natives.iter().filter_map(pg_type_of);
    let numeric = PgType::builtin(oid::NUMERIC, "numeric", "numeric");
    let natives = types
        .chain([numeric])
        .map(|pg_type| (pg_type, Representation::Native));
    let carried = local_types(16_400).map(|pg_type| (pg_type, CARRIED));
    let others = carried.into_iter().chain([(text, Representation::Text)]);
    natives
        .chain(others)
        .map(|(pg_type, representation)| column(pg_type, representation))
        .collect()
}

/// Types whose values hold OIDs of one database, in a database that begins to count at `first`.
pub fn local_types(first: u32) -> [PgType; 3] {
    let local = |oid, name: &str, kind| PgType {
        schema: "public".to_owned(),
        kind,
        ..PgType::builtin(oid, name, &format!("public.{name}"))
    };
    let mood = local(first, "mood", TypeKind::Enum(vec!["ok".to_owned()]));
    let moods = local(first + 1, "_mood", TypeKind::Array(Arc::new(mood.clone())));
    let fields = vec![("a".to_owned(), mood), ("b".to_owned(), moods.clone())];
    let pair = local(first + 2, "pair", TypeKind::Composite(fields));
    let span = local(first + 3, "span", TypeKind::Range(Arc::new(pair.clone())));
    let spans = TypeKind::Multirange(Arc::new(span));
    [moods, pair, local(first + 4, "spans", spans)]
}

fn list(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(element, true)))
}

/// A column that may be NULL.
pub fn column(pg_type: PgType, representation: Representation) -> ScanColumn {
    ScanColumn {
        column: "c".to_owned(),
        field_name: "c".to_owned(),
        pg_type,
        representation,
        nullable: true,
    }
}

/// The batches in a stream whose header `bytes` follow, given in pieces of `piece` bytes.
///
/// # Errors
/// Those of the decoder.
pub fn decode(columns: &[ScanColumn], bytes: &[u8], piece: usize) -> Result<Vec<RecordBatch>> {
    let fields: Vec<Field> = columns.iter().map(ScanColumn::field).collect();
    let mut decoder = CopyDecoder::new(columns.to_vec(), Arc::new(Schema::new(fields)), LIMITS);
    let mut batches = Vec::new();
    decoder.push(HEADER);
    for piece in bytes.chunks(piece.max(1)) {
        decoder.push(piece);
        while let Some(batch) = decoder.next_batch()? {
            batches.push(batch);
        }
    }
    batches.extend(decoder.finish()?);
    Ok(batches)
}

/// One row whose only field is `value`, and the trailer.
pub fn row(value: &[u8]) -> Vec<u8> {
    let length = (value.len() as i32).to_be_bytes();
    [&[0, 1], &length[..], value, &[0xff, 0xff]].concat()
}

/// The rows of one column for a column of type `to`, and the trailer.
///
/// # Errors
/// Those of the encoder.
pub fn encode(column: &ScanColumn, to: &PgType, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let from = (&column.pg_type, column.representation, &column.data_type());
    let mut encoder = CopyEncoder::new(vec![ColumnEncoding::new("c", from, to)?]);
    let mut out = Vec::new();
    for batch in batches {
        encoder.encode(batch, &mut out)?;
    }
    CopyEncoder::trailer(&mut out);
    Ok(out)
}

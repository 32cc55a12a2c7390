//! An application's table of events: the types that most engines lose.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, Int64Array, IntervalMonthDayNanoArray,
    StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::IntervalMonthDayNano;
use towpath_engine::types::{PgType, TypeKind, UNCONSTRAINED_NUMERIC, oid};
use towpath_engine::{Error, ErrorKind, Result};

use crate::Sample;

/// `pg_type.oid` of `inet` and of `text[]`.
const INET: u32 = 869;
const TEXT_ARRAY: u32 = 1009;

/// Labels of the event's kind.
const KINDS: [&str; 4] = ["created", "paid", "shipped", "returned"];

/// Words that texts are made of.
const WORDS: [&str; 6] = [
    "web",
    "mobile",
    "für später",
    "returning customer",
    "",
    "Zürich",
];

/// 2024-01-01, in days and in microseconds since 1970-01-01.
const FIRST_DAY: i32 = 19_723;
const FIRST_MICROSECOND: i64 = FIRST_DAY as i64 * 86_400_000_000;

/// `row_count` rows of `events`; every seventh row has NULL where a column may.
///
/// # Errors
/// None, unless the engine is wrong.
pub fn events(row_count: usize) -> Result<Sample> {
    let rows: Vec<Row> = (0..row_count as u64).map(Row::of).collect();
    let base = |oid, name, sql| PgType::builtin(oid, name, sql);
    let timestamptz = base(oid::TIMESTAMPTZ, "timestamptz", "timestamp with time zone");
    Sample::new(
        "events",
        vec![
            (
                "id",
                base(oid::UUID, "uuid", "uuid"),
                bytes(&rows, Row::uuid),
            ),
            ("kind", kind(), bytes(&rows, |row| row.kind().into())),
            (
                "account",
                base(oid::INT8, "int8", "bigint"),
                accounts(&rows),
            ),
            (
                "amount",
                base(oid::NUMERIC, "numeric", "numeric"),
                amounts(&rows)?,
            ),
            (
                "payload",
                base(oid::JSONB, "jsonb", "jsonb"),
                bytes(&rows, Row::payload),
            ),
            ("tags", text_array(), tags(&rows)),
            (
                "address",
                base(INET, "inet", "inet"),
                bytes(&rows, Row::address),
            ),
            ("occurred_at", timestamptz, instants(&rows)),
            ("day", base(oid::DATE, "date", "date"), days(&rows)),
            (
                "took",
                base(oid::INTERVAL, "interval", "interval"),
                intervals(&rows),
            ),
            (
                "body",
                base(oid::BYTEA, "bytea", "bytea"),
                bytes(&rows, Row::body),
            ),
            ("note", base(oid::TEXT, "text", "text"), notes(&rows)),
        ],
    )
}

/// One row's number, and bits that look random.
struct Row {
    number: u64,
    bits: u64,
}

impl Row {
    /// The bits are those of SplitMix64, whose state is the row's number.
    fn of(number: u64) -> Self {
        let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self {
            number,
            bits: bits ^ (bits >> 31),
        }
    }

    fn is_null(&self) -> bool {
        self.number % 7 == 6
    }

    fn kind(&self) -> &'static str {
        KINDS[self.bits as usize % KINDS.len()]
    }

    fn words(&self) -> impl Iterator<Item = &'static str> {
        let bits = self.bits;
        (0..bits % 4).map(move |at| WORDS[(bits >> (8 * at)) as usize % WORDS.len()])
    }

    fn uuid(&self) -> Vec<u8> {
        [self.bits.to_be_bytes(), self.number.to_be_bytes()].concat()
    }

    /// The text of a document behind the version that `jsonb_send` puts before it.
    fn payload(&self) -> Vec<u8> {
        let Self { number, bits } = self;
        let kind = self.kind();
        format!("\u{1}{{\"id\": {number}, \"kind\": \"{kind}\", \"items\": [{bits}, null]}}").into()
    }

    /// Family 2 (IPv4), 32 bits, no `cidr`, 4 bytes: the form of `network_send`.
    fn address(&self) -> Vec<u8> {
        let [.., a, b, c] = self.bits.to_be_bytes();
        vec![2, 32, 0, 4, 10, a, b, c]
    }

    fn body(&self) -> Vec<u8> {
        self.bits.to_le_bytes().repeat(self.bits as usize % 8)
    }
}

fn kind() -> PgType {
    PgType {
        kind: TypeKind::Enum(KINDS.map(str::to_owned).to_vec()),
        schema: "public".to_owned(),
        ..PgType::builtin(16_400, "event_kind", "public.event_kind")
    }
}

fn text_array() -> PgType {
    let text = PgType::builtin(oid::TEXT, "text", "text");
    PgType {
        kind: TypeKind::Array(Arc::new(text)),
        ..PgType::builtin(TEXT_ARRAY, "_text", "text[]")
    }
}

fn bytes(rows: &[Row], value: impl Fn(&Row) -> Vec<u8>) -> ArrayRef {
    Arc::new(BinaryArray::from_iter_values(rows.iter().map(value)))
}

fn accounts(rows: &[Row]) -> ArrayRef {
    let values = rows.iter().map(|row| (row.bits % 1_000_000) as i64);
    Arc::new(Int64Array::from_iter_values(values))
}

fn amounts(rows: &[Row]) -> Result<ArrayRef> {
    let (precision, scale) = UNCONSTRAINED_NUMERIC;
    // Two digits after the point, as amounts have, whatever the decimal could hold.
    let unit = 10_i128.pow(scale.unsigned_abs().into()) / 100;
    let value = |row: &Row| (!row.is_null()).then(|| i128::from(row.bits % 10_000_000) * unit);
    Decimal128Array::from_iter(rows.iter().map(value))
        .with_precision_and_scale(precision, scale)
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|err| {
            Error::new(ErrorKind::Internal, "amounts do not fit their decimal").with_source(err)
        })
}

fn tags(rows: &[Row]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in rows {
        lists.append_option((!row.is_null()).then(|| row.words().map(Some)));
    }
    Arc::new(lists.finish())
}

fn instants(rows: &[Row]) -> ArrayRef {
    let year = 365 * 86_400_000_000;
    let values = rows
        .iter()
        .map(|row| FIRST_MICROSECOND + (row.bits % year) as i64);
    Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
}

fn days(rows: &[Row]) -> ArrayRef {
    let values = rows.iter().map(|row| FIRST_DAY + (row.bits % 365) as i32);
    Arc::new(Date32Array::from_iter_values(values))
}

fn intervals(rows: &[Row]) -> ArrayRef {
    let value = |row: &Row| {
        // PostgreSQL keeps microseconds.
        let nanoseconds = (row.bits % 86_400_000_000) as i64 * 1000;
        (!row.is_null()).then(|| IntervalMonthDayNano::new(0, (row.bits % 30) as i32, nanoseconds))
    };
    Arc::new(IntervalMonthDayNanoArray::from_iter(rows.iter().map(value)))
}

fn notes(rows: &[Row]) -> ArrayRef {
    let value = |row: &Row| (!row.is_null()).then(|| row.words().collect::<Vec<_>>().join(" "));
    Arc::new(StringArray::from_iter(rows.iter().map(value)))
}

//! What tells rows apart on both sides, and ranges of it.

use super::ComparedColumn;
use super::column::type_name;
use super::rows::Statement;
use crate::types::{PgType, oid};

/// The values of a key, as text: what both sides recognise a row by, and what people are told.
pub type KeyText = Vec<Option<String>>;

/// One column of a key, on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    /// The value as text, the same wherever the type's own `=` says that two values are equal:
    /// `1.0` and `1.00` are one key.
    pub identity: String,
    /// The value in an order that both servers share; `None` if its type has none.
    pub ordered: Option<String>,
    /// The type that text is read as for a comparison with `ordered`.
    type_sql: String,
}

impl KeyColumn {
    /// The key columns of `column` at the source and at the destination.
    ///
    /// `same_encoding` says whether both databases encode text alike, so that its bytes have one
    /// order.
    pub fn pair(column: &ComparedColumn, same_encoding: bool) -> (Self, Self) {
        let of = |sql: &str| Self::new(sql, &column.pg_type, same_encoding);
        (of(&column.source), of(&column.destination))
    }

    fn new(sql: &str, pg_type: &PgType, same_encoding: bool) -> Self {
        let text = |sql: &str| format!("({sql})::pg_catalog.text");
        let identity = match pg_type.oid {
            oid::NUMERIC => text(&format!("pg_catalog.trim_scale({sql})")),
            // Negative zero is equal to zero.
            oid::FLOAT4 | oid::FLOAT8 => {
                text(&format!("CASE WHEN {sql} = 0 THEN 0 ELSE {sql} END"))
            }
            _ => text(sql),
        };
        let is_text = matches!(pg_type.oid, oid::TEXT | oid::BPCHAR);
        let ordered = match is_text {
            // Blanks at the end of character(n) do not count, and its text form has none.
            true => same_encoding.then(|| format!("{identity} COLLATE pg_catalog.\"C\"")),
            false => ORDERED.contains(&pg_type.oid).then(|| sql.to_owned()),
        };
        let type_sql = match is_text {
            true => "pg_catalog.text".to_owned(),
            false => type_name(pg_type),
        };
        Self {
            identity,
            ordered,
            type_sql,
        }
    }
}

/// Types whose btree order is the same on every server, and needs no collation.
///
/// Source: PostgreSQL, `src/include/catalog/pg_type.dat`.
const ORDERED: [u32; 25] = [
    oid::BOOL,
    oid::BYTEA,
    oid::CHAR,
    oid::INT2,
    oid::INT4,
    oid::INT8,
    oid::OID,
    oid::FLOAT4,
    oid::FLOAT8,
    oid::DATE,
    oid::TIME,
    oid::TIMESTAMP,
    oid::TIMESTAMPTZ,
    oid::INTERVAL,
    oid::BIT,
    oid::VARBIT,
    oid::NUMERIC,
    oid::UUID,
    // cidr, macaddr8, money, macaddr, inet, timetz, pg_lsn
    650,
    774,
    790,
    829,
    869,
    1266,
    3220,
];

/// Keys from one on and before another, in the order of [`KeyColumn::ordered`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key; `None` for all before.
    pub start: Option<KeyText>,
    /// The first key behind; `None` for all after.
    pub end: Option<KeyText>,
}

/// The key as a row in its order.
pub(super) fn ordered(key: &[KeyColumn]) -> String {
    let columns: Vec<&str> = key
        .iter()
        .map(|column| column.ordered.as_deref().unwrap_or(&column.identity))
        .collect();
    format!("({})", columns.join(", "))
}

/// The key `values` as a row, each read as its column's type from a parameter of `statement`.
pub(super) fn values(key: &[KeyColumn], values: &KeyText, statement: &mut Statement) -> String {
    let columns: Vec<String> = key
        .iter()
        .zip(values)
        .map(|(column, value)| format!("{}::{}", statement.parameter(value), column.type_sql))
        .collect();
    format!("({})", columns.join(", "))
}

/// The condition that a row is in one of `ranges`.
pub(super) fn in_ranges(
    key: &[KeyColumn],
    ranges: &[KeyRange],
    statement: &mut Statement,
) -> String {
    let own = ordered(key);
    let conditions: Vec<String> = ranges
        .iter()
        .map(|range| {
            let mut parts = Vec::new();
            if let Some(start) = &range.start {
                parts.push(format!("{own} >= {}", values(key, start, statement)));
            }
            if let Some(end) = &range.end {
                parts.push(format!("{own} < {}", values(key, end, statement)));
            }
            match parts.is_empty() {
                true => "true".to_owned(),
                false => format!("({})", parts.join(" AND ")),
            }
        })
        .collect();
    conditions.join(" OR ")
}

/// The number of `boundaries` (in order) that are at or before a row's key: a search that halves
/// them, so that 1023 of them cost ten comparisons.
pub(super) fn piece(
    key: &[KeyColumn],
    boundaries: &[KeyText],
    statement: &mut Statement,
) -> String {
    let own = ordered(key);
    halve(&own, key, (boundaries, 0), statement)
}

fn halve(
    own: &str,
    key: &[KeyColumn],
    (boundaries, before): (&[KeyText], usize),
    statement: &mut Statement,
) -> String {
    let middle = boundaries.len() / 2;
    let Some(boundary) = boundaries.get(middle) else {
        return before.to_string();
    };
    let boundary = values(key, boundary, statement);
    let lower = halve(own, key, (&boundaries[..middle], before), statement);
    let upper = (&boundaries[middle + 1..], before + middle + 1);
    let upper = halve(own, key, upper, statement);
    format!("CASE WHEN {own} < {boundary} THEN {lower} ELSE {upper} END")
}

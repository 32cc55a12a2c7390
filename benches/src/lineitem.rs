//! TPC-H's largest table, as its generator gives it.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, Int32Array, Int64Array, StringArray,
};
use arrow_schema::DataType;
use towpath_engine::types::{PgType, oid, pg_type_of};
use towpath_engine::{Error, ErrorKind, Result};
use tpchgen::decimal::TPCHDecimal;
use tpchgen::distribution::Distributions;
use tpchgen::generators::{LineItem, LineItemGenerator};
use tpchgen::text::TextPool;

use crate::Sample;

/// The columns of `CREATE TABLE public.lineitem`, without key.
///
/// Source: TPC-H specification 3.0.1, section 1.4.1; identifiers are `bigint`, decimals
/// `numeric(15,2)`.
pub const LINEITEM_DDL: &str = "\
    l_orderkey bigint NOT NULL, l_partkey bigint NOT NULL, l_suppkey bigint NOT NULL, \
    l_linenumber integer NOT NULL, l_quantity numeric(15,2) NOT NULL, \
    l_extendedprice numeric(15,2) NOT NULL, l_discount numeric(15,2) NOT NULL, \
    l_tax numeric(15,2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL, \
    l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL, \
    l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL, \
    l_comment varchar(44) NOT NULL";

/// The primary key of `lineitem`.
pub const LINEITEM_KEY: [&str; 2] = ["l_orderkey", "l_linenumber"];

/// Text that comments are cut from. The specification wants 300 MB, which take a debug build ten
/// seconds; comments of a sample need not be TPC-H's own.
const TEXT_BYTES: i32 = 1 << 20;

/// The first `row_count` rows of `lineitem` at scale factor 1.
///
/// # Errors
/// None, unless the engine is wrong.
pub fn lineitem(row_count: usize) -> Result<Sample> {
    let distributions = Distributions::static_default();
    let texts = TextPool::new(TEXT_BYTES, distributions);
    let generator =
        LineItemGenerator::new_with_distributions_and_text_pool(1.0, 1, 1, distributions, &texts);
    let rows: Vec<LineItem<'_>> = generator.iter().take(row_count).collect();
    let int8 = || PgType::builtin(oid::INT8, "int8", "bigint");
    let date = || PgType::builtin(oid::DATE, "date", "date");
    Sample::new(
        "lineitem",
        vec![
            ("l_orderkey", int8(), integers(&rows, |row| row.l_orderkey)),
            ("l_partkey", int8(), integers(&rows, |row| row.l_partkey)),
            ("l_suppkey", int8(), integers(&rows, |row| row.l_suppkey)),
            line_number(&rows),
            money("l_quantity", &rows, |row| TPCHDecimal(row.l_quantity * 100))?,
            money("l_extendedprice", &rows, |row| row.l_extendedprice)?,
            money("l_discount", &rows, |row| row.l_discount)?,
            money("l_tax", &rows, |row| row.l_tax)?,
            padded("l_returnflag", 1, &rows, |row| row.l_returnflag),
            padded("l_linestatus", 1, &rows, |row| row.l_linestatus),
            (
                "l_shipdate",
                date(),
                days(&rows, |row| row.l_shipdate.to_unix_epoch()),
            ),
            (
                "l_commitdate",
                date(),
                days(&rows, |row| row.l_commitdate.to_unix_epoch()),
            ),
            (
                "l_receiptdate",
                date(),
                days(&rows, |row| row.l_receiptdate.to_unix_epoch()),
            ),
            padded("l_shipinstruct", 25, &rows, |row| row.l_shipinstruct),
            padded("l_shipmode", 10, &rows, |row| row.l_shipmode),
            comment(&rows),
        ],
    )
}

type NamedColumn = (&'static str, PgType, ArrayRef);

fn integers(rows: &[LineItem<'_>], value: impl Fn(&LineItem<'_>) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(value)))
}

fn days(rows: &[LineItem<'_>], value: impl Fn(&LineItem<'_>) -> i32) -> ArrayRef {
    Arc::new(Date32Array::from_iter_values(rows.iter().map(value)))
}

fn line_number(rows: &[LineItem<'_>]) -> NamedColumn {
    let values = rows.iter().map(|row| row.l_linenumber);
    (
        "l_linenumber",
        PgType::builtin(oid::INT4, "int4", "integer"),
        Arc::new(Int32Array::from_iter_values(values)),
    )
}

fn money(
    name: &'static str,
    rows: &[LineItem<'_>],
    value: impl Fn(&LineItem<'_>) -> TPCHDecimal,
) -> Result<NamedColumn> {
    let values = rows.iter().map(|row| i128::from(value(row).into_inner()));
    let array = Decimal128Array::from_iter_values(values).with_precision_and_scale(15, 2);
    let no_type = || Error::new(ErrorKind::Internal, "numeric(15,2) is no decimal");
    Ok((
        name,
        pg_type_of(&DataType::Decimal128(15, 2)).ok_or_else(no_type)?,
        Arc::new(array.map_err(|err| no_type().with_source(err))?),
    ))
}

/// A `char(length)` column: the wire holds its text with all the blanks.
fn padded(
    name: &'static str,
    length: usize,
    rows: &[LineItem<'_>],
    value: impl for<'a> Fn(&'a LineItem<'_>) -> &'a str,
) -> NamedColumn {
    let values = rows.iter().map(|row| format!("{:length$}", value(row)));
    let pg_type = PgType {
        // The modifier counts a header of 4 bytes.
        typmod: length as i32 + 4,
        ..PgType::builtin(oid::BPCHAR, "bpchar", &format!("character({length})"))
    };
    (
        name,
        pg_type,
        Arc::new(BinaryArray::from_iter_values(values)),
    )
}

fn comment(rows: &[LineItem<'_>]) -> NamedColumn {
    let values = rows.iter().map(|row| row.l_comment);
    let pg_type = PgType {
        typmod: 44 + 4,
        ..PgType::builtin(oid::VARCHAR, "varchar", "character varying(44)")
    };
    (
        "l_comment",
        pg_type,
        Arc::new(StringArray::from_iter_values(values)),
    )
}

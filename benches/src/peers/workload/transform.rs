//! lineitem through a SELECT.

use super::lineitem::reference;
use super::{KEPT, KEPT_SCHEMA, Preparation, Workload, by_towpath, peer};
use crate::contender::{Contender, copy, duckdb, relay_of};
use crate::data::{DataSet, lineitem};
use crate::setting::Setting;
use crate::table::Table;

/// The columns that are computed, with the types that PostgreSQL gives them.
const COMPUTED: [(&str, &str, &str); 5] = [
    ("revenue", "l_extendedprice * (1 - l_discount)", "numeric"),
    (
        "charge",
        "l_extendedprice * (1 - l_discount) * (1 + l_tax)",
        "numeric",
    ),
    ("days_late", "l_receiptdate - l_commitdate", "integer"),
    ("payment_date", "l_shipdate + 30", "date"),
    (
        "ship_month",
        "date_trunc('month', l_shipdate)",
        "timestamp with time zone",
    ),
];

/// Keeps 25 of 50 quantities.
const HALF: &str = "l_quantity > 25";

/// The aggregates, likewise.
const AGGREGATES: [(&str, &str, &str); 5] = [
    ("line_count", "count(*)", "bigint"),
    (
        "revenue",
        "sum(l_extendedprice * (1 - l_discount))",
        "numeric",
    ),
    ("average_price", "avg(l_extendedprice)", "numeric"),
    ("first_shipped", "min(l_shipdate)", "date"),
    ("last_shipped", "max(l_shipdate)", "date"),
];

/// Four columns of 50, 7, 4 and 7 values: 9,800 groups.
const GROUP: [&str; 4] = ["l_quantity", "l_shipmode", "l_shipinstruct", "l_linenumber"];

/// Half of the rows, with five more columns.
pub(super) fn computed(setting: &Setting, scale: f64) -> Workload {
    let lineitem = lineitem();
    let types = COMPUTED
        .map(|(name, _, sql)| format!(", {name} {sql}"))
        .concat();
    let into = Table {
        name: "public.computed".to_owned(),
        columns: format!("{}{types}", lineitem.columns),
        key: lineitem.key,
    };
    let values = COMPUTED
        .map(|(name, value, _)| format!(", {value} AS {name}"))
        .concat();
    let select = format!("SELECT *{values} FROM {{source}} WHERE {HALF}");
    let title = "half of lineitem, with five computed columns";
    let mut workload = through(setting, "w4", (title, scale), &select, &into);
    workload.notes =
        "The relay's SELECT is the same, run by the source, into a table with its key.";
    workload
}

/// One row for each group.
pub(super) fn aggregated(setting: &Setting, scale: f64) -> Workload {
    let types = AGGREGATES
        .map(|(name, _, sql)| format!(", {name} {sql}"))
        .concat();
    let into = Table {
        name: "public.aggregated".to_owned(),
        columns: format!(
            "l_quantity numeric(15,2) NOT NULL, l_shipmode char(10) NOT NULL, \
             l_shipinstruct char(25) NOT NULL, l_linenumber integer NOT NULL{types}"
        ),
        key: &GROUP,
    };
    let values = AGGREGATES
        .map(|(name, value, _)| format!(", {value} AS {name}"))
        .concat();
    let group = GROUP.join(", ");
    let select = format!("SELECT {group}{values} FROM {{source}} GROUP BY {group}");
    let title = "lineitem aggregated by four columns to some 10,000 rows";
    let mut workload = through(setting, "w5", (title, scale), &select, &into);
    workload.notes =
        "The relay's SELECT is the same, run by the source, into a table with its key.";
    workload
}

/// lineitem through `select`, whose source is called `{source}`, into `into`.
fn through(
    setting: &Setting,
    name: &'static str,
    (title, scale): (&str, f64),
    select: &str,
    into: &Table,
) -> Workload {
    let from = lineitem().name;
    let select_from = |source: &str| select.replace("{source}", source);
    let sql = select_from("{{ source }}");
    let keys = into.key.join(",");
    let arguments = [
        "--table", &*from, "--sql", &sql, "--into", &into.name, "--key", &keys,
    ];
    let towpath = || copy(setting, &arguments);
    let on = |place| copy(setting, &[&arguments[..], &["--on", place]].concat());
    let expected = Table {
        name: KEPT.to_owned(),
        ..into.clone()
    };
    let mut workload = Workload::of_tables(name, title, DataSet::Lineitem(scale));
    workload.preparation = Preparation {
        source: vec![
            KEPT_SCHEMA.to_owned(),
            expected.create(true),
            format!("INSERT INTO {KEPT} {}", select_from(&from)),
        ],
        ..Preparation::default()
    };
    workload.compared = vec![(KEPT.to_owned(), into.name.clone())];
    let relay = relay_of(setting, &select_from(&from), &into.name);
    workload.with([
        Some(Contender {
            steps: vec![vec![relay]],
            ..reference(setting, into)
        }),
        Some(by_towpath("towpath", Vec::new(), towpath())),
        Some(by_towpath(
            "towpath, into an empty table",
            vec![into.create(true)],
            towpath(),
        )),
        Some(by_towpath(
            "towpath, in the engine",
            Vec::new(),
            on("engine-only"),
        )),
        Some(by_towpath(
            "towpath, at the source",
            Vec::new(),
            on("source"),
        )),
        peer(
            "DuckDB, into a keyed table",
            vec![into.create(true)],
            duckdb(
                setting,
                &select_from(&format!("source.{from}")),
                &into.name,
                None,
            ),
        ),
    ])
}

//! TPC-H's lineitem, whole.

use super::{Workload, by_towpath, from_kept, keep, peer};
use crate::contender::{
    Contender, Role, adbc, copy, dlt, duckdb, key, pgcopydb, psql, relay, relay_of, sling,
};
use crate::data::{DataSet, lineitem};
use crate::setting::Setting;
use crate::table::Table;

/// The first page of the second half of the table, for a condition on `ctid`.
const MIDDLE: &str = "(SELECT format('(%s,0)', pg_relation_size('public.lineitem') \
                      / current_setting('block_size')::bigint / 2)::tid)";

/// Into a table that is missing.
pub(super) fn missing(setting: &Setting, scale: f64) -> Workload {
    let table = lineitem();
    let tables = [table.clone()];
    let (keyed, keyless) = (vec![table.create(true)], vec![table.create(false)]);
    let halves = ["<", ">="].map(|operator| {
        let select = format!(
            "SELECT * FROM {} WHERE ctid {operator} {MIDDLE}",
            table.name
        );
        relay_of(setting, &select, &table.name)
    });
    let title = "lineitem into a missing table, which gets its key";
    let workload = Workload::of_tables("w1", title, DataSet::Lineitem(scale));
    let select = format!("SELECT * FROM source.{}", table.name);
    let by_hand = |name, steps| Some(Contender::new(name, Role::ByHand, keyless.clone(), steps));
    workload
        .with([
            Some(reference(setting, &table)),
            by_hand(
                "relay, then key",
                vec![vec![relay(setting, &table)], vec![key(setting, &table)]],
            ),
            by_hand(
                "two relays, then key",
                vec![halves.to_vec(), vec![key(setting, &table)]],
            ),
            Some(by_towpath(
                "towpath",
                Vec::new(),
                copy(setting, &["--table", &table.name]),
            )),
        ])
        .with([
            peer(
                "sling, full-refresh",
                Vec::new(),
                sling(setting, &table, "full-refresh", None),
            ),
            peer(
                "sling, incremental",
                Vec::new(),
                sling(setting, &table, "incremental", None),
            ),
            peer(
                "dlt, connectorx",
                Vec::new(),
                dlt(setting, &tables, "connectorx", "replace"),
            ),
            peer(
                "dlt, pyarrow",
                Vec::new(),
                dlt(setting, &tables, "pyarrow", "replace"),
            ),
            peer(
                "DuckDB, into a keyed table",
                keyed,
                duckdb(setting, &select, &table.name, None),
            ),
            peer("ADBC", Vec::new(), adbc(setting, &table, "create")),
            peer("pgcopydb", Vec::new(), pgcopydb(setting, &tables)),
        ])
}

/// Into a table that is there, with its key and without rows.
pub(super) fn empty(setting: &Setting, scale: f64) -> Workload {
    let table = lineitem();
    let tables = [table.clone()];
    let start = || vec![table.create(true)];
    let title = "lineitem into an empty table that has its key";
    Workload::of_tables("w1b", title, DataSet::Lineitem(scale)).with([
        Some(reference(setting, &table)),
        Some(by_towpath(
            "towpath",
            start(),
            copy(setting, &["--table", &table.name]),
        )),
        peer(
            "sling, incremental",
            start(),
            sling(setting, &table, "incremental", None),
        ),
        peer(
            "dlt, pyarrow, append",
            start(),
            dlt(setting, &tables, "pyarrow", "append"),
        ),
        peer("ADBC, append", start(), adbc(setting, &table, "append")),
    ])
}

/// Into the table that holds all the rows.
pub(super) fn unchanged(setting: &Setting, scale: f64) -> Workload {
    let table = lineitem();
    let tables = [table.clone()];
    let start = || from_kept(&table);
    let select = format!("SELECT * FROM {}", table.name);
    let title = "lineitem once more: every row is there, and nothing has changed";
    let by_hand = merge_by_hand(setting, &table, &select, true);
    let mut workload = Workload::of_tables("w1c", title, DataSet::Lineitem(scale));
    workload.notes = "No relay can do this: the ratio is to one into an empty table with its key.";
    workload.preparation = keep(setting, &table, &select);
    let staging = staging(&table);
    let select = format!("SELECT * FROM source.{}", table.name);
    let merge = format!("{}; DROP TABLE {STAGING}", table.merge(STAGING, true));
    let staged = [start(), vec![staging]].concat();
    workload.with([
        Some(reference(setting, &table)),
        Some(Contender {
            start: start(),
            role: Role::ByHand,
            ..by_hand
        }),
        Some(by_towpath(
            "towpath",
            start(),
            copy(setting, &["--table", &table.name]),
        )),
        peer(
            "sling, incremental",
            start(),
            sling(setting, &table, "incremental", None),
        ),
        peer(
            "dlt, pyarrow, merge",
            start(),
            dlt(setting, &tables, "pyarrow", "merge"),
        ),
        peer(
            "DuckDB into staging, then upsert",
            staged,
            duckdb(setting, &select, STAGING, Some(&merge)),
        ),
    ])
}

/// The staging table that merges by hand use.
pub(super) const STAGING: &str = "public.staging";

/// The statement that creates it.
pub(super) fn staging(table: &Table) -> String {
    format!("CREATE UNLOGGED TABLE {STAGING} (LIKE {})", table.name)
}

/// What a careful person does: rows of `select` into an unlogged staging table, then a merge.
pub(super) fn merge_by_hand(
    setting: &Setting,
    table: &Table,
    select: &str,
    changed_only: bool,
) -> Contender {
    let at_destination = |statements: &[&str]| vec![vec![psql(setting, &setting.to, statements)]];
    let steps = vec![
        at_destination(&[&staging(table)]),
        vec![relay_of(setting, select, STAGING)],
        at_destination(&[
            &table.merge(STAGING, changed_only),
            &format!("DROP TABLE {STAGING}"),
        ]),
    ];
    Contender::new(
        "relay into staging, then upsert",
        Role::Reference,
        from_kept(table),
        steps,
    )
}

/// A relay into an empty table with its key.
pub(super) fn reference(setting: &Setting, table: &Table) -> Contender {
    let steps = vec![vec![relay(setting, table)]];
    Contender::new("relay", Role::Reference, vec![table.create(true)], steps)
}

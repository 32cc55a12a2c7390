//! An application's events: all of them, and those that have changed.

use super::lineitem::{STAGING, merge_by_hand, reference, staging};
use super::{Workload, by_towpath, from_kept, keep, peer};
use crate::contender::{Contender, adbc, copy, dlt, duckdb, pgcopydb, sling};
use crate::data::{DROP_EVENT_KIND, DataSet, EVENT_KIND, events};
use crate::setting::Setting;

/// Tells the tenth of the events that has changed.
const CHANGED: &str = "updated_at >= timestamptz '2025-06-01 00:00:00+00'";

/// The columns of events before that tenth changed, for a SELECT. Changed rows are spread over all
/// pages of the table.
const BEFORE: &str = "\
    SELECT id, kind, account, CASE WHEN changed THEN coalesce(amount, 0) + 1 ELSE amount END, \
    payload, tags, address, occurred_at, day, took, body, \
    CASE WHEN changed THEN 'before' ELSE note END, \
    CASE WHEN changed THEN occurred_at ELSE updated_at END";

/// Into a table that is missing; its enum is there.
pub(super) fn events_missing(setting: &Setting, row_count: u64) -> Workload {
    let table = events();
    let tables = [table.clone()];
    let none = || vec![EVENT_KIND.to_owned()];
    let keyed = || vec![EVENT_KIND.to_owned(), table.create(true)];
    let select = format!("SELECT * FROM source.{}", table.name);
    let title = "events, of types that most engines lose, into a missing table";
    // pgcopydb brings the type itself, and stops if it is there.
    let nothing = vec![DROP_EVENT_KIND.to_owned()];
    Workload::of_tables("w2", title, DataSet::Events(row_count)).with([
        Some(Contender {
            start: keyed(),
            ..reference(setting, &table)
        }),
        Some(by_towpath(
            "towpath",
            none(),
            copy(setting, &["--table", &table.name]),
        )),
        peer(
            "sling, full-refresh",
            none(),
            sling(setting, &table, "full-refresh", None),
        ),
        peer(
            "dlt, connectorx",
            none(),
            dlt(setting, &tables, "connectorx", "replace"),
        ),
        peer(
            "dlt, pyarrow",
            none(),
            dlt(setting, &tables, "pyarrow", "replace"),
        ),
        peer(
            "DuckDB, into a keyed table",
            keyed(),
            duckdb(setting, &select, &table.name, None),
        ),
        peer("ADBC", none(), adbc(setting, &table, "create")),
        peer("pgcopydb", nothing, pgcopydb(setting, &tables)),
    ])
}

/// The tenth that has changed, onto all of them.
pub(super) fn events_changed(setting: &Setting, row_count: u64) -> Workload {
    let table = events();
    let tables = [table.clone()];
    let start = || from_kept(&table);
    let select = format!("SELECT * FROM {} WHERE {CHANGED}", table.name);
    let sql = format!("SELECT * FROM {{{{ source }}}} WHERE {CHANGED}");
    let before = format!(
        "{BEFORE} FROM (SELECT *, {CHANGED} AS changed FROM {}) AS e",
        table.name
    );
    let title = "upsert of the tenth of the events that has changed";
    let mut workload = Workload::of_tables("w3", title, DataSet::Events(row_count));
    workload.notes = "The reference is a relay of these rows into an unlogged staging table, then \
                      INSERT … ON CONFLICT DO UPDATE of every column.";
    workload.preparation = keep(setting, &table, &before);
    workload
        .preparation
        .destination
        .insert(0, EVENT_KIND.to_owned());
    let duckdb_select = format!("SELECT * FROM source.{} WHERE {CHANGED}", table.name);
    let merge = format!("{}; DROP TABLE {STAGING}", table.merge(STAGING, false));
    let staged = [start(), vec![staging(&table)]].concat();
    let into = [
        "--table",
        &*table.name,
        "--sql",
        &sql,
        "--into",
        &table.name,
    ];
    workload.with([
        Some(merge_by_hand(setting, &table, &select, false)),
        Some(by_towpath("towpath", start(), copy(setting, &into))),
        peer(
            "sling, incremental",
            start(),
            sling(setting, &table, "incremental", Some("updated_at")),
        ),
        peer(
            "dlt, pyarrow, merge",
            start(),
            dlt(setting, &tables, "pyarrow", "merge"),
        ),
        peer(
            "DuckDB into staging, then upsert",
            staged,
            duckdb(setting, &duckdb_select, STAGING, Some(&merge)),
        ),
    ])
}

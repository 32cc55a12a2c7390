//! Other people's programs, each in the configuration that is fastest for it. They give `None`
//! where the program is not installed.

use crate::process::Program;
use crate::setting::{Peer, Setting};
use crate::table::Table;

/// Sling asks for TLS unless it is told not to; the servers have none.
const WITHOUT_TLS: &str = "?sslmode=disable";

/// `sling run` of one table in one of its modes; `update_key` is the column that tells new rows.
pub(crate) fn sling(
    setting: &Setting,
    table: &Table,
    mode: &str,
    update_key: Option<&str>,
) -> Option<Program> {
    let keys = table.key.join(",");
    let [from, to] = [&setting.from, &setting.to].map(|url| format!("{url}{WITHOUT_TLS}"));
    let name = &*table.name;
    let mut words = vec![
        "run",
        "--src-conn",
        &from,
        "--src-stream",
        name,
        "--tgt-conn",
        &to,
        "--tgt-object",
        name,
        "--mode",
        mode,
        "--primary-key",
        &keys,
    ];
    if let Some(update_key) = update_key {
        words.extend(["--update-key", update_key]);
    }
    setting.program(Peer::Sling, owned(&words))
}

/// `sling run` of every table of a schema.
pub(crate) fn sling_schema(setting: &Setting, schema: &str) -> Option<Program> {
    let replication = format!(
        "{{source: '{}{WITHOUT_TLS}', target: '{}{WITHOUT_TLS}', defaults: {{mode: full-refresh, primary_key: [id], \
         object: '{schema}.{{stream_table}}'}}, streams: {{'{schema}.*': {{}}}}}}",
        setting.from, setting.to
    );
    setting.program(Peer::Sling, owned(&["run", "--replication", &replication]))
}

/// dlt through one of its backends, with one of its write dispositions; all of `tables` are in one
/// schema.
pub(crate) fn dlt(
    setting: &Setting,
    tables: &[Table],
    backend: &str,
    disposition: &str,
) -> Option<Program> {
    let first = tables.first()?;
    let (schema, _) = first.schema_and_name();
    let names: Vec<&str> = tables
        .iter()
        .map(|table| table.schema_and_name().1)
        .collect();
    let (names, keys) = (names.join(","), first.key.join(","));
    let mut words = vec![
        &*setting.from,
        &setting.to,
        "--schema",
        schema,
        "--tables",
        &names,
        "--key",
        &keys,
        "--backend",
        backend,
        "--disposition",
        disposition,
    ];
    // connectorx reads ranges of an integer at the same time, if it is told one.
    let column = *first.key.first()?;
    if backend == "connectorx" && first.columns.starts_with(&format!("{column} bigint")) {
        words.extend(["--partition-on", column]);
    }
    setting.script(Peer::Dlt, "dlt_copy.py", owned(&words))
}

/// DuckDB with its extension for PostgreSQL: `INSERT … SELECT` of `select`, which calls the source
/// `source`, into a table that is there; then, in PostgreSQL, `merge`.
pub(crate) fn duckdb(
    setting: &Setting,
    select: &str,
    into: &str,
    merge: Option<&str>,
) -> Option<Program> {
    let mut words = vec![
        &*setting.from,
        &setting.to,
        "--select",
        select,
        "--into",
        into,
    ];
    if let Some(merge) = merge {
        words.extend(["--then", merge]);
    }
    setting.script(Peer::DuckDb, "duckdb_copy.py", owned(&words))
}

/// ADBC's driver: read, and ingest into a table that it creates (`create`) or that is there
/// (`append`).
pub(crate) fn adbc(setting: &Setting, table: &Table, mode: &str) -> Option<Program> {
    let words = [
        &*setting.from,
        &setting.to,
        "--table",
        &table.name,
        "--mode",
        mode,
    ];
    setting.script(Peer::Adbc, "adbc_copy.py", owned(&words))
}

/// `pgcopydb clone` of some tables only.
pub(crate) fn pgcopydb(setting: &Setting, tables: &[Table]) -> Option<Program> {
    let work = setting.work().display().to_string();
    let mut words = vec![&*setting.from, &setting.to, &work];
    words.extend(tables.iter().map(|table| &*table.name));
    setting.shell_script(Peer::PgCopyDb, "pgcopydb_copy", owned(&words))
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

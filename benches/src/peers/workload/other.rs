//! Tables of unusual shapes.

use super::lineitem::reference;
use super::{Workload, by_towpath, peer};
use crate::contender::{Contender, Role, copy, dlt, duckdb, pgcopydb, relay, sling, sling_schema};
use crate::data::DataSet;
use crate::process::Program;
use crate::setting::Setting;
use crate::table::Table;

/// Many small tables.
pub(super) fn many(setting: &Setting, table_count: u64) -> Workload {
    let data = DataSet::Many(table_count);
    let tables = data.tables();
    let schema = || vec!["CREATE SCHEMA IF NOT EXISTS many".to_owned()];
    let created = tables.iter().map(|table| table.create(true));
    let keyed = [schema(), created.collect()].concat();
    let steps = vec![vec![vec![relays(setting, &tables)]]];
    let arguments = ["--table", "many.*"];
    Workload::of_tables("w6", "many small tables", data).with([
        Some(Contender::new(
            "relays, one after the other",
            Role::Reference,
            keyed.clone(),
            steps,
        )),
        Some(by_towpath("towpath", schema(), copy(setting, &arguments))),
        Some(by_towpath(
            "towpath, into empty tables",
            keyed,
            copy(setting, &arguments),
        )),
        peer(
            "sling, full-refresh",
            schema(),
            sling_schema(setting, "many"),
        ),
        peer(
            "dlt, pyarrow",
            schema(),
            dlt(setting, &tables, "pyarrow", "replace"),
        ),
        peer("pgcopydb", Vec::new(), pgcopydb(setting, &tables)),
    ])
}

/// A shell that relays one table after the other.
fn relays(setting: &Setting, tables: &[Table]) -> Program {
    let pipe = |table: &Table| -> String {
        let pipe = relay(setting, table);
        let commands = pipe.iter().map(|program| {
            let words = program.arguments.iter().map(|word| format!("'{word}'"));
            format!(
                "'{}' {}",
                program.path.display(),
                words.collect::<Vec<_>>().join(" ")
            )
        });
        commands.collect::<Vec<_>>().join(" | ")
    };
    // The loop is the shell's, so that the command stays readable.
    let template = tables
        .first()
        .map(|table| pipe(table).replace(&table.name, "many.'$name'"));
    let names: Vec<&str> = tables
        .iter()
        .map(|table| table.schema_and_name().1)
        .collect();
    let script = format!(
        "set -e -o pipefail; for name in {}; do {}; done",
        names.join(" "),
        template.unwrap_or_default()
    );
    Program {
        path: "bash".into(),
        arguments: vec!["-c".to_owned(), script],
        environment: Vec::new(),
    }
}

/// One table, whole, into a table that is missing.
pub(super) fn whole(setting: &Setting, data: DataSet) -> Workload {
    let (name, title) = match data {
        DataSet::Wide(_) => ("w7", "a table of 300 columns into a missing table"),
        _ => ("w8", "long jsonb documents into a missing table"),
    };
    let tables = data.tables();
    let workload = Workload::of_tables(name, title, data);
    let Some(table) = tables.first() else {
        return workload;
    };
    let select = format!("SELECT * FROM source.{}", table.name);
    let keyed = vec![table.create(true)];
    workload.with([
        Some(reference(setting, table)),
        Some(by_towpath(
            "towpath",
            Vec::new(),
            copy(setting, &["--table", &table.name]),
        )),
        peer(
            "sling, full-refresh",
            Vec::new(),
            sling(setting, table, "full-refresh", None),
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
        peer("pgcopydb", Vec::new(), pgcopydb(setting, &tables)),
    ])
}

//! `towpath discover`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::{Value, json};
use towpath_engine::Result;
use towpath_engine::postgres::Connection;
use towpath_engine::postgres::catalog::{self, TableSummary};
use towpath_engine::table::{Table, TableKind, TablePattern};

use crate::args::DiscoverArgs;
use crate::connections::Connections;
use crate::environment::Environment;
use crate::grid::{Align, Grid};
use crate::name::sql_name;
use crate::output::Output;
use crate::size::{bytes, count};

pub(super) async fn run(
    args: &DiscoverArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let config = Connections::new(BTreeMap::new(), environment).find(&args.connection.0)?;
    let pattern = args
        .pattern
        .as_deref()
        .map(str::parse::<TablePattern>)
        .transpose()?;
    let connection = Connection::open_for_catalog(&config, "discover").await?;
    let summaries = catalog::summaries(&connection, pattern.as_ref()).await?;
    if args.columns {
        for summary in &summaries {
            if let Some(table) = catalog::table(&connection, &summary.name).await? {
                match output.is_json() {
                    true => output.json(&table_json(summary, Some(&table)))?,
                    false => output.text(&format!("{}\n", columns(&table)))?,
                }
            }
        }
    } else if output.is_json() {
        for summary in &summaries {
            output.json(&table_json(summary, None))?;
        }
    } else if !summaries.is_empty() {
        output.text(&tables(&summaries))?;
    }
    if summaries.is_empty() {
        output.note(&format!("{config} has no such table"));
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for each table.
fn tables(summaries: &[TableSummary]) -> String {
    let mut grid = Grid::new([
        ("table", Align::Left),
        ("kind", Align::Left),
        ("rows", Align::Right),
        ("size", Align::Right),
        ("key", Align::Left),
    ]);
    for summary in summaries {
        grid.row([
            sql_name(&summary.name),
            kind(summary.kind).to_owned(),
            summary
                .estimated_rows
                .map(|rows| format!("~{}", count(rows)))
                .unwrap_or_default(),
            if summary.size_bytes > 0 {
                bytes(summary.size_bytes)
            } else {
                String::new()
            },
            summary.key.join(", "),
        ]);
    }
    grid.to_string()
}

/// A table's name, and one line for each of its columns.
fn columns(table: &Table) -> String {
    let headings = ["column", "type", "null", "key", "filled by"];
    let mut grid = Grid::new(headings.map(|heading| (heading, Align::Left)));
    let key = table.primary_key().unwrap_or_default();
    for column in &table.columns {
        let position = key.iter().position(|name| *name == column.name);
        let filled = match (
            column.generated,
            column.identity.is_some(),
            column.has_default,
        ) {
            (true, ..) => "generated",
            (_, true, _) => "identity",
            (_, _, true) => "default",
            _ => "",
        };
        grid.row([
            column.name.clone(),
            column.pg_type.to_string(),
            if column.nullable { "yes" } else { "no" }.to_owned(),
            position.map(|at| (at + 1).to_string()).unwrap_or_default(),
            filled.to_owned(),
        ]);
    }
    let lines: Vec<_> = grid
        .to_string()
        .lines()
        .map(|line| format!("  {line}"))
        .collect();
    format!(
        "{} ({})\n{}",
        sql_name(&table.name),
        kind(table.kind),
        lines.join("\n")
    )
}

fn table_json(summary: &TableSummary, table: Option<&Table>) -> Value {
    let mut value = json!({
        "schema": summary.name.schema,
        "name": summary.name.name,
        "kind": summary.kind,
        "estimated_rows": summary.estimated_rows,
        "size_bytes": summary.size_bytes,
        "key": summary.key,
    });
    if let Some(table) = table {
        let column = |column: &towpath_engine::table::Column| {
            json!({
                "name": column.name,
                "type": column.pg_type.to_string(),
                "nullable": column.nullable,
                "has_default": column.has_default,
                "identity": column.identity,
                "generated": column.generated,
            })
        };
        value["columns"] = table.columns.iter().map(column).collect();
    }
    value
}

fn kind(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Table => "table",
        TableKind::Partitioned => "partitioned table",
        TableKind::View => "view",
        TableKind::MaterializedView => "materialised view",
        TableKind::Foreign => "foreign table",
    }
}

#[cfg(test)]
mod tests {
    use towpath_engine::table::TableName;

    use super::*;

    #[test]
    fn tables_are_lines_with_rows_size_and_key() {
        let summary = |name: &str, estimated_rows, size_bytes| TableSummary {
            name: TableName::new("public", name),
            kind: if size_bytes > 0 {
                TableKind::Table
            } else {
                TableKind::View
            },
            estimated_rows,
            size_bytes,
            key: vec!["id".to_owned(); usize::from(size_bytes > 0)],
        };
        let summaries = [
            summary("orders", Some(1_234_567), 98_765_432),
            summary("Odd", None, 0),
        ];
        insta::assert_snapshot!(tables(&summaries), @r#"
        table          kind         rows     size  key
        public.orders  table  ~1,234,567  98.8 MB  id
        public."Odd"   view
        "#);
    }
}

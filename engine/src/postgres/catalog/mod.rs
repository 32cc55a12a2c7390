//! What the catalogue says, by the queries beside this file.

mod definition;
mod pressure;
mod query;
mod relation;
mod types;

use serde::Serialize;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, SimpleQueryMessage};

use super::{Connection, server_error};
use crate::error::{Error, ErrorKind, Result};
use crate::table::{Column, Identity, Table, TableKind, TableName, TablePattern, UniqueIndex};

pub use definition::{
    Collation, ColumnDefinition, Definition, IndexDefinition, Sequence, collation,
    column_definitions, definition, is_name_taken, missing_for_index,
};
pub use pressure::{Pressure, pressure, sees_others};
pub use query::{FunctionTraits, QueryRefusal, ResultColumn, describe, functions};
pub use relation::{
    Relation, RelationState, functions_behind, lock_relations, locked_relations, relations,
};
pub use types::{ExtensionState, counterpart, extension_state, type_definition};

/// One line of a list of tables.
#[derive(Clone, Debug, Serialize)]
pub struct TableSummary {
    /// Schema and name.
    pub name: TableName,
    /// What it is.
    pub kind: TableKind,
    /// Rows by the catalogue's estimate, if it has one.
    pub estimated_rows: Option<u64>,
    /// Bytes with indexes and TOAST; 0 for views and foreign tables.
    pub size_bytes: u64,
    /// Columns of the primary key.
    pub key: Vec<String>,
}

/// The tables that `pattern` means, by name; all those of users if there is none.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn summaries(
    client: &Connection,
    pattern: Option<&TablePattern>,
) -> Result<Vec<TableSummary>> {
    let schema = pattern.and_then(TablePattern::schema);
    let rows = query(client, include_str!("summaries.sql"), &[&schema]).await?;
    let all = rows.iter().map(|row| TableSummary {
        name: TableName::new(row.get::<_, &str>("schema"), row.get::<_, &str>("name")),
        kind: table_kind(row.get("kind")),
        estimated_rows: row
            .get::<_, Option<f64>>("estimated_rows")
            .map(|rows| rows as u64),
        size_bytes: row.get::<_, i64>("size_bytes") as u64,
        key: row.get("key"),
    });
    Ok(all
        .filter(|table| pattern.is_none_or(|pattern| pattern.matches(&table.name)))
        .collect())
}

/// What the catalogue says of table `name`; `None` if it is not there.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn table(client: &Connection, name: &TableName) -> Result<Option<Table>> {
    let rows = query(
        client,
        include_str!("table.sql"),
        &[&name.schema, &name.name],
    )
    .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let oid: u32 = row.get("oid");
    let (columns, unreadable) = columns(client, oid).await?;
    Ok(Some(Table {
        oid,
        name: name.clone(),
        kind: table_kind(row.get("kind")),
        columns,
        unreadable,
        unique_indexes: unique_indexes(client, oid).await?,
        pages: u32::try_from(row.get::<_, i64>("pages")).unwrap_or(u32::MAX),
        size_bytes: row.get::<_, i64>("size_bytes") as u64,
        estimated_rows: row
            .get::<_, Option<f64>>("estimated_rows")
            .map(|rows| rows as u64),
        has_ctid: row.get("has_ctid"),
        referenced_columns: row.get("referenced_columns"),
        has_inheritors: row.get("has_inheritors"),
        is_populated: row.get("is_populated"),
        rules: row.get("rules"),
        row_triggers: row.get("row_triggers"),
        needs_one_statement: row.get("needs_one_statement"),
        row_security: row.get("row_security"),
        has_ascii_case: row.get("has_ascii_case"),
    }))
}

/// The rows that the server's planner expects of `select`.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn expected_rows(client: &Connection, select: &str) -> Result<f64> {
    // To explain a long query, the server would load its compiler, which takes longer than the rest.
    let explain = format!("SET jit = off; EXPLAIN (FORMAT JSON) {select}; RESET jit");
    let answer = client.simple_query(&explain).await;
    let lines = answer.map_err(catalog_error)?;
    let lines = lines.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    // The first node is the whole query.
    let rows = lines.flat_map(str::lines).find_map(|line| {
        let value = line.trim().strip_prefix("\"Plan Rows\": ")?;
        value.trim_end_matches(',').parse().ok()
    });
    rows.ok_or_else(|| Error::new(ErrorKind::Read, "the server does not explain a query"))
}

/// Whether there is a schema called `name`.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn has_schema(client: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)";
    let rows = query(client, sql, &[&name]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// The columns that may be read, and the names of the others.
async fn columns(client: &Connection, table: u32) -> Result<(Vec<Column>, Vec<String>)> {
    let rows = query(client, include_str!("columns.sql"), &[&table]).await?;
    let oids: Vec<u32> = rows.iter().map(|row| row.get("type_oid")).collect();
    let types = types::load(client, &oids).await?;
    let (readable, unreadable): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.get("may_select"));
    let columns = readable.into_iter().map(|row| {
        Ok(Column {
            name: row.get("name"),
            pg_type: types.build(row.get("type_oid"), row.get("typmod"), row.get("type_sql"))?,
            nullable: row.get("nullable"),
            has_default: row.get("has_default"),
            identity: match row.get::<_, i8>("identity") as u8 {
                b'a' => Some(Identity::Always),
                b'd' => Some(Identity::ByDefault),
                _ => None,
            },
            generated: row.get("generated"),
            collation: row.get("collation"),
            nondeterministic: row.get("nondeterministic"),
        })
    });
    let unreadable = unreadable.into_iter().map(|row| row.get("name")).collect();
    Ok((columns.collect::<Result<_>>()?, unreadable))
}

async fn unique_indexes(client: &Connection, table: u32) -> Result<Vec<UniqueIndex>> {
    let rows = query(client, include_str!("unique_indexes.sql"), &[&table]).await?;
    Ok(rows
        .iter()
        .map(|row| UniqueIndex {
            name: row.get("name"),
            columns: row.get("columns"),
            primary: row.get("is_primary"),
            deferrable: row.get("deferrable"),
            partial: row.get("partial"),
            nulls_equal: row.get("nulls_equal"),
        })
        .collect())
}

/// `pg_class.relkind` as a kind; what is none of ours counts as a view, which only can be read.
fn table_kind(relkind: i8) -> TableKind {
    match relkind as u8 {
        b'r' => TableKind::Table,
        b'p' => TableKind::Partitioned,
        b'm' => TableKind::MaterializedView,
        b'f' => TableKind::Foreign,
        _ => TableKind::View,
    }
}

/// Runs one catalogue query.
async fn query(
    client: &Connection,
    sql: &'static str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>> {
    client.ask(sql, parameters).await.map_err(catalog_error)
}

fn catalog_error(err: tokio_postgres::Error) -> Error {
    server_error(ErrorKind::Read, "cannot read the catalogue", err)
}

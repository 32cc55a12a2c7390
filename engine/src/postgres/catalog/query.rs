//! What the server says of a query that it does not run.

use tokio_postgres::Statement;
use tokio_postgres::error::{DbError, ErrorPosition};

use super::{Connection, query, types};
use crate::error::ErrorKind;
use crate::error::Result;
use crate::postgres::server_error;
use crate::table::{Column, Table};

/// One column of a query's result.
#[derive(Clone, Debug)]
pub struct ResultColumn {
    /// Its name and type.
    pub column: Column,
    /// The column of the table whose values these are, if they are.
    pub origin: Option<String>,
}

/// What functions of one name are: each is true if any of them is, but for `is_strict`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionTraits {
    /// `pg_proc.proname`.
    pub name: String,
    /// Whether it is an aggregate or a window function.
    pub takes_several_rows: bool,
    /// Whether it may give another result when it is called again.
    pub is_volatile: bool,
    /// Whether it gives a set of rows.
    pub returns_set: bool,
    /// Whether all of them give NULL for any argument that is NULL.
    pub is_strict: bool,
}

/// Why the server does not take a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryRefusal {
    /// Its message, with the SQLSTATE.
    pub message: String,
    /// Its advice.
    pub hint: Option<String>,
    /// The characters before the place in the query that it is about.
    pub offset: Option<usize>,
}

impl QueryRefusal {
    /// What the server said, if that is about the query, and not about the session or its rights.
    fn of(err: &DbError) -> Option<Self> {
        let code = err.code().code();
        // Syntax, names and types; what is not supported; data that is not what it should be.
        let is_about_query = ["42", "0A", "22", "21", "54"]
            .iter()
            .any(|class| code.starts_with(class));
        is_about_query.then(|| Self {
            message: format!("{} (SQLSTATE {code})", err.message()),
            hint: err.hint().map(str::to_owned),
            offset: match err.position() {
                Some(ErrorPosition::Original(at)) => (*at as usize).checked_sub(1),
                _ => None,
            },
        })
    }
}

/// The columns that `select` would give after `with`, its common table expressions, or why the
/// server does not take it. A column of `table` that is only carried keeps what the catalogue says
/// of it.
///
/// The server plans the query and runs nothing of it, so that constants it cannot compute are refused
/// here. The place of a refusal is one in `select`.
///
/// `users` is a session that names in the SELECT are looked up in, `catalogue` one of towpath's own.
///
/// # Errors
/// `Read`, if the server does not answer.
pub async fn describe(
    (users, catalogue): (&Connection, &Connection),
    table: &Table,
    (with, select): (&str, &str),
) -> Result<Result<Vec<ResultColumn>, QueryRefusal>> {
    // As the rows are read: a second WITH must be in a query of its own.
    let before = format!("{with}SELECT t.* FROM (");
    let sql = format!("{before}{select}\n) AS t");
    let statement = match users.prepare(&sql).await {
        Ok(statement) => statement,
        Err(err) => return refused(err, &before).map(Err),
    };
    let types = match result_types(users, (with, select), statement.columns().len()).await {
        Ok(types) => types,
        Err((err, before)) => return refused(err, &before).map(Err),
    };
    let columns = result_columns(catalogue, table, (&statement, &types)).await;
    columns.map(Ok)
}

/// OIDs of the types of `select`'s columns: a statement is described with those below domains.
///
/// # Errors
/// The server's, and what stands before `select` in the query that it is about.
async fn result_types(
    users: &Connection,
    (with, select): (&str, &str),
    column_count: usize,
) -> std::result::Result<Vec<u32>, (tokio_postgres::Error, String)> {
    if column_count == 0 {
        return Ok(Vec::new());
    }
    let names: Vec<String> = (1..=column_count).map(|at| format!("c{at}")).collect();
    let types = names
        .iter()
        .map(|name| format!("pg_catalog.pg_typeof(t.{name})::pg_catalog.oid"));
    let types = types.collect::<Vec<_>>().join(", ");
    // No row of it is asked for.
    let before = format!("{with}SELECT ARRAY[{types}] FROM (VALUES (0)) AS one LEFT JOIN (");
    let sql = format!("{before}{select}\n) AS t ({}) ON false", names.join(", "));
    match users.query_one(&sql, &[]).await {
        Ok(row) => Ok(row.get(0)),
        Err(err) => Err((err, before)),
    }
}

/// What the server says of a SELECT after `before`.
///
/// # Errors
/// `Read`, if it is not about the SELECT.
fn refused(err: tokio_postgres::Error, before: &str) -> Result<QueryRefusal> {
    let Some(refusal) = err.as_db_error().and_then(QueryRefusal::of) else {
        let message = "the source does not describe a query";
        return Err(server_error(ErrorKind::Read, message, err));
    };
    let before = before.chars().count();
    Ok(QueryRefusal {
        offset: refusal.offset.and_then(|at| at.checked_sub(before)),
        ..refusal
    })
}

async fn result_columns(
    client: &Connection,
    table: &Table,
    (statement, type_oids): (&Statement, &[u32]),
) -> Result<Vec<ResultColumn>> {
    let columns = statement.columns();
    // That of a domain belongs to the type below.
    let typmods: Vec<i32> = std::iter::zip(columns, type_oids)
        .map(
            |(column, &type_oid)| match column.type_().oid() == type_oid {
                true => column.type_modifier(),
                false => -1,
            },
        )
        .collect();
    let table_oids: Vec<u32> = columns
        .iter()
        .map(|column| column.table_oid().unwrap_or(0))
        .collect();
    let attnums: Vec<i16> = columns
        .iter()
        .map(|column| column.column_id().unwrap_or(0))
        .collect();
    let sql = include_str!("result_columns.sql");
    let rows = query(client, sql, &[&type_oids, &typmods, &table_oids, &attnums]).await?;
    let types = types::load(client, type_oids).await?;
    columns
        .iter()
        .zip(&rows)
        .enumerate()
        .map(|(at, (column, row))| {
            let pg_type = types.build(type_oids[at], typmods[at], row.get("type_sql"))?;
            let origin: Option<String> = row.get("origin");
            let origin = origin.filter(|_| row.get::<_, u32>("table_oid") == table.oid);
            let carried = origin.as_ref().and_then(|name| table.column(name));
            let carried = carried.filter(|carried| carried.pg_type.oid == pg_type.oid);
            let name = column.name().to_owned();
            Ok(match carried {
                Some(carried) => ResultColumn {
                    origin: Some(carried.name.clone()),
                    column: Column {
                        name,
                        ..carried.clone()
                    },
                },
                None => ResultColumn {
                    origin: None,
                    column: Column::computed(name, pg_type),
                },
            })
        })
        .collect()
}

/// What functions of these names are; names that no function has are left out.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn functions(client: &Connection, names: &[String]) -> Result<Vec<FunctionTraits>> {
    let rows = query(client, include_str!("functions.sql"), &[&names]).await?;
    Ok(rows
        .iter()
        .map(|row| FunctionTraits {
            name: row.get("name"),
            takes_several_rows: row.get("takes_several_rows"),
            is_volatile: row.get("is_volatile"),
            returns_set: row.get("returns_set"),
            is_strict: row.get("is_strict"),
        })
        .collect())
}

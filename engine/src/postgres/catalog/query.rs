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

/// What functions of one name are: each is true if any of them is.
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

/// The columns that `select` would give, or why the server does not take it. A column of `table`
/// that is only carried keeps what the catalogue says of it.
///
/// `users` is a session that names in the SELECT are looked up in, `catalogue` one of towpath's own.
///
/// # Errors
/// `Read`, if the server does not answer.
pub async fn describe(
    (users, catalogue): (&Connection, &Connection),
    table: &Table,
    select: &str,
) -> Result<Result<Vec<ResultColumn>, QueryRefusal>> {
    let statement = match users.prepare(select).await {
        Ok(statement) => statement,
        Err(err) => {
            return match err.as_db_error().and_then(QueryRefusal::of) {
                Some(refusal) => Ok(Err(refusal)),
                None => Err(server_error(
                    ErrorKind::Read,
                    "the source does not describe a query",
                    err,
                )),
            };
        }
    };
    result_columns(catalogue, table, &statement).await.map(Ok)
}

async fn result_columns(
    client: &Connection,
    table: &Table,
    statement: &Statement,
) -> Result<Vec<ResultColumn>> {
    let columns = statement.columns();
    let type_oids: Vec<u32> = columns.iter().map(|column| column.type_().oid()).collect();
    let typmods: Vec<i32> = columns
        .iter()
        .map(|column| column.type_modifier())
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
    let types = types::load(client, &type_oids).await?;
    columns
        .iter()
        .zip(&rows)
        .enumerate()
        .map(|(at, (column, row))| {
            let pg_type = types.build(type_oids[at], typmods[at], row.get("type_sql"))?;
            let origin: Option<String> = row.get("origin");
            let origin = origin.filter(|_| row.get::<_, u32>("table_oid") == table.oid);
            let carried = origin.as_ref().and_then(|name| table.column(name));
            // The server describes a column of a domain by the type below.
            let carried = carried.filter(|carried| {
                let (here, described) = (carried.pg_type.without_domains(), &pg_type);
                here.is_same_type(described.without_domains())
            });
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
        })
        .collect())
}

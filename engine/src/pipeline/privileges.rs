//! What the role must be allowed to do in the destination, checked before a row moves.

use super::{Stream, WriteMode};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::{Connection, ConnectionConfig, server_error};
use crate::sink::may_record;
use crate::table::{Table, ident};

/// Checks that the role of `connection` may load `stream`, into `existing` or a created table.
///
/// # Errors
/// `Schema`, naming role, privilege and object, with the GRANT that would help.
pub(super) async fn check(
    connection: &Connection,
    config: &ConnectionConfig,
    stream: &Stream,
    existing: Option<&Table>,
) -> Result<()> {
    let lacking = match existing {
        _ if !may_record(connection).await? => {
            let what = "write the ledger towpath.runs".to_owned();
            Some((what, ledger_grant(connection).await?))
        }
        None => lacking_to_create(connection, &stream.into.schema).await?,
        Some(table) => lacking_to_write(connection, stream.write, table).await?,
    };
    match lacking {
        Some(lacking) => Err(refusal(connection, config, lacking).await?),
        None => Ok(()),
    }
}

/// Checks that the role of `connection` may move `sequence` (already SQL) on.
///
/// # Errors
/// `Schema`, with the GRANT that would help.
pub(super) async fn check_sequence(
    connection: &Connection,
    config: &ConnectionConfig,
    sequence: &str,
) -> Result<()> {
    let sql = "SELECT pg_catalog.has_sequence_privilege($1, 'SELECT') \
        AND pg_catalog.has_sequence_privilege($1, 'UPDATE')";
    let row = connection.ask_one(sql, &[&sequence]).await;
    if row.map_err(unreadable)?.get(0) {
        return Ok(());
    }
    let grant = format!("GRANT SELECT, UPDATE ON SEQUENCE {sequence} TO {ROLE}");
    let what = format!("move sequence {sequence} on");
    Err(refusal(connection, config, (what, grant)).await?)
}

/// The error of a role that lacks something.
async fn refusal(
    connection: &Connection,
    config: &ConnectionConfig,
    (what, remedy): (String, String),
) -> Result<Error> {
    let sql = "SELECT pg_catalog.quote_ident(current_user), \
        pg_catalog.quote_ident(pg_catalog.current_database())";
    let row = connection.ask_one(sql, &[]).await.map_err(unreadable)?;
    let remedy = remedy
        .replace(ROLE, row.get(0))
        .replace(DATABASE, row.get(1));
    Ok(
        Error::new(ErrorKind::Schema, format!("{config} may not {what}"))
            .with_hint(format!("let an administrator run there: {remedy}")),
    )
}

/// What stands for the role's and the database's name in a remedy until they are known.
const ROLE: &str = "{role}";
const DATABASE: &str = "{database}";

/// What the role may not do, and the statement that would let it.
type Lacking = Option<(String, String)>;

/// The statement that would let the role write the ledger.
async fn ledger_grant(connection: &Connection) -> Result<String> {
    // to_regclass fails for who may not use the schema.
    let sql = "SELECT pg_catalog.to_regnamespace('towpath') IS NOT NULL, \
        EXISTS (SELECT FROM pg_catalog.pg_class AS c \
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
        WHERE n.nspname = 'towpath' AND c.relname = 'runs')";
    let row = connection.ask_one(sql, &[]).await.map_err(unreadable)?;
    Ok(match (row.get(0), row.get(1)) {
        (_, true) => format!(
            "GRANT USAGE ON SCHEMA towpath TO {ROLE}; \
             GRANT SELECT, INSERT ON towpath.runs TO {ROLE}"
        ),
        (true, false) => format!("GRANT CREATE, USAGE ON SCHEMA towpath TO {ROLE}"),
        (false, false) => format!("CREATE SCHEMA towpath AUTHORIZATION {ROLE}"),
    })
}

async fn lacking_to_create(connection: &Connection, schema: &str) -> Result<Lacking> {
    let sql = include_str!("may_create.sql");
    let row = connection
        .ask_one(sql, &[&schema])
        .await
        .map_err(unreadable)?;
    let schema = ident(schema);
    Ok(match row.get(0) {
        "may" => None,
        "schema" => {
            let grant = format!("GRANT CREATE, USAGE ON SCHEMA {schema} TO {ROLE}");
            Some((format!("create tables in schema {schema}"), grant))
        }
        _ => {
            let grant = format!("GRANT CREATE ON DATABASE {DATABASE} TO {ROLE}");
            Some((format!("create schema {schema}"), grant))
        }
    })
}

async fn lacking_to_write(
    connection: &Connection,
    write: WriteMode,
    table: &Table,
) -> Result<Lacking> {
    for privilege in needed(write, table) {
        let sql = "SELECT pg_catalog.has_table_privilege($1::pg_catalog.oid, $2)";
        let row = connection
            .ask_one(sql, &[&table.oid, privilege])
            .await
            .map_err(unreadable)?;
        if !row.get::<_, bool>(0) {
            let grant = format!("GRANT {privilege} ON {} TO {ROLE}", table.name);
            return Ok(Some((format!("{privilege} {}", table.name), grant)));
        }
    }
    Ok(None)
}

fn needed(write: WriteMode, table: &Table) -> &'static [&'static str] {
    match write {
        WriteMode::Append => &["INSERT"],
        WriteMode::Upsert => &["SELECT", "INSERT", "UPDATE"],
        WriteMode::Replace if !table.is_referenced() => &["SELECT", "INSERT", "TRUNCATE"],
        WriteMode::Replace | WriteMode::Mirror => &["SELECT", "INSERT", "UPDATE", "DELETE"],
    }
}

fn unreadable(err: tokio_postgres::Error) -> Error {
    server_error(ErrorKind::Read, "cannot read privileges", err)
}

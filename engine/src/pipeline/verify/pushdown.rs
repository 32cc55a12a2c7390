//! The source's rows by the source's own means: what the transform makes of them, as SQL.

use super::columns::Chosen;
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::Stream;
use crate::postgres::{Connection, server_error};
use crate::source::{SOURCE, SourceQuery, with_tables};
use crate::table::{Table, ident};
use crate::transform::OutputColumn;

/// The stream's rows by the source's own means, as an item of FROM.
///
/// # Errors
/// `Config`, if the source does not run the stream's SELECT, or means other types than `outputs`
/// by the columns that are `chosen`.
pub(super) async fn source_rows(
    from: &Connection,
    stream: &Stream,
    (table, others): (&Table, &[(String, Table)]),
    (outputs, chosen): (&[OutputColumn], &Chosen),
) -> Result<String> {
    let Some(select) = stream.transform.select() else {
        return Ok(format!("{} AS t", table.name));
    };
    let item = over_source((table, others), select);
    let is_chosen = |name: &String| chosen.columns.iter().any(|column| column.name == *name);
    let outputs = outputs.iter().filter(|output| is_chosen(&output.name));
    match objection(from, &item, outputs).await? {
        None => Ok(item),
        Some(reason) => {
            let message = format!(
                "stream {} cannot be compared: the source does not run its SELECT",
                stream.name
            );
            Err(Error::new(ErrorKind::Config, message)
                .with_source(reason)
                .with_hint(
                    "the comparison runs the SELECT in the source: write it as that server takes it",
                ))
        }
    }
}

/// `select` as an item of FROM. It sees tables by the names that they have in the transform, and the
/// columns that towpath reads.
fn over_source((table, others): (&Table, &[(String, Table)]), select: String) -> String {
    let query = SourceQuery {
        select,
        name: SOURCE.to_owned(),
        others: others.to_vec(),
        is_row_wise: false,
    };
    // A second WITH must be in a query of its own; the line end closes a comment.
    let with = with_tables(table, &query, &[]);
    format!("({with}SELECT u.* FROM ({}\n) AS u) AS t", query.select)
}

/// Of rows with one key that with the greatest value in `last_by`, as a run loads them.
pub(super) fn last_of_key(from: &str, key: &[String], last_by: &str) -> String {
    let key: Vec<String> = key
        .iter()
        .map(|name| format!("t.{}", ident(name)))
        .collect();
    let key = key.join(", ");
    format!(
        "(SELECT DISTINCT ON ({key}) t.* FROM {from} \
         ORDER BY {key}, t.{} DESC NULLS LAST, (t.*)::pg_catalog.text DESC) AS t",
        ident(last_by)
    )
}

/// Why the server cannot stand in for the transform: it refuses `item`, or gives other types than
/// `outputs`; `None` if it can.
async fn objection<'a>(
    from: &Connection,
    item: &str,
    outputs: impl Iterator<Item = &'a OutputColumn>,
) -> Result<Option<String>> {
    let statement = match from.prepare(&format!("SELECT t.* FROM {item}")).await {
        Ok(statement) => statement,
        Err(err) => {
            let failed = |err| server_error(ErrorKind::Read, "cannot ask the source", err);
            let Some(told) = err.as_db_error() else {
                return Err(failed(err));
            };
            let code = told.code().code();
            let reason = format!("{} (SQLSTATE {code})", told.message());
            // Syntax errors, and names, types and functions that are not there; 42501 is a lack of
            // privileges.
            if !code.starts_with("42") && !code.starts_with("0A") || code == "42501" {
                return Err(failed(err));
            }
            back(from).await.map_err(failed)?;
            return Ok(Some(reason));
        }
    };
    for output in outputs {
        let name = &output.name;
        let Some(found) = statement
            .columns()
            .iter()
            .find(|column| column.name() == name)
        else {
            return Ok(Some(format!("its result has no column {name:?}")));
        };
        let (found, expected) = (found.type_(), output.pg_type.without_domains());
        let is_text = |oid: u32| TEXTS.contains(&oid);
        if found.oid() != expected.oid && !(is_text(found.oid()) && is_text(expected.oid)) {
            return Ok(Some(format!(
                "column {name:?} would be {} there, and is {expected}",
                found.name()
            )));
        }
    }
    Ok(None)
}

/// `text`, `varchar`, `bpchar` and `name`, of which an expression may be either.
const TEXTS: [u32; 4] = [25, 1043, 1042, 19];

/// Goes on after an error, with the transaction's view of the database.
pub(super) async fn back(connection: &Connection) -> Result<(), tokio_postgres::Error> {
    connection
        .batch_execute("ROLLBACK TO SAVEPOINT asked")
        .await
}

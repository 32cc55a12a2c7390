//! The source's rows by the source's own means: what the transform makes of them, as SQL.

use super::columns::Chosen;
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::Stream;
use crate::postgres::{Connection, server_error};
use crate::report::Compared;
use crate::source::{SOURCE, SourceQuery, with_tables};
use crate::table::{Table, ident};
use crate::transform::OutputColumn;

/// The source's rows as an item of FROM, and what of them it has.
pub(super) struct SourceRows {
    pub(super) from: String,
    pub(super) compared: Compared,
    pub(super) note: Option<String>,
}

/// The stream's rows by the source's own means: the whole SELECT if the source runs it and means
/// the same types, or else its key.
pub(super) async fn source_rows(
    from: &Connection,
    stream: &Stream,
    (table, others): (&Table, &[(String, Table)]),
    (outputs, chosen): (&[OutputColumn], &Chosen),
) -> Result<SourceRows> {
    let Some(select) = stream.transform.select() else {
        return Ok(SourceRows {
            from: format!("{} AS t", table.name),
            compared: Compared::Rows,
            note: None,
        });
    };
    let item = over_source((table, others), select);
    let wanted = |name: &String| chosen.columns.iter().any(|column| column.name == *name);
    let Some(reason) = objection(from, &item, outputs, &wanted).await? else {
        return Ok(SourceRows {
            from: item,
            compared: Compared::Rows,
            note: None,
        });
    };
    let cannot = |why: &str| {
        let message = format!("stream {} cannot be compared: {why}", stream.name);
        Error::new(ErrorKind::Config, message)
            .with_source(reason.clone())
            .with_hint(
                "the comparison runs the SELECT in the source: write it as that server takes it",
            )
    };
    if chosen.key.is_empty() {
        return Err(cannot(
            "the source does not run its SELECT, and it has no key",
        ));
    }
    let Some(select) = stream.transform.select_of(&chosen.key) else {
        return Err(cannot("the source does not run its SELECT"));
    };
    let item = over_source((table, others), select);
    let is_key = |name: &String| chosen.key.contains(name);
    if objection(from, &item, outputs, &is_key).await?.is_some() {
        return Err(cannot(
            "the source does not run its SELECT, nor that of its key",
        ));
    }
    Ok(SourceRows {
        from: item,
        compared: Compared::Keys,
        note: Some(format!(
            "only keys were compared, as the source does not run the SELECT: {reason}"
        )),
    })
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

/// Why the server cannot stand in for the transform: it refuses `item`, or gives its `wanted`
/// columns other types; `None` if it can.
async fn objection(
    from: &Connection,
    item: &str,
    outputs: &[OutputColumn],
    wanted: &(dyn Fn(&String) -> bool + Sync),
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
    for output in outputs.iter().filter(|output| wanted(&output.name)) {
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

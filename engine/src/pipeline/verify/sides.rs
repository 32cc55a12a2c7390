//! What is compared with what: both sides' rows as SQL, and what the servers answer.

use std::collections::BTreeMap;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, error::SqlState};

use super::Verifier;
use super::columns::choose;
use super::pushdown::{back, source_rows};
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::{InputTable, RowSecurity, Stream, Wanted};
use crate::postgres::comparison::{ComparedColumn, KeyColumn, RowForm, Rows, Statement};
use crate::postgres::{Connection, catalog, server_error};
use crate::report::VerifyReport;
use crate::table::{Table, TableName};
use crate::transform::{Destination, Input, Reference, ReferencedTable};

/// Rows of one side: how many, and the sum of their hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) rows: u64,
    sum: Option<String>,
}

/// What both sides have in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Both {
    pub(super) source: Count,
    pub(super) destination: Count,
}

impl Both {
    pub(super) fn is_equal(&self) -> bool {
        self.source == self.destination
    }

    /// How many rows differ, at least.
    pub(super) fn least(&self) -> u64 {
        self.source.rows.abs_diff(self.destination.rows).max(1)
    }
}

/// Both sides of one stream, each in its transaction.
pub(super) struct Sides<'a> {
    from: &'a Connection,
    to: &'a Connection,
    source: Rows,
    destination: Rows,
    source_table: TableName,
    destination_table: TableName,
    /// The columns compared.
    pub(super) names: Vec<String>,
    /// Whether ranges of the key hold every row, and the same ones on both sides.
    pub(super) has_ranges: bool,
}

/// What is to be compared, and a report that has no numbers yet.
pub(super) struct Asked<'a> {
    pub(super) sides: Sides<'a>,
    pub(super) report: VerifyReport,
}

impl<'a> Sides<'a> {
    /// What `stream` makes of its source, and what its destination holds.
    ///
    /// # Errors
    /// `Config` or `Schema`, if they cannot be compared; `Read`, if a server fails to answer.
    pub(super) async fn between(verifier: &'a Verifier, stream: &Stream) -> Result<Asked<'a>> {
        let (from, to) = (&verifier.from, &verifier.to);
        let inputs = source_tables(verifier, stream).await?;
        let existing = destination_table(verifier, stream).await?;
        let destination = Destination {
            table: Some(existing.clone()),
            as_text: stream.options.text_columns(),
        };
        let plan_over: Vec<Input<'_>> = inputs.iter().map(InputTable::input).collect();
        let transform = stream.transform.plan(&plan_over, &destination).await?;
        let hidden = inputs.iter().filter_map(|input| input.hidden.clone());
        let hidden: Vec<String> = hidden.collect();
        let (table, others) = named_tables(inputs, stream.transform.references())?;
        let mut chosen = choose(stream, &table, &*transform, &existing)?;
        let read = (&table, &*others);
        let rows = source_rows(from, stream, read, (transform.columns(), &chosen)).await?;
        let item = chosen.loaded(stream, rows);
        chosen.notes.extend(hidden);
        let same_encoding = encoding(from).await? == encoding(to).await?;
        let (source_key, destination_key) = chosen
            .key_columns()
            .map(|column| KeyColumn::pair(column, same_encoding))
            .unzip();
        let columns = &chosen.columns;
        let rows_of = |from: String, bytes: fn(&ComparedColumn) -> String, key| Rows {
            from,
            columns: columns.iter().map(bytes).collect(),
            key,
            form: RowForm::Whole,
        };
        let there = format!("{} AS t", existing.name);
        let source = rows_of(item, ComparedColumn::source_bytes, source_key);
        let destination = rows_of(there, ComparedColumn::destination_bytes, destination_key);
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let report = VerifyReport {
            stream: stream.name.clone(),
            source: stream.table.to_string(),
            destination: stream.into.to_string(),
            columns: names.clone(),
            not_compared: chosen.left_out,
            key: chosen.key,
            notes: chosen.notes,
            ..VerifyReport::default()
        };
        let sides = Sides {
            from,
            to,
            has_ranges: source.is_ordered() && !chosen.may_lack_key,
            source,
            destination,
            source_table: table.name,
            destination_table: existing.name,
            names,
        };
        Ok(Asked { sides, report })
    }

    /// Whether anything but their values tells rows apart.
    pub(super) fn has_key(&self) -> bool {
        !self.source.key.is_empty()
    }

    /// Number and hash of all rows; finds out whether rows are too large to be hashed at once.
    pub(super) async fn totals(&mut self) -> Result<Both> {
        let (source, destination) = (self.source.totals(), self.destination.totals());
        let (source, destination) =
            tokio::join!(query(self.from, &source), query(self.to, &destination));
        let is_too_large = |result: &Result<Vec<Row>, tokio_postgres::Error>| {
            let code = result.as_ref().err().and_then(tokio_postgres::Error::code);
            // A buffer that would exceed 1 GB, or an allocation of as much.
            code.is_some_and(|code| {
                *code == SqlState::PROGRAM_LIMIT_EXCEEDED || *code == SqlState::INTERNAL_ERROR
            })
        };
        let by_column = self.source.form == RowForm::ByColumn;
        let (source, destination) = match is_too_large(&source) || is_too_large(&destination) {
            true if !by_column => {
                for side in [&mut self.source, &mut self.destination] {
                    side.form = RowForm::ByColumn;
                }
                for (connection, table) in [
                    (self.from, &self.source_table),
                    (self.to, &self.destination_table),
                ] {
                    back(connection)
                        .await
                        .map_err(|err| read_error(table, err))?;
                }
                self.ask(&Rows::totals).await?
            }
            _ => (
                source.map_err(|err| read_error(&self.source_table, err))?,
                destination.map_err(|err| read_error(&self.destination_table, err))?,
            ),
        };
        Ok(Both {
            source: counts(&source).remove(&0).unwrap_or_default(),
            destination: counts(&destination).remove(&0).unwrap_or_default(),
        })
    }

    /// The rows that both servers answer, at the same time.
    pub(super) async fn ask(
        &self,
        statement: &(dyn Fn(&Rows) -> Statement + Sync),
    ) -> Result<(Vec<Row>, Vec<Row>)> {
        tokio::try_join!(
            self.ask_one(true, statement),
            self.ask_one(false, statement)
        )
    }

    /// The rows that one server answers.
    pub(super) async fn ask_one(
        &self,
        source: bool,
        statement: &(dyn Fn(&Rows) -> Statement + Sync),
    ) -> Result<Vec<Row>> {
        let (connection, rows, table) = match source {
            true => (self.from, &self.source, &self.source_table),
            false => (self.to, &self.destination, &self.destination_table),
        };
        let rows = query(connection, &statement(rows)).await;
        rows.map_err(|err| read_error(table, err))
    }

    /// Rows and sums by number: of pieces, or of buckets.
    pub(super) async fn counts(
        &self,
        statement: &(dyn Fn(&Rows) -> Statement + Sync),
    ) -> Result<(BTreeMap<i64, Count>, BTreeMap<i64, Count>)> {
        let (source, destination) = self.ask(statement).await?;
        Ok((counts(&source), counts(&destination)))
    }
}

fn counts(rows: &[Row]) -> BTreeMap<i64, Count> {
    let count = |row: &Row| Count {
        rows: row.get::<_, i64>(1) as u64,
        sum: row.get(2),
    };
    rows.iter().map(|row| (row.get(0), count(row))).collect()
}

async fn query(
    connection: &Connection,
    statement: &Statement,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let parameters: Vec<&(dyn ToSql + Sync)> = statement
        .parameters
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect();
    connection.query(&statement.sql, &parameters).await
}

/// The error of a query over the rows of `table`.
fn read_error(table: &TableName, err: tokio_postgres::Error) -> Error {
    let message = format!("cannot compare the rows of {table}");
    match err.code() {
        // Not to be read at all, or not without what row security hides.
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => server_error(ErrorKind::Schema, message, err)
            .with_hint(
                "comparing needs SELECT on the columns of both tables, as their owner or a role \
                 with BYPASSRLS where row security is on",
            ),
        _ => server_error(ErrorKind::Read, message, err),
    }
}

/// The source's tables, and what row security hides of them, if that is accepted.
async fn source_tables<'a>(verifier: &'a Verifier, stream: &Stream) -> Result<Vec<InputTable<'a>>> {
    let transform = &*stream.transform;
    let is_elsewhere =
        |reference: &Reference| !matches!(reference.table, ReferencedTable::Source(_));
    if transform.references().iter().any(is_elsewhere) {
        let message = format!(
            "stream {} cannot be compared: its SQL reads tables that the source does not have",
            stream.name
        );
        return Err(Error::new(ErrorKind::Config, message).with_hint(
            "the comparison runs the SELECT in the source, which has only its own tables",
        ));
    }
    let row_security = stream.options.row_security;
    let wanted = Wanted {
        table: &stream.table,
        into: Some(&stream.into),
        row_security,
    };
    let found = verifier.databases.tables(wanted, transform).await?;
    if row_security == RowSecurity::Accept {
        let set = verifier
            .from
            .batch_execute("SET LOCAL row_security = on")
            .await;
        set.map_err(|err| read_error(&stream.table, err))?;
    }
    Ok(found)
}

/// The stream's table, and the others that its SQL reads, each with what it calls their rows.
fn named_tables(
    inputs: Vec<InputTable<'_>>,
    references: &[Reference],
) -> Result<(Table, Vec<(String, Table)>)> {
    let names = references.iter().map(|reference| reference.name.clone());
    let mut tables = inputs.into_iter().map(|input| input.table);
    match tables.next() {
        Some(table) => Ok((table, names.zip(tables).collect())),
        None => Err(Error::new(ErrorKind::Internal, "a stream has a table")),
    }
}

/// The destination's table.
async fn destination_table(verifier: &Verifier, stream: &Stream) -> Result<Table> {
    let existing = catalog::table(&verifier.to, &stream.into).await?;
    existing.ok_or_else(|| {
        let message = format!("{} is not in {}", stream.into, verifier.destination_name);
        Error::new(ErrorKind::Schema, message).with_hint("run the stream first")
    })
}

async fn encoding(connection: &Connection) -> Result<String> {
    let sql = "SELECT pg_catalog.current_setting('server_encoding')";
    let row = connection.query_one(sql, &[]).await;
    let row = row.map_err(|err| server_error(ErrorKind::Read, "cannot read the encoding", err))?;
    Ok(row.get(0))
}

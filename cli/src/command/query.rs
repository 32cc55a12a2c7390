//! `towpath query`.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use futures::{StreamExt, pin_mut};
use serde_json::{Map, Value};
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};
use towpath_engine::postgres::{Connection, ConnectionConfig};
use towpath_engine::{Error, ErrorKind, Result};

use crate::args::QueryArgs;
use crate::connections::Connections;
use crate::environment::Environment;
use crate::execution::interrupted;
use crate::grid::{Align, Grid};
use crate::interrupt::Interrupt;
use crate::output::{Output, closed};

/// Rows that are aligned on a terminal; a longer result goes on with tabs.
const ALIGNED_ROWS: usize = 500;

pub(super) async fn run(
    args: &QueryArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let config = Connections::new(BTreeMap::new(), environment).find(&args.connection.0)?;
    let connection = Connection::open(&config, "query").await?;
    let canceller = connection.canceller();
    let mut interrupt = Interrupt::listen()?;
    match interrupt
        .guard(Box::pin(stream(&connection, &args.sql, &config, output)))
        .await
    {
        Some(result) => result.map(|()| ExitCode::SUCCESS),
        None => {
            canceller.cancel().await?;
            Err(interrupted("the statement was cancelled"))
        }
    }
}

/// Runs the SQL as the role's own session would, and writes rows as they come.
async fn stream(
    connection: &Connection,
    sql: &str,
    config: &ConnectionConfig,
    output: &Output,
) -> Result<()> {
    let failed = |err: tokio_postgres::Error| statement_error(config, &err);
    connection.reset().await.map_err(failed)?;
    let messages = connection.simple_query_raw(sql).await.map_err(failed)?;
    pin_mut!(messages);
    let mut writer = Writer::new(output);
    while let Some(message) = messages.next().await {
        match message.map_err(failed)? {
            SimpleQueryMessage::RowDescription(columns) => {
                writer.begin(
                    columns
                        .iter()
                        .map(|column| column.name().to_owned())
                        .collect(),
                )?;
            }
            SimpleQueryMessage::Row(row) => writer.row(&row)?,
            SimpleQueryMessage::CommandComplete(rows) => writer.end(rows, output)?,
            _ => {}
        }
    }
    Ok(())
}

/// The user's own SQL is told all that the server says of it; class 42 says that it is wrong.
fn statement_error(config: &ConnectionConfig, err: &tokio_postgres::Error) -> Error {
    let is_wrong = err.code().is_some_and(|code| code.code().starts_with("42"));
    let kind = if is_wrong {
        ErrorKind::Config
    } else {
        ErrorKind::Read
    };
    let error = Error::new(kind, format!("{config} refuses the statement"));
    let Some(db) = err.as_db_error() else {
        return error.with_source(err.to_string());
    };
    let detail = db
        .detail()
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default();
    let cause = format!("{}{detail} (SQLSTATE {})", db.message(), db.code().code());
    match db.hint() {
        Some(hint) => error.with_hint(hint).with_source(cause),
        None => error.with_source(cause),
    }
}

/// Writes results: JSON lines, an aligned table on a terminal, COPY's text form elsewhere.
struct Writer {
    form: Form,
    columns: Vec<String>,
    stdout: BufWriter<io::Stdout>,
}

enum Form {
    Json,
    /// Rows wait until their widths are known.
    Aligned(Grid),
    Tabs,
}

impl Writer {
    fn new(output: &Output) -> Self {
        let form = match output.is_json() {
            true => Form::Json,
            false => Form::Tabs,
        };
        Self {
            form,
            columns: Vec::new(),
            stdout: BufWriter::new(io::stdout()),
        }
    }

    fn begin(&mut self, columns: Vec<String>) -> Result<()> {
        self.columns = columns;
        match self.form {
            Form::Json => {}
            _ if io::stdout().is_terminal() => {
                let columns = self.columns.iter().map(|name| (name.as_str(), Align::Left));
                self.form = Form::Aligned(Grid::new(columns));
            }
            _ => {
                self.form = Form::Tabs;
                let names: Vec<_> = self
                    .columns
                    .iter()
                    .map(|name| escaped(Some(name)))
                    .collect();
                writeln!(self.stdout, "{}", names.join("\t")).map_err(closed)?;
            }
        }
        Ok(())
    }

    fn row(&mut self, row: &SimpleQueryRow) -> Result<()> {
        let values = (0..row.len()).map(|at| row.get(at));
        match &mut self.form {
            Form::Json => {
                let object = object(&self.columns, values);
                writeln!(self.stdout, "{object}").map_err(closed)
            }
            Form::Aligned(grid) => {
                grid.row(values.map(|value| value.unwrap_or_default()));
                match grid.row_count() < ALIGNED_ROWS {
                    true => Ok(()),
                    false => self.flush_grid(),
                }
            }
            Form::Tabs => {
                let line: Vec<_> = values.map(escaped).collect();
                writeln!(self.stdout, "{}", line.join("\t")).map_err(closed)
            }
        }
    }

    fn flush_grid(&mut self) -> Result<()> {
        if let Form::Aligned(grid) = std::mem::replace(&mut self.form, Form::Tabs) {
            write!(self.stdout, "{grid}").map_err(closed)?;
        }
        Ok(())
    }

    fn end(&mut self, rows: u64, output: &Output) -> Result<()> {
        self.flush_grid()?;
        if output.is_json() {
            self.form = Form::Json;
        }
        self.stdout.flush().map_err(closed)?;
        if io::stdout().is_terminal() {
            output.note(&format!("({rows} rows)"));
        }
        Ok(())
    }
}

/// A row as JSON; every value is text, as the server writes it, so that none is rounded.
fn object<'a>(columns: &[String], values: impl Iterator<Item = Option<&'a str>>) -> Value {
    let mut map = Map::new();
    for (name, value) in columns.iter().zip(values) {
        map.insert(name.clone(), value.map_or(Value::Null, Value::from));
    }
    Value::Object(map)
}

/// A value in COPY's text form: `\N` is NULL, and control characters are escaped.
fn escaped(value: Option<&str>) -> String {
    let Some(value) = value else {
        return "\\N".to_owned();
    };
    let mut text = String::with_capacity(value.len());
    for char in value.chars() {
        match char {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            char => text.push(char),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_in_copy() {
        assert_eq!(escaped(None), "\\N");
        assert_eq!(escaped(Some("a\tb\\N\n")), "a\\tb\\\\N\\n");
    }

    #[test]
    fn a_json_row_keeps_text_and_null() {
        let columns = ["a".to_owned(), "b".to_owned()];
        let row = object(&columns, [Some("1.50"), None].into_iter());
        assert_eq!(row.to_string(), r#"{"a":"1.50","b":null}"#);
    }
}

//! `towpath preview`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::StreamExt;
use serde_json::{Map, Value};
use towpath_engine::Result;
use towpath_engine::pipeline::{Databases, InputTable, RowSecurity, Settings, Wanted};
use towpath_engine::report::Progress;
use towpath_engine::source::{BatchStream, Scan, Source};
use towpath_engine::table::TableName;
use towpath_engine::transform::{Destination, Input, Transform, TransformPlan};

use crate::args::PreviewArgs;
use crate::connections::Connections;
use crate::environment::Environment;
use crate::execution::interrupted;
use crate::grid::{Align, Grid};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::transform::{sql_of, transform};
use crate::value;

pub(super) async fn run(
    args: &PreviewArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let connections = Connections::new(BTreeMap::new(), environment);
    let config = connections.find(&args.connection.0)?;
    let name: TableName = args.table.parse()?;
    // One connection is enough for a few rows, and small batches bring them sooner.
    let settings = Settings {
        connections: 1,
        batch_rows: 1024,
        ..Settings::default()
    };
    let sql = sql_of(args.sql.as_deref(), args.sql_file.as_deref())?;
    let transform = transform(sql.as_deref(), args.on.into(), &settings)?;
    let others = connections.referenced(&*transform)?;
    let preview = Box::pin(async {
        let databases = Databases::open(&config, &settings).await?;
        let databases = databases.with_connections(&others);
        let preview = rows(&databases, &name, transform.as_ref(), args.rows).await;
        databases.close().await;
        preview
    });
    let Some(result) = Interrupt::listen()?.guard(preview).await else {
        return Err(interrupted("no more rows are read"));
    };
    let Preview {
        columns,
        rows,
        notes,
    } = result?;
    match output.is_json() {
        true => {
            for row in rows {
                output.json(&object(&columns, row))?;
            }
        }
        false => {
            let mut grid = Grid::new(columns.iter().map(|name| (name.as_str(), Align::Left)));
            for row in rows {
                grid.row(row.into_iter().map(Option::unwrap_or_default));
            }
            output.text(&grid.to_string())?;
        }
    }
    notes.iter().for_each(|note| output.note(note));
    Ok(ExitCode::SUCCESS)
}

/// Values as text, NULL being `None`.
type Row = Vec<Option<String>>;

/// The first rows of a result.
struct Preview {
    /// The columns' names.
    columns: Vec<String>,
    rows: Vec<Row>,
    /// What servers do for it.
    notes: Vec<String>,
}

/// The first rows, as many as `limit`.
async fn rows(
    databases: &Databases,
    name: &TableName,
    transform: &dyn Transform,
    limit: u64,
) -> Result<Preview> {
    let wanted = Wanted {
        table: name,
        into: None,
        row_security: RowSecurity::Refuse,
    };
    let tables = databases.tables(wanted, transform).await?;
    let plan = plan_as_text(&tables, transform).await?;
    let columns = plan
        .columns()
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let mut rows = Vec::new();
    let progress = Arc::new(Progress::default());
    let sources = tables.iter();
    let sources: Vec<Arc<dyn Source>> = sources
        .map(|input| input.session.source(&input.table, progress.clone()))
        .collect();
    let streams = streams(&*plan, &sources, limit).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    for mut batches in streams {
        while rows.len() < limit {
            let Some(batch) = batches.next().await else {
                break;
            };
            rows.extend(batch_rows(&batch?).take(limit - rows.len()));
        }
    }
    Ok(Preview {
        columns,
        rows,
        notes: plan.notes().to_vec(),
    })
}

/// The rows of `plan`, of which `limit` are enough: the source's server is told so, if its rows are the
/// result's.
async fn streams(
    plan: &dyn TransformPlan,
    sources: &[Arc<dyn Source>],
    limit: u64,
) -> Result<Vec<BatchStream>> {
    let scan = plan.relay().map(|scan| Scan {
        limit: Some(limit),
        ..scan
    });
    match scan
        .as_ref()
        .and_then(|scan| sources.get(scan.input).zip(Some(scan)))
    {
        Some((source, scan)) => Ok((0..source.partition_count(scan))
            .map(|partition| source.read(scan, partition))
            .collect()),
        None => plan.execute(sources).await,
    }
}

/// Plans twice: for the names of the result's columns, and then with all of them as text, so that
/// what is only carried comes in PostgreSQL's own text form.
async fn plan_as_text(
    tables: &[InputTable<'_>],
    transform: &dyn Transform,
) -> Result<Arc<dyn TransformPlan>> {
    let inputs: Vec<Input<'_>> = tables.iter().map(InputTable::input).collect();
    let first = transform.plan(&inputs, &Destination::default()).await?;
    let names = first.columns().iter().map(|output| output.name.clone());
    let destination = Destination {
        as_text: names.collect(),
        ..Destination::default()
    };
    transform.plan(&inputs, &destination).await
}

fn batch_rows(batch: &RecordBatch) -> impl Iterator<Item = Row> {
    (0..batch.num_rows()).map(|row| {
        batch
            .columns()
            .iter()
            .map(|array| value::text(array, row))
            .collect()
    })
}

fn object(columns: &[String], row: Row) -> Map<String, Value> {
    columns
        .iter()
        .cloned()
        .zip(row.into_iter().map(Value::from))
        .collect()
}

//! Copies one table between two databases, and prints what happened.
//!
//! ```sh
//! cargo run -p towpath-engine --example copy_table -- URL URL public.orders
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_engine::pipeline::{
    Duplicates, Pipeline, PipelineName, Run, Settings, Stream, StreamOptions, SyncMode, WriteMode,
};
use towpath_engine::table::TableName;
use towpath_engine::transform::Passthrough;
use towpath_engine::{Error, ErrorKind, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, destination, table] = arguments.as_slice() else {
        return Err(Error::new(
            ErrorKind::Config,
            "usage: copy_table SOURCE DESTINATION TABLE",
        ));
    };
    let table: TableName = table.parse()?;
    let run = Run::open(Pipeline {
        name: PipelineName("copy_table".to_owned()),
        source: source.parse()?,
        destination: destination.parse()?,
        connections: BTreeMap::new(),
        settings: Settings::default(),
    })
    .await?;
    let plan = run
        .plan(&Stream {
            name: table.to_string(),
            table: table.clone(),
            into: table,
            write: WriteMode::Upsert,
            key: Vec::new(),
            duplicates: Duplicates::Refuse,
            sync: SyncMode::Full,
            options: StreamOptions::default(),
            transform: Arc::new(Passthrough),
        })
        .await?;
    eprintln!("{:#?}", plan.report());
    let report = run.execute(plan, Arc::default()).await?;
    eprintln!("{report:#?}");
    Box::pin(run.close()).await;
    Ok(())
}

//! `towpath history`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use towpath_engine::Result;
use towpath_engine::postgres::Connection;
use towpath_engine::sink::{LedgerEntry, history};

use crate::args::HistoryArgs;
use crate::connections::Connections;
use crate::environment::Environment;
use crate::grid::{Align, Grid};
use crate::name::readable;
use crate::output::Output;
use crate::resolve::{Overrides, load};
use crate::size::count;

pub(super) async fn run(
    args: &HistoryArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let (config, pipeline) = match is_file(&args.of.0) {
        true => {
            let resolved = load(Path::new(&args.of.0), environment, Overrides::default())?;
            (resolved.pipeline.destination, Some(resolved.pipeline.name))
        }
        false => (
            Connections::new(BTreeMap::new(), environment).find(&args.of.0)?,
            None,
        ),
    };
    let connection = Connection::open(&config, "history").await?;
    let pipeline = pipeline.as_ref().map(|name| name.0.as_str());
    let entries = history(&connection, pipeline, args.limit).await?;
    if output.is_json() {
        for entry in &entries {
            output.json(entry)?;
        }
    } else if !entries.is_empty() {
        output.text(&text(&entries))?;
    }
    if entries.is_empty() {
        output.note(&format!("the ledger in {config} has no run"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether `text` means a pipeline file, and not a connection.
fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
        || path.is_file()
}

fn text(entries: &[LedgerEntry]) -> String {
    let left = ["finished", "pipeline", "stream", "into", "write"];
    let right = ["read", "inserted", "updated", "unchanged", "deleted"];
    let columns = left.map(|name| (name, Align::Left)).into_iter();
    let columns = columns.chain(right.map(|name| (name, Align::Right)));
    let mut grid = Grid::new(columns.chain([("watermark", Align::Left), ("run", Align::Left)]));
    for entry in entries {
        let into = readable(&entry.destination);
        let names = [
            &entry.finished_at,
            &entry.pipeline,
            &entry.stream,
            &into,
            &entry.write,
        ];
        let numbers = [
            entry.rows_read,
            entry.rows_inserted,
            entry.rows_updated,
            entry.rows_unchanged,
            entry.rows_deleted,
        ];
        let mut cells: Vec<String> = names.into_iter().cloned().collect();
        cells.extend(numbers.map(|number| count(number.unsigned_abs())));
        cells.extend([
            entry.watermark.clone().unwrap_or_default(),
            entry.run_id.clone(),
        ]);
        grid.row(cells);
    }
    grid.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yaml_file_is_a_pipeline() {
        assert!(is_file("shop.yaml"));
        assert!(!is_file("postgresql://u@h/d"));
        assert!(!is_file("warehouse"));
    }
}

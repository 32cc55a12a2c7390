//! What a run did, at a glance.

use std::time::Duration;

use towpath_engine::report::{RunReport, StreamReport};

use crate::grid::{Align, Grid};
use crate::name::readable;
use crate::size::{Wait, bytes, count};

/// The streams as an aligned table, then the run in one line.
pub(crate) fn run_text(report: &RunReport) -> String {
    let right = [
        "read",
        "inserted",
        "updated",
        "unchanged",
        "deleted",
        "size",
        "time",
    ];
    let columns = [
        ("stream", Align::Left),
        ("into", Align::Left),
        ("write", Align::Left),
    ];
    let mut grid = Grid::new(
        columns
            .into_iter()
            .chain(right.map(|name| (name, Align::Right))),
    );
    for stream in &report.streams {
        grid.row(stream_cells(stream));
    }
    let rows: u64 = report.streams.iter().map(|stream| stream.rows_read).sum();
    let size: u64 = report.streams.iter().map(|stream| stream.bytes_read).sum();
    let streams = match report.streams.len() {
        1 => "1 stream".to_owned(),
        streams => format!("{streams} streams"),
    };
    let total = format!(
        "{streams}, {} rows, {} in {}; run {} of {}",
        count(rows),
        bytes(size),
        Wait(Duration::from_millis(report.elapsed_ms)),
        report.run_id,
        report.pipeline,
    );
    match report.streams.is_empty() {
        true => total,
        false => format!("{grid}\n{}{total}", notes(report)),
    }
}

/// What a person should know of each stream, a line each.
fn notes(report: &RunReport) -> String {
    let notes = report.streams.iter().flat_map(|stream| {
        let name = &stream.stream;
        let notes = stream.notes.iter();
        notes.map(move |note| format!("{name}: {note}\n"))
    });
    let notes: String = notes.collect();
    match notes.is_empty() {
        true => notes,
        false => format!("{notes}\n"),
    }
}

fn stream_cells(stream: &StreamReport) -> Vec<String> {
    let write = match stream.created {
        true => format!("{}, new", stream.write),
        false => stream.write.clone(),
    };
    let numbers = [
        stream.rows_read,
        stream.rows_inserted,
        stream.rows_updated,
        stream.rows_unchanged,
        stream.rows_deleted,
    ];
    let elapsed = stream.plan_ms + stream.compare_ms + stream.load_ms + stream.publish_ms;
    let elapsed = Duration::from_millis(elapsed);
    let mut cells = vec![stream.stream.clone(), readable(&stream.destination), write];
    cells.extend(numbers.map(count));
    cells.extend([bytes(stream.bytes_read), Wait(elapsed).to_string()]);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_table_and_a_line() {
        let orders = StreamReport {
            stream: "public.orders".into(),
            destination: "dwh.orders".into(),
            write: "upsert".into(),
            created: true,
            rows_read: 100_000,
            rows_inserted: 100_000,
            bytes_read: 12_345_678,
            load_ms: 800,
            publish_ms: 35,
            ..StreamReport::default()
        };
        let revenue = StreamReport {
            stream: "daily_revenue".into(),
            destination: "dwh.daily_revenue".into(),
            write: "mirror".into(),
            rows_read: 100_000,
            rows_updated: 7,
            rows_unchanged: 358,
            rows_deleted: 2,
            bytes_read: 1_234_567,
            load_ms: 210,
            notes: vec!["row security hides rows".into()],
            ..StreamReport::default()
        };
        let report = RunReport {
            run_id: "00c0ffee00c0ffee".into(),
            pipeline: "shop".into(),
            streams: vec![orders, revenue],
            elapsed_ms: 1_204,
        };
        insta::assert_snapshot!(run_text(&report), @r"
        stream         into               write           read  inserted  updated  unchanged  deleted     size    time
        public.orders  dwh.orders         upsert, new  100,000   100,000        0          0        0  12.3 MB  0.83 s
        daily_revenue  dwh.daily_revenue  mirror       100,000         0        7        358        2   1.2 MB  0.21 s

        daily_revenue: row security hides rows

        2 streams, 200,000 rows, 13.6 MB in 1.20 s; run 00c0ffee00c0ffee of shop
        ");
    }
}

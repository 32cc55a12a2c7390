//! What a comparison found out, for people.

use std::time::Duration;

use towpath_engine::report::{DifferenceKind, RowDifference, VerifyReport};

use super::plan::{indented, section};
use crate::grid::{Align, Grid};
use crate::name::readable;
use crate::size::{Wait, count};

/// Characters of a key's value that are shown.
const VALUE_LENGTH: usize = 80;

/// A heading with the verdict, the counts, the rows that differ, and what was left out.
pub(crate) fn verify_text(report: &VerifyReport) -> String {
    let mut sections = vec![format!(
        "{}\n{}",
        heading(report),
        indented(&counts(report))
    )];
    if !report.rows.is_empty() {
        sections.push(indented(&rows(report).to_string()));
    }
    let left_out: Vec<String> = report
        .not_compared
        .iter()
        .map(|left_out| format!("{}: {}", left_out.column, left_out.reason))
        .collect();
    sections.extend(section("not compared", &left_out));
    sections.extend(section("notes", &report.notes));
    sections.join("\n\n")
}

fn heading(report: &VerifyReport) -> String {
    let verdict = match report.equal {
        true => "equal",
        false => "DIFFERENT",
    };
    format!(
        "{}: {} and {} are {verdict}",
        report.stream,
        readable(&report.source),
        readable(&report.destination),
    )
}

fn counts(report: &VerifyReport) -> String {
    let rows = match report.source_rows == report.destination_rows {
        true => format!("{} rows on both sides", count(report.source_rows)),
        false => format!(
            "{} rows at the source, {} at the destination",
            count(report.source_rows),
            count(report.destination_rows)
        ),
    };
    let columns = match report.columns.len() {
        1 => "1 column".to_owned(),
        columns => format!("{columns} columns"),
    };
    let elapsed = Wait(Duration::from_millis(report.elapsed_ms));
    let first = format!("{rows}, {columns} compared in {elapsed}");
    match report.equal {
        true => first,
        false => format!("{first}\n{}", differing(report)),
    }
}

fn differing(report: &VerifyReport) -> String {
    let kinds = [
        (report.missing, "missing at the destination"),
        (report.different, "different"),
        (report.surplus, "only at the destination"),
    ];
    let kinds: Vec<String> = kinds
        .iter()
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, what)| format!("{} {what}", count(*rows)))
        .collect();
    let least = if report.is_complete { "" } else { "at least " };
    let rows = match report.differing {
        1 => "1 row differs".to_owned(),
        rows => format!("{} rows differ", count(rows)),
    };
    let rows = format!("{least}{rows}");
    match (kinds.is_empty(), report.is_complete) {
        (true, _) => rows,
        (false, true) => format!("{rows}: {}", kinds.join(", ")),
        (false, false) => format!("{rows}; among those found: {}", kinds.join(", ")),
    }
}

/// The rows that differ: their keys, and what is the matter.
fn rows(report: &VerifyReport) -> Grid {
    let key = report.key.iter().map(|name| (&**name, Align::Left));
    let mut grid = Grid::new(key.chain([("the row is", Align::Left), ("in", Align::Left)]));
    for row in &report.rows {
        grid.row(row.key.iter().map(shown).chain(matter(row)));
    }
    grid
}

fn matter(row: &RowDifference) -> [String; 2] {
    let kind = match row.kind {
        DifferenceKind::Missing => "missing at the destination",
        DifferenceKind::Different => "different",
        DifferenceKind::Surplus => "only at the destination",
    };
    [kind.to_owned(), row.columns.join(", ")]
}

/// A key's value, cut where a line would become unreadable.
fn shown(value: &Option<String>) -> String {
    let Some(value) = value else {
        return "NULL".to_owned();
    };
    match value.char_indices().nth(VALUE_LENGTH) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use towpath_engine::report::ColumnLeftOut;

    use super::*;

    #[test]
    fn equal_sides_take_two_lines() {
        let report = VerifyReport {
            equal: true,
            is_complete: true,
            destination_rows: 1_000,
            ..report()
        };
        insta::assert_snapshot!(verify_text(&report), @r"
        orders: public.orders and dwh.orders are equal
          1,000 rows on both sides, 3 columns compared in 1.23 s
        ");
    }

    #[test]
    fn rows_that_differ_are_named_by_their_keys() {
        let row = |id: &str, day: Option<&str>, kind, columns: &[&str]| RowDifference {
            key: vec![Some(id.to_owned()), day.map(str::to_owned)],
            kind,
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
        };
        let report = VerifyReport {
            missing: 1,
            different: 1,
            surplus: 1,
            differing: 7,
            rows: vec![
                row("9", Some("2026-01-01"), DifferenceKind::Missing, &[]),
                row("10", None, DifferenceKind::Different, &["amount", "note"]),
                row(&"1".repeat(90), None, DifferenceKind::Surplus, &[]),
            ],
            not_compared: vec![ColumnLeftOut {
                column: "total".into(),
                reason: "the destination generates it".into(),
            }],
            notes: vec!["something to know".into()],
            ..report()
        };
        insta::assert_snapshot!(verify_text(&report), @r"
        orders: public.orders and dwh.orders are DIFFERENT
          1,000 rows at the source, 999 at the destination, 3 columns compared in 1.23 s
          at least 7 rows differ; among those found: 1 missing at the destination, 1 different, 1 only at the destination

          id                                                                                 day         the row is                  in
          9                                                                                  2026-01-01  missing at the destination
          10                                                                                 NULL        different                   amount, note
          11111111111111111111111111111111111111111111111111111111111111111111111111111111…  NULL        only at the destination

          not compared:
            total: the destination generates it

          notes:
            something to know
        ");
    }

    #[test]
    fn all_that_differ_are_counted_by_kind() {
        let report = VerifyReport {
            missing: 1,
            differing: 1,
            is_complete: true,
            key: Vec::new(),
            ..report()
        };
        insta::assert_snapshot!(verify_text(&report), @r"
        orders: public.orders and dwh.orders are DIFFERENT
          1,000 rows at the source, 999 at the destination, 3 columns compared in 1.23 s
          1 row differs: 1 missing at the destination
        ");
    }

    fn report() -> VerifyReport {
        VerifyReport {
            stream: "orders".into(),
            source: r#""public"."orders""#.into(),
            destination: r#""dwh"."orders""#.into(),
            columns: vec!["id".into(), "day".into(), "amount".into()],
            key: vec!["id".into(), "day".into()],
            source_rows: 1_000,
            destination_rows: 999,
            elapsed_ms: 1_234,
            ..VerifyReport::default()
        }
    }
}

//! Rows of both sides brought together, by key and by hash.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::postgres::comparison::KeyText;
use crate::report::{DifferenceKind, RowDifference};

/// A row of one side: its key, and the hash of the whole row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyedRow {
    pub(super) key: KeyText,
    pub(super) hash: Vec<u8>,
}

/// Rows that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Rows that the destination lacks.
    pub(super) missing: u64,
    /// Rows that are on both sides with other values.
    pub(super) different: u64,
    /// Rows that only the destination has.
    pub(super) surplus: u64,
    /// Rows that differ, at least, where nobody has looked.
    pub(super) unexplored: u64,
    /// The rows found, by their keys in order; none where rows have no key.
    pub(super) rows: Vec<RowDifference>,
}

impl Findings {
    /// Adds what was found elsewhere.
    pub(super) fn add(&mut self, other: Self) {
        self.missing += other.missing;
        self.different += other.different;
        self.surplus += other.surplus;
        self.unexplored += other.unexplored;
        self.rows.extend(other.rows);
    }

    /// Rows found so far.
    pub(super) fn count(&self) -> u64 {
        self.missing + self.different + self.surplus
    }
}

/// What tells `source` and `destination` apart.
///
/// Rows with equal hashes are the same row. Of those that are left, one of each side with the same
/// key are one row that differs; without key, each counts for itself.
pub(super) fn match_rows(
    source: Vec<KeyedRow>,
    destination: Vec<KeyedRow>,
    has_key: bool,
) -> Findings {
    let mut hashes: HashMap<(KeyText, Vec<u8>), i64> = HashMap::new();
    let (source, destination) = (source.into_iter(), destination.into_iter());
    let changes = source
        .map(|row| (row, 1))
        .chain(destination.map(|row| (row, -1)));
    for (row, change) in changes {
        *hashes.entry((row.key, row.hash)).or_default() += change;
    }
    let mut keys: HashMap<KeyText, (u64, u64)> = HashMap::new();
    for ((key, _), surplus_at_source) in hashes {
        let (missing, surplus) = keys.entry(key).or_default();
        match surplus_at_source {
            0 => {}
            more @ 1.. => *missing += more.unsigned_abs(),
            fewer => *surplus += fewer.unsigned_abs(),
        }
    }
    let mut findings = Findings::default();
    for (key, (missing, surplus)) in keys {
        let different = if has_key { missing.min(surplus) } else { 0 };
        let (missing, surplus) = (missing - different, surplus - different);
        findings.missing += missing;
        findings.different += different;
        findings.surplus += surplus;
        if !has_key {
            continue;
        }
        let kinds = [
            (DifferenceKind::Missing, missing),
            (DifferenceKind::Different, different),
            (DifferenceKind::Surplus, surplus),
        ];
        for (kind, count) in kinds {
            let row = || RowDifference {
                key: key.clone(),
                kind,
                columns: Vec::new(),
            };
            findings.rows.extend((0..count).map(|_| row()));
        }
    }
    findings.rows.sort_by(|a, b| compare_keys(&a.key, &b.key));
    findings
}

/// The order in which people expect keys: numbers by value, other text by its characters, NULL
/// last.
fn compare_keys(a: &KeyText, b: &KeyText) -> Ordering {
    let pairs = a.iter().zip(b);
    pairs
        .map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => match (a.parse::<i128>(), b.parse::<i128>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                _ => a.cmp(b),
            },
            (a, b) => b.is_some().cmp(&a.is_some()),
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::DifferenceKind::{Different, Missing, Surplus};
    use super::*;

    #[test]
    fn equal_rows_are_no_news() {
        check(&[("1", 1), ("2", 2)], &[("2", 2), ("1", 1)], &[]);
    }

    #[test]
    fn each_kind_is_told_in_the_order_of_keys() {
        check(
            &[("10", 1), ("9", 1), ("2", 2)],
            &[("2", 2), ("9", 7), ("11", 1)],
            &[("9", Different), ("10", Missing), ("11", Surplus)],
        );
    }

    #[test]
    fn duplicates_count() {
        check(&[("1", 1), ("1", 1)], &[("1", 1)], &[("1", Missing)]);
        check(
            &[("1", 1), ("1", 2)],
            &[("1", 2), ("1", 3), ("1", 4)],
            &[("1", Different), ("1", Surplus)],
        );
    }

    #[test]
    fn without_key_each_row_counts_for_itself() {
        let rows = |hashes: &[u8]| {
            let row = |hash: &u8| KeyedRow {
                key: Vec::new(),
                hash: vec![*hash],
            };
            hashes.iter().map(row).collect()
        };
        let found = match_rows(rows(&[1, 2, 2]), rows(&[2, 3]), false);
        assert_eq!((found.missing, found.different, found.surplus), (2, 0, 1));
        assert_eq!(found.rows, []);
    }

    fn check(
        source: &[(&str, u8)],
        destination: &[(&str, u8)],
        expected: &[(&str, DifferenceKind)],
    ) {
        let rows = |rows: &[(&str, u8)]| {
            let row = |(key, hash): &(&str, u8)| KeyedRow {
                key: vec![Some((*key).to_owned())],
                hash: vec![*hash],
            };
            rows.iter().map(row).collect()
        };
        let found = match_rows(rows(source), rows(destination), true);
        let told: Vec<_> = found
            .rows
            .iter()
            .map(|row| (row.key[0].as_deref().unwrap(), row.kind))
            .collect();
        assert_eq!(told, expected);
    }
}

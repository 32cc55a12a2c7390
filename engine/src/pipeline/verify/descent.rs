//! From "they differ" to the rows that do: by ranges of the key, or by buckets of a hash.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::{Findings, KeyedRow, match_rows};
use super::sides::{Both, Count, Sides};
use crate::error::Result;
use crate::postgres::comparison::{Bucketing, KeyRange, KeyText, Rows, Statement};
use crate::report::{DifferenceKind, RowDifference};

/// Rows of a cell that are fetched (key and hash, some 100 bytes each) rather than cut further.
const CELL_ROWS: u64 = 20_000;

/// Rows that are fetched at a time: 20 MB of each side.
const FETCHED_ROWS: u64 = 200_000;

/// Pieces that one query makes of the rows: of 20 million, each is a cell to be fetched.
const PIECES: u64 = 1024;

/// Keys in a sample for each piece: enough that the largest piece is twice the average.
const SAMPLES: u64 = 8;

/// Queries that cut ranges; what is still large then has too many rows with one key.
const CUTS: usize = 8;

/// Rows in a bucket, on average.
const BUCKET_ROWS: u64 = 1000;

/// Buckets of one query, whose counts are all fetched.
const MAX_BUCKETS: u64 = 1 << 17;

/// Keys whose columns one query asks for.
const KEYS: usize = 500;

/// A part of the rows, with what each side has there.
#[derive(Clone, Debug)]
struct Cell<P> {
    place: P,
    both: Both,
}

impl<P> Cell<P> {
    fn rows(&self) -> u64 {
        self.both.source.rows.max(self.both.destination.rows)
    }

    /// How many rows differ in it, at least.
    fn least(&self) -> u64 {
        self.both.least()
    }
}

/// The search for rows that differ.
pub(super) struct Descent<'a> {
    sides: &'a Sides<'a>,
    limit: usize,
}

impl<'a> Descent<'a> {
    /// A search that names at most `limit` rows.
    pub(super) fn new(sides: &'a Sides<'a>, limit: usize) -> Self {
        Self { sides, limit }
    }

    /// Finds rows that differ; `whole` is what both sides have in all.
    pub(super) async fn run(&self, whole: Both) -> Result<Findings> {
        if self.limit == 0 {
            return Ok(unexplored(whole.least()));
        }
        let mut findings = match self.sides.has_ranges {
            true => self.by_ranges(whole).await?,
            false => self.by_buckets(whole).await?,
        };
        findings.rows.truncate(self.limit);
        self.name_columns(&mut findings.rows).await?;
        Ok(findings)
    }

    async fn by_ranges(&self, whole: Both) -> Result<Findings> {
        let mut skipped = 0;
        let mut cells = vec![Cell {
            place: KeyRange::default(),
            both: whole,
        }];
        for _ in 0..CUTS {
            skipped += self.skip(&mut cells);
            let (large, small): (Vec<_>, Vec<_>) =
                cells.into_iter().partition(|cell| cell.rows() > CELL_ROWS);
            cells = small;
            if large.is_empty() {
                break;
            }
            cells.extend(self.cut(large).await?);
        }
        skipped += self.skip(&mut cells);
        let (large, cells): (Vec<_>, Vec<_>) =
            cells.into_iter().partition(|cell| cell.rows() > CELL_ROWS);
        skipped += large.iter().map(Cell::least).sum::<u64>();
        let ask = |rows: &Rows, ranges: &[KeyRange]| rows.in_ranges(ranges);
        let mut findings = self.explore(cells, &ask).await?;
        findings.unexplored += skipped;
        Ok(findings)
    }

    /// Leaves no more cells than may be named, as each holds a difference, unless they are small;
    /// gives the number of rows that differ in the others, at least.
    fn skip<P>(&self, cells: &mut Vec<Cell<P>>) -> u64 {
        let mut rows = 0;
        let fits = |(at, cell): &(usize, &Cell<P>)| {
            rows += cell.rows();
            *at < self.limit || rows <= FETCHED_ROWS
        };
        let kept = cells.iter().enumerate().take_while(fits).count();
        cells.split_off(kept).iter().map(Cell::least).sum()
    }

    /// Those pieces of `cells` in which the sides differ.
    async fn cut(&self, cells: Vec<Cell<KeyRange>>) -> Result<Vec<Cell<KeyRange>>> {
        let mut boundaries: Vec<KeyText> = Vec::new();
        // The piece that begins at a boundary, by its number: pieces between cells are nobody's.
        let mut ranges = BTreeMap::new();
        let pieces = (PIECES / cells.len() as u64).max(2);
        for cell in &cells {
            let mut start = cell.place.start.clone();
            if let Some(start) = &start
                && boundaries.last() != Some(start)
            {
                boundaries.push(start.clone());
            }
            for next in self.sample(cell, pieces).await? {
                let number = boundaries.len() as i64;
                boundaries.push(next.clone());
                let end = Some(next.clone());
                ranges.insert(number, KeyRange { start, end });
                start = Some(next);
            }
            let number = boundaries.len() as i64;
            let end = cell.place.end.clone();
            boundaries.extend(end.clone());
            ranges.insert(number, KeyRange { start, end });
        }
        let places: Vec<KeyRange> = cells.into_iter().map(|cell| cell.place).collect();
        let counted = self
            .sides
            .counts(&|rows| rows.pieces(&boundaries, &places))
            .await?;
        Ok(differing(counted)
            .filter_map(|(number, both)| {
                ranges.get(&number).map(|place| Cell {
                    place: place.clone(),
                    both,
                })
            })
            .collect())
    }

    /// Keys that cut `cell` into so many pieces, in order, of the side that has more rows there.
    async fn sample(&self, cell: &Cell<KeyRange>, pieces: u64) -> Result<Vec<KeyText>> {
        let wanted = pieces * SAMPLES;
        let share = (wanted as f64 / cell.rows() as f64).min(1.0);
        let statement = |rows: &Rows| rows.sample(&cell.place, share);
        let from_source = cell.both.source.rows >= cell.both.destination.rows;
        let rows = self.sides.ask_one(from_source, &statement).await?;
        let step = (rows.len() / pieces as usize).max(1);
        let mut keys: Vec<KeyText> = rows
            .iter()
            .skip(step / 2)
            .step_by(step)
            .map(|row| row.get(0))
            .collect();
        keys.dedup();
        keys.retain(|key| Some(key) != cell.place.start.as_ref());
        Ok(keys)
    }

    async fn by_buckets(&self, whole: Both) -> Result<Findings> {
        let bucketing = match self.sides.has_key() {
            true => Bucketing::Key,
            false => Bucketing::Row,
        };
        let rows = whole.source.rows.max(whole.destination.rows);
        let count = (rows / BUCKET_ROWS).next_power_of_two().min(MAX_BUCKETS);
        let counted = self
            .sides
            .counts(&|rows| rows.buckets(bucketing, count))
            .await?;
        let mut cells: Vec<Cell<i64>> = differing(counted)
            .map(|(place, both)| Cell { place, both })
            .collect();
        let skipped = self.skip(&mut cells);
        let ask = |rows: &Rows, numbers: &[i64]| rows.in_buckets(bucketing, count, numbers);
        let mut findings = self.explore(cells, &ask).await?;
        findings.unexplored += skipped;
        Ok(findings)
    }

    /// Fetches the rows of `cells`, as many at a time as memory should hold, until enough are
    /// found that differ.
    async fn explore<P: Sync>(
        &self,
        cells: Vec<Cell<P>>,
        ask: &(dyn Fn(&Rows, &[P]) -> Statement + Sync),
    ) -> Result<Findings> {
        let mut findings = Findings::default();
        let mut cells = cells.into_iter().peekable();
        while let Some(first) = cells.next() {
            if findings.count() >= self.limit as u64 {
                findings.unexplored += first.least();
                continue;
            }
            let mut rows = first.rows();
            let mut places = vec![first.place];
            while let Some(next) = cells.next_if(|next| rows + next.rows() <= FETCHED_ROWS) {
                rows += next.rows();
                places.push(next.place);
            }
            let (source, destination) = self.sides.ask(&|rows| ask(rows, &places)).await?;
            let keyed = |rows: Vec<tokio_postgres::Row>| -> Vec<KeyedRow> {
                let row = |row: &tokio_postgres::Row| KeyedRow {
                    key: row.get(0),
                    hash: row.get(1),
                };
                rows.iter().map(row).collect()
            };
            let (source, destination) = (keyed(source), keyed(destination));
            findings.add(match_rows(source, destination, self.sides.has_key()));
        }
        Ok(findings)
    }

    /// Finds the columns in which rows differ, where the key is that of one row on each side.
    async fn name_columns(&self, rows: &mut [RowDifference]) -> Result<()> {
        let mut different: Vec<&mut RowDifference> = rows
            .iter_mut()
            .filter(|row| row.kind == DifferenceKind::Different)
            .collect();
        for rows in different.chunks_mut(KEYS) {
            let keys: Vec<KeyText> = rows.iter().map(|row| row.key.clone()).collect();
            let (source, destination) = self.sides.ask(&|rows| rows.columns_of(&keys)).await?;
            let (source, destination) = (hashes_by_key(&source), hashes_by_key(&destination));
            for row in rows {
                if let (Some([source]), Some([destination])) = (
                    source.get(&row.key).map(Vec::as_slice),
                    destination.get(&row.key).map(Vec::as_slice),
                ) {
                    let pairs = self.sides.names.iter().zip(source.iter().zip(destination));
                    row.columns = pairs
                        .filter(|(_, (source, destination))| source != destination)
                        .map(|(name, _)| name.clone())
                        .collect();
                }
            }
        }
        Ok(())
    }
}

fn unexplored(unexplored: u64) -> Findings {
    Findings {
        unexplored,
        ..Findings::default()
    }
}

/// Parts that are not the same on both sides, in their order.
fn differing(
    (mut source, mut destination): (BTreeMap<i64, Count>, BTreeMap<i64, Count>),
) -> impl Iterator<Item = (i64, Both)> {
    let numbers: BTreeSet<i64> = source.keys().chain(destination.keys()).copied().collect();
    numbers.into_iter().filter_map(move |number| {
        let both = Both {
            source: source.remove(&number).unwrap_or_default(),
            destination: destination.remove(&number).unwrap_or_default(),
        };
        (!both.is_equal()).then_some((number, both))
    })
}

/// Hashes of columns by key; several of them where rows share it.
fn hashes_by_key(rows: &[tokio_postgres::Row]) -> BTreeMap<KeyText, Vec<Vec<Vec<u8>>>> {
    let mut hashes: BTreeMap<KeyText, Vec<Vec<Vec<u8>>>> = BTreeMap::new();
    for row in rows {
        hashes.entry(row.get(0)).or_default().push(row.get(1));
    }
    hashes
}

//! Tables of PostgreSQL, read by COPY.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use futures::{StreamExt, stream};
use tokio_postgres::error::SqlState;

use super::reader::{PartitionReader, Reading};
use super::snapshot::{ReadSession, Snapshot};
use super::{BatchStream, Scan, ScanColumn, Source, SourceQuery};
use crate::decode::BatchLimits;
use crate::error::{Error, ErrorKind};
use crate::postgres::statement::{self, PageRange};
use crate::postgres::{is_row_security, server_error};
use crate::report::Progress;
use crate::table::{Table, ident};
use crate::types::Representation;

/// Bytes of a range, at least: they are read in some 50 ms, so that a new COPY costs nothing by
/// comparison.
const MIN_RANGE_BYTES: u64 = 16 << 20;

/// Ranges for each connection: several, so that none is left with much of the work when the others
/// are done.
const RANGES_PER_CONNECTION: u32 = 16;

/// Bytes of a batch of whole tuples, at most: it is passed on as it is, and while it is shorter
/// than the second-level cache, it is still there when it is sent.
const TUPLE_BATCH_BYTES: usize = 256 << 10;

/// One table, view or foreign table of a database, under one snapshot.
///
/// Heaps are cut into ranges of `ctid`, which partitions read in turn; anything else is one range.
pub struct CopySource {
    table: Table,
    snapshot: Arc<Snapshot>,
    connections: usize,
    limits: BatchLimits,
    progress: Arc<Progress>,
    /// A condition on every row read, in the source's SQL.
    condition: Option<String>,
    /// Whether the server reads a range of `ctid` without reading the rest (version 14 and later).
    has_tid_range_scan: bool,
    /// Whether row security may hide rows.
    accepts_row_security: bool,
}

/// How a source is read.
#[derive(Clone, Copy, Debug)]
pub struct ReadSettings {
    /// Connections at the same time.
    pub connections: usize,
    /// When a batch is closed.
    pub limits: BatchLimits,
    /// The server's major version.
    pub server_version: u32,
}

impl CopySource {
    /// The rows of `table` under `snapshot`.
    pub fn new(
        table: Table,
        snapshot: Arc<Snapshot>,
        settings: ReadSettings,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            table,
            snapshot,
            connections: settings.connections,
            limits: settings.limits,
            progress,
            condition: None,
            has_tid_range_scan: settings.server_version >= 14,
            accepts_row_security: false,
        }
    }

    /// The same source without the rows that fail `condition`, which is SQL of the source.
    pub fn with_condition(mut self, condition: String) -> Self {
        self.condition = Some(condition);
        self
    }

    /// The same source without the rows that row security hides; otherwise those are an error.
    pub fn with_row_security(mut self) -> Self {
        self.accepts_row_security = true;
        self
    }

    /// The same source, read on so many connections at the same time for each scan.
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// The ranges of the table; `None` stands for all of it.
    fn ranges(&self, scan: &Scan) -> Vec<Option<PageRange>> {
        let pages = self.table.pages;
        let least = self.min_range_pages();
        let takes_parts = scan.query.as_ref().is_none_or(|query| query.is_row_wise);
        if !self.table.has_ctid
            || !takes_parts
            || !self.has_tid_range_scan
            || self.connections < 2
            || scan.limit.is_some()
            || pages < 2 * least
        {
            return vec![None];
        }
        let wanted = self.connections as u32 * RANGES_PER_CONNECTION;
        let step = pages.div_ceil(wanted).max(least);
        let starts: Vec<u32> = (0..pages).step_by(step as usize).collect();
        let ends = starts
            .iter()
            .skip(1)
            .map(|&start| Some(start))
            .chain([None]);
        starts
            .iter()
            .zip(ends)
            .map(|(&start, end)| Some(PageRange { start, end }))
            .collect()
    }

    /// Pages of a range, at least. With a page of the heap come its share of TOAST and, as a range
    /// is one of every partition's, as many pages as there are partitions of that length.
    fn min_range_pages(&self) -> u32 {
        let pages = u64::from(self.table.pages);
        let least = MIN_RANGE_BYTES * pages / self.table.size_bytes.max(1);
        least.clamp(1, pages.max(1)) as u32
    }

    /// The SELECT that gives all rows of `scan`.
    pub fn select_all(&self, scan: &Scan) -> String {
        self.select(scan, None)
    }

    /// All rows of `scan`, on as many connections as it has partitions: each takes the next range
    /// when it is done with one, so that all of them have work until the end. They can be read
    /// once; [`read`](Source::read) gives partitions that can be read again.
    pub fn read_all(&self, scan: &Scan) -> Vec<BatchStream> {
        let queue = Arc::new(self.queue(scan, self.ranges(scan)));
        let connections = 0..self.partition_count(scan);
        let streams = connections.map(|_| self.stream(scan, queue.clone()));
        streams.collect()
    }

    /// The statements that read these ranges of `scan`.
    fn queue(
        &self,
        scan: &Scan,
        ranges: impl IntoIterator<Item = Option<PageRange>>,
    ) -> Mutex<VecDeque<String>> {
        let statement = |range| statement::copy_out(&self.select(scan, range));
        Mutex::new(ranges.into_iter().map(statement).collect())
    }

    /// The rows that the statements of `queue` give, on one connection.
    fn stream(&self, scan: &Scan, queue: Arc<Mutex<VecDeque<String>>>) -> BatchStream {
        let reader = PartitionReader::new(Reading {
            table: self.table.name.to_string(),
            queue,
            snapshot: self.snapshot.clone(),
            scan: scan.clone(),
            limits: self.limits,
            progress: self.progress.clone(),
            session: ReadSession {
                row_security: self.accepts_row_security,
                runs_query: scan.query.is_some(),
            },
        });
        stream::try_unfold(reader, |mut reader| async move {
            Ok(reader.next_timed().await?.map(|batch| (batch, reader)))
        })
        .boxed()
    }

    fn select(&self, scan: &Scan, range: Option<PageRange>) -> String {
        let items: Vec<String> = scan.columns.iter().map(select_item).collect();
        let range = range.map(PageRange::condition);
        let own = range.into_iter().chain(self.condition.clone());
        let Some(query) = &scan.query else {
            let conditions: Vec<String> = own.chain(scan.filters.clone()).collect();
            return statement::select(&self.table.name, &items, &conditions, scan.limit);
        };
        let with = with_tables(&self.table, query, &own.collect::<Vec<_>>());
        let from = statement::derived(&query.select);
        with + &statement::select_from(&from, &items, &scan.filters, scan.limit)
    }
}

/// When a batch of whole tuples is closed.
pub(super) fn relay_limits(limits: BatchLimits) -> BatchLimits {
    BatchLimits {
        bytes: limits.bytes.min(TUPLE_BATCH_BYTES),
        ..limits
    }
}

/// A column as the source sends it.
fn select_item(column: &ScanColumn) -> String {
    match column.representation {
        Representation::Native | Representation::Wire => ident(&column.column),
        Representation::Text => format!("{}::pg_catalog.text", ident(&column.column)),
    }
}

impl Source for CopySource {
    fn partition_count(&self, scan: &Scan) -> usize {
        self.ranges(scan).len().min(self.connections).max(1)
    }

    fn read(&self, scan: &Scan, partition: usize) -> BatchStream {
        let partitions = self.partition_count(scan);
        let ranges = self.ranges(scan).into_iter();
        let own = ranges.skip(partition).step_by(partitions);
        self.stream(scan, Arc::new(self.queue(scan, own)))
    }

    fn accepts_filters(&self) -> bool {
        true
    }

    fn describe(&self, scan: &Scan) -> Vec<String> {
        let ranges = self.ranges(scan);
        let first = ranges.first().copied().flatten();
        let mut lines = vec![statement::copy_out(&self.select(scan, first))];
        if ranges.len() > 1 {
            lines.push(format!(
                "… and {} more ranges of ctid, on {} connections",
                ranges.len() - 1,
                self.partition_count(scan)
            ));
        }
        lines
    }
}

/// The error of a server that does not let `table` be read. That row security would hide rows has
/// words of its own, also where it is that of a table behind a view, and so has a lock that is not to be
/// had.
///
/// Source: PostgreSQL documentation, "Row Security Policies", and the setting `row_security`.
pub fn read_error(table: impl fmt::Display, err: tokio_postgres::Error) -> Error {
    let (kind, message, hint) = match err.code() {
        _ if is_row_security(&err) => {
            let message = format!("row security hides rows of {table} from the role");
            (ErrorKind::Schema, message, Some(ROW_SECURITY_HINT))
        }
        Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            let message = format!("somebody waits to alter or empty {table}");
            (ErrorKind::Read, message, Some(LOCK_HINT))
        }
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_FUNCTION) => {
            let message = format!("cannot read {table}");
            (ErrorKind::Read, message, Some(PATH_HINT))
        }
        _ => (ErrorKind::Read, format!("cannot read {table}"), None),
    };
    let error = server_error(kind, message, err);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Why a lock is not waited for.
const LOCK_HINT: &str = "they wait for the rows that are read here already, and reading on would wait for \
     them: run again once that is done";

/// The ways out where a view's function finds nothing under towpath's own path.
const PATH_HINT: &str = "if a function names tables without their schemas, give it a path (ALTER FUNCTION … \
     SET search_path), or let the source run a SELECT of yours, which is under the role's path: \
     on: source, with the SQL SELECT * FROM {{ source }}";

/// The ways out where row security hides rows.
const ROW_SECURITY_HINT: &str = "connect as the owner of the protected table, or as a role with \
     BYPASSRLS, or accept that hidden rows are left out: rls: accept in the pipeline file, --rls \
     accept for towpath copy";

/// What comes before the SELECT of `query` over those rows of `table` that pass all `conditions`: of
/// each table the columns that towpath may read.
pub(crate) fn with_tables(table: &Table, query: &SourceQuery, conditions: &[String]) -> String {
    let rows = |table: &Table, conditions: &[String]| {
        let columns = table.columns.iter().map(|column| ident(&column.name));
        statement::select(&table.name, &columns.collect::<Vec<_>>(), conditions, None)
    };
    let others = query.others.iter();
    let others = others.map(|(name, table)| (&**name, rows(table, &[])));
    let named: Vec<(&str, String)> = std::iter::once((&*query.name, rows(table, conditions)))
        .chain(others)
        .collect();
    statement::with(&named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Governor, SourceLimits};
    use crate::table::{TableKind, TableName};

    #[test]
    fn a_small_table_is_one_range() {
        assert_eq!(source(4095, true, 15).ranges(&Scan::default()), [None]);
    }

    #[test]
    fn few_pages_with_much_toast_are_many_ranges() {
        let mut source = source(300, true, 15);
        source.table.size_bytes = 1 << 30;
        assert_eq!(source.ranges(&Scan::default()).len(), 30);
    }

    #[test]
    fn ranges_cover_every_page_and_the_last_is_open() {
        let ranges = source(100_000, true, 15).ranges(&Scan::default());
        let ranges: Vec<PageRange> = ranges.into_iter().flatten().collect();
        assert_eq!(ranges[0].start, 0);
        assert!(
            ranges
                .windows(2)
                .all(|pair| pair[0].end == Some(pair[1].start))
        );
        assert_eq!(ranges.last().unwrap().end, None);
        assert_eq!(ranges.len(), 32);
    }

    #[test]
    fn what_has_no_ctid_or_no_range_scan_is_one_range() {
        assert_eq!(source(100_000, false, 15).ranges(&Scan::default()), [None]);
        assert_eq!(source(100_000, true, 13).ranges(&Scan::default()), [None]);
    }

    #[test]
    fn a_limit_is_read_on_one_connection() {
        let scan = Scan {
            limit: Some(20),
            ..Scan::default()
        };
        assert_eq!(source(100_000, true, 15).partition_count(&scan), 1);
    }

    #[test]
    fn a_text_column_is_cast_by_the_source() {
        let pg_type = crate::types::PgType::builtin(2950, "uuid", "uuid");
        let column = ScanColumn {
            column: "Id".into(),
            field_name: "Id".into(),
            pg_type,
            representation: Representation::Text,
            nullable: true,
        };
        let scan = Scan {
            columns: vec![column],
            filters: vec!["x".into()],
            limit: Some(3),
            ..Scan::default()
        };
        assert_eq!(
            source(1, true, 15).describe(&scan),
            [
                r#"COPY (SELECT "Id"::pg_catalog.text FROM "public"."t" WHERE x LIMIT 3) TO STDOUT (FORMAT binary)"#
            ]
        );
    }

    fn source(pages: u32, has_ctid: bool, server_version: u32) -> CopySource {
        let table = Table {
            oid: 1,
            name: TableName::new("public", "t"),
            kind: TableKind::Table,
            columns: vec![],
            unreadable: vec![],
            unique_indexes: vec![],
            pages,
            size_bytes: u64::from(pages) << 13,
            estimated_rows: None,
            has_ctid,
            referenced_columns: Vec::new(),
            has_inheritors: false,
            is_populated: true,
            rules: Vec::new(),
            row_triggers: Vec::new(),
            needs_one_statement: false,
            row_security: false,
            has_ascii_case: false,
        };
        let snapshot = Arc::new(Snapshot::new(
            "host=localhost user=u".parse().unwrap(),
            Arc::new(Governor::new(SourceLimits::default())),
        ));
        let limits = BatchLimits {
            rows: 8192,
            bytes: 1 << 20,
        };
        let settings = ReadSettings {
            connections: 2,
            limits,
            server_version,
        };
        CopySource::new(table, snapshot, settings, Arc::default())
    }
}

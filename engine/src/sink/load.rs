//! How rows will get into the destination, decided before any moves.

use super::{Duplicates, WriteMode};
use crate::encode::{ColumnEncoding, CopyEncoder, TupleEncoder};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::addition::Additions;
use crate::postgres::statement::{self, Merge, NewColumn, Persistence};
use crate::source::{Scan, ScanColumn, Shape};
use crate::table::{Identity, Table, TableKind, TableName, ident};
use crate::transform::Slot;
use crate::types::Representation;

/// One column that is written.
#[derive(Clone, Debug)]
pub struct LoadColumn {
    /// Its name.
    pub name: String,
    /// Its type in the destination, as SQL.
    pub type_sql: String,
    /// Its collation, quoted, where a table is created and it is not the type's default.
    pub collation: Option<String>,
    /// Whether NULL never comes.
    pub not_null: bool,
    /// Whether values that are equal are the same, byte for byte: not so for `1.0` and `1.00`.
    pub equal_is_same: bool,
    /// How values are encoded.
    pub encoding: ColumnEncoding,
    /// Whether that gives the bytes that the source has sent, for a value that is carried.
    pub takes_fields: bool,
}

/// How rows get into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadPath {
    /// The table is missing: writers fill it in the staging schema, and it is moved into place.
    Build,
    /// One COPY inside the publishing transaction, which first creates the table if it is missing.
    Direct,
    /// Writers fill a staging table, from which the publishing transaction inserts and updates.
    Merge,
    /// Writers fill one staging table after the other, and the publishing transaction inserts and
    /// updates from each while they fill the next.
    MergeParts,
}

/// A load into one table: what is written, and what decides which rows are the same.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// The table.
    pub destination: TableName,
    /// What the catalogue says of it; `None` if it is to be created.
    pub existing: Option<Table>,
    /// The columns written, in the order of the batches.
    pub columns: Vec<LoadColumn>,
    /// What writing means.
    pub write: WriteMode,
    /// The key; empty if there is none.
    pub key: Vec<String>,
    /// What happens to rows of one load that share a key.
    pub duplicates: Duplicates,
    /// Whether no two rows of the load can share a key.
    pub has_unique_keys: bool,
    /// Whether batches hold the source's tuples, which go into the table as they are.
    pub relays: bool,
    /// What batches hold otherwise, where some columns go into the table as the source sends them;
    /// empty if they hold each column.
    pub slots: Vec<Slot>,
    /// Whether the source is read on several connections.
    pub is_parallel: bool,
    /// Whether the destination's rows are read and compared first, so that only rows that differ
    /// are staged.
    pub compares: bool,
    /// Whether only triggers fire that are enabled for replicas; foreign keys are not checked then.
    pub as_replica: bool,
    /// What the table gets after its rows.
    pub additions: Additions,
}

impl LoadPlan {
    /// How rows get there, given whether the table has rows and whether tables may be created in
    /// the staging schema.
    pub fn path(&self, is_empty: bool, may_stage: bool) -> LoadPath {
        // COPY does not ask row security, and PostgreSQL refuses it for that reason.
        let is_protected = self.existing.as_ref().is_some_and(|t| t.row_security);
        let plain = self.staged_as_text().is_empty()
            && self.duplicates == Duplicates::Refuse
            && !is_protected;
        match (&self.existing, self.write) {
            _ if !plain => self.merge_path(may_stage),
            (None, _) if may_stage && self.is_parallel => LoadPath::Build,
            (None, _) | (Some(_), WriteMode::Append) => LoadPath::Direct,
            // Rows without complete key are told from the staging table.
            (Some(_), _) if is_empty && !(self.merges() && self.may_lack_key()) => LoadPath::Direct,
            (Some(_), _) => self.merge_path(may_stage),
        }
    }

    /// How rows get there by way of staging.
    pub fn merge_path(&self, may_stage: bool) -> LoadPath {
        match may_stage && self.merges_parts() {
            true => LoadPath::MergeParts,
            false => LoadPath::Merge,
        }
    }

    /// Whether tuples of the source can go into the table as they are, if their fields are the
    /// columns in order.
    pub fn takes_tuples(&self) -> bool {
        !self.columns.is_empty() && self.columns.iter().all(|c| c.encoding.is_verbatim())
    }

    /// Whether rows that are there already, byte for byte, can be left out of the load: then the
    /// table is the same afterwards, and whatever would have failed still does.
    pub fn may_leave_out_equal_rows(&self) -> bool {
        let is_watched = |table: &Table| table.row_security || !table.row_triggers.is_empty();
        self.write == WriteMode::Upsert
            && self.duplicates == Duplicates::Refuse
            && self.has_unique_keys
            && !self.may_lack_key()
            && !self.columns.is_empty()
            && self.existing.as_ref().is_some_and(|table| {
                !is_watched(table) && self.columns.iter().all(|c| table.column(&c.name).is_some())
            })
    }

    /// Whether rows can be merged part by part, while others are still on their way: the outcome is
    /// that of merging all of them at once.
    fn merges_parts(&self) -> bool {
        self.write == WriteMode::Upsert
            && self.duplicates == Duplicates::Refuse
            && self.has_unique_keys
            && !self.may_lack_key()
            // Keys that differ at the source are others here too: of two that the destination calls
            // equal, the second statement would update the first one's row.
            && self.of_key().all(|c| c.equal_is_same && !c.encoding.staged_as_text())
            && self.existing.as_ref().is_some_and(|table| {
                // What foreign keys refer to must be there whenever a statement ends.
                let stays = |name: &String| {
                    self.key.contains(name) || !self.columns.iter().any(|c| c.name == *name)
                };
                table.kind == TableKind::Table
                    && !table.row_security
                    && !table.needs_one_statement
                    && table.referenced_columns.iter().all(stays)
            })
    }

    /// What is read of the destination to compare rows: their tuples as this load would send them.
    pub fn comparison_scan(&self) -> Option<Scan> {
        let table = self.existing.as_ref()?;
        let column = |column: &LoadColumn| {
            let there = table.column(&column.name)?;
            Some(ScanColumn {
                column: column.name.clone(),
                field_name: column.name.clone(),
                pg_type: there.pg_type.clone(),
                representation: match column.encoding.staged_as_text() {
                    true => Representation::Text,
                    false => Representation::Wire,
                },
                nullable: there.nullable,
            })
        };
        let columns = self.columns.iter().map(column);
        Some(Scan {
            columns: columns.collect::<Option<_>>()?,
            shape: Shape::Tuples,
            ..Scan::default()
        })
    }

    /// What makes tuples of its batches.
    pub fn encoder(&self) -> TupleEncoder {
        if self.relays {
            return TupleEncoder::Tuples;
        }
        let each = || self.columns.iter().map(|column| column.encoding.clone());
        let slot = |slot: &Slot| match slot {
            Slot::Column(at) => self.columns[*at].encoding.clone(),
            Slot::Run(run) => ColumnEncoding::of_fields(&self.columns[run.start].name, run.len()),
        };
        let encodings = match self.slots.is_empty() {
            true => each().collect(),
            false => self.slots.iter().map(slot).collect(),
        };
        TupleEncoder::Columns(Box::new(CopyEncoder::new(encodings)))
    }

    /// The statement that creates the destination, without key.
    pub fn create_destination(&self, name: &TableName) -> String {
        let columns: Vec<NewColumn> = self.columns.iter().map(|c| self.new_column(c)).collect();
        statement::create_table(name, &columns, Persistence::Permanent)
    }

    /// The statement that gives the created table its key; `None` if it has none.
    pub fn create_key(&self) -> Option<String> {
        let key: Vec<&str> = self.key.iter().map(String::as_str).collect();
        (!key.is_empty()).then(|| statement::add_primary_key(&self.destination, &key))
    }

    /// The statements that give the table what it gets after its rows; indexes come last, and for
    /// each of them `is_taken` says whether its name is another one's.
    pub fn complete(&self, is_taken: impl Fn(&str) -> bool) -> Vec<String> {
        let (additions, table) = (&self.additions, &self.destination);
        let indexes = additions.indexes.iter();
        let indexes = indexes.map(|index| index.create(table, !is_taken(&index.name)));
        let mut statements: Vec<String> = additions.fill(table).into_iter().collect();
        statements.extend(additions.advance(table));
        statements.extend(additions.comments(table));
        statements.extend(indexes);
        statements
    }

    /// The statement that creates a staging table for rows to be merged.
    pub fn create_staging(&self, name: &TableName, persistence: Persistence) -> String {
        let columns: Vec<NewColumn> = self
            .columns
            .iter()
            .map(|column| NewColumn {
                name: column.name.clone(),
                type_sql: match column.encoding.staged_as_text() {
                    true => "pg_catalog.text".to_owned(),
                    false => column.type_sql.clone(),
                },
                collation: None,
                not_null: false,
            })
            .collect();
        statement::create_table(name, &columns, persistence)
    }

    /// Calls `with` with the statements that merge from `staging` (already SQL).
    pub fn with_merge<T>(&self, staging: &str, with: impl FnOnce(&Merge<'_>) -> T) -> T {
        let columns: Vec<(&str, String)> = self
            .columns
            .iter()
            .map(|column| {
                let staged = format!("s.{}", ident(&column.name));
                let sql = match column.encoding.staged_as_text() {
                    true => format!("{staged}::{}", column.type_sql),
                    false => staged,
                };
                (&*column.name, sql)
            })
            .collect();
        let key: Vec<&str> = self.key.iter().map(String::as_str).collect();
        let insert_only: Vec<&str> = self
            .of_key()
            .filter(|column| column.equal_is_same)
            .map(|column| &*column.name)
            .chain(self.always_generated())
            .collect();
        with(&Merge {
            destination: &self.destination,
            staging,
            columns: &columns,
            key: &key,
            insert_only: &insert_only,
            nulls_equal: self.nulls_are_equal(),
            last_by: match &self.duplicates {
                Duplicates::Last { order_by } => Some(order_by),
                Duplicates::Refuse => None,
            },
        })
    }

    /// Names of the columns written, in order.
    pub fn column_names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| &*column.name).collect()
    }

    /// Names of the columns that the destination reads from text after COPY.
    pub fn staged_as_text(&self) -> Vec<&str> {
        let columns = self.columns.iter();
        columns
            .filter(|column| column.encoding.staged_as_text())
            .map(|column| &*column.name)
            .collect()
    }

    /// Whether a row may come that has NULL in its key, where NULL is equal to nothing.
    pub fn may_lack_key(&self) -> bool {
        !self.nulls_are_equal() && self.of_key().any(|column| !column.not_null)
    }

    /// The columns of the key.
    fn of_key(&self) -> impl Iterator<Item = &LoadColumn> {
        let columns = self.columns.iter();
        columns.filter(|column| self.key.contains(&column.name))
    }

    /// Whether the key's index takes two NULLs for the same.
    fn nulls_are_equal(&self) -> bool {
        self.existing.as_ref().is_some_and(|table| {
            let mut indexes = table.unique_indexes.iter();
            indexes.any(|index| index.nulls_equal && index.arbitrates(&self.key))
        })
    }

    /// Whether rows are told apart by their key.
    fn merges(&self) -> bool {
        matches!(self.write, WriteMode::Upsert | WriteMode::Mirror) || self.replaces_by_key()
    }

    /// Whether replacing keeps the rows that foreign keys of other tables refer to.
    pub fn replaces_by_key(&self) -> bool {
        self.write == WriteMode::Replace && self.existing.as_ref().is_some_and(Table::is_referenced)
    }

    /// Checks that the key can decide which rows are the same.
    ///
    /// # Errors
    /// `Schema`, with the index to create, if the write mode needs one that is not there.
    pub fn check_key(&self) -> Result<()> {
        if let Some(name) = self
            .key
            .iter()
            .enumerate()
            .find_map(|(at, name)| self.key[..at].contains(name).then_some(name))
        {
            let message = format!("key column {name:?} is named twice");
            return Err(Error::new(ErrorKind::Config, message).with_hint("name it once"));
        }
        if !self.merges() {
            return Ok(());
        }
        if let Some(name) = self.always_generated().find(|name| self.would_update(name)) {
            let message = format!(
                "column {name:?} of {} is GENERATED ALWAYS, so that it cannot be updated",
                self.destination
            );
            return Err(Error::new(ErrorKind::Schema, message).with_hint(format!(
                "leave it out of the SELECT, or run there: ALTER TABLE {} ALTER COLUMN {} SET \
                 GENERATED BY DEFAULT",
                self.destination,
                ident(name)
            )));
        }
        if self.key.is_empty() {
            return Err(self.missing_key());
        }
        for name in &self.key {
            if !self.columns.iter().any(|column| column.name == *name) {
                let message = format!(
                    "key column {name:?} is not among those written into {}",
                    self.destination
                );
                return Err(Error::new(ErrorKind::Schema, message)
                    .with_hint("name columns of the result, or add it to the SELECT"));
            }
        }
        match &self.existing {
            Some(table) if !table.unique_indexes.iter().any(|i| i.arbitrates(&self.key)) => {
                Err(self.no_arbiter(table))
            }
            _ => Ok(()),
        }
    }

    fn missing_key(&self) -> Error {
        let because = match self.replaces_by_key() {
            true => ", as foreign keys of other tables refer to its rows",
            false => "",
        };
        let message = format!(
            "{} into {} needs a key{because}",
            self.write, self.destination
        );
        Error::new(ErrorKind::Schema, message).with_hint(
            "name the columns that tell rows apart (--key, or key: in the pipeline file), or use \
             write mode append or replace",
        )
    }

    fn no_arbiter(&self, table: &Table) -> Error {
        let key = self
            .key
            .iter()
            .map(|name| ident(name))
            .collect::<Vec<_>>()
            .join(", ");
        let message = format!(
            "{} has no unique index on ({key}) that can merge",
            table.name
        );
        let same_columns = |index: &&crate::table::UniqueIndex| {
            index.column_names().is_some_and(|names| {
                names.len() == self.key.len() && names.iter().all(|name| self.key.contains(name))
            })
        };
        let cause = table.unique_indexes.iter().find(same_columns).map(|index| {
            let what = if index.deferrable {
                "deferrable"
            } else {
                "partial"
            };
            format!("index {} is {what}", ident(&index.name))
        });
        let error = Error::new(ErrorKind::Schema, message).with_hint(format!(
            "run there: CREATE UNIQUE INDEX ON {} ({key})",
            table.name
        ));
        match cause {
            Some(cause) => error.with_source(cause),
            None => error,
        }
    }

    fn new_column(&self, column: &LoadColumn) -> NewColumn {
        NewColumn {
            name: column.name.clone(),
            type_sql: column.type_sql.clone(),
            collation: column.collation.clone(),
            not_null: column.not_null || self.key.contains(&column.name),
        }
    }

    /// Whether a column is written and not part of the key.
    fn would_update(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
            && !self.key.iter().any(|key| key == name)
    }

    /// Columns that the destination updates only to their default.
    fn always_generated(&self) -> impl Iterator<Item = &str> {
        let columns = self.existing.iter().flat_map(|table| &table.columns);
        columns
            .filter(|column| column.identity == Some(Identity::Always))
            .map(|column| &*column.name)
    }
}

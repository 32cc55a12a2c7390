//! The transaction that makes rows visible: all of them, or none.

use std::ops::AddAssign;
use std::time::Instant;

use super::merger::Merged;
use super::parts::Parts;
use super::table::Target;
use super::writer::rows_left_out;
use super::{Duplicates, LoadPlan, WriteMode};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::catalog::IndexDefinition;
use crate::postgres::statement::{self, Merge};
use crate::postgres::{Connection, catalog, is_row_security, server_error, tuning};
use crate::report::{Clock, Step, StreamReport};
use crate::table::{Table, TableKind, TableName};

/// Expressions of the source's catalogue name `pg_catalog`'s objects without schema, and no others.
const CATALOG_PATH: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

/// The path that the publishing session had.
const OWN_PATH: &str = "SET LOCAL search_path TO DEFAULT";

/// Creates `schema` unless it is there. `IF NOT EXISTS` alone would ask for the privilege to create
/// it even then.
pub(super) async fn create_schema(publisher: &Connection, schema: &str) -> Result<()> {
    let refused = |err| {
        server_error(
            ErrorKind::Load,
            format!("cannot create schema {schema:?}"),
            err,
        )
    };
    if catalog::has_schema(publisher, schema).await? {
        return Ok(());
    }
    // Two runs that create it at the same time would meet in the catalogue's unique index.
    let lock = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))";
    let name = format!("towpath schema {schema}");
    publisher.ask(lock, &[&name]).await.map_err(refused)?;
    if !catalog::has_schema(publisher, schema).await? {
        let create = statement::create_schema(schema);
        publisher.batch_execute(&create).await.map_err(refused)?;
    }
    Ok(())
}

/// Keeps others from changing the table's definition, and checks that nobody did since `planned`.
///
/// # Errors
/// `Schema`, if the table is another one, or has other columns; `Load`, if the server refuses.
pub(super) async fn lock_and_check(publisher: &Connection, planned: &Table) -> Result<()> {
    // Who has this lock waits for nobody who waits for the run.
    let lock = format!(
        "LOCK TABLE {} IN ROW EXCLUSIVE MODE; SET LOCAL lock_timeout = 0",
        planned.name
    );
    publisher.batch_execute(&lock).await.map_err(|err| {
        server_error(
            ErrorKind::Load,
            format!("cannot lock {}", planned.name),
            err,
        )
    })?;
    let found = catalog::table(publisher, &planned.name).await?;
    let shape = |table: &Table| {
        let columns = table.columns.iter().map(|column| {
            let (pg_type, generated) = (&column.pg_type, column.generated);
            (
                column.name.clone(),
                pg_type.oid,
                pg_type.typmod,
                generated,
                column.identity,
            )
        });
        let columns: Vec<_> = columns.collect();
        (table.oid, table.needs_one_statement, columns)
    };
    match found {
        Some(found) if shape(&found) == shape(planned) => Ok(()),
        _ => Err(Error::new(
            ErrorKind::Schema,
            format!("{} changed while rows were moving", planned.name),
        )
        .with_hint("nothing was published: run again")),
    }
}

/// Gives a table that was built elsewhere what `ALTER DEFAULT PRIVILEGES IN SCHEMA` says of tables
/// created in its schema.
async fn grant_defaults(publisher: &Connection, table: &TableName) -> Result<()> {
    let refused = |err| {
        server_error(
            ErrorKind::Load,
            format!("cannot grant default privileges on {table}"),
            err,
        )
    };
    let sql = include_str!("default_privileges.sql");
    for row in publisher
        .ask(sql, &[&table.schema])
        .await
        .map_err(refused)?
    {
        let (privilege, grantee): (&str, &str) = (row.get(0), row.get(1));
        let option = if row.get(2) { " WITH GRANT OPTION" } else { "" };
        let grant = format!("GRANT {privilege} ON TABLE {table} TO {grantee}{option}");
        publisher.batch_execute(&grant).await.map_err(refused)?;
    }
    Ok(())
}

/// Numbers of the destination's rows that a merge wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) inserted: u64,
    pub(super) updated: u64,
}

impl AddAssign for Changed {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
    }
}

/// A load that is being published.
pub(super) struct Publication<'a> {
    pub(super) publisher: &'a Connection,
    pub(super) plan: &'a LoadPlan,
    pub(super) clock: &'a Clock,
}

impl Publication<'_> {
    /// Publishes what was written into `target`. The transaction stays open.
    pub(super) async fn publish(
        &self,
        target: &Target,
        report: StreamReport,
    ) -> Result<StreamReport> {
        match target {
            // The merger begins its own.
            Target::Parts(_) => {}
            // It is open since rows came.
            Target::Destination => self.run(&tuning::for_publishing()).await?,
            _ => self.begin().await?,
        }
        let report = match (target, target.staging_sql()) {
            (Target::Nothing, _) => self.publish_nothing(report).await?,
            (Target::Destination, _) => self.publish_direct(report).await?,
            (Target::Built(table), _) => self.publish_built(table, report).await?,
            (Target::Parts(parts), _) => self.publish_parts(parts, report).await?,
            (Target::Staged(table) | Target::Temporary(table), Some(staging)) => {
                let report = self.publish_staged(&staging, report).await?;
                if matches!(target, Target::Staged(_)) {
                    self.run(&statement::drop_table(table)).await?;
                }
                report
            }
            _ => {
                let message = "a staged load has no staging table";
                return Err(Error::new(ErrorKind::Internal, message));
            }
        };
        self.complete().await?;
        Ok(report)
    }

    /// Begins the publishing transaction.
    pub(super) async fn begin(&self) -> Result<()> {
        self.run(&format!("BEGIN; {}", tuning::for_publishing()))
            .await
    }

    /// Locks the table against changes of its definition.
    pub(super) async fn lock(&self) -> Result<()> {
        match &self.plan.existing {
            Some(existing) => lock_and_check(self.publisher, existing).await,
            None => Ok(()),
        }
    }

    /// The table had all rows before.
    async fn publish_nothing(&self, report: StreamReport) -> Result<StreamReport> {
        self.lock().await?;
        Ok(StreamReport {
            rows_unchanged: report.rows_written,
            ..report
        })
    }

    /// The rows are in the table; a created one lacks its key.
    async fn publish_direct(&self, report: StreamReport) -> Result<StreamReport> {
        if self.plan.existing.is_none() {
            self.add_key().await?;
        }
        Ok(StreamReport {
            rows_inserted: report.rows_written,
            ..report
        })
    }

    /// The rows are in a table of their own, which becomes the destination.
    async fn publish_built(&self, table: &TableName, report: StreamReport) -> Result<StreamReport> {
        create_schema(self.publisher, &self.plan.destination.schema).await?;
        for sql in statement::move_into_place(table, &self.plan.destination) {
            self.run(&sql).await?;
        }
        grant_defaults(self.publisher, &self.plan.destination).await?;
        self.add_key().await?;
        Ok(StreamReport {
            rows_inserted: report.rows_written,
            ..report
        })
    }

    /// The rows are merged part by part, maybe most of them by now.
    async fn publish_parts(&self, parts: &Parts, report: StreamReport) -> Result<StreamReport> {
        let Merged { changed, parts } = parts.finish().await?;
        let drops: Vec<String> = parts.iter().map(statement::drop_table).collect();
        self.run(&drops.join("; ")).await?;
        Ok(upserted(changed, report.rows_written, report))
    }

    /// The rows are in a staging table.
    async fn publish_staged(&self, staging: &str, report: StreamReport) -> Result<StreamReport> {
        let plan = self.plan;
        let Some(existing) = &plan.existing else {
            create_schema(self.publisher, &plan.destination.schema).await?;
            self.run(&plan.create_destination(&plan.destination))
                .await?;
            let insert = plan.with_merge(staging, |merge| merge.insert());
            let rows_inserted = self.execute(&insert).await?;
            self.add_key().await?;
            let rows_superseded = report.rows_written.saturating_sub(rows_inserted);
            return Ok(StreamReport {
                rows_inserted,
                rows_superseded,
                ..report
            });
        };
        self.lock().await?;
        match plan.write {
            WriteMode::Append => {
                if plan.duplicates != Duplicates::Refuse {
                    self.check_keys(staging).await?;
                }
                Ok(StreamReport {
                    rows_inserted: self.insert_all(staging, &report).await?,
                    ..report
                })
            }
            WriteMode::Replace if !plan.replaces_by_key() => {
                if !plan.key.is_empty() {
                    self.check_keys(staging).await?;
                }
                let count = format!("SELECT pg_catalog.count(*) FROM {}", plan.destination);
                let rows_deleted = self.count(&count).await?;
                self.run(&format!("TRUNCATE {}", plan.destination)).await?;
                let rows_inserted = self.insert_all(staging, &report).await?;
                Ok(StreamReport {
                    rows_inserted,
                    rows_deleted,
                    rows_superseded: report.rows_written.saturating_sub(rows_inserted),
                    ..report
                })
            }
            WriteMode::Upsert => self.upsert(staging, existing, report).await,
            WriteMode::Replace | WriteMode::Mirror => {
                let report = self.upsert(staging, existing, report).await?;
                self.run(&format!("ANALYZE {staging}")).await?;
                let delete = plan.with_merge(staging, |merge| merge.delete_missing());
                Ok(StreamReport {
                    rows_deleted: self.execute(&delete).await?,
                    ..report
                })
            }
        }
    }

    /// Inserts what is staged, and counts it: every row, if none of them shares a key.
    async fn insert_all(&self, staging: &str, report: &StreamReport) -> Result<u64> {
        let insert = self.plan.with_merge(staging, |merge| merge.insert());
        let inserted = self.execute(&insert).await?;
        let expected = match self.plan.duplicates {
            Duplicates::Refuse => report.rows_written,
            Duplicates::Last { .. } => {
                self.count(&self.plan.with_merge(staging, |merge| merge.count_keys()))
                    .await?
            }
        };
        self.check_none_left_out(expected.saturating_sub(inserted))?;
        Ok(inserted)
    }

    /// Refuses to publish without `rows` that the destination did not take.
    fn check_none_left_out(&self, rows: u64) -> Result<()> {
        match rows {
            0 => Ok(()),
            rows => Err(rows_left_out(&self.plan.destination.to_string(), rows)),
        }
    }

    async fn upsert(
        &self,
        staging: &str,
        existing: &Table,
        report: StreamReport,
    ) -> Result<StreamReport> {
        let plan = self.plan;
        self.check_keys(staging).await?;
        let keys = match plan.duplicates {
            Duplicates::Refuse => report.rows_written,
            Duplicates::Last { .. } => {
                self.count(&plan.with_merge(staging, |merge| merge.count_keys()))
                    .await?
            }
        };
        let changed = match existing.kind {
            // A partitioned table has no xmax to tell an update from an insert.
            TableKind::Partitioned => {
                let matches = plan.with_merge(staging, |merge| merge.count_matches());
                let matched = self.count(&matches).await?;
                let upsert = plan.with_merge(staging, |merge| merge.upsert());
                let changed = self.execute(&upsert).await?;
                let inserted = keys.saturating_sub(matched).min(changed);
                Changed {
                    inserted,
                    updated: changed - inserted,
                }
            }
            _ => self.merge(staging).await?,
        };
        if !existing.row_triggers.is_empty() {
            let absent = plan.with_merge(staging, |merge| merge.count_absent());
            self.check_none_left_out(self.count(&absent).await?)?;
        }
        Ok(upserted(changed, keys, report))
    }

    /// Inserts and updates what is staged, and counts it.
    pub(super) async fn merge(&self, staging: &str) -> Result<Changed> {
        let upsert = self.plan.with_merge(staging, |merge| merge.upsert());
        let counted = Merge::counted(&upsert);
        let row = self.publisher.query_one(&counted, &[]).await;
        let row = row.map_err(|err| self.refused(err))?;
        Ok(Changed {
            inserted: row.get::<_, i64>(0) as u64,
            updated: row.get::<_, i64>(1) as u64,
        })
    }

    /// Refuses keys that are staged twice or are not complete: ON CONFLICT would take any of the
    /// rows, or insert them again with every run.
    async fn check_keys(&self, staging: &str) -> Result<()> {
        let plan = self.plan;
        let key = plan.key.join(", ");
        if plan.may_lack_key() {
            let sql = plan.with_merge(staging, |merge| merge.count_null_keys());
            let rows = self.count(&sql).await?;
            if rows > 0 {
                let message = format!(
                    "{rows} rows for {} have NULL in their key ({key})",
                    plan.destination
                );
                return Err(Error::new(ErrorKind::Load, message).with_hint(
                    "filter them in the transform, or choose a key without NULL: each run would \
                     insert them again",
                ));
            }
        }
        if !plan.has_unique_keys && plan.duplicates == Duplicates::Refuse {
            let sql = plan.with_merge(staging, |merge| merge.count_duplicates());
            let keys = self.count(&sql).await?;
            if keys > 0 {
                let what = match keys {
                    1 => format!("one key ({key}) comes"),
                    keys => format!("{keys} keys ({key}) come"),
                };
                let message = format!("{what} more than once for {}", plan.destination);
                return Err(Error::new(ErrorKind::Load, message).with_hint(DUPLICATES_HINT));
            }
        }
        Ok(())
    }

    /// Gives the table what it gets after its rows.
    async fn complete(&self) -> Result<()> {
        let (additions, table) = (&self.plan.additions, &self.plan.destination);
        self.run(CATALOG_PATH).await?;
        for sql in additions.fill(table).iter() {
            self.run(sql).await?;
        }
        for sql in additions.advance(table) {
            self.publisher.query(&sql, &[]).await.map_err(|err| {
                let message = format!("cannot move a sequence of {table} on");
                server_error(ErrorKind::Load, message, err)
            })?;
        }
        for sql in additions.comments(table) {
            self.run(&sql).await?;
        }
        for index in &additions.indexes {
            self.build(index).await?;
        }
        self.run(OWN_PATH).await
    }

    async fn build(&self, index: &IndexDefinition) -> Result<()> {
        let table = &self.plan.destination;
        let is_taken = catalog::is_name_taken(self.publisher, &table.schema, &index.name).await?;
        let sql = index.create(table, !is_taken);
        let began = Instant::now();
        let built = self.publisher.batch_execute(&sql).await;
        self.clock.add(Step::IndexBuild, began.elapsed());
        built.map_err(|err| {
            let message = format!("cannot give {table} its {}", index.describe());
            server_error(ErrorKind::Load, message, err)
                .with_hint("copy the table without indexes, and build this one by hand")
        })
    }

    async fn add_key(&self) -> Result<()> {
        let Some(sql) = self.plan.create_key() else {
            return Ok(());
        };
        let began = Instant::now();
        let built = self.run(&sql).await;
        self.clock.add(Step::IndexBuild, began.elapsed());
        built
    }

    async fn run(&self, sql: &str) -> Result<()> {
        self.publisher
            .batch_execute(sql)
            .await
            .map_err(|err| self.refused(err))
    }

    async fn execute(&self, sql: &str) -> Result<u64> {
        self.publisher
            .execute(sql, &[])
            .await
            .map_err(|err| self.refused(err))
    }

    async fn count(&self, sql: &str) -> Result<u64> {
        let row = self
            .publisher
            .query_one(sql, &[])
            .await
            .map_err(|err| self.refused(err))?;
        Ok(row.get::<_, i64>(0) as u64)
    }

    fn refused(&self, err: tokio_postgres::Error) -> Error {
        use tokio_postgres::error::SqlState;
        if is_row_security(&err) {
            return row_security_refuses(&self.plan.destination, err);
        }
        let is_duplicate = err.code().is_some_and(|code| {
            *code == SqlState::UNIQUE_VIOLATION || *code == SqlState::CARDINALITY_VIOLATION
        });
        let is_null = err.code() == Some(&SqlState::NOT_NULL_VIOLATION);
        let message = format!("cannot publish {}", self.plan.destination);
        let staged_as_text = self.plan.staged_as_text();
        // Classes of data that cannot be read, and of names that mean nothing.
        let may_be_a_cast = err
            .code()
            .is_some_and(|code| code.code().starts_with("22") || code.code().starts_with("42"));
        let error = server_error(ErrorKind::Load, message, err);
        match (is_duplicate, may_be_a_cast && !staged_as_text.is_empty()) {
            (true, _) => error.with_hint(DUPLICATES_HINT),
            _ if is_null && self.plan.existing.is_none() => error.with_hint(INCOMPLETE_KEY_HINT),
            (false, true) => error.with_hint(format!(
                "text is read here as the type of: {}; names in it must mean something in this \
                 database, or the column be carried as text (as: text)",
                staged_as_text.join(", ")
            )),
            (false, false) => error,
        }
    }
}

/// The report of an upsert of so many keys.
fn upserted(changed: Changed, keys: u64, report: StreamReport) -> StreamReport {
    StreamReport {
        rows_inserted: changed.inserted,
        rows_updated: changed.updated,
        rows_unchanged: keys.saturating_sub(changed.inserted + changed.updated),
        rows_superseded: report.rows_written - keys,
        ..report
    }
}

/// The error for a row that a policy of the destination does not let in.
fn row_security_refuses(table: &TableName, err: tokio_postgres::Error) -> Error {
    let message = format!("row security of {table} does not let a row in");
    server_error(ErrorKind::Load, message, err).with_hint(
        "filter such rows in the transform, change the policy (WITH CHECK, USING), or load as the \
         table's owner or a role with BYPASSRLS",
    )
}

const DUPLICATES_HINT: &str = "choose a key that tells rows apart, make rows unique in the \
     transform, or name a column whose greatest value wins (duplicates: {last: column}, or \
     --duplicates-last)";

const INCOMPLETE_KEY_HINT: &str = "filter rows that have NULL in their key in the transform, or choose \
     a key without NULL";

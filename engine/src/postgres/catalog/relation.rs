//! What reading a table depends on beside its rows.

use tokio_postgres::types::ToSql;

use super::query;
use crate::error::{ErrorKind, Result};
use crate::postgres::{Connection, server_error};
use crate::table::{Table, TableName, ident};

/// A table, view or partition that is read when another one is, as a transaction's snapshot shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// What the snapshot knows of it; `None` if it was created after that.
    pub state: Option<RelationState>,
}

/// What decides which rows are read where a relation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationState {
    /// Its name.
    pub name: TableName,
    /// The same, quoted where it has to be.
    pub readable: String,
    /// Whether its rows are another server's.
    pub is_foreign: bool,
    /// `pg_class.relfilenode`, which is another one after `TRUNCATE`, or once it was rewritten.
    file: u32,
    /// Numbers, types and names of its columns.
    columns: Vec<String>,
    /// Its partitions, or the tables that inherit from it.
    pub children: Vec<u32>,
    /// Hashes of a view's query.
    queries: Vec<i64>,
}

impl RelationState {
    /// Whether a snapshot that shows this reads the rows of a relation that is `now` so.
    ///
    /// Columns that were added do not matter to who names those that are here. Nor do children that
    /// `is_new` to the snapshot: their rows are too.
    pub fn reads(&self, now: &Self, is_new: impl Fn(u32) -> bool) -> bool {
        let has_child = |child: &u32| self.children.contains(child) || is_new(*child);
        let is_same = (&self.name, self.is_foreign, self.file, &self.queries)
            == (&now.name, now.is_foreign, now.file, &now.queries);
        is_same
            && self
                .columns
                .iter()
                .all(|column| now.columns.contains(column))
            && self
                .children
                .iter()
                .all(|child| now.children.contains(child))
            && now.children.iter().all(has_child)
    }
}

/// Locks what reading `tables` reads, so that nobody rewrites it, until the transaction ends or goes back
/// to a savepoint.
///
/// # Errors
/// `Read`, if the server refuses.
///
/// Source: PostgreSQL documentation, "Concurrency Control", "Caveats".
pub async fn lock_relations(client: &Connection, tables: &[&Table]) -> Result<()> {
    for table in tables {
        // To plan a query locks the tables behind a view, and the partitions that would be read; nothing
        // is executed. The compiler would take longer than the rest.
        let columns: Vec<String> = table.columns.iter().map(|c| ident(&c.name)).collect();
        let lock = format!(
            "SET LOCAL jit = off; SET LOCAL row_security = on; SET LOCAL search_path TO DEFAULT; \
             EXPLAIN (COSTS off) SELECT {} FROM {}; SET LOCAL search_path = pg_catalog, pg_temp",
            columns.join(", "),
            table.name
        );
        let locked = client.simple_query(&lock).await;
        locked.map_err(|err| {
            server_error(ErrorKind::Read, format!("cannot read {}", table.name), err)
        })?;
    }
    Ok(())
}

/// The relations that the session has locked, but for those of the catalogue.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn locked_relations(client: &Connection) -> Result<Vec<Relation>> {
    relations_of(client, None).await
}

/// The relations of these OIDs.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn relations(client: &Connection, oids: &[u32]) -> Result<Vec<Relation>> {
    relations_of(client, Some(oids)).await
}

/// The functions that may read tables for the view `oid`, by their names.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn functions_behind(client: &Connection, oid: u32) -> Result<Vec<String>> {
    let rows = query(client, include_str!("functions_behind.sql"), &[&oid]).await?;
    Ok(rows.iter().map(|row| row.get("name")).collect())
}

async fn relations_of(client: &Connection, oids: Option<&[u32]>) -> Result<Vec<Relation>> {
    let parameters: [&(dyn ToSql + Sync); 1] = [&oids];
    let rows = query(client, include_str!("relations.sql"), &parameters).await?;
    let relations = rows.iter().map(|row| {
        let state = row
            .get::<_, Option<&str>>("name")
            .map(|name| RelationState {
                name: TableName::new(row.get::<_, &str>("schema"), name),
                readable: row.get("readable"),
                is_foreign: row.get("is_foreign"),
                file: row.get("file"),
                columns: row.get("columns"),
                children: row.get("children"),
                queries: row.get("queries"),
            });
        Relation {
            oid: row.get("oid"),
            state,
        }
    });
    Ok(relations.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> RelationState {
        RelationState {
            name: TableName::new("public", "t"),
            readable: "public.t".to_owned(),
            is_foreign: false,
            file: 1,
            columns: vec!["1 23 -1 id".to_owned()],
            children: vec![7],
            queries: Vec::new(),
        }
    }

    fn reads(before: &RelationState, now: &RelationState) -> bool {
        before.reads(now, |child| child == 9)
    }

    #[test]
    fn a_column_that_was_added_changes_no_rows_and_one_that_was_renamed_does() {
        let mut now = state();
        now.columns.push("2 25 -1 v".to_owned());
        assert!(reads(&state(), &now));
        assert!(!reads(&now, &state()));
        now.columns[0] = "1 23 -1 old".to_owned();
        assert!(!reads(&state(), &now));
    }

    #[test]
    fn a_child_that_is_new_has_no_rows_to_the_snapshot() {
        let with = |children: &[u32]| {
            let children = children.to_vec();
            RelationState {
                children,
                ..state()
            }
        };
        assert!(reads(&with(&[7]), &with(&[7, 9])));
        assert!(!reads(&with(&[7]), &with(&[7, 8])));
        assert!(!reads(&with(&[7]), &with(&[9])));
    }

    #[test]
    fn another_file_or_name_is_read_otherwise() {
        let file = RelationState { file: 2, ..state() };
        let name = TableName::new("old", "t");
        let name = RelationState { name, ..state() };
        assert!(!reads(&state(), &file));
        assert!(!reads(&state(), &name));
    }
}

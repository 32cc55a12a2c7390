//! Statements about user tables, as text. Pure functions: nothing here talks to a server.

use crate::table::{TableName, ident};

/// Has a session wait no longer than this for a lock, as another session of the run holds one on the same table:
/// somebody may wait for that other session, and then this one would wait for them. PostgreSQL cannot see
/// that the two belong together.
///
/// Source: PostgreSQL documentation, "Explicit Locking" and "Client Connection Defaults".
pub const GIVE_UP_LOCKS: &str = "SET lock_timeout = '3s'; ";

/// Pages of a heap, from the first to before the end; an open end includes what is added later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRange {
    /// The first page.
    pub start: u32,
    /// The first page behind the range; `None` for the last range.
    pub end: Option<u32>,
}

impl PageRange {
    /// The condition that a row is on these pages.
    ///
    /// Source: PostgreSQL documentation, "System Columns", and its planner's TID Range Scan.
    pub fn condition(self) -> String {
        match self.end {
            Some(end) => format!(
                "ctid >= '({},0)'::pg_catalog.tid AND ctid < '({end},0)'::pg_catalog.tid",
                self.start
            ),
            None => format!("ctid >= '({},0)'::pg_catalog.tid", self.start),
        }
    }
}

/// The SELECT of `items` (already SQL) from rows that pass all `conditions`.
pub fn select(
    table: &TableName,
    items: &[String],
    conditions: &[String],
    limit: Option<u64>,
) -> String {
    select_from(&table.to_string(), items, conditions, limit)
}

/// What comes before a SELECT that calls rows by names: each name with the SELECT of its rows.
///
/// Source: PostgreSQL documentation, "Common Table Expression Materialization": a query that is
/// named once is folded into the one that names it, and planned as one.
pub fn with(named: &[(&str, String)]) -> String {
    let items = named
        .iter()
        .map(|(name, rows)| format!("{} AS NOT MATERIALIZED ({rows})", ident(name)));
    format!("WITH {} ", items.collect::<Vec<_>>().join(", "))
}

/// `query` as an item of FROM. A line end closes a comment in it.
pub fn derived(query: &str) -> String {
    format!("({query}\n) AS t")
}

/// As [`select`], from any item of FROM.
pub fn select_from(
    from: &str,
    items: &[String],
    conditions: &[String],
    limit: Option<u64>,
) -> String {
    let mut sql = format!("SELECT {} FROM {from}", items.join(", "));
    for (index, condition) in conditions.iter().enumerate() {
        sql += if index == 0 { " WHERE " } else { " AND " };
        sql += &match conditions.len() {
            1 => condition.clone(),
            _ => format!("({condition})"),
        };
    }
    if let Some(limit) = limit {
        sql += &format!(" LIMIT {limit}");
    }
    sql
}

/// The statement that sends the rows of `select` in binary.
pub fn copy_out(select: &str) -> String {
    format!("COPY ({select}) TO STDOUT (FORMAT binary)")
}

/// The statement that takes rows of `columns` in binary.
///
/// Without columns it takes tuples without fields: there is no syntax for an empty list, and none
/// means all columns that are not generated.
pub fn copy_in(table: &TableName, columns: &[&str]) -> String {
    match columns.is_empty() {
        true => format!("COPY {table} FROM STDIN (FORMAT binary)"),
        false => format!(
            "COPY {table} ({}) FROM STDIN (FORMAT binary)",
            idents(columns)
        ),
    }
}

/// A column of a table to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// Its type, as SQL.
    pub type_sql: String,
    /// Its collation, quoted, if it is not the type's default.
    pub collation: Option<String>,
    /// Whether NULL is refused.
    pub not_null: bool,
}

/// How long a table's rows are to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// Like any table.
    Permanent,
    /// Until a crash: its rows are not in the write-ahead log.
    Unlogged,
    /// Until the session ends.
    Temporary,
}

/// The statement that creates a table of these columns, without key.
pub fn create_table(table: &TableName, columns: &[NewColumn], persistence: Persistence) -> String {
    let (kind, table) = match persistence {
        Persistence::Permanent => ("TABLE", table.to_string()),
        Persistence::Unlogged => ("UNLOGGED TABLE", table.to_string()),
        Persistence::Temporary => ("TEMPORARY TABLE", ident(&table.name)),
    };
    let columns: Vec<String> = columns
        .iter()
        .map(|column| {
            let collation = column
                .collation
                .as_ref()
                .map(|name| format!(" COLLATE {name}"));
            let not_null = if column.not_null { " NOT NULL" } else { "" };
            let name = ident(&column.name);
            format!(
                "{name} {}{}{not_null}",
                column.type_sql,
                collation.unwrap_or_default()
            )
        })
        .collect();
    format!("CREATE {kind} {table} ({})", columns.join(", "))
}

/// The statement that creates a schema unless it is there.
pub fn create_schema(schema: &str) -> String {
    format!("CREATE SCHEMA IF NOT EXISTS {}", ident(schema))
}

/// The statement that installs an extension, and those it needs, in `schema`.
pub fn create_extension(name: &str, schema: &str) -> String {
    format!(
        "CREATE EXTENSION IF NOT EXISTS {} SCHEMA {} CASCADE",
        ident(name),
        ident(schema)
    )
}

/// The statements that add to the enum `pg_type` (SQL) the labels of `wanted` that are not among
/// its `labels`, in the order of `wanted`.
pub fn add_labels(pg_type: &str, labels: &[String], wanted: &[String]) -> Vec<String> {
    let literal = |label: &str| format!("'{}'", label.replace('\'', "''"));
    let missing = wanted
        .iter()
        .enumerate()
        .filter(|(_, label)| !labels.contains(label));
    missing
        .map(|(at, label)| {
            let place = match (at.checked_sub(1), labels.first()) {
                (Some(before), _) => format!(" AFTER {}", literal(&wanted[before])),
                (None, Some(first)) => format!(" BEFORE {}", literal(first)),
                (None, None) => String::new(),
            };
            format!("ALTER TYPE {pg_type} ADD VALUE {}{place}", literal(label))
        })
        .collect()
}

/// The statement that gives `table` its primary key.
pub fn add_primary_key(table: &TableName, key: &[&str]) -> String {
    format!("ALTER TABLE {table} ADD PRIMARY KEY ({})", idents(key))
}

/// The statement that gives `table` a unique key whose columns may hold NULL.
pub fn add_unique_key(table: &TableName, key: &[&str]) -> String {
    format!("ALTER TABLE {table} ADD UNIQUE ({})", idents(key))
}

/// The statements that make `staging` the table `destination`.
///
/// The schema comes before the name: the staging table's name is free in every schema, while its
/// row and array types would meet others if it came there under the final name; renaming in place
/// makes the server choose a free name for the array type.
pub fn move_into_place(staging: &TableName, destination: &TableName) -> [String; 2] {
    let moved = TableName::new(&*destination.schema, &*staging.name);
    [
        format!(
            "ALTER TABLE {staging} SET SCHEMA {}",
            ident(&destination.schema)
        ),
        format!("ALTER TABLE {moved} RENAME TO {}", ident(&destination.name)),
    ]
}

/// The statement that drops a table unless it is gone.
pub fn drop_table(table: &TableName) -> String {
    format!("DROP TABLE IF EXISTS {table}")
}

/// Rows on their way from a staging table into the destination.
#[derive(Clone, Copy, Debug)]
pub struct Merge<'a> {
    /// The table that is written.
    pub destination: &'a TableName,
    /// The staging table as SQL: quoted, with schema unless it is temporary.
    pub staging: &'a str,
    /// Columns that are written, with the expression over `s`, the staging row, for each.
    pub columns: &'a [(&'a str, String)],
    /// Columns of the unique index that decides what is the same row; none for plain inserts.
    pub key: &'a [&'a str],
    /// Columns that are inserted and never updated: those of the key whose equal values are the same.
    pub insert_only: &'a [&'a str],
    /// Whether two NULLs in the key are the same.
    pub nulls_equal: bool,
    /// A column of the staging table: of rows with one key, that with its greatest value counts.
    pub last_by: Option<&'a str>,
}

impl Merge<'_> {
    /// The statement that inserts new rows, updates changed ones, and leaves the others alone.
    ///
    /// `staging` must hold at most one row per key, or name [`last_by`](Self::last_by).
    /// Rows count as changed by their bytes, as `-0.0` and `1.00` have other bytes than `0.0` and
    /// `1.0`, and as not every type has an equality operator. Where no column is updated, conflicts
    /// are skipped.
    ///
    /// Source: PostgreSQL documentation, "Composite Type Comparison": `record_image_ne` is the
    /// function behind its operator `*<>`, which two ROW constructors would not reach.
    pub fn upsert(&self) -> String {
        let updated = || {
            let names = self.columns.iter().map(|(name, _)| *name);
            names.filter(|name| !self.insert_only.contains(name))
        };
        let action = match updated().next() {
            None => "DO NOTHING".to_owned(),
            Some(_) => {
                let list = |table: &str| {
                    let columns = updated().map(|name| format!("{table}.{}", ident(name)));
                    columns.collect::<Vec<_>>().join(", ")
                };
                let assignments = updated().map(|name| format!("{0} = EXCLUDED.{0}", ident(name)));
                format!(
                    "DO UPDATE SET {} WHERE pg_catalog.record_image_ne(ROW({}), ROW({}))",
                    assignments.collect::<Vec<_>>().join(", "),
                    list("t"),
                    list("EXCLUDED"),
                )
            }
        };
        format!(
            "{} ON CONFLICT ({}) {action}",
            self.insert(),
            idents(self.key)
        )
    }

    /// The statement that inserts every row.
    pub fn insert(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let expressions: Vec<&str> = self.columns.iter().map(|(_, sql)| &**sql).collect();
        let columns = match names.is_empty() {
            true => String::new(),
            false => format!(" ({})", idents(&names)),
        };
        let rows = match self.last_by {
            None => format!("{} AS s", self.staging),
            // The text of the whole row breaks ties, so that the same rows give the same winner.
            Some(last_by) => format!(
                "(SELECT DISTINCT ON ({key}) d.* FROM {} AS d \
                 ORDER BY {key}, {} DESC NULLS LAST, (d.*)::pg_catalog.text DESC) AS s",
                self.staging,
                ident(last_by),
                key = idents(self.key),
            ),
        };
        format!(
            "INSERT INTO {} AS t{columns} OVERRIDING SYSTEM VALUE SELECT {} FROM {rows}",
            self.destination,
            expressions.join(", "),
        )
    }

    /// The statement that runs `insert` and counts what it did: rows inserted, rows updated.
    ///
    /// A row version that an update made has the updating transaction in `xmax`, as the lock that
    /// ON CONFLICT took on the version before is carried over; a fresh row has 0.
    pub fn counted(statement: &str) -> String {
        format!(
            "WITH merged AS ({statement} RETURNING t.xmax = 0 AS inserted) \
             SELECT pg_catalog.count(*) FILTER (WHERE inserted), \
             pg_catalog.count(*) FILTER (WHERE NOT inserted) FROM merged"
        )
    }

    /// The query that counts rows of the destination whose key was staged.
    pub fn count_matches(&self) -> String {
        format!(
            "SELECT pg_catalog.count(*) FROM {} AS t WHERE EXISTS (SELECT FROM {} AS s WHERE {})",
            self.destination,
            self.staging,
            self.same_key()
        )
    }

    /// The query that counts staged rows whose key the destination does not have.
    pub fn count_absent(&self) -> String {
        format!(
            "SELECT pg_catalog.count(*) FROM {} AS s WHERE NOT EXISTS (SELECT FROM {} AS t WHERE {})",
            self.staging,
            self.destination,
            self.same_key()
        )
    }

    /// The statement that deletes rows whose key was not staged.
    pub fn delete_missing(&self) -> String {
        format!(
            "DELETE FROM {} AS t WHERE NOT EXISTS (SELECT FROM {} AS s WHERE {})",
            self.destination,
            self.staging,
            self.same_key()
        )
    }

    /// The query that counts the keys that are staged.
    pub fn count_keys(&self) -> String {
        format!(
            "SELECT pg_catalog.count(*) FROM (SELECT DISTINCT {} FROM {}) AS d",
            idents(self.key),
            self.staging
        )
    }

    /// The query that tells how many keys are staged more than once.
    pub fn count_duplicates(&self) -> String {
        let key = idents(self.key);
        format!(
            "SELECT pg_catalog.count(*) FROM (SELECT FROM {} GROUP BY {key} \
             HAVING pg_catalog.count(*) > 1) AS d",
            self.staging
        )
    }

    /// The query that tells how many staged rows have no complete key.
    pub fn count_null_keys(&self) -> String {
        let conditions: Vec<String> = self
            .key
            .iter()
            .map(|name| format!("{} IS NULL", ident(name)))
            .collect();
        format!(
            "SELECT pg_catalog.count(*) FROM {} WHERE {}",
            self.staging,
            conditions.join(" OR ")
        )
    }

    fn same_key(&self) -> String {
        let expression = |name: &str| {
            let column = self.columns.iter().find(|(column, _)| *column == name);
            column.map_or_else(|| format!("s.{}", ident(name)), |(_, sql)| sql.clone())
        };
        let pairs = self.key.iter().map(|name| {
            let (staged, there) = (expression(name), format!("t.{}", ident(name)));
            match self.nulls_equal {
                true => format!("({staged} = {there} OR ({staged} IS NULL AND {there} IS NULL))"),
                false => format!("{staged} = {there}"),
            }
        });
        pairs.collect::<Vec<_>>().join(" AND ")
    }
}

/// `text` as a literal, in a session with `standard_conforming_strings`.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn idents(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| ident(name))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upsert_updates_changed_columns_outside_the_key() {
        check(
            &["id", "Total"],
            &["id"],
            r#"INSERT INTO "public"."orders" AS t ("id", "Total") OVERRIDING SYSTEM VALUE SELECT s."id", s."Total" FROM "etl"."orders_7" AS s ON CONFLICT ("id") DO UPDATE SET "Total" = EXCLUDED."Total" WHERE pg_catalog.record_image_ne(ROW(t."Total"), ROW(EXCLUDED."Total"))"#,
        );
    }

    #[test]
    fn upsert_of_a_key_only_table_skips_conflicts() {
        check(
            &["id"],
            &["id"],
            r#"INSERT INTO "public"."orders" AS t ("id") OVERRIDING SYSTEM VALUE SELECT s."id" FROM "etl"."orders_7" AS s ON CONFLICT ("id") DO NOTHING"#,
        );
    }

    #[test]
    fn the_last_row_of_a_key_is_chosen_before_the_insert() {
        let columns = [("id", r#"s."id""#.to_owned())];
        let merge = Merge {
            last_by: Some("at"),
            ..merge(&columns, &["id"])
        };
        assert_eq!(
            merge.insert(),
            r#"INSERT INTO "public"."orders" AS t ("id") OVERRIDING SYSTEM VALUE SELECT s."id" FROM (SELECT DISTINCT ON ("id") d.* FROM "etl"."orders_7" AS d ORDER BY "id", "at" DESC NULLS LAST, (d.*)::pg_catalog.text DESC) AS s"#
        );
    }

    #[test]
    fn rows_that_were_not_staged_are_deleted_by_key() {
        let columns = [
            ("a", r#"s."a""#.to_owned()),
            ("b", r#"s."b"::uuid"#.to_owned()),
        ];
        assert_eq!(
            merge(&columns, &["a", "b"]).delete_missing(),
            r#"DELETE FROM "public"."orders" AS t WHERE NOT EXISTS (SELECT FROM "etl"."orders_7" AS s WHERE s."a" = t."a" AND s."b"::uuid = t."b")"#
        );
    }

    #[test]
    fn nulls_of_a_key_are_the_same_where_the_index_says_so() {
        let columns = [("a", r#"s."a""#.to_owned())];
        let merge = Merge {
            nulls_equal: true,
            ..merge(&columns, &["a"])
        };
        assert_eq!(
            merge.delete_missing(),
            r#"DELETE FROM "public"."orders" AS t WHERE NOT EXISTS (SELECT FROM "etl"."orders_7" AS s WHERE (s."a" = t."a" OR (s."a" IS NULL AND t."a" IS NULL)))"#
        );
    }

    #[test]
    fn a_key_whose_equal_values_differ_is_updated_too() {
        let columns = [("n", r#"s."n""#.to_owned())];
        let merge = Merge {
            insert_only: &[],
            ..merge(&columns, &["n"])
        };
        assert!(
            merge
                .upsert()
                .contains(r#"DO UPDATE SET "n" = EXCLUDED."n" WHERE"#)
        );
    }

    #[test]
    fn a_select_joins_conditions_and_keeps_them_apart() {
        let table = TableName::new("public", "orders");
        let range = PageRange {
            start: 0,
            end: Some(8),
        }
        .condition();
        assert_eq!(
            select(
                &table,
                &[r#""id""#.into()],
                &[range, "a OR b".into()],
                Some(5)
            ),
            r#"SELECT "id" FROM "public"."orders" WHERE (ctid >= '(0,0)'::pg_catalog.tid AND ctid < '(8,0)'::pg_catalog.tid) AND (a OR b) LIMIT 5"#
        );
    }

    #[test]
    fn a_select_without_columns_still_has_rows() {
        let table = TableName::new("public", "empty");
        assert_eq!(
            copy_out(&select(&table, &[], &[], None)),
            r#"COPY (SELECT  FROM "public"."empty") TO STDOUT (FORMAT binary)"#
        );
        assert_eq!(
            copy_in(&table, &[]),
            r#"COPY "public"."empty" FROM STDIN (FORMAT binary)"#
        );
    }

    #[test]
    fn a_table_is_created_with_types_collations_and_not_null() {
        let column = |name: &str, collation: Option<&str>, not_null| NewColumn {
            name: name.into(),
            type_sql: "text".into(),
            collation: collation.map(str::to_owned),
            not_null,
        };
        let columns = [
            column("a", Some(r#"pg_catalog."C""#), true),
            column("b", None, false),
        ];
        assert_eq!(
            create_table(&TableName::new("s", "t"), &columns, Persistence::Unlogged),
            r#"CREATE UNLOGGED TABLE "s"."t" ("a" text COLLATE pg_catalog."C" NOT NULL, "b" text)"#
        );
    }

    #[test]
    fn missing_labels_come_where_the_other_enum_has_them() {
        let labels = |labels: &[&str]| -> Vec<String> {
            labels.iter().map(|&label| label.to_owned()).collect()
        };
        assert_eq!(
            add_labels(
                "public.mood",
                &labels(&["ok", "sad"]),
                &labels(&["new", "ok", "it's", "sad", "last"])
            ),
            [
                "ALTER TYPE public.mood ADD VALUE 'new' BEFORE 'ok'",
                "ALTER TYPE public.mood ADD VALUE 'it''s' AFTER 'ok'",
                "ALTER TYPE public.mood ADD VALUE 'last' AFTER 'sad'",
            ]
        );
        assert_eq!(
            add_labels("public.mood", &[], &labels(&["a", "b"])),
            [
                "ALTER TYPE public.mood ADD VALUE 'a'",
                "ALTER TYPE public.mood ADD VALUE 'b' AFTER 'a'",
            ]
        );
    }

    #[test]
    fn a_table_moves_into_place_by_schema_and_name() {
        let staging = TableName::new("towpath_staging", "x1");
        let [set_schema, rename] = move_into_place(&staging, &TableName::new("public", "orders"));
        assert_eq!(
            set_schema,
            r#"ALTER TABLE "towpath_staging"."x1" SET SCHEMA "public""#
        );
        assert_eq!(rename, r#"ALTER TABLE "public"."x1" RENAME TO "orders""#);
    }

    fn check(columns: &[&str], key: &[&str], expected: &str) {
        let columns: Vec<_> = columns
            .iter()
            .map(|&name| (name, format!("s.{}", ident(name))))
            .collect();
        assert_eq!(merge(&columns, key).upsert(), expected);
    }

    fn merge<'a>(columns: &'a [(&'a str, String)], key: &'a [&'a str]) -> Merge<'a> {
        static DESTINATION: std::sync::LazyLock<TableName> =
            std::sync::LazyLock::new(|| TableName::new("public", "orders"));
        Merge {
            destination: &DESTINATION,
            staging: r#""etl"."orders_7""#,
            columns,
            key,
            insert_only: key,
            nulls_equal: false,
            last_by: None,
        }
    }
}

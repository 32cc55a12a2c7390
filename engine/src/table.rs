//! Tables and columns as the catalogue describes them, and their names as people write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::types::PgType;

/// A table's schema and name as in the catalogue; displays quoted, as SQL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// `pg_namespace.nspname`.
    pub schema: String,
    /// `pg_class.relname`.
    pub name: String,
}

impl TableName {
    /// The table `name` in `schema`, both exactly as in the catalogue.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", ident(&self.schema), ident(&self.name))
    }
}

impl FromStr for TableName {
    type Err = Error;

    /// Reads a SQL name: `orders`, `public.orders`, `"Odd""Name"."t.x"`. ASCII letters of unquoted
    /// parts fold to lower case, as in a UTF-8 database; a missing schema is `public`.
    fn from_str(text: &str) -> Result<Self> {
        let parts = name_parts(text)?;
        if parts.iter().any(|part| part.has_wildcard()) {
            return Err(
                Error::new(ErrorKind::Config, format!("{text} names no single table"))
                    .with_hint("quote the part that holds the asterisk, or name one table"),
            );
        }
        let mut texts = parts.into_iter().map(|part| part.text);
        match (texts.next(), texts.next()) {
            (Some(name), None) => Ok(Self::new("public", name)),
            (Some(schema), Some(name)) => Ok(Self::new(schema, name)),
            _ => Err(malformed(text)),
        }
    }
}

/// One table, or several by `*`: what `--table` and the keys of a pipeline file's streams hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePattern {
    schema: NamePart,
    name: NamePart,
}

impl TablePattern {
    /// Whether `table` is one of the tables meant.
    pub fn matches(&self, table: &TableName) -> bool {
        self.schema.matches(&table.schema) && self.name.matches(&table.name)
    }

    /// The one table meant, if the pattern has no wildcard.
    pub fn exact(&self) -> Option<TableName> {
        let several = self.schema.has_wildcard() || self.name.has_wildcard();
        (!several).then(|| TableName::new(&*self.schema.text, &*self.name.text))
    }

    /// Whether the schema part is exactly this text (a wildcard matches no one text).
    pub fn schema(&self) -> Option<&str> {
        (!self.schema.has_wildcard()).then_some(&*self.schema.text)
    }
}

impl FromStr for TablePattern {
    type Err = Error;

    /// Reads a SQL name whose unquoted parts may hold `*`; a missing schema is `public`.
    fn from_str(text: &str) -> Result<Self> {
        let mut parts = name_parts(text)?.into_iter();
        let public = NamePart {
            text: "public".to_owned(),
            quoted: true,
        };
        match (parts.next(), parts.next()) {
            (Some(name), None) => Ok(Self {
                schema: public,
                name,
            }),
            (Some(schema), Some(name)) => Ok(Self { schema, name }),
            _ => Err(malformed(text)),
        }
    }
}

impl fmt::Display for TablePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// One part of a dotted name. In a quoted part `*` is a letter like any other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NamePart {
    text: String,
    quoted: bool,
}

impl NamePart {
    fn has_wildcard(&self) -> bool {
        !self.quoted && self.text.contains('*')
    }

    fn matches(&self, name: &str) -> bool {
        if self.has_wildcard() {
            glob(&self.text, name)
        } else {
            self.text == name
        }
    }
}

impl fmt::Display for NamePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.has_wildcard() {
            true => f.write_str(&self.text),
            false => f.write_str(&ident(&self.text)),
        }
    }
}

/// Whether `name` is `pattern` with each `*` standing for any text.
fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((prefix, rest)) => name.strip_prefix(prefix).is_some_and(|tail| {
            tail.char_indices()
                .map(|(at, _)| at)
                .chain([tail.len()])
                .any(|at| glob(rest, &tail[at..]))
        }),
    }
}

/// Splits a dotted SQL name into its one or two parts.
fn name_parts(text: &str) -> Result<Vec<NamePart>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, tail) = match rest.strip_prefix('"') {
            Some(inner) => quoted_part(inner).ok_or_else(|| malformed(text))?,
            None => {
                let end = rest.find(['.', '"']).unwrap_or(rest.len());
                let part = NamePart {
                    text: rest[..end].to_ascii_lowercase(),
                    quoted: false,
                };
                (part, &rest[end..])
            }
        };
        if part.text.is_empty() || part.text.contains('\0') {
            return Err(malformed(text));
        }
        parts.push(part);
        match tail.strip_prefix('.') {
            Some(next) => rest = next,
            None if tail.is_empty() => break,
            None => return Err(malformed(text)),
        }
    }
    if parts.len() > 2 {
        return Err(malformed(text));
    }
    Ok(parts)
}

/// Reads up to the closing quote, `""` being one quote; gives the part and what follows it.
fn quoted_part(inner: &str) -> Option<(NamePart, &str)> {
    let mut text = String::new();
    let mut rest = inner;
    loop {
        let end = rest.find('"')?;
        text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                text.push('"');
                rest = more;
            }
            None => return Some((NamePart { text, quoted: true }, rest)),
        }
    }
}

fn malformed(text: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{text:?} is not a table name")).with_hint(
        r#"write schema.table, with double quotes where SQL needs them: public."Odd.Name""#,
    )
}

/// `name` as an identifier: always quoted, so that keywords, case and quotes are safe.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What kind of relation a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// An ordinary table.
    Table,
    /// A partitioned table: its rows are in its partitions.
    Partitioned,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A foreign table.
    Foreign,
}

/// Who gives an identity column its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// `GENERATED ALWAYS AS IDENTITY`.
    Always,
    /// `GENERATED BY DEFAULT AS IDENTITY`.
    ByDefault,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// `pg_attribute.attname`.
    pub name: String,
    /// Its type, with modifier.
    pub pg_type: PgType,
    /// Whether NULL may be stored.
    pub nullable: bool,
    /// Whether the server fills it when no value is given (default, identity or generated).
    pub has_default: bool,
    /// Set for identity columns.
    pub identity: Option<Identity>,
    /// Whether it is `GENERATED ALWAYS AS (…)`, stored or virtual: it cannot be written.
    pub generated: bool,
    /// The quoted collation, if it is not the type's default one.
    pub collation: Option<String>,
    /// Whether its collation calls texts equal that are not the same.
    pub nondeterministic: bool,
}

impl Column {
    /// A column of a query's result that is computed.
    pub fn computed(name: String, pg_type: PgType) -> Self {
        Self {
            name,
            pg_type,
            nullable: true,
            has_default: false,
            identity: None,
            generated: false,
            collation: None,
            nondeterministic: false,
        }
    }
}

/// A unique index, and whether rows can be merged by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueIndex {
    /// `pg_class.relname` of the index.
    pub name: String,
    /// Its key columns in order; an expression is `None`.
    pub columns: Vec<Option<String>>,
    /// Whether it is the primary key's.
    pub primary: bool,
    /// Whether its constraint is deferrable: it cannot arbitrate `ON CONFLICT`.
    pub deferrable: bool,
    /// Whether it has a `WHERE`.
    pub partial: bool,
    /// Whether two NULLs count as equal (`NULLS NOT DISTINCT`).
    pub nulls_equal: bool,
}

impl UniqueIndex {
    /// Whether `INSERT … ON CONFLICT (key)` can use it.
    pub fn arbitrates(&self, key: &[String]) -> bool {
        !self.deferrable
            && !self.partial
            && self.columns.len() == key.len()
            && key
                .iter()
                .all(|name| self.columns.iter().any(|c| c.as_ref() == Some(name)))
    }

    /// The key columns, if none is an expression.
    pub fn column_names(&self) -> Option<Vec<String>> {
        self.columns.iter().cloned().collect()
    }
}

/// A table, view or other relation with rows, as the catalogue describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// `pg_class.oid`, of that server only.
    pub oid: u32,
    /// Schema and name.
    pub name: TableName,
    /// What it is.
    pub kind: TableKind,
    /// Its columns in order, without dropped ones and those that the role may not read.
    pub columns: Vec<Column>,
    /// Columns that the connected role may not read.
    pub unreadable: Vec<String>,
    /// Its unique indexes, the primary key's first.
    pub unique_indexes: Vec<UniqueIndex>,
    /// Pages of 8 kB (`block_size`) of the largest heap under it; 0 for views and foreign tables.
    pub pages: u32,
    /// Bytes of all heaps under it, TOAST included; 0 for views and foreign tables.
    pub size_bytes: u64,
    /// Rows by the catalogue's estimate; `None` if it was never analysed or is a view.
    pub estimated_rows: Option<u64>,
    /// Whether ranges of `ctid` cut it: every heap under it is a plain one.
    pub has_ctid: bool,
    /// Columns that foreign keys of other tables refer to.
    pub referenced_columns: Vec<String>,
    /// Whether other tables, not partitions, inherit from it: its rows include theirs.
    pub has_inheritors: bool,
    /// Whether it has rows to read: not so for a materialised view that was never refreshed.
    pub is_populated: bool,
    /// Enabled rules that replace or accompany what is written.
    pub rules: Vec<String>,
    /// Enabled triggers, its partitions' included, that run before each row that is written: they
    /// may change it, or leave it out.
    pub row_triggers: Vec<String>,
    /// Whether writing rows by one statement may be something else than by several: it has triggers,
    /// foreign keys to itself, deferrable constraints, unique indexes with an equality of their own,
    /// or is a partition.
    pub needs_one_statement: bool,
    /// Whether row security hides rows from the connected role.
    pub row_security: bool,
    /// Whether the database's character type is C, so that only ASCII letters have two cases.
    pub has_ascii_case: bool,
}

impl Table {
    /// The column called `name`, exactly.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether foreign keys of other tables refer to it.
    pub fn is_referenced(&self) -> bool {
        !self.referenced_columns.is_empty()
    }

    /// Columns of the primary key in order, if there is one that holds for all rows: a parent's
    /// does not cover those of its children.
    pub fn primary_key(&self) -> Option<Vec<String>> {
        if self.has_inheritors {
            return None;
        }
        self.unique_indexes
            .iter()
            .find(|index| index.primary)?
            .column_names()
    }

    /// Whether `columns` holds every column of a unique index over values that are never NULL,
    /// so that no two rows of the table agree in all of `columns`.
    pub fn is_unique(&self, columns: &[String]) -> bool {
        // The index of a parent does not cover its children.
        !self.has_inheritors
            && self
                .unique_indexes
                .iter()
                .filter(|index| !index.partial)
                .any(|index| {
                    index.columns.iter().all(|name| {
                        name.as_ref().is_some_and(|name| {
                            let not_null = self.column(name).is_some_and(|column| !column.nullable);
                            columns.contains(name) && (not_null || index.nulls_equal)
                        })
                    })
                })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_schema_is_in_public() {
        check("Orders", "public", "orders");
    }

    #[test]
    fn quotes_keep_case_dots_and_quotes() {
        check(r#""Odd""Name"."t.x""#, "Odd\"Name", "t.x");
    }

    #[test]
    fn malformed_names_are_refused() {
        for text in [
            "", ".", "a.", ".a", "a.b.c", r#""a"#, r#""a"b"#, r#""""#, "a.*",
        ] {
            assert!(text.parse::<TableName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_matches_by_asterisk() {
        let pattern: TablePattern = "public.audit_*_log".parse().unwrap();
        assert!(pattern.matches(&TableName::new("public", "audit_2024_log")));
        assert!(!pattern.matches(&TableName::new("public", "audit_2024_logs")));
        assert_eq!(pattern.exact(), None);
    }

    #[test]
    fn a_quoted_asterisk_is_a_letter() {
        let pattern: TablePattern = r#""a*""#.parse().unwrap();
        assert_eq!(pattern.exact(), Some(TableName::new("public", "a*")));
    }

    #[test]
    fn an_index_arbitrates_for_its_columns_in_any_order() {
        let index = UniqueIndex {
            name: "i".into(),
            columns: vec![Some("a".into()), Some("b".into())],
            primary: false,
            deferrable: false,
            partial: false,
            nulls_equal: false,
        };
        assert!(index.arbitrates(&["b".into(), "a".into()]));
        assert!(!index.arbitrates(&["a".into()]));
        assert!(
            !UniqueIndex {
                deferrable: true,
                ..index
            }
            .arbitrates(&["a".into(), "b".into()])
        );
    }

    fn check(text: &str, schema: &str, name: &str) {
        assert_eq!(
            text.parse::<TableName>().unwrap(),
            TableName::new(schema, name)
        );
    }
}

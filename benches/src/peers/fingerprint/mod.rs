//! Whether two tables are equal, and if not, in what.

use towpath_engine::{Error, ErrorKind, Result};

use crate::database::Database;
use crate::record::Outcome;

/// What two equal tables have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// How many rows.
    pub(crate) row_count: u64,
    /// Hash of the rows, in any order.
    hash: String,
    columns: Vec<Column>,
    /// The primary key, as SQL writes it; empty without one.
    key: String,
}

/// A column as its table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    name: String,
    type_name: String,
    is_not_null: bool,
}

impl Fingerprint {
    /// The fingerprint of `table`; `None`, if there is no such table.
    ///
    /// # Errors
    /// `Read`, if the server refuses.
    pub(crate) async fn of(database: &Database, table: &str) -> Result<Option<Self>> {
        let exists = format!("SELECT (to_regclass('{table}') IS NOT NULL)::text");
        if database.text(&exists).await? != "true" {
            return Ok(None);
        }
        let query = include_str!("fingerprint.sql").replace("{table}", table);
        let texts = database.texts(&query).await?;
        let [row_count, hash, columns, key] = <[String; 4]>::try_from(texts)
            .map_err(|_| Error::new(ErrorKind::Internal, "a fingerprint has four columns"))?;
        let row_count = row_count.parse();
        Ok(Some(Self {
            row_count: row_count.map_err(|err| {
                Error::new(ErrorKind::Read, "count(*) is no number").with_source(err)
            })?,
            hash,
            columns: columns.lines().filter_map(Column::parse).collect(),
            key,
        }))
    }

    /// In what `found` differs from this one; empty, if in nothing. Where only the hashes differ,
    /// [`value_query`](Self::value_query) can tell the columns.
    fn differences(&self, found: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if self.row_count != found.row_count {
            differences.push(format!("{} rows of {}", found.row_count, self.row_count));
        }
        differences.extend(self.column_differences(found));
        match (&*self.key, &*found.key) {
            (expected, found) if expected == found => {}
            (_, "") => differences.push("no primary key".to_owned()),
            (_, found) => differences.push(format!("primary key {found}")),
        }
        differences
    }

    fn column_differences(&self, found: &Self) -> Vec<String> {
        let of = |columns: &[Column], name: &str| {
            columns.iter().find(|column| column.name == name).cloned()
        };
        let mut types = Vec::new();
        let mut missing = Vec::new();
        let mut null_count = 0;
        for column in &self.columns {
            match of(&found.columns, &column.name) {
                None => missing.push(column.name.clone()),
                Some(other) => {
                    if other.type_name != column.type_name {
                        let Column {
                            name, type_name, ..
                        } = column;
                        types.push(format!("{name} {} for {type_name}", other.type_name));
                    }
                    null_count += usize::from(column.is_not_null != other.is_not_null);
                }
            }
        }
        let added = found.columns.iter().map(|column| column.name.clone());
        let added = added
            .filter(|name| of(&self.columns, name).is_none())
            .collect();
        let mut differences: Vec<String> = [
            ("types", types),
            ("missing columns", missing),
            ("more columns", added),
        ]
        .into_iter()
        .filter_map(|(what, names)| Some(format!("{what}: {}", some_of(&names)?)))
        .collect();
        if null_count > 0 {
            differences.push(format!("NOT NULL differs in {null_count} columns"));
        }
        let names = |columns: &[Column]| -> Vec<String> {
            columns.iter().map(|column| column.name.clone()).collect()
        };
        if differences.is_empty() && names(&self.columns) != names(&found.columns) {
            differences.push("order of columns".to_owned());
        }
        differences
    }

    /// A query that hashes each column by itself, by value, of those that both have in the same
    /// type: one text for each. `None`, if the rows' hashes agree.
    fn value_query(&self, found: &Self) -> Option<(String, Vec<String>)> {
        if self.hash == found.hash || self.row_count != found.row_count {
            return None;
        }
        let is_shared = |column: &&Column| {
            let is_same = |other: &Column| {
                (&other.name, &other.type_name) == (&column.name, &column.type_name)
            };
            found.columns.iter().any(is_same)
        };
        let shared: Vec<&Column> = self.columns.iter().filter(is_shared).collect();
        let sums = shared.iter().map(|column| {
            let Column {
                name, type_name, ..
            } = column;
            let value = match type_name.starts_with("numeric") && !type_name.ends_with(']') {
                true => format!("trim_scale(\"{name}\")"),
                false => format!("\"{name}\""),
            };
            format!("coalesce(sum(hashtextextended({value}::text, 0))::text, '')")
        });
        let sums = sums.collect::<Vec<_>>().join(", ");
        let names = shared.iter().map(|column| column.name.clone()).collect();
        (!shared.is_empty()).then(|| (format!("SELECT {sums} FROM {{table}}"), names))
    }
}

impl Column {
    /// From `name`, type and `NOT NULL`, which tabs separate.
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split('\t');
        Some(Self {
            name: parts.next()?.to_owned(),
            type_name: parts.next()?.to_owned(),
            is_not_null: parts.next()? == "true",
        })
    }
}

/// How the destination's table, which has been `found`, compares to the source's.
///
/// # Errors
/// `Read`, if a server refuses.
pub(crate) async fn compare(
    (source, source_table): (&Database, &str),
    expected: &Fingerprint,
    (destination, table): (&Database, &str),
    found: &Fingerprint,
) -> Result<Outcome> {
    let mut differences = expected.differences(found);
    let mut is_by_value = false;
    if let Some((query, names)) = expected.value_query(found) {
        let [ours, theirs] = [source_table, table].map(|table| query.replace("{table}", table));
        let (ours, theirs) = (
            source.texts(&ours).await?,
            destination.texts(&theirs).await?,
        );
        let pairs = names.into_iter().zip(ours.into_iter().zip(theirs));
        let other: Vec<String> = pairs
            .filter(|(_, (ours, theirs))| ours != theirs)
            .map(|(name, _)| name)
            .collect();
        is_by_value = other.is_empty();
        differences.extend(some_of(&other).map(|names| format!("values: {names}")));
    }
    Ok(match (differences.is_empty(), is_by_value) {
        (true, false) => Outcome::Equal,
        (true, true) => Outcome::EqualByValue,
        (false, _) => Outcome::Different(differences.join("; ")),
    })
}

/// The first names of many; `None` of none.
fn some_of(names: &[String]) -> Option<String> {
    const SHOWN: usize = 4;
    let shown = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len() {
        0 => None,
        count if count > SHOWN => Some(format!("{shown} and {} more", count - SHOWN)),
        _ => Some(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_tables_have_no_differences() {
        assert!(
            fingerprint("id bigint true\nv numeric false", "k")
                .differences(&fingerprint("id bigint true\nv numeric false", "k"))
                .is_empty()
        );
    }

    #[test]
    fn what_differs_is_named() {
        let expected = fingerprint("id bigint true\nv numeric false\nw text false", "k");
        let found = fingerprint("id bigint false\nv text false\nload_id text false", "");
        assert_eq!(
            expected.differences(&found),
            [
                "types: v text for numeric",
                "missing columns: w",
                "more columns: load_id",
                "NOT NULL differs in 1 columns",
                "no primary key"
            ]
        );
    }

    #[test]
    fn columns_of_the_same_type_are_hashed_by_value() {
        let expected = fingerprint("id bigint true\nv numeric(4,2) false\nw text false", "k");
        let mut found = fingerprint("id bigint true\nv numeric(4,2) false\nw jsonb false", "k");
        assert_eq!(expected.value_query(&found), None);
        found.hash = "other".to_owned();
        let (query, names) = expected.value_query(&found).unwrap();
        assert_eq!(names, ["id", "v"]);
        assert!(query.contains("trim_scale(\"v\")::text") && !query.contains("\"w\""));
    }

    #[test]
    fn of_many_names_some_are_shown() {
        let names = ["a", "b", "c", "d", "e", "f"].map(str::to_owned);
        assert_eq!(some_of(&names).unwrap(), "a, b, c, d and 2 more");
    }

    fn fingerprint(columns: &str, key: &str) -> Fingerprint {
        let columns = columns.replace(' ', "\t");
        Fingerprint {
            row_count: 1,
            hash: "hash".to_owned(),
            columns: columns.lines().filter_map(Column::parse).collect(),
            key: key.to_owned(),
        }
    }
}

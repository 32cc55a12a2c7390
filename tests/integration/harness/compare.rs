//! Rows compared by PostgreSQL's own text forms.

use std::fmt;

use super::Session;

/// What a query gives: columns with their types, and rows as text in no order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    /// Name and `format_type` of every column.
    pub(crate) columns: Vec<(String, String)>,
    /// Every row, its values quoted and joined; sorted.
    pub(crate) rows: Vec<String>,
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, pg_type) in &self.columns {
            writeln!(f, "  {name} {pg_type}")?;
        }
        for row in self.rows.iter().take(20) {
            writeln!(f, "  {row}")?;
        }
        match self.rows.len() {
            0..=20 => Ok(()),
            count => writeln!(f, "  … {count} rows"),
        }
    }
}

/// Runs `query` in `session`.
pub(crate) async fn relation(session: &Session, query: &str) -> Relation {
    let query = query.trim().trim_end_matches(';');
    // A view keeps what a result does not tell: modifiers of types.
    session
        .run(&format!(
            "DROP VIEW IF EXISTS pg_temp.compared; CREATE TEMP VIEW compared AS {query}"
        ))
        .await;
    let columns = session
        .query(
            "SELECT attname::text, pg_catalog.format_type(atttypid, atttypmod) FROM pg_attribute \
             WHERE attrelid = 'pg_temp.compared'::regclass ORDER BY attnum",
            &[],
        )
        .await
        .unwrap();
    let columns: Vec<(String, String)> =
        columns.iter().map(|row| (row.get(0), row.get(1))).collect();
    let values: Vec<String> = columns
        .iter()
        .map(|(name, _)| {
            let name = name.replace('"', "\"\"");
            format!("coalesce(quote_literal(\"{name}\"::text), 'NULL')")
        })
        .collect();
    let row = match values.is_empty() {
        true => "''".to_owned(),
        false => values.join(" || ', ' || "),
    };
    let mut rows = session
        .column(&format!("SELECT {row} FROM pg_temp.compared"))
        .await;
    rows.sort();
    session.run("DROP VIEW pg_temp.compared").await;
    Relation { columns, rows }
}

/// Fails unless both relations have the same columns and the same rows.
#[track_caller]
pub(crate) fn assert_same(source: &Relation, destination: &Relation, what: &str) {
    let missing: Vec<&String> = only_in(source, destination);
    let surplus: Vec<&String> = only_in(destination, source);
    assert!(
        source == destination,
        "{what} differs\nsource:\n{source}destination:\n{destination}\
         only at the source: {missing:#?}\nonly at the destination: {surplus:#?}"
    );
}

/// The first few rows of `one` that `other` does not have.
fn only_in<'a>(one: &'a Relation, other: &Relation) -> Vec<&'a String> {
    let absent = one
        .rows
        .iter()
        .filter(|row| other.rows.binary_search(row).is_err());
    absent.take(5).collect()
}

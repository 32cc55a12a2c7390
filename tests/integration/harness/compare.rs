//! Rows compared by PostgreSQL's own text forms.

use super::Session;

/// What a query gives: columns with their types, and rows as text in no order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    /// Name and `format_type` of every column.
    pub(crate) columns: Vec<(String, String)>,
    /// Every row, its values quoted and joined; sorted.
    pub(crate) rows: Vec<String>,
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
    if let Some(text) = difference(source, destination) {
        panic!("{what}: {text}");
    }
}

/// What tells the relations apart; `None` if nothing does.
pub(crate) fn difference(source: &Relation, destination: &Relation) -> Option<String> {
    if source.columns != destination.columns {
        let columns = source.columns.iter().zip(&destination.columns);
        let first = columns.into_iter().find(|(one, other)| one != other);
        return Some(match first {
            Some((one, other)) => format!("column {one:?} at the source is {other:?}"),
            None => format!(
                "{} columns at the source are {}",
                source.columns.len(),
                destination.columns.len()
            ),
        });
    }
    let (missing, surplus) = (only_in(source, destination), only_in(destination, source));
    let (expected, found) = (source.rows.len(), destination.rows.len());
    (source.rows != destination.rows).then(|| {
        format!(
            "{expected} rows at the source are {found}\nonly at the source: {missing:#?}\n\
             only at the destination: {surplus:#?}"
        )
    })
}

/// The first few rows of `one` that `other` does not have, cut to a readable length.
fn only_in(one: &Relation, other: &Relation) -> Vec<String> {
    let absent = one
        .rows
        .iter()
        .filter(|row| other.rows.binary_search(row).is_err());
    absent
        .take(3)
        .map(|row| row.chars().take(400).collect())
        .collect()
}

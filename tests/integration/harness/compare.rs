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

/// What `query` gives in `session`.
pub(crate) async fn relation(session: &Session, query: &str) -> Relation {
    relation_of(session, query, text).await
}

/// The expression for a value's text form; bytes for `"char"`, whose text form is no UTF-8 above
/// 127 before version 15.
fn text(column: &str, pg_type: &str) -> String {
    match pg_type {
        "\"char\"" => format!("encode(charsend({column}), 'hex')"),
        _ => format!("{column}::text"),
    }
}

/// What `query` gives in `session`, numbers by their value: 1.50 is 1.5, as it is for `EXCEPT`.
pub(crate) async fn relation_by_value(session: &Session, query: &str) -> Relation {
    relation_of(session, query, |column, pg_type| {
        match pg_type.starts_with("numeric") {
            true if !pg_type.ends_with("[]") => format!("trim_scale({column})::text"),
            _ => text(column, pg_type),
        }
    })
    .await
}

async fn relation_of(
    session: &Session,
    query: &str,
    text: impl Fn(&str, &str) -> String,
) -> Relation {
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
        .map(|(name, pg_type)| {
            let column = format!("\"{}\"", name.replace('"', "\"\""));
            format!(
                "coalesce(quote_literal({}), 'NULL')",
                text(&column, pg_type)
            )
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
    let mut lines = Vec::new();
    let (one, other) = (&source.columns, &destination.columns);
    if one.len() != other.len() {
        lines.push(format!(
            "{} columns at the source are {}",
            one.len(),
            other.len()
        ));
    }
    let pairs = one.iter().zip(other).filter(|(one, other)| one != other);
    lines.extend(pairs.map(|(one, other)| format!("column {one:?} at the source is {other:?}")));
    if source.rows != destination.rows {
        let (missing, surplus) = (only_in(source, destination), only_in(destination, source));
        lines.push(format!(
            "{} rows at the source are {}; only at the source {missing:?}, only at the \
             destination {surplus:?}",
            source.rows.len(),
            destination.rows.len()
        ));
    }
    (!lines.is_empty()).then(|| lines.join("; "))
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

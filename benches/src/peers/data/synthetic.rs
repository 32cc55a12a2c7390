//! Tables that PostgreSQL fills itself. Values come from the row's number by hashing, so that they
//! look random and are the same in every run.

use crate::table::Table;

/// Creates the type of the events' kind where it is missing.
pub(crate) const EVENT_KIND: &str = "\
    DO $$ BEGIN CREATE TYPE public.event_kind AS ENUM ('created', 'paid', 'shipped', 'returned'); \
    EXCEPTION WHEN duplicate_object THEN NULL; END $$";

/// Drops it, where it is there and nothing uses it.
pub(crate) const DROP_EVENT_KIND: &str = "DROP TYPE IF EXISTS public.event_kind";

/// The types that [`wide`]'s columns take by turns, each with an expression over the row's number
/// `n` and the column's, `{}`.
const WIDE_TYPES: [(&str, &str); 8] = [
    ("integer", "(n * {} % 1000003)::int"),
    ("text", "'item ' || (n * {} % 997)"),
    ("bigint", "n * {} * 1000003"),
    ("numeric(12,2)", "(n * {} % 1000000)::numeric(12,2) / 100"),
    (
        "timestamptz",
        "timestamptz '2024-01-01 00:00:00+00' + (n * {} % 31536000) * interval '1 second'",
    ),
    ("double precision", "(n * {} % 1000003)::float8 / 7"),
    ("date", "date '2024-01-01' + (n * {} % 365)::int"),
    ("boolean", "CASE WHEN n % {} <> 3 THEN n * {} % 2 = 0 END"),
];

/// Columns of [`wide`] besides the key.
const WIDE_COLUMNS: usize = 299;

/// An application's table of events: the types that most engines lose. The 10 % of the rows that
/// have changed last are those since 2025-06-01 by `updated_at`.
pub(crate) fn events() -> Table {
    Table {
        name: "public.events".to_owned(),
        columns: "id uuid NOT NULL, kind public.event_kind NOT NULL, account bigint NOT NULL, \
                  amount numeric, payload jsonb NOT NULL, tags text[], address inet NOT NULL, \
                  occurred_at timestamptz NOT NULL, day date NOT NULL, took interval, \
                  body bytea NOT NULL, note text, updated_at timestamptz NOT NULL"
            .to_owned(),
        key: &["id"],
    }
}

/// So many tables of the same columns.
pub(crate) fn many(table_count: u64) -> Vec<Table> {
    let table = |number| Table {
        name: format!("many.t{number:03}"),
        columns: "id integer NOT NULL, name text NOT NULL, amount numeric(12,2), \
                  created_at timestamptz NOT NULL"
            .to_owned(),
        key: &["id"],
    };
    (1..=table_count).map(table).collect()
}

/// A table of 300 columns.
pub(crate) fn wide() -> Table {
    let columns = (1..=WIDE_COLUMNS).map(|number| {
        let (sql, _) = WIDE_TYPES[number % WIDE_TYPES.len()];
        format!(", c{number} {sql}")
    });
    Table {
        name: "public.wide".to_owned(),
        columns: format!("id bigint NOT NULL{}", columns.collect::<String>()),
        key: &["id"],
    }
}

/// A table of long documents.
pub(crate) fn documents() -> Table {
    Table {
        name: "public.documents".to_owned(),
        columns: "id bigint NOT NULL, document jsonb NOT NULL, updated_at timestamptz NOT NULL"
            .to_owned(),
        key: &["id"],
    }
}

/// A table of one row.
pub(crate) fn one() -> Table {
    Table {
        name: "public.one".to_owned(),
        columns: "id bigint NOT NULL, name text".to_owned(),
        key: &["id"],
    }
}

/// The statements that create and fill [`events`].
pub(super) fn fill_events(row_count: u64) -> Vec<String> {
    let fill = include_str!("events.sql").replace("{row_count}", &row_count.to_string());
    vec![
        EVENT_KIND.to_owned(),
        events().create(false),
        fill,
        events().add_key(),
    ]
}

/// The statements that create and fill [`many`].
pub(super) fn fill_many(table_count: u64) -> Vec<String> {
    let fill = |table: Table| {
        let insert = "SELECT n, 'name ' || n * 7919 % 1009, (n * 104729 % 1000003)::numeric / 100, \
                      timestamptz '2024-01-01 00:00:00+00' + n * interval '7919 seconds' \
                      FROM generate_series(1, 100) AS n";
        format!(
            "{}; INSERT INTO {} {insert}",
            table.create(true),
            table.name
        )
    };
    let schema = "CREATE SCHEMA many".to_owned();
    [schema]
        .into_iter()
        .chain(many(table_count).into_iter().map(fill))
        .collect()
}

/// The statements that create and fill [`wide`].
pub(super) fn fill_wide(row_count: u64) -> Vec<String> {
    let values = (1..=WIDE_COLUMNS).map(|number| {
        let (_, expression) = WIDE_TYPES[number % WIDE_TYPES.len()];
        // Primes times the column's number keep neighbours apart.
        format!(
            ", {}",
            expression.replace("{}", &(number * 7919).to_string())
        )
    });
    let values: String = values.collect();
    let name = wide().name;
    let fill = format!(
        "INSERT INTO {name} SELECT n{values} FROM generate_series(1, {row_count}::bigint) AS n"
    );
    vec![wide().create(false), fill, wide().add_key()]
}

/// The statements that create and fill [`documents`].
pub(super) fn fill_documents(row_count: u64) -> Vec<String> {
    let fill = include_str!("documents.sql").replace("{row_count}", &row_count.to_string());
    vec![documents().create(false), fill, documents().add_key()]
}

/// The statements that create and fill [`one`].
pub(super) fn fill_one() -> Vec<String> {
    let fill = format!("INSERT INTO {} VALUES (1, 'one')", one().name);
    vec![one().create(true), fill]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_has_three_hundred_columns() {
        assert_eq!(wide().column_names().len(), 300);
    }

    #[test]
    fn no_placeholder_stays() {
        let statements = [fill_events(7), fill_wide(7), fill_documents(7)].concat();
        assert!(
            !statements
                .iter()
                .any(|sql| sql.contains("{}") || sql.contains("{row_count}"))
        );
    }
}

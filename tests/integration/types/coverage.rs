//! No built-in type is forgotten, and each works inside others.

use std::collections::BTreeSet;

use super::check::{self, Known};
use super::{Group, SECTIONS, refused};
use crate::harness::{Databases, Session, Versions};

#[tokio::test]
async fn every_built_in_type_of_both_versions_is_tried_or_refused() {
    let databases = Databases::create().await;
    let Versions {
        source,
        destination,
    } = databases.versions;
    for (session, version) in [
        (&databases.source, source),
        (&databases.destination, destination),
    ] {
        let mut known = BTreeSet::new();
        for (sql, _) in SECTIONS
            .iter()
            .flat_map(|(_, groups)| *groups)
            .flat_map(|group| group.columns)
        {
            let (since, sql) = check::since(sql);
            if since <= version && is_built_in(sql) {
                known.insert(name_of(session, sql).await);
            }
        }
        known.extend(refused::TYPES.iter().map(|(name, _)| (*name).to_owned()));
        let all = session
            .column(
                "SELECT pg_catalog.format_type(t.oid, NULL) FROM pg_catalog.pg_type AS t \
                 WHERE t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace \
                   AND t.typtype IN ('b', 'r', 'm') \
                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)",
            )
            .await;
        assert!(all.len() > 60, "{all:?}");
        let forgotten: Vec<&String> = all.iter().filter(|name| !known.contains(*name)).collect();
        assert!(forgotten.is_empty(), "version {version}: {forgotten:?}");
    }
}

#[tokio::test]
async fn arrays_keep_elements_of_every_built_in_type() {
    let columns = built_in_columns(Versions::of_servers().await).map(|column| {
        let elements: Vec<String> = (0..=column.values.len())
            .map(|row| column.value(row))
            .collect();
        Known {
            sql: format!("{}[]", column.sql),
            values: vec![
                format!("ARRAY[{}]", elements.join(", ")),
                format!("ARRAY[[{}], [NULL]]", elements[0]),
                "'{}'".to_owned(),
            ],
        }
    });
    check::all_ways("", &columns.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn rows_and_domains_keep_fields_of_every_built_in_type() {
    let columns: Vec<Known> = built_in_columns(Versions::of_servers().await).collect();
    let definitions = columns.iter().enumerate();
    let fields: Vec<String> = definitions
        .clone()
        .map(|(at, column)| format!("f{at} {}", column.sql))
        .collect();
    let domains: Vec<String> = definitions
        .map(|(at, column)| format!("CREATE DOMAIN public.d{at} AS {};", column.sql))
        .collect();
    let setup = format!(
        "{} CREATE TYPE public.everything AS ({})",
        domains.concat(),
        fields.join(", ")
    );
    let row = |row: usize| {
        let cells: Vec<String> = columns.iter().map(|column| column.value(row)).collect();
        format!("ROW({})", cells.join(", "))
    };
    let longest = columns.iter().map(|column| column.values.len()).max();
    let mut all = vec![Known {
        sql: "public.everything".to_owned(),
        values: (0..=longest.unwrap_or(0)).map(row).collect(),
    }];
    all.extend(columns.into_iter().enumerate().map(|(at, column)| Known {
        sql: format!("public.d{at}"),
        values: column.values,
    }));
    check::all_ways(&setup, &all).await;
}

/// The columns of built-in types, but arrays, with the values that both versions know.
fn built_in_columns(versions: Versions) -> impl Iterator<Item = Known> {
    let groups = SECTIONS.iter().flat_map(|(_, groups)| *groups);
    let needs_nothing = |group: &&Group| group.setup.is_empty();
    groups
        .filter(needs_nothing)
        .flat_map(|group| group.columns)
        .filter_map(move |column| Known::of(column, versions))
        .filter(|column| is_built_in(&column.sql) && !column.sql.ends_with("[]"))
        .map(move |column| without_bytes_that_are_no_text(column, versions))
}

/// Before version 15 the text form of a `"char"` above 127 is no UTF-8: a row that goes as text, as
/// others of its fields need it, cannot hold one.
fn without_bytes_that_are_no_text(mut column: Known, versions: Versions) -> Known {
    if !versions.both_since(15) {
        column.values.retain(|value| !value.ends_with("::\"char\""));
    }
    column
}

fn is_built_in(sql: &str) -> bool {
    !sql.contains("public.") && !sql.contains("ext.")
}

/// The name of a type as the server writes it, without modifier.
async fn name_of(session: &Session, sql: &str) -> String {
    let sql = sql.split(" COLLATE").next().unwrap();
    let query = format!("SELECT pg_catalog.format_type('{sql}'::pg_catalog.regtype, NULL)");
    session.value(&query).await
}

//! Types whose values only the server itself writes.

use crate::harness::{Databases, Program, assert_same, relation};

/// Their names, and the version that brought them.
pub(super) const TYPES: &[(&str, u32)] = &[
    ("gtsvector", 13),
    ("pg_brin_bloom_summary", 14),
    ("pg_brin_minmax_multi_summary", 14),
    ("pg_dependencies", 13),
    ("pg_mcv_list", 13),
    ("pg_ndistinct", 13),
    ("pg_node_tree", 13),
];

#[tokio::test]
async fn types_that_take_no_input_are_refused_by_the_plan() {
    for (name, since) in TYPES {
        let table = format!("CREATE TABLE public.t (id integer PRIMARY KEY, own {name})");
        let databases = Databases::create().await;
        if databases.versions.source < *since {
            continue; // The source has no such type.
        }
        databases.source.run(&table).await;
        let before = databases.destination_state().await;
        for stream in [
            "public.t: {}",
            "public.t: { sql: 'SELECT * FROM {{ source }}' }",
        ] {
            let outcome = Program::run_of(&databases, stream).run().await;
            outcome.assert_refused(2, &["own", name]);
        }
        assert_eq!(databases.destination_state().await, before, "{name}");
    }
}

#[tokio::test]
async fn expressions_of_the_catalogue_come_as_text() {
    let databases = Databases::with(
        "CREATE TABLE public.defaults (id integer DEFAULT 1 + 1, at date DEFAULT now())",
        "",
    )
    .await;
    let stream = "pg_catalog.pg_attrdef: { into: public.d, key: num, \
                  sql: 'SELECT adnum AS num, adbin::text AS tree FROM {{ source }}' }";
    Program::run_of(&databases, stream)
        .run()
        .await
        .assert_done();
    let query = "SELECT adnum AS num, adbin::text AS tree FROM pg_catalog.pg_attrdef";
    let expected = relation(&databases.source, query).await;
    assert_eq!(expected.rows.len(), 2);
    let found = relation(&databases.destination, "SELECT * FROM public.d").await;
    assert_same(&expected, &found, "trees");
}

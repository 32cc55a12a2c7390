//! Values that came with a later version of PostgreSQL than the destination's: the plan refuses
//! them, and where one appears after the plan, the destination does.

use crate::harness::{Databases, Program, Versions};

#[tokio::test]
async fn an_infinite_interval_is_never_taken_for_a_finite_one() {
    if gap(17).await.is_none() {
        return;
    }
    for (definition, value) in [
        ("interval", "'infinity'"),
        ("interval", "'-infinity'"),
        ("interval[]", "ARRAY['1 day', 'infinity']::interval[]"),
        ("public.spans", "'[1 day,infinity]'"),
        ("public.stay", "ROW(1, 'infinity')"),
        ("public.stay[]", "ARRAY[ROW(1, '-infinity')::public.stay]"),
        ("public.span", "'infinity'"),
    ] {
        let databases = Databases::create().await;
        databases
            .run_in_both(
                "CREATE TYPE public.spans AS RANGE (subtype = interval); \
                 CREATE TYPE public.stay AS (n integer, \"Long\" interval); \
                 CREATE DOMAIN public.span AS interval",
            )
            .await;
        databases
            .source
            .run(&format!(
                "CREATE TABLE public.t (id integer PRIMARY KEY, odd {definition}); \
                 INSERT INTO public.t VALUES (1, NULL), (2, {value})"
            ))
            .await;
        for stream in [
            "public.t: {}",
            "public.t: { sql: 'SELECT id, odd AS other FROM {{ source }}' }",
        ] {
            let outcome = Program::run_of(&databases, stream).run().await;
            outcome.assert_refused(2, &["odd", "infinity", "does not know"]);
        }
        let rows_before = "public.t: { sql: 'SELECT * FROM {{ source }} WHERE id < 2' }";
        Program::run_of(&databases, rows_before)
            .run()
            .await
            .assert_done();
        let outcome = Program::run_of(&databases, "public.t: {}").run().await;
        outcome.assert_refused(2, &["odd", "infinity", "does not know"]);
    }
}

#[tokio::test]
async fn an_interval_that_becomes_infinite_after_the_plan_is_refused_by_the_destination() {
    if gap(17).await.is_none() {
        return;
    }
    // A view that gives the planner other rows than the readers stands for a change in between.
    let databases = Databases::with(
        "CREATE VIEW public.t AS SELECT 1 AS id, \
            CASE WHEN current_setting('application_name') LIKE '%catalogue' \
            THEN interval '1 day' ELSE interval 'infinity' END AS odd",
        "",
    )
    .await;
    let stream = "public.t: { key: id }";
    let outcome = Program::run_of(&databases, stream).run().await;
    outcome.assert_refused(1, &["invalid input", "interval"]);
    let tables = "SELECT count(*) FROM pg_class WHERE relname = 't'";
    assert_eq!(databases.destination.value(tables).await, "0");
}

#[tokio::test]
async fn an_infinite_value_goes_as_text_where_the_destination_wants_text() {
    let (newer, value) = match (gap(17).await, gap(14).await) {
        (Some(_), _) => ("interval", "infinity"),
        (None, Some(_)) => ("numeric", "Infinity"),
        (None, None) => return,
    };
    let databases = Databases::with(
        &format!(
            "CREATE TABLE public.t (id integer PRIMARY KEY, odd {newer}); \
             INSERT INTO public.t VALUES (1, '{value}')"
        ),
        "CREATE TABLE public.t (id integer PRIMARY KEY, odd text)",
    )
    .await;
    for stream in [
        "public.t: {}",
        "again: { table: public.t, into: public.u, key: id, sql: 'SELECT id, odd::text AS odd FROM {{ source }}' }",
    ] {
        Program::run_of(&databases, stream)
            .run()
            .await
            .assert_done();
    }
    for table in ["t", "u"] {
        let query = format!("SELECT odd FROM public.{table}");
        assert_eq!(databases.destination.value(&query).await, value);
    }
}

#[tokio::test]
async fn a_column_that_computes_nothing_unknown_goes_between_all_versions() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, n numeric, span interval, spans interval[]); \
         INSERT INTO public.t VALUES (1, 1.10, '1 mon 2 days', '{1 day,NULL}'), (2, 'NaN', NULL, '{}')",
        "",
    )
    .await;
    for _ in 0..2 {
        Program::run_of(&databases, "public.t: {}")
            .run()
            .await
            .assert_done();
        let rows = "SELECT t::text FROM public.t AS t ORDER BY id";
        let expected = databases.source.column(rows).await;
        assert_eq!(databases.destination.column(rows).await, expected);
        databases
            .source
            .run("UPDATE public.t SET span = '-3 mons', spans = '{{1 day},{2 days}}'")
            .await;
    }
}

/// The versions, if the source knows what came with `version` and the destination does not.
async fn gap(version: u32) -> Option<Versions> {
    let versions = Versions::of_servers().await;
    (versions.source >= version && versions.destination < version).then_some(versions)
}

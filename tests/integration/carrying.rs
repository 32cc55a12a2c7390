//! Transforms that compute some columns and carry their neighbours as they are.

use crate::harness::{Databases, Program, assert_same, relation};

/// Types whose binary form has local OIDs or more than their Arrow form, and NULLs.
const SOURCE: &str = "CREATE TYPE public.mood AS ENUM ('ok', 'sad');
    CREATE TYPE public.pair AS (a integer, b text);
    CREATE TABLE public.t (id integer PRIMARY KEY, small smallint, big bigint, m numeric(12, 2), n numeric,
        t text, c char(5), v varchar(10), at timestamptz, day date, iv interval, j jsonb, a integer[],
        mood public.mood, moods public.mood[], p public.pair, u uuid, b bytea, f double precision);
    INSERT INTO public.t VALUES
        (1, 1, 1, 1.10, 1.100, 'one', 'a', 'v', 'infinity', '-infinity', '1 mon -1 day', '{\"a\": 1.0}',
            '[0:1]={1,2}', 'ok', '{ok,sad}', '(1,x)', '0f0e0d0c-0b0a-0908-0706-050403020100', '\\x00ff', '-0'),
        (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            NULL, NULL),
        (3, -1, 9223372036854775807, -0.00, 'NaN', '', '', '', '4714-12-31 00:00:00+00 BC', 'infinity', '0', 'null',
            '{{1},{NULL}}', 'sad', '{}', '(,)', NULL, '', 'NaN');
    INSERT INTO public.t (id, t, m) SELECT n, repeat('long ', n), n FROM generate_series(4, 3000) AS n";

#[tokio::test]
async fn neighbours_of_computed_columns_arrive_as_they_were() {
    for select in [
        "SELECT *, id + 1 AS next, lower(t) AS lower FROM {{ source }}",
        "SELECT m * 2 AS twice, s.* FROM {{ source }} AS s WHERE id <> 5",
        "SELECT id, upper(v) AS upper, f, b, u, moods, mood, a, j, iv, at, n, m FROM {{ source }}",
        "SELECT m, m * 2 AS twice, id, big + 1 - 1 AS same, c, c AS again, p FROM {{ source }} WHERE id <> 3",
        "SELECT s.id, s.t, s.m2, s.m2 * 2 AS m4, s.moods FROM (SELECT *, m + 1 AS m2 FROM {{ source }}) AS s",
        "SELECT id, 'x' AS x, moods, p FROM {{ source }}",
    ] {
        let databases = Databases::with(SOURCE, TYPES).await;
        load(
            &databases,
            &format!("{{ sql: \"{select}\", into: public.u, key: id }}"),
        )
        .await;
        assert_loaded(&databases, select).await;
    }
}

#[tokio::test]
async fn a_column_of_another_type_is_converted_between_its_neighbours() {
    let table = "CREATE TABLE public.u (id bigint PRIMARY KEY, small integer, big numeric, m numeric, t text,
        c text, v text, moods public.mood[], next integer)";
    let databases = Databases::with(SOURCE, &format!("{TYPES}; {table}")).await;
    let select = "SELECT id, small, big, m, t, c, v, moods, id + 1 AS next FROM {{ source }}";
    load(
        &databases,
        &format!("{{ sql: \"{select}\", into: public.u }}"),
    )
    .await;
    let cast = "SELECT id::bigint, small::integer, big::numeric, m::numeric, t, c::text, v::text, moods, \
                id + 1 AS next FROM {{ source }}";
    assert_loaded(&databases, cast).await;
}

#[tokio::test]
async fn a_column_may_travel_as_text_between_its_neighbours() {
    let databases = Databases::with(SOURCE, TYPES).await;
    let select = "SELECT id, m, moods, j, t, id + 1 AS next FROM {{ source }}";
    let stream = format!(
        "{{ sql: \"{select}\", into: public.u, key: id, columns: {{ j: {{ as: text }} }} }}"
    );
    load(&databases, &stream).await;
    let cast = "SELECT id, m, moods, j::text, t, id + 1 AS next FROM {{ source }}";
    assert_loaded(&databases, cast).await;
}

/// Two runs: the second compares both sides, row by row, and finds nothing to write.
#[tokio::test]
async fn rows_that_are_there_are_known_again() {
    let databases = Databases::with(SOURCE, TYPES).await;
    let stream = "{ sql: 'SELECT *, m * 2 AS twice FROM {{ source }}', into: public.u }";
    load(&databases, stream).await;
    let report = load(&databases, stream).await;
    assert_eq!(report["rows_unchanged"], 3000, "{report}");
}

/// The types with other OIDs than at the source.
const TYPES: &str = "CREATE TABLE public.\"takes OIDs\" (x integer);
    CREATE TYPE public.pair AS (a integer, b text); CREATE TYPE public.mood AS ENUM ('ok', 'sad')";

async fn load(databases: &Databases, stream: &str) -> serde_json::Value {
    let program = Program::run_of(databases, &format!("public.t: {stream}")).with_json();
    program.run().await.json()["streams"][0].take()
}

/// Fails unless the destination has what `select` gives at the source.
async fn assert_loaded(databases: &Databases, select: &str) {
    let query = select.replace("{{ source }}", "public.t");
    let source = relation(&databases.source, &query).await;
    let loaded = relation(&databases.destination, "SELECT * FROM public.u").await;
    assert_same(&source, &loaded, select);
}

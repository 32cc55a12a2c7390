//! What a run has moved is equal, by whatever way it went.

use super::{assert_differs, assert_equal, report, verify, verify_t};
use crate::harness::{Databases, Program};

#[tokio::test]
async fn every_write_mode_leaves_equal_rows() {
    for mode in ["upsert", "append", "replace", "mirror"] {
        let databases = Databases::with(SAMPLE, "").await;
        copy(&databases, &["--write", mode]).await;
        let report = assert_equal(&databases, &[]).await;
        assert_eq!(
            (&report["source_rows"], &report["columns"][0]),
            (&5.into(), &"id".into())
        );
    }
}

#[tokio::test]
async fn a_second_append_is_told() {
    let databases = Databases::with(SAMPLE, "").await;
    databases
        .source
        .run("ALTER TABLE public.t DROP CONSTRAINT t_pkey")
        .await;
    copy(&databases, &["--write", "append"]).await;
    copy(&databases, &["--write", "append"]).await;
    let (report, code) = verify_t(&databases, &[]).await;
    assert_eq!(
        (code, &report["surplus"], &report["differing"]),
        (Some(1), &5.into(), &5.into())
    );
}

#[tokio::test]
async fn rows_that_an_upsert_leaves_are_told_as_surplus() {
    let databases = Databases::with(SAMPLE, "").await;
    copy(&databases, &[]).await;
    databases
        .source
        .run("DELETE FROM public.t WHERE id = 4")
        .await;
    copy(&databases, &[]).await;
    assert_differs(&databases, &[], &["surplus 4"]).await;
    copy(&databases, &["--write", "mirror"]).await;
    assert_equal(&databases, &[]).await;
}

#[tokio::test]
async fn values_of_all_kinds_are_equal_after_a_copy() {
    let types = "CREATE TYPE public.mood AS ENUM ('sad', 'it''s'); CREATE DOMAIN public.code AS character(4);
        CREATE DOMAIN public.codes AS public.code[]; CREATE TYPE public.pair AS (m public.mood, n numeric);
        CREATE TYPE public.moods AS RANGE (subtype = public.mood);";
    // Other OIDs for the same types.
    let shifted = format!(
        "CREATE TYPE public.other AS ENUM ('x'); CREATE TABLE public.o (i integer); {types}"
    );
    let table = "CREATE TABLE public.t (id integer PRIMARY KEY, a numeric, b real[], c jsonb, d json, e uuid,
            f inet, g public.mood, h public.code, i public.codes, j public.pair, k public.pair[],
            l public.moods, m int4range, n bit varying, o bytea, p \"char\", q character(7), r name,
            s xml, u tsvector, v tsquery, w money, x timestamptz[], y interval, z timetz,
            aa regclass, ab oidvector, ac pg_lsn, ad polygon, ae macaddr8, af public.mood[],
            ag txid_snapshot, ah aclitem, ai tid, aj jsonpath, ak double precision, al varchar(5), am oid[]);
        INSERT INTO public.t (id) VALUES (0);
        INSERT INTO public.t VALUES (1, 'NaN', '{NaN,-0,{1e-45}}'::text::real[], '{\"a\": 1.10}', '{ \"a\":1,\"a\":2}',
            'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.1.2.3/8', 'it''s', 'ab', '{ab,NULL}', '(sad,1.00)',
            '{\"(sad,)\",NULL}', '[sad,sad]', 'empty', B'0001', '\\x00ff', 'x', 'ab', 'N', '<a>&lt;</a>', 'a:1A b',
            'a <2> b', 12.34, '{infinity,2026-01-01}', '1 mon -1 day', '23:59:59.999999-15:59', 'pg_class', '1 2',
            'FFFFFFFF/0', '((0,0),(1,1e-300))', '08:00:2b:01:02:03:04:05', '[2:3]={sad,NULL}', '10:20:10,14',
            'postgres=r/postgres', '(4294967295,65535)', '$.a[*] ? (@ > 1)', '-0', 'ab   ', '{4294967295}')";
    let table = table.replace("'{NaN,-0,{1e-45}}'::text::real[]", "'[0:2]={NaN,-0,1e-45}'");
    let databases = Databases::with(&format!("{types} {table}"), &shifted).await;
    copy(&databases, &["--write", "append"]).await;
    let report = assert_equal(&databases, &[]).await;
    assert_eq!(report["columns"].as_array().unwrap().len(), 39);
}

#[tokio::test]
async fn wider_and_other_types_are_compared_in_the_form_of_the_destination() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id smallint PRIMARY KEY, a integer, b real, c numeric(8,2), d integer,
            e uuid, f timestamptz, g character(5), h text, i text, j text, k jsonb, l varchar(9), m numeric(4,1)[],
            n boolean, o text, p integer);
         INSERT INTO public.t VALUES (1, -5, 0.1, 1.5, 7, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
            '2026-01-01 00:00:00.5+02', 'ab', 'ab', 'ab', '{\"b\":1,  \"a\":2}', '{\"b\": 1.0}', 'x ', '{1.5,NULL}',
            true, 'sad', 3); INSERT INTO public.t (id) VALUES (2)",
        "CREATE TYPE public.mood AS ENUM ('sad');
         CREATE TABLE public.t (id integer PRIMARY KEY, a bigint, b double precision, c numeric(10,4), d numeric(13,3),
            e text, f text, g text, h varchar(3), i character(6), j jsonb, k json, l text, m numeric(6,3)[],
            n text, o public.mood, p varchar(4))",
    )
    .await;
    copy(&databases, &[]).await;
    assert_equal(&databases, &[]).await;
    databases
        .destination
        .run("UPDATE public.t SET a = 4294967291, e = upper(e), h = 'abc' WHERE id = 1")
        .await;
    assert_differs(&databases, &[], &["different 1 a,e,h"]).await;
}

#[tokio::test]
async fn a_text_that_was_cut_is_not_equal() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, v text, w text); INSERT INTO public.t VALUES (1, 'abcd', 'abcd')",
        "CREATE TABLE public.t (id integer PRIMARY KEY, v varchar(3), w character(3)); INSERT INTO public.t VALUES (1, 'abc', 'abc')",
    )
    .await;
    assert_differs(&databases, &[], &["different 1 v,w"]).await;
}

#[tokio::test]
async fn a_loss_that_was_allowed_is_no_difference() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a numeric(10,4), b bigint, c timestamptz, d varchar(9),
            e double precision, f timestamp, g numeric);
         INSERT INTO public.t VALUES (1, 1.2350, 7, '2026-01-01 12:00+02', 'abcdef', 0.1, '2026-01-01 12:00:00.6', 1.005)",
        "CREATE TABLE public.t (id integer PRIMARY KEY, a numeric(10,2), b integer, c timestamp, d varchar(3),
            e real, f timestamp(0), g numeric(5,2))",
    )
    .await;
    let lossy = ["--allow-lossy", "a,b,c,d,e,f,g"];
    copy(&databases, &lossy).await;
    assert_equal(&databases, &lossy).await;
    verify(&databases, &["-t", "public.t"])
        .run()
        .await
        .assert_refused(2, &["column a"]);
    databases
        .destination
        .run("UPDATE public.t SET a = 1.23, d = 'abd'")
        .await;
    assert_differs(&databases, &lossy, &["different 1 a,d"]).await;
}

#[tokio::test]
async fn a_column_that_went_as_text_is_compared_as_text() {
    let databases = Databases::with(SAMPLE, "").await;
    copy(&databases, &["--as-text", "amount,at"]).await;
    assert_equal(&databases, &[]).await;
    databases
        .destination
        .run("UPDATE public.t SET amount = '1.5' WHERE id = 1")
        .await;
    assert_differs(&databases, &[], &["different 1 amount"]).await;
}

#[tokio::test]
async fn a_column_whose_values_only_the_destination_can_tell_is_left_out() {
    let databases = Databases::with(
        "CREATE TYPE public.pair AS (n numeric(10,2)); CREATE TABLE public.t (id integer PRIMARY KEY, p public.pair);
         INSERT INTO public.t VALUES (1, row(1.5))",
        "CREATE TYPE public.pair AS (n numeric(12,4)); CREATE TABLE public.t (id integer PRIMARY KEY, p public.pair)",
    )
    .await;
    copy(&databases, &[]).await;
    let report = assert_equal(&databases, &[]).await;
    assert_eq!(report["not_compared"][0]["column"], "p", "{report}");
}

#[tokio::test]
async fn a_transform_runs_in_the_source() {
    let databases = Databases::with(SAMPLE, "").await;
    let sql = "SELECT id, upper(name) AS name, amount * 2 AS twice, count(*) OVER () AS n -- all ;\nFROM {{ source }} WHERE id <> 3;";
    copy(&databases, &["--sql", sql, "--key", "id"]).await;
    let report = assert_equal(&databases, &["--sql", sql, "--key", "id"]).await;
    assert_eq!(report["source_rows"], 4, "{report}");
    databases
        .destination
        .run("UPDATE public.t SET twice = twice + 0.01 WHERE id = 2")
        .await;
    assert_differs(
        &databases,
        &["--sql", sql, "--key", "id"],
        &["different 2 twice"],
    )
    .await;
}

#[tokio::test]
async fn rows_of_with_and_of_groups_are_compared() {
    let databases = Databases::with(SAMPLE, "").await;
    let sql = "WITH named AS (SELECT name, amount FROM {{ source }} s WHERE name IS NOT NULL) \
               SELECT name AS id, count(*) AS rows, sum(amount) AS total FROM named GROUP BY name";
    copy(&databases, &["--sql", sql, "--key", "id"]).await;
    assert_equal(&databases, &["--sql", sql, "--key", "id"]).await;
}

#[tokio::test]
async fn a_transform_that_the_source_no_longer_runs_is_refused() {
    let databases = Databases::with(SAMPLE, "").await;
    let sql = "SELECT id, upper(name) AS name FROM {{ source }} WHERE amount < 100 ORDER BY name";
    copy(&databases, &["--sql", sql]).await;
    assert_equal(&databases, &["--sql", sql]).await;
    databases
        .source
        .run("ALTER FUNCTION pg_catalog.upper(text) RENAME TO no_upper")
        .await;
    let refused = verify(&databases, &["-t", "public.t", "--sql", sql]);
    refused.run().await.assert_refused(
        2,
        &[
            "the source refuses the SELECT",
            "function upper(text) does not exist",
        ],
    );
}

#[tokio::test]
async fn what_the_stream_does_not_write_is_left_out_and_told() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, v integer); INSERT INTO public.t VALUES (1, 2)",
        "CREATE TABLE public.t (id integer PRIMARY KEY, v integer,
            twice integer GENERATED ALWAYS AS (v * 2) STORED, loaded timestamptz DEFAULT now())",
    )
    .await;
    copy(&databases, &[]).await;
    let report = assert_equal(&databases, &[]).await;
    let left_out = report["not_compared"].as_array().unwrap();
    let names: Vec<_> = left_out
        .iter()
        .map(|one| one["column"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["twice", "loaded"]);
    assert_eq!(left_out[0]["reason"], "the destination generates it");
}

#[tokio::test]
async fn views_partitions_and_empty_tables_are_compared() {
    let databases = Databases::with(
        "CREATE TABLE public.base (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
         CREATE TABLE public.low PARTITION OF public.base FOR VALUES FROM (0) TO (10);
         CREATE TABLE public.high PARTITION OF public.base FOR VALUES FROM (10) TO (20);
         INSERT INTO public.base VALUES (1, 'a'), (11, 'b'); CREATE TABLE public.nothing ();
         INSERT INTO public.nothing DEFAULT VALUES; CREATE TABLE public.void (id integer);
         CREATE VIEW public.t AS SELECT * FROM public.base",
        "",
    )
    .await;
    for table in ["base", "nothing", "void", "t"] {
        Program::copy(&databases, &["-t", table, "--write", "append"])
            .run()
            .await
            .assert_done();
    }
    let arguments = ["-t", "base", "-t", "nothing", "-t", "void", "-t", "t"];
    let outcome = verify(&databases, &arguments).with_json().run().await;
    outcome.assert_done();
    assert_eq!(outcome.stdout.lines().count(), 4, "{outcome}");
}

#[tokio::test]
async fn an_incremental_stream_is_compared_in_whole() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer, at integer); INSERT INTO public.t VALUES (1, 1), (2, 5), (2, 3)",
        "",
    )
    .await;
    let streams = "public.t: { key: [id], sync: incremental, cursor: at }";
    Program::run_of(&databases, streams)
        .run()
        .await
        .assert_done();
    let file = format!(
        "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\nstreams:\n  {streams}\n"
    );
    let verify = || {
        Program::new(&databases, &["verify", "p.yaml"])
            .with_file("p.yaml", &file)
            .with_json()
    };
    let outcome = verify().run().await;
    outcome.assert_done();
    assert_eq!(report(&outcome)["source_rows"], 2);
    databases
        .destination
        .run("UPDATE public.t SET at = 0 WHERE id = 1")
        .await;
    assert_eq!(report(&verify().run().await)["rows"][0]["columns"][0], "at");
}

#[tokio::test]
async fn comparing_leaves_a_server_the_memory_that_it_gives() {
    for (given, used) in [("4MB", "64MB"), ("1GB", "1GB")] {
        let source =
            "CREATE VIEW public.t AS SELECT 1 AS id, current_setting('work_mem') AS memory";
        let destination = format!(
            "CREATE TABLE public.t (id integer PRIMARY KEY, memory text);
             INSERT INTO public.t VALUES (1, '{used}')"
        );
        let databases = Databases::with(source, &destination).await;
        let set = format!(
            "ALTER DATABASE {} SET work_mem = '{given}'",
            databases.name()
        );
        databases.run_in_both(&set).await;
        assert_equal(&databases, &["--key", "id"]).await;
    }
}

/// A table of five rows.
const SAMPLE: &str = "CREATE TABLE public.t (id integer PRIMARY KEY, name text, amount numeric(10,2), at timestamptz);
    INSERT INTO public.t VALUES (1, 'anna', 1.50, '2026-01-01 12:00+02'), (2, 'bert', -0.01, NULL), (3, '', 12345678.90, 'infinity'),
        (4, NULL, NULL, '2026-01-01'), (5, 'ä \\ \" , ''', 0, '0001-01-01 BC')";

async fn copy(databases: &Databases, arguments: &[&str]) {
    let words = [&["--table", "public.t"], arguments].concat();
    Program::copy(databases, &words).run().await.assert_done();
}

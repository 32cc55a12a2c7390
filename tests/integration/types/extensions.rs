//! Types of extensions.

use super::groups;
use crate::harness::{Databases, Program, Session, assert_same, relation};

groups! {
    extensions_keep_their_values_in_a_schema_of_their_own (
        "CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
         CREATE EXTENSION ltree SCHEMA ext; CREATE EXTENSION cube SCHEMA ext;
         CREATE EXTENSION isn SCHEMA ext; CREATE EXTENSION seg SCHEMA ext") &[
        ("ext.hstore", &["''", "'a=>1, b=>NULL'"]),
        ("ext.citext", &["'MixedCase'", "''"]),
        ("ext.ltree", &["'a.b.c'", "''"]),
        ("ext.lquery", &["'a.*{1,2}'"]),
        ("ext.ltxtquery", &["'a & b*'"]),
        ("ext.cube", &["'(1,2),(3,4)'", "'(1)'"]),
        ("ext.seg", &["'1.0 .. 2'", "'~6.50'"]),
        ("ext.isbn", &["'0-393-04002-X'"]),
        ("ext.isbn13", &["'978-0-393-04002-9'"]),
        ("ext.issn", &["'1436-4522'"]),
        ("ext.issn13", &["'9771436452008'"]),
        ("ext.ismn", &["'979-0-060-11561-5'"]),
        ("ext.ismn13", &["'979-0-060-11561-5'"]),
        ("ext.ean13", &["'2205000896549'"]),
        ("ext.upc", &["'036000291452'"]),
        ("ext.citext[]", &["'{A,b}'"]),
        ("ext.hstore[]", &["ARRAY['a=>1'::ext.hstore]"]),
        ("ext.cube[]", &["ARRAY['(1,2)'::ext.cube, NULL]"]),
    ];

    domains_over_types_of_extensions_keep_them (
        "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION cube SCHEMA ext;
         CREATE DOMAIN public.email AS ext.citext CHECK (VALUE ~ '@');
         CREATE TYPE public.place AS (name ext.citext, area ext.cube)") &[
        ("public.email", &["'A@b'"]),
        ("public.place", &["ROW('Here', '(1,2)')", "ROW(NULL, NULL)"]),
    ];
}

/// Extensions that a server may have, with types of theirs.
const OTHERS: [(&str, &[(&str, &str)]); 2] = [
    (
        "postgis",
        &[
            ("ext.geometry", "'POINT EMPTY'"),
            (
                "ext.geometry(PointZM,3857)",
                "'SRID=3857;POINT ZM (1 2 3 4)'",
            ),
            ("ext.geometry", "'CIRCULARSTRING(0 0, 1 1, 2 0)'"),
            ("ext.geography(Point,4326)", "'POINT(1 2)'"),
        ],
    ),
    (
        "vector",
        &[
            ("ext.vector(3)", "'[1,-0.5,1e-30]'"),
            ("ext.vector", "'[1]'"),
        ],
    ),
];

#[tokio::test]
async fn types_of_extensions_that_only_some_servers_have_keep_their_values() {
    let databases = Databases::create().await;
    databases.run_in_both("CREATE SCHEMA ext").await;
    let mut columns = Vec::new();
    for (extension, types) in OTHERS {
        if has_extension(&databases.source, extension).await
            && has_extension(&databases.destination, extension).await
        {
            let create = format!("CREATE EXTENSION {extension} SCHEMA ext");
            databases.run_in_both(&create).await;
            columns.extend(types);
        }
    }
    // What any other extension's type is: a base type that only its own functions understand.
    for (name, binary) in [
        (
            "opaque",
            ", RECEIVE = ext.opaque_recv, SEND = ext.opaque_send",
        ),
        ("textual", ""),
    ] {
        databases.run_in_both(&base_type(name, binary)).await;
    }
    columns.extend([
        &("ext.opaque", "'any \"thing\"'"),
        &("ext.textual", "E'tab\\t'"),
        &("ext.opaque[]", "'{a,NULL}'"),
        &("ext.textual[]", "'{a,NULL}'"),
    ]);
    let definition: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, (sql, _))| format!("c{at} {sql}"))
        .collect();
    let values: Vec<&str> = columns.iter().map(|(_, value)| *value).collect();
    let table = format!(
        "CREATE TABLE public.t (id integer PRIMARY KEY, {}); INSERT INTO public.t VALUES (1, {})",
        definition.join(", "),
        values.join(", ")
    );
    databases.source.run(&table).await;
    for stream in [
        "public.t: {}",
        "public.t: { into: public.selected, sql: 'SELECT * FROM {{ source }}' }",
    ] {
        Program::run_of(&databases, stream)
            .run()
            .await
            .assert_done();
    }
    let expected = relation(&databases.source, "SELECT * FROM public.t").await;
    for table in ["t", "selected"] {
        let query = format!("SELECT * FROM public.{table}");
        let found = relation(&databases.destination, &query).await;
        assert_same(&expected, &found, table);
    }
}

async fn has_extension(session: &Session, name: &str) -> bool {
    let query = format!("SELECT count(*) FROM pg_available_extensions WHERE name = '{name}'");
    session.value(&query).await == "1"
}

/// Statements that create a base type which stores text.
fn base_type(name: &str, more: &str) -> String {
    format!(
        "CREATE TYPE ext.{name};
         CREATE FUNCTION ext.{name}_in(cstring) RETURNS ext.{name} IMMUTABLE STRICT LANGUAGE internal AS 'textin';
         CREATE FUNCTION ext.{name}_out(ext.{name}) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'textout';
         CREATE FUNCTION ext.{name}_recv(internal) RETURNS ext.{name} IMMUTABLE STRICT LANGUAGE internal AS 'textrecv';
         CREATE FUNCTION ext.{name}_send(ext.{name}) RETURNS bytea IMMUTABLE STRICT LANGUAGE internal AS 'textsend';
         CREATE TYPE ext.{name} (INPUT = ext.{name}_in, OUTPUT = ext.{name}_out, STORAGE = extended{more})"
    )
}

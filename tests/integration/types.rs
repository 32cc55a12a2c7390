//! Every type comes through: as it is, through SQL that does not touch it, and in a merge.

use crate::harness::{Databases, Program, assert_same, relation};

/// A column type, and values of it as SQL literals; NULL is always tried as well.
type Column<'a> = (&'a str, &'a [&'a str]);

#[tokio::test]
async fn integers() {
    check(
        "",
        &[
            ("smallint", &["-32768", "0", "32767"]),
            ("integer", &["-2147483648", "0", "2147483647"]),
            (
                "bigint",
                &["-9223372036854775808", "0", "9223372036854775807"],
            ),
            ("boolean", &["true", "false"]),
            ("oid", &["0", "2147483648", "4294967295"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn floats() {
    check(
        "",
        &[
            (
                "real",
                &[
                    "'NaN'",
                    "'Infinity'",
                    "'-Infinity'",
                    "'-0'",
                    "0.1",
                    "1e-45",
                    "3.4028235e38",
                ],
            ),
            (
                "double precision",
                &[
                    "'NaN'",
                    "'Infinity'",
                    "'-Infinity'",
                    "'-0'",
                    "0.1",
                    "4.9e-324",
                    "1.7976931348623157e308",
                ],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn numerics_with_precision() {
    check(
        "",
        &[
            (
                "numeric(10,2)",
                &["'NaN'", "0", "-0.01", "99999999.99", "-99999999.99"],
            ),
            (
                "numeric(38,10)",
                &["9999999999999999999999999999.9999999999", "-1e-10"],
            ),
            (
                "numeric(39,0)",
                &["999999999999999999999999999999999999999", "-1"],
            ),
            ("numeric(76,38)", &["1e37", "1e-38"]),
            ("numeric(77,0)", &["1e76", "-1e76"]),
            ("numeric(1000,0)", &["repeat('9', 1000)::numeric", "1"]),
            ("numeric(5,-2)", &["12345", "-9999900"]),
            ("numeric(3,5)", &["0.00999", "-0.00001"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn numerics_without_precision() {
    check(
        "",
        &[(
            "numeric",
            &[
                "'NaN'",
                "'Infinity'",
                "'-Infinity'",
                "1",
                "1.0",
                "1.000",
                "1e-30",
                "0.0000",
                "-0.00",
                "0.00010000",
                "10000",
                "100000000.0001",
                "1e131071",
                "1e-16383",
                "repeat('123456789', 200)::numeric",
            ],
        )],
    )
    .await;
}

#[tokio::test]
async fn money_and_system_types() {
    check(
        "",
        &[
            (
                "money",
                &[
                    "'1234.56'",
                    "'-92233720368547758.08'",
                    "'92233720368547758.07'",
                ],
            ),
            ("xid", &["'0'", "'4294967295'"]),
            ("xid8", &["'0'", "'18446744073709551615'"]),
            ("cid", &["'4294967295'"]),
            ("tid", &["'(0,0)'", "'(4294967295,65535)'"]),
            ("pg_lsn", &["'0/0'", "'FFFFFFFF/FFFFFFFF'"]),
            ("txid_snapshot", &["'10:20:10,14,15'"]),
            ("pg_snapshot", &["'10:20:10,14,15'"]),
            ("oidvector", &["''", "'1 2 3'"]),
            ("int2vector", &["''", "'1 2 3'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn dates_and_timestamps() {
    check(
        "",
        &[
            (
                "date",
                &[
                    "'infinity'",
                    "'-infinity'",
                    "'4713-11-24 BC'",
                    "'5874897-12-31'",
                    "'2024-02-29'",
                ],
            ),
            (
                "timestamp",
                &[
                    "'infinity'",
                    "'-infinity'",
                    "'4713-11-24 00:00 BC'",
                    "'294276-12-31 23:59:59.999999'",
                    "'1969-12-31 23:59:59.999999'",
                ],
            ),
            (
                "timestamptz",
                &[
                    "'infinity'",
                    "'-infinity'",
                    "'4713-11-24 00:00+00 BC'",
                    "'294276-12-31 23:59:59.999999+00'",
                    "'2024-03-31 02:30:00.5+05:30'",
                ],
            ),
            ("timestamp(0)", &["'2024-01-01 12:34:56'"]),
            ("timestamptz(3)", &["'2024-01-01 12:34:56.789+00'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn times_and_intervals() {
    check(
        "",
        &[
            (
                "time",
                &[
                    "'00:00:00'",
                    "'24:00:00'",
                    "'00:00:00.000001'",
                    "'23:59:59.999999'",
                ],
            ),
            ("time(3)", &["'12:34:56.789'"]),
            (
                "timetz",
                &[
                    "'23:59:59.999999-15:59'",
                    "'00:00:00+15:59:59'",
                    "'24:00:00+00'",
                ],
            ),
            ("timetz(0)", &["'12:00:00+02'"]),
            (
                "interval",
                &[
                    "'1 mon -1 day +00:00:00.000001'",
                    "'178000000 years'",
                    "'-178000000 years'",
                    "'30 days'",
                    "'1 month'",
                    "'720 hours'",
                ],
            ),
            ("interval year to month", &["'1-2'"]),
            ("interval day to second(3)", &["'3 04:05:06.789'"]),
            ("interval(0)", &["'1 second'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn texts() {
    let texts: &[&str] = &[
        "''",
        "' '",
        "E'tab\\tnew\\nline\\rback\\\\slash'",
        "E'\\\\.'",
        "E'\\\\N'",
        "E'\\x01\\x1f\\x7f'",
        "'é ü 表 😀'",
        "E'e\\u0301\\uffff'",
        "'NULL'",
        "'\"quoted\", with {braces}'",
    ];
    check(
        "",
        &[
            ("text", texts),
            ("varchar", texts),
            ("varchar(40)", texts),
            ("char(40)", texts),
            ("char(1)", &["''", "'x'", "'表'"]),
            ("name", &["''", "repeat('n', 63)", "'ünïcödé'"]),
            (
                "\"char\"",
                &["''", "'x'", "(-128)::\"char\"", "127::\"char\""],
            ),
            ("text COLLATE \"C\"", &["'a'", "'B'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn bytes_bits_and_uuids() {
    check(
        "",
        &[
            (
                "bytea",
                &[
                    "''",
                    "'\\x00'",
                    "'\\xdeadbeef'",
                    "decode(repeat('000102ff', 5000), 'hex')",
                ],
            ),
            ("bit(1)", &["B'0'", "B'1'"]),
            ("bit(9)", &["B'000000001'", "B'100000000'"]),
            ("bit(83)", &["repeat('01', 41)::bit(83)"]),
            ("bit varying", &["B''", "B'0'", "B'00000001'"]),
            ("bit varying(10)", &["B'0000000011'"]),
            (
                "uuid",
                &[
                    "'00000000-0000-0000-0000-000000000000'",
                    "'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'",
                ],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn documents() {
    check(
        "",
        &[
            (
                "json",
                &[
                    "' { \"b\" : 1.00, \"a\":  [1, 2,3] , \"b\": \"twice\" } '",
                    "'1e400'",
                    "'12345678901234567890'",
                    "'null'",
                    "E'\"\\\\u0000\"'",
                ],
            ),
            (
                "jsonb",
                &[
                    "'{\"b\": 1.10, \"a\": [null, \"é\"]}'",
                    "'12345678901234567890.10'",
                    "'null'",
                    "(repeat('[', 1000) || repeat(']', 1000))::jsonb",
                ],
            ),
            ("jsonpath", &["'$'", "'strict $.a[*] ? (@ > 2)'"]),
            (
                "xml",
                &["'<a b=\"1\">text</a>'", "'content without a root'", "''"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn networks() {
    check(
        "",
        &[
            (
                "inet",
                &[
                    "'10.1.2.3/8'",
                    "'::1/128'",
                    "'192.168.0.1'",
                    "'2001:db8::1/64'",
                ],
            ),
            ("cidr", &["'10.0.0.0/8'", "'::/0'"]),
            ("macaddr", &["'08:00:2b:01:02:03'"]),
            ("macaddr8", &["'08:00:2b:01:02:03:04:05'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn shapes_of_geometry() {
    check(
        "",
        &[
            ("point", &["'(0,0)'", "'(NaN,Infinity)'", "'(-0,1e-300)'"]),
            ("line", &["'{1,-1,0}'"]),
            ("lseg", &["'[(0,0),(1,1)]'"]),
            ("box", &["'(2,3),(-1,-1)'"]),
            ("path", &["'[(0,0),(1,1)]'", "'((0,0),(1,1))'"]),
            ("polygon", &["'((0,0),(1,1),(1,0))'"]),
            ("circle", &["'<(1.5,-2),0>'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn text_search() {
    check(
        "",
        &[
            ("tsvector", &["''", "'a:1A b:2,3 c'", "'''it''''s'''"]),
            ("tsquery", &["'a & (b | !c) <-> d:*A'", "'x'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn ranges() {
    check(
        "CREATE TYPE public.floats AS RANGE (subtype = float8, subtype_diff = float8mi)",
        &[
            ("int4range", &["'empty'", "'(,)'", "'[1,10)'", "'(,5]'"]),
            ("int8range", &["'[1,9223372036854775806]'"]),
            ("numrange", &["'[1.0,1.10]'", "'(0,NaN]'", "'[0.00,)'"]),
            ("daterange", &["'[-infinity,infinity]'", "'(,2024-01-01)'"]),
            ("tsrange", &["'[2024-01-01,infinity]'"]),
            (
                "tstzrange",
                &["'[2024-01-01 00:00+00,2024-02-01 00:00+00)'", "'(,)'"],
            ),
            ("int4multirange", &["'{}'", "'{[1,3),[5,8)}'", "'{(,)}'"]),
            ("nummultirange", &["'{[1.0,1.10]}'"]),
            ("tstzmultirange", &["'{(,2024-01-01 00:00+00)}'"]),
            ("public.floats", &["'[1.5,NaN]'", "'empty'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn arrays() {
    check(
        "",
        &[
            (
                "integer[]",
                &[
                    "'{}'",
                    "'{NULL}'",
                    "'{1,NULL,3}'",
                    "'{{1,2},{3,4}}'",
                    "'[0:2]={7,8,9}'",
                    "'[-5:-3][2:3]={{1,2},{3,4},{5,6}}'",
                ],
            ),
            ("bigint[]", &["'{9223372036854775807}'", "'{{{{{{1}}}}}}'"]),
            (
                "text[]",
                &[
                    "'{}'",
                    "'{a,NULL,\"NULL\",\"\",\"b,c\",\"d\\\"e\",\"f\\\\\\\\g\",\"{}\"}'",
                ],
            ),
            ("varchar(5)[]", &["'{abc,NULL}'"]),
            ("numeric[]", &["'{NaN,Infinity,1.10,1.100}'"]),
            ("numeric(10,2)[]", &["'{NaN,1.10}'"]),
            ("timestamptz[]", &["'{infinity,\"2024-01-01 00:00+00\"}'"]),
            ("date[]", &["'{-infinity,2024-01-01,NULL}'"]),
            ("double precision[]", &["'{NaN,-0,Infinity,0.1}'"]),
            ("boolean[]", &["'{t,NULL,f}'"]),
            ("bytea[]", &["ARRAY['\\x00'::bytea, '', NULL]"]),
            ("uuid[]", &["'{00000000-0000-0000-0000-000000000000}'"]),
            ("jsonb[]", &["ARRAY['{\"a\": 1.10}'::jsonb, 'null', NULL]"]),
            ("inet[]", &["'{10.1.2.3/8,::1}'"]),
            ("interval[]", &["'{1 mon,30 days}'"]),
            ("int4range[]", &["'{\"[1,5)\",empty}'"]),
            ("name[]", &["'{a,b}'"]),
            ("\"char\"[]", &["'{a,b}'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn enums() {
    check(
        "CREATE TYPE public.mood AS ENUM ('sad', 'ok, \"really\"', '');
         ALTER TYPE public.mood ADD VALUE 'added before' BEFORE 'sad';
         CREATE TYPE public.\"Long Mood\" AS ENUM ('ünïcödé', 'Case', 'case')",
        &[
            (
                "public.mood",
                &["'sad'", "'ok, \"really\"'", "''", "'added before'"],
            ),
            ("public.\"Long Mood\"", &["'ünïcödé'", "'Case'", "'case'"]),
            (
                "public.mood[]",
                &[
                    "'{}'",
                    "'{sad,NULL,\"\"}'",
                    "'{{sad},{\"added before\"}}'",
                    "'[0:0]={sad}'",
                ],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn domains() {
    check(
        "CREATE DOMAIN public.positive AS integer CHECK (VALUE > 0);
         CREATE DOMAIN public.price AS numeric(10,2);
         CREATE DOMAIN public.nice_price AS public.price CHECK (VALUE <> 13);
         CREATE DOMAIN public.tags AS text[] CHECK (cardinality(VALUE) < 5);
         CREATE TYPE public.mood AS ENUM ('sad', 'ok');
         CREATE DOMAIN public.good_mood AS public.mood CHECK (VALUE <> 'sad')",
        &[
            ("public.positive", &["1", "2147483647"]),
            ("public.price", &["'NaN'", "1.10"]),
            ("public.nice_price", &["99999999.99"]),
            ("public.tags", &["'{}'", "'{a,\"b,c\",NULL}'"]),
            ("public.good_mood", &["'ok'"]),
            ("public.positive[]", &["'{1,2,NULL}'"]),
            ("public.good_mood[]", &["'{ok}'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn composites() {
    check(
        "CREATE TYPE public.mood AS ENUM ('sad', 'ok');
         CREATE TYPE public.pair AS (gone integer, a integer, b text);
         ALTER TYPE public.pair DROP ATTRIBUTE gone;
         CREATE TYPE public.nested AS (pair public.pair, mood public.mood, moods public.mood[]);
         CREATE TABLE public.row_type (x numeric, y timestamptz)",
        &[
            (
                "public.pair",
                &["ROW(1, 'a,\"b\"')", "ROW(NULL, '')", "ROW(NULL, NULL)"],
            ),
            (
                "public.pair[]",
                &["ARRAY[ROW(1, 'a'), NULL]::public.pair[]", "'{}'"],
            ),
            (
                "public.nested",
                &["ROW(ROW(1, 'x')::public.pair, 'ok', '{sad,NULL}')"],
            ),
            ("public.row_type", &["ROW('NaN', 'infinity')"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn names_of_objects() {
    check(
        "CREATE TABLE public.moved_first (); CREATE TABLE public.pointed_at ()",
        &[
            (
                "regclass",
                &["'pg_catalog.pg_class'", "'public.pointed_at'"],
            ),
            ("regtype", &["'integer'", "'numeric'"]),
            ("regproc", &["'pg_catalog.now'"]),
            ("regprocedure", &["'pg_catalog.abs(integer)'"]),
            ("regrole", &["'postgres'"]),
            ("regnamespace", &["'public'"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn extension_types() {
    check(
        "CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
         CREATE EXTENSION ltree SCHEMA ext; CREATE EXTENSION cube SCHEMA ext;
         CREATE EXTENSION isn SCHEMA ext; CREATE EXTENSION seg SCHEMA ext",
        &[
            ("ext.hstore", &["''", "'a=>1, b=>NULL'"]),
            ("ext.citext", &["'MixedCase'", "''"]),
            ("ext.ltree", &["'a.b.c'", "''"]),
            ("ext.lquery", &["'a.*{1,2}'"]),
            ("ext.cube", &["'(1,2),(3,4)'"]),
            ("ext.isbn13", &["'978-0-393-04002-9'"]),
            ("ext.seg", &["'1.0 .. 2'"]),
            ("ext.citext[]", &["'{A,b}'"]),
            ("ext.hstore[]", &["ARRAY['a=>1'::ext.hstore]"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn large_values() {
    check(
        "",
        &[
            ("text", &["repeat('0123456789', 3000000)"]),
            ("bytea", &["decode(repeat('00ff', 10000000), 'hex')"]),
            (
                "jsonb",
                &["(SELECT jsonb_agg(n) FROM generate_series(1, 300000) AS n)"],
            ),
        ],
    )
    .await;
}

/// Runs `types` in both databases, so that OIDs of the types differ, puts the values into
/// `public.t` at the source, and compares what each way makes of it.
async fn check(types: &str, columns: &[Column<'_>]) {
    let databases = Databases::create().await;
    databases
        .destination
        .run("CREATE TABLE public.pushes_oids_up (x text, y text)")
        .await;
    databases
        .destination
        .run("DROP TABLE public.pushes_oids_up")
        .await;
    databases.run_in_both(types).await;
    let definition: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, (sql, _))| format!("c{at} {sql}"))
        .collect();
    let definition = definition.join(", ");
    let table = format!("CREATE TABLE public.t (id integer PRIMARY KEY, {definition})");
    databases.source.run(&table).await;
    databases.source.run(&insert(columns)).await;
    let merged = format!(
        "CREATE TABLE public.merged (id integer PRIMARY KEY, {definition});
         INSERT INTO public.merged (id) VALUES (0), (1)"
    );
    databases.destination.run(&merged).await;
    let outcome = Program::run_of(
        &databases,
        "identity: { table: public.t, into: public.identity }\n\
         selected: { table: public.t, into: public.selected, sql: 'SELECT * FROM {{ source }}', key: id }\n\
         merged: { table: public.t, into: public.merged }\n\
         merged_sql: { table: public.t, into: public.selected_twice, sql: 'SELECT * FROM {{ source }} WHERE id >= 0', key: id }",
    )
    .run()
    .await;
    outcome.assert_done();
    let expected = relation(&databases.source, "SELECT * FROM public.t").await;
    let expected_bytes = databases.source.column(&bytes("t", columns)).await;
    for table in ["identity", "selected", "merged", "selected_twice"] {
        let query = format!("SELECT * FROM public.{table}");
        assert_same(
            &expected,
            &relation(&databases.destination, &query).await,
            table,
        );
        let found = databases.destination.column(&bytes(table, columns)).await;
        assert!(
            expected_bytes == found,
            "the binary form of {table} differs"
        );
    }
}

/// An INSERT of as many rows as the column with the most values needs, and a row of NULLs.
fn insert(columns: &[Column<'_>]) -> String {
    let row_count = columns
        .iter()
        .map(|(_, values)| values.len())
        .max()
        .unwrap_or(0);
    let rows: Vec<String> = (0..=row_count)
        .map(|row| {
            let cells = columns.iter().map(|(sql, values)| match values.get(row) {
                Some(value) => format!("({value})::{}", sql.split(" COLLATE").next().unwrap()),
                None => "NULL".to_owned(),
            });
            format!("({row}, {})", cells.collect::<Vec<_>>().join(", "))
        })
        .collect();
    format!("INSERT INTO public.t VALUES {}", rows.join(", "))
}

/// A query for the bytes that PostgreSQL sends for every row of built-in types; user-defined ones
/// have OIDs in them, and are compared as text only.
fn bytes(table: &str, columns: &[Column<'_>]) -> String {
    let built_in = columns
        .iter()
        .enumerate()
        .filter(|(_, (sql, _))| !sql.contains('.') && !sql.starts_with("reg"));
    let names: Vec<String> = built_in.map(|(at, _)| format!("c{at}")).collect();
    let list = names.join(", ");
    format!("SELECT md5(record_send(ROW(id, {list}))) FROM public.{table} ORDER BY id")
        .replace("id, )", "id)")
}

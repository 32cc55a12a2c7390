//! What a table that towpath creates gets from the source's, by what both catalogues say.

use serde_json::Value;

use crate::harness::{Databases, Outcome, Program, assert_same, relation, url_of_role};

/// The columns of `public.t`: type, NOT NULL, identity, default and comment.
const COLUMNS: &str = "SELECT concat_ws(' | ', a.attname, format_type(a.atttypid, a.atttypmod), \
    CASE WHEN a.attnotnull THEN 'not null' END, a.attidentity, \
    pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum), co.collname) \
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    LEFT JOIN pg_collation co ON co.oid = a.attcollation \
    WHERE a.attrelid = 'public.t'::regclass AND a.attnum > 0 AND NOT a.attisdropped \
    ORDER BY a.attnum";

/// The sequences that columns of `public.t` own: options and position.
const SEQUENCES: &str = "SELECT concat_ws(' | ', a.attname, a.attidentity, s.data_type, \
    s.start_value, s.min_value, s.max_value, s.increment_by, s.cycle, s.cache_size, s.last_value) \
    FROM pg_attribute a JOIN pg_sequences s ON format('%I.%I', s.schemaname, s.sequencename) \
    = pg_get_serial_sequence('public.t', a.attname) \
    WHERE a.attrelid = 'public.t'::regclass AND a.attnum > 0 ORDER BY a.attnum";

/// Indexes and constraints of `public.t`; PostgreSQL 18 lists NOT NULL among the constraints.
const INDEXES: &str = "SELECT pg_get_indexdef(indexrelid) FROM pg_index \
    WHERE indrelid = 'public.t'::regclass \
    UNION ALL SELECT conname || ': ' || pg_get_constraintdef(oid) FROM pg_constraint \
    WHERE conrelid = 'public.t'::regclass AND contype IN ('p', 'u', 'x') ORDER BY 1";

/// Defaults and comments of many kinds, under names of many kinds.
const FILLED: &str = r#"
    CREATE TYPE public.mood AS ENUM ('so so', 'it''s');
    CREATE FUNCTION public.lower(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'shadow' $$;
    CREATE FUNCTION public."Odd f"(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1';"#;

const FILLED_TABLE: &str = r#"
    CREATE TABLE public.t (
        id integer PRIMARY KEY DEFAULT 7,
        "Odd ""name" varchar(20) NOT NULL DEFAULT 'it''s \ "odd"',
        at timestamptz(3) DEFAULT now(),
        low text COLLATE "C" DEFAULT pg_catalog.lower('X'),
        shadow text DEFAULT public.lower('X'),
        odd integer DEFAULT public."Odd f"(3) + 1,
        mood public.mood DEFAULT 'it''s',
        list numeric(5,2)[] DEFAULT ARRAY[1.5, NULL],
        "SELECT" date DEFAULT date '2024-02-29' + 1,
        nothing text);
    COMMENT ON TABLE public.t IS 'the shop''s
        second line';
    COMMENT ON COLUMN public.t."Odd ""name" IS 'a \ ''comment''';
    INSERT INTO public.t DEFAULT VALUES;
    INSERT INTO public.t VALUES (8, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"#;

#[tokio::test]
async fn defaults_and_comments_are_those_of_the_source() {
    let databases = Databases::with(&format!("{FILLED}{FILLED_TABLE}"), FILLED).await;
    // Of two functions of one name the source's default means pg_catalog's.
    let path = format!(
        "ALTER DATABASE {} SET search_path = public, pg_catalog",
        databases.name()
    );
    databases.destination.run(&path).await;
    for _ in 0..2 {
        run(&databases, "{}").await.assert_done();
        check_same(&databases, COLUMNS).await;
        let comment = "SELECT obj_description('public.t'::regclass)";
        check_same(&databases, comment).await;
        check_rows(&databases).await;
        // A table that is there keeps what it has.
        let change = "UPDATE public.t SET \"SELECT\" = NULL WHERE id = 7";
        databases.source.run(change).await;
    }
    let insert = "INSERT INTO public.t (id) VALUES (9) RETURNING low || shadow";
    assert_eq!(databases.destination.value(insert).await, "xshadow");
}

#[tokio::test]
async fn a_table_without_staging_gets_the_same() {
    let databases = Databases::with(&format!("{FILLED}{FILLED_TABLE}"), FILLED).await;
    let setup = "DROP ROLE IF EXISTS creates_here; CREATE ROLE creates_here LOGIN PASSWORD 'p';
        GRANT CREATE, USAGE ON SCHEMA public TO creates_here;
        CREATE SCHEMA towpath AUTHORIZATION creates_here";
    databases.destination.run(setup).await;
    let url = url_of_role(&databases.destination_url, "creates_here", "p");
    let outcome = Program::run_of(&databases, "public.t: {}")
        .with_variable("DESTINATION_URL", &url)
        .run()
        .await;
    let staging = "SELECT count(*) FROM pg_namespace WHERE nspname = 'towpath_staging'";
    let staging = databases.destination.value(staging).await;
    if outcome.code == Some(0) {
        check_same(&databases, COLUMNS).await;
        check_rows(&databases).await;
    }
    let forget = "DROP OWNED BY creates_here; DROP ROLE creates_here";
    databases.destination.run(forget).await;
    outcome.assert_done();
    assert_eq!(staging, "0");
}

#[tokio::test]
async fn a_table_that_is_created_from_staged_rows_gets_the_same() {
    let databases = Databases::with(&format!("{FILLED}{FILLED_TABLE}"), FILLED).await;
    run(&databases, "{ duplicates: { last: at } }")
        .await
        .assert_done();
    check_same(&databases, COLUMNS).await;
    check_rows(&databases).await;
}

#[tokio::test]
async fn columns_under_other_names_keep_their_defaults_and_computed_ones_have_none() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY DEFAULT 1, a text DEFAULT 'a', b integer DEFAULT 2);
         COMMENT ON COLUMN public.t.a IS 'a'; COMMENT ON COLUMN public.t.b IS 'b';
         INSERT INTO public.t VALUES (1, 'x', 3)",
        "",
    )
    .await;
    let stream = "{ sql: \"SELECT id AS \\\"Id\\\", a AS c, b + 1 AS b FROM {{ source }}\" }";
    run(&databases, stream).await.assert_done();
    assert_eq!(
        databases.destination.column(COLUMNS).await,
        [
            "Id | integer | not null |  | 1",
            "c | text |  | 'a'::text | a | default",
            "b | integer | ",
        ]
    );
}

#[tokio::test]
async fn a_default_that_means_nothing_there_is_left_out_and_told() {
    let databases = Databases::with(
        "CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE SEQUENCE public.shared;
         CREATE TABLE public.t (id integer PRIMARY KEY DEFAULT public.f(), n bigint DEFAULT nextval('public.shared'), k integer DEFAULT 3);
         INSERT INTO public.t (id) VALUES (1)",
        "",
    )
    .await;
    let not_copied = not_copied(&databases, "{}").await;
    assert_eq!(
        not_copied,
        [
            "default of column \"id\": public.f() (function public.f() does not exist)",
            "default of column \"n\": nextval('public.shared'::regclass) (relation \"public.shared\" does not exist)",
        ]
    );
    run(&databases, "{}").await.assert_done();
    assert_eq!(
        databases.destination.column(COLUMNS).await,
        [
            "id | integer | not null | ",
            "n | bigint | ",
            "k | integer |  | 3"
        ]
    );
    // Where it means something it is kept.
    let sequence = "DROP TABLE public.t; CREATE SEQUENCE public.shared";
    databases.destination.run(sequence).await;
    run(&databases, "{}").await.assert_done();
    let found = databases.destination.column(COLUMNS).await;
    assert_eq!(found[1], "n | bigint |  | nextval('shared'::regclass)");
}

#[tokio::test]
async fn a_default_of_a_type_that_is_created_first_is_kept() {
    let databases = Databases::with(
        "CREATE TYPE public.mood AS ENUM ('ok', 'it''s');
         CREATE TABLE public.t (id integer PRIMARY KEY, mood public.mood DEFAULT 'it''s', v text);
         CREATE INDEX by_mood ON public.t (v) WHERE mood = 'ok'; INSERT INTO public.t VALUES (1)",
        "",
    )
    .await;
    let stream = "{ create_types: true, with_indexes: true }";
    assert!(not_copied(&databases, stream).await.is_empty());
    run(&databases, stream).await.assert_done();
    check_same(&databases, COLUMNS).await;
    check_same(&databases, INDEXES).await;
    // A column that travels as text has another type, and neither default nor index fits it.
    databases
        .destination
        .run("DROP TABLE public.t; DROP TYPE public.mood")
        .await;
    let stream = "{ columns: { mood: { as: text } }, with_indexes: true }";
    let told = not_copied(&databases, stream).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].ends_with("(the column is of type text there)"),
        "{told:?}"
    );
    assert!(
        told[1].ends_with("(column \"mood\" is of type text there)"),
        "{told:?}"
    );
    run(&databases, stream).await.assert_done();
    let mood = "SELECT mood::text FROM public.t";
    check_same(&databases, mood).await;
}

#[tokio::test]
async fn an_identity_goes_on_where_the_source_is() {
    let databases = Databases::with(
        "CREATE TABLE public.t (
             id smallint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5 MINVALUE 5 MAXVALUE 3000 CACHE 3) PRIMARY KEY,
             down bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT -3 MINVALUE -1000 CYCLE),
             v text);
         INSERT INTO public.t (v) SELECT 'v' FROM generate_series(1, 20);
         DELETE FROM public.t WHERE id > 90",
        "",
    )
    .await;
    for count in ["17", "17"] {
        run(&databases, "{}").await.assert_done();
        check_same(&databases, COLUMNS).await;
        check_rows(&databases).await;
        let rows = "SELECT count(*) FROM public.t";
        assert_eq!(databases.destination.value(rows).await, count);
    }
    // The session that filled the source holds three values of the cache.
    let positions = databases.source.column(SEQUENCES).await;
    assert_eq!(databases.destination.column(SEQUENCES).await, positions);
    let insert = "INSERT INTO public.t (v) VALUES ('new') RETURNING id > 105 AND down < -58";
    assert_eq!(databases.destination.value(insert).await, "t");
}

#[tokio::test]
async fn an_identity_begins_behind_rows_that_the_sequence_did_not_give() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 1000) PRIMARY KEY,
             n integer GENERATED BY DEFAULT AS IDENTITY (START 100), d integer GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1));
         INSERT INTO public.t VALUES (500, 3, -70), (2000, 4, 70), (-8, 5, 1)",
        "",
    )
    .await;
    run(&databases, "{}").await.assert_done();
    let insert = "INSERT INTO public.t DEFAULT VALUES RETURNING concat_ws(' ', id, n, d)";
    assert_eq!(databases.destination.value(insert).await, "501 100 -71");
}

#[tokio::test]
async fn a_table_without_rows_has_its_identity_from_the_start() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer GENERATED ALWAYS AS IDENTITY (START 7) PRIMARY KEY, v text)",
        "",
    )
    .await;
    run(&databases, "{}").await.assert_done();
    check_same(&databases, SEQUENCES).await;
    let insert = "INSERT INTO public.t (v) VALUES ('new') RETURNING id";
    assert_eq!(databases.destination.value(insert).await, "7");
}

#[tokio::test]
async fn the_plan_begins_with_a_schema_that_is_missing_and_names_what_is_not_written() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, v text)",
        "CREATE TABLE public.t (id integer PRIMARY KEY, v text, \"Odd\" integer DEFAULT 7,
            twice integer GENERATED ALWAYS AS (id * 2) STORED)",
    )
    .await;
    let missing = plan(&databases, "{into: elsewhere.t}").await;
    let first = &missing["statements"][0];
    assert_eq!(
        first, r#"CREATE SCHEMA IF NOT EXISTS "elsewhere""#,
        "{missing}"
    );
    let unwritten = |more: &str| format!("no column for \"Odd\" of the destination: {more}");
    for (write, told) in [
        (
            "upsert",
            "new rows get the default, rows that are there keep",
        ),
        ("replace", "new rows get the default"),
    ] {
        let plan = plan(&databases, &format!("{{write: {write}}}")).await;
        assert!(holds(&plan["notes"], &unwritten(told)), "{plan}");
        let keeps = holds(&plan["notes"], "keep what they hold");
        assert_eq!(keeps, write == "upsert", "{plan}");
    }
}

#[tokio::test]
async fn an_identity_outside_of_the_key_can_be_updated() {
    let databases = Databases::with(
        "CREATE TABLE public.t (k text PRIMARY KEY, id bigint GENERATED ALWAYS AS IDENTITY, v integer);
         INSERT INTO public.t (k, v) SELECT 'k' || n, n FROM generate_series(1, 9) AS n",
        "",
    )
    .await;
    let plan = plan(&databases, "{}").await;
    assert!(
        holds(&plan["notes"], "\"id\" becomes GENERATED BY DEFAULT"),
        "{plan}"
    );
    run(&databases, "{}").await.assert_done();
    let change = "UPDATE public.t SET id = DEFAULT, v = 0 WHERE k = 'k3'";
    databases.source.run(change).await;
    let report = json(&databases, "{}").await;
    assert_eq!(report["streams"][0]["rows_updated"], 1, "{report}");
    check_rows(&databases).await;
    // Rows that are only ever inserted keep the rule.
    databases.destination.run("DROP TABLE public.t").await;
    run(&databases, "{ write: append }").await.assert_done();
    check_same(&databases, COLUMNS).await;
}

#[tokio::test]
async fn serial_columns_become_identities_and_go_on() {
    let databases = Databases::with(
        "CREATE TABLE public.\"T x\" (id bigserial PRIMARY KEY, \"Odd's \"\"k\" smallserial, s serial, v text);
         ALTER SEQUENCE public.\"T x_s_seq\" INCREMENT BY 10 CACHE 2; ALTER TABLE public.\"T x\" ALTER COLUMN s DROP NOT NULL;
         INSERT INTO public.\"T x\" (v) SELECT 'v' FROM generate_series(1, 30)",
        "",
    )
    .await;
    let stream = "'public.\"T x\"': { into: 'public.t' }";
    let text = Program::copy(&databases, &["-t", "\"T x\"", "--into", "t", "--plan"]);
    let text = text.run().await;
    text.assert_done();
    for part in [
        "column \"id\" becomes GENERATED BY DEFAULT AS IDENTITY in place of a default of public.\"T x_id_seq\"",
        "default of column \"s\": nextval('public.\"T x_s_seq\"'::regclass) (an identity cannot hold NULL)",
        "pg_get_serial_sequence('\"public\".\"t\"', 'Odd''s \"k')",
    ] {
        assert!(text.stdout.contains(part), "no {part} in {text}");
    }
    Program::run_of(&databases, stream)
        .run()
        .await
        .assert_done();
    assert_eq!(
        databases.destination.column(SEQUENCES).await,
        [
            "id | d | bigint | 1 | 1 | 9223372036854775807 | 1 | f | 1 | 30",
            "Odd's \"k | d | smallint | 1 | 1 | 32767 | 1 | f | 1 | 30",
        ]
    );
    let insert = "INSERT INTO public.t (v) VALUES ('new') RETURNING id";
    assert_eq!(databases.destination.value(insert).await, "31");
    databases
        .destination
        .run("DELETE FROM public.t WHERE v = 'new'")
        .await;
    let again = Program::run_of(&databases, stream)
        .with_json()
        .run()
        .await
        .json();
    assert_eq!(again["streams"][0]["rows_unchanged"], 30, "{again}");
}

#[tokio::test]
async fn generated_columns_become_plain_ones_and_their_expressions_are_told() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a integer DEFAULT 4, twice integer GENERATED ALWAYS AS (a * 2) STORED);
         INSERT INTO public.t SELECT n, n FROM generate_series(1, 10) AS n",
        "",
    )
    .await;
    assert_eq!(
        not_copied(&databases, "{}").await,
        ["generation expression of column \"twice\": (a * 2); it holds the source's values"]
    );
    for _ in 0..2 {
        run(&databases, "{}").await.assert_done();
        check_rows(&databases).await;
    }
    let columns = databases.destination.column(COLUMNS).await;
    assert_eq!(columns[1..], ["a | integer |  | 4", "twice | integer | "]);
}

#[tokio::test]
async fn a_collation_that_is_missing_there_is_left_out_and_told() {
    let databases = Databases::with(
        "CREATE COLLATION public.\"Odd c\" (provider = libc, locale = 'C');
         CREATE TABLE public.t (id integer PRIMARY KEY, a text COLLATE public.\"Odd c\", b text COLLATE \"C\");
         INSERT INTO public.t VALUES (1, 'a', 'b')",
        "",
    )
    .await;
    assert_eq!(
        not_copied(&databases, "{}").await,
        ["collation public.\"Odd c\" of column \"a\": it is missing in the destination"]
    );
    run(&databases, "{}").await.assert_done();
    let columns = databases.destination.column(COLUMNS).await;
    assert_eq!(columns[1..], ["a | text |  | default", "b | text |  | C"]);
}

#[tokio::test]
async fn what_is_not_null_without_proof_may_hold_null() {
    let databases = Databases::create().await;
    let version = "SELECT current_setting('server_version_num')::integer / 10000";
    let version: u32 = databases.source.value(version).await.parse().unwrap();
    // Since 18 a constraint may be left to be proven, or not be for those who inherit.
    let setup = match version >= 18 {
        true => {
            "CREATE TABLE public.t (id integer PRIMARY KEY, a integer, b integer, c integer NOT NULL);
             INSERT INTO public.t VALUES (1, NULL, 1, 1);
             ALTER TABLE public.t ADD CONSTRAINT unproven NOT NULL a NOT VALID;
             ALTER TABLE public.t ADD CONSTRAINT own NOT NULL b NO INHERIT;
             CREATE TABLE public.child () INHERITS (public.t); INSERT INTO public.child VALUES (2, 2, NULL, 2)"
        }
        false => {
            "CREATE TABLE public.t (id integer PRIMARY KEY, a integer, b integer NOT NULL, c integer NOT NULL);
             INSERT INTO public.t VALUES (1, NULL, 1, 1);
             CREATE TABLE public.child () INHERITS (public.t); ALTER TABLE public.child ALTER COLUMN b DROP NOT NULL;
             INSERT INTO public.child VALUES (2, 2, NULL, 2)"
        }
    };
    databases.source.run(setup).await;
    let told = not_copied(&databases, "{ key: id }").await;
    let unproven = "not-null constraint \"unproven\", which is not valid: NOT NULL a NOT VALID";
    assert_eq!(
        told.contains(&unproven.to_owned()),
        version >= 18,
        "{told:?}"
    );
    assert!(
        told.contains(&"inheritance by public.child".to_owned()),
        "{told:?}"
    );
    for _ in 0..2 {
        run(&databases, "{ key: id }").await.assert_done();
        check_rows(&databases).await;
    }
    assert_eq!(
        databases.destination.column(COLUMNS).await,
        [
            "id | integer | not null | ",
            "a | integer | ",
            "b | integer | ",
            "c | integer | not null | ",
        ]
    );
}

/// Every kind of index that has no extension behind it.
const INDEXED: &str = r#"
    CREATE FUNCTION public.twice(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
    CREATE TABLE public.t (id integer PRIMARY KEY, v text, "Odd ""c" integer, r int4range, doc jsonb, u integer,
        CONSTRAINT "unique u" UNIQUE (u) INCLUDE (v) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT apart EXCLUDE USING gist (r WITH &&) WHERE (id > 0));
    CREATE UNIQUE INDEX "odd "" USING name" ON public.t ("Odd ""c" DESC NULLS LAST) WHERE "Odd ""c" > 3;
    CREATE INDEX lower_v ON public.t (lower(v) COLLATE "C" text_pattern_ops, (id + 1)) INCLUDE (u);
    CREATE INDEX docs ON public.t USING gin (doc jsonb_path_ops) WITH (fastupdate = off);
    CREATE INDEX twice ON public.t (public.twice(u)) WITH (fillfactor = 70);
    CREATE INDEX pages ON public.t USING brin (id) WITH (pages_per_range = 4);
    CREATE INDEX hashed ON public.t USING hash (v);
    ALTER TABLE public.t ADD CONSTRAINT "by index" UNIQUE (id, u);
    INSERT INTO public.t SELECT n, 'V' || n, n, int4range(n, n + 1), jsonb_build_object('n', n), n FROM generate_series(1, 200) AS n"#;

#[tokio::test]
async fn other_indexes_are_built_after_the_rows_if_they_are_asked_for() {
    let function = INDEXED.split(';').next().unwrap();
    let databases = Databases::with(INDEXED, function).await;
    let told = not_copied(&databases, "{}").await;
    assert_eq!(told.len(), 9, "{told:?}");
    for part in [
        "unique constraint \"unique u\": UNIQUE (u) INCLUDE (v) DEFERRABLE INITIALLY DEFERRED",
        "exclusion constraint \"apart\": EXCLUDE USING gist (r WITH &&) WHERE ((id > 0))",
        "index \"docs\": USING gin (doc jsonb_path_ops) WITH (fastupdate=off)",
    ] {
        assert!(
            told.iter().any(|line| line == part),
            "no {part} in {told:?}"
        );
    }
    let plan = plan(&databases, "{ with_indexes: true }").await;
    assert_eq!(plan["not_copied"], Value::Array(vec![]), "{plan}");
    let build = "CREATE INDEX \"hashed\" ON \"public\".\"t\" USING hash (v)";
    assert!(holds(&plan["statements"], build), "{plan}");
    for _ in 0..2 {
        run(&databases, "{ with_indexes: true }")
            .await
            .assert_done();
        check_same(&databases, INDEXES).await;
        check_rows(&databases).await;
        databases
            .source
            .run("UPDATE public.t SET v = 'w' WHERE id % 9 = 0")
            .await;
    }
    let plan = self::plan(&databases, "{ with_indexes: true }").await;
    assert!(
        holds(&plan["notes"], "its indexes stay as they are"),
        "{plan}"
    );
    assert!(!holds(&plan["statements"], "CREATE INDEX"), "{plan}");
}

#[tokio::test]
async fn nulls_not_distinct_is_kept_or_refused_by_version() {
    let databases = Databases::create().await;
    let version = "SELECT current_setting('server_version_num')::integer / 10000";
    let of = |text: String| text.parse::<u32>().unwrap();
    let source = of(databases.source.value(version).await);
    let destination = of(databases.destination.value(version).await);
    let clause = if source >= 15 {
        "NULLS NOT DISTINCT"
    } else {
        ""
    };
    let setup = format!(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a integer, UNIQUE {clause} (a));
         CREATE UNIQUE INDEX other ON public.t (a, id) {clause}; INSERT INTO public.t VALUES (1, NULL)"
    );
    databases.source.run(&setup).await;
    let told = not_copied(&databases, "{ with_indexes: true }").await;
    run(&databases, "{ with_indexes: true }")
        .await
        .assert_done();
    if source >= 15 && destination < 15 {
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told.iter()
                .all(|line| line.contains("(it needs PostgreSQL 15)")),
            "{told:?}"
        );
        let indexes = "SELECT count(*) FROM pg_index WHERE indrelid = 'public.t'::regclass";
        assert_eq!(databases.destination.value(indexes).await, "1");
    } else {
        assert!(told.is_empty(), "{told:?}");
        check_same(&databases, INDEXES).await;
    }
}

#[tokio::test]
async fn an_index_whose_name_is_taken_gets_another_one() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a integer, b integer, CONSTRAINT taken UNIQUE (b));
         CREATE INDEX t_a ON public.t (a); INSERT INTO public.t VALUES (1, 2, 3)",
        "CREATE TABLE public.taken (); CREATE SEQUENCE public.t_a",
    )
    .await;
    run(&databases, "{ with_indexes: true }")
        .await
        .assert_done();
    let names = "SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid \
        WHERE indrelid = 'public.t'::regclass ORDER BY 1";
    assert_eq!(
        databases.destination.column(names).await,
        ["t_a_idx", "t_b_key", "t_pkey"]
    );
}

#[tokio::test]
async fn indexes_that_cannot_be_built_are_told_with_the_reason() {
    let databases = Databases::with(
        "CREATE FUNCTION public.f(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1';
         CREATE OPERATOR CLASS public.odd_ops FOR TYPE integer USING btree AS
             OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);
         CREATE ACCESS METHOD odd TYPE INDEX HANDLER hashhandler;
         CREATE OPERATOR CLASS public.odd_ops FOR TYPE integer USING odd AS OPERATOR 1 =, FUNCTION 1 hashint4(integer);
         CREATE TABLE public.t (id integer PRIMARY KEY, a integer, b integer, c integer);
         CREATE INDEX i1_renamed ON public.t (id) WHERE b > 0;
         CREATE INDEX i2_computed ON public.t (c, a);
         CREATE INDEX i3_function ON public.t (a, (public.f(a)));
         CREATE INDEX i4_class ON public.t (a public.odd_ops);
         CREATE INDEX i5_method ON public.t USING odd (a public.odd_ops);
         CREATE INDEX i6_row ON public.t ((t IS NULL));
         CREATE INDEX i7_built ON public.t (a) WHERE id > 0;
         INSERT INTO public.t VALUES (1, 2, 3, 4)",
        "",
    )
    .await;
    let stream =
        "{ with_indexes: true, sql: \"SELECT id, a, b AS bb, c + 1 AS c FROM {{ source }}\" }";
    let told = not_copied(&databases, stream).await;
    let expected = [
        "(column \"b\" is not carried under its name)",
        "(column \"c\" is not carried under its name)",
        "(function public.f(integer) does not exist)",
        "(operator class public.odd_ops is missing in the destination)",
        "(access method \"odd\" is missing in the destination, operator class public.odd_ops is missing in the destination)",
        "(it is about the row as a whole)",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (line, (at, reason)) in told.iter().zip(expected.iter().enumerate()) {
        assert!(line.contains(&format!("index \"i{}_", at + 1)), "{line}");
        assert!(line.ends_with(reason), "{line}");
    }
    run(&databases, stream).await.assert_done();
    let names = "SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid \
        WHERE indrelid = 'public.t'::regclass ORDER BY 1";
    assert_eq!(
        databases.destination.column(names).await,
        ["i7_built", "t_pkey"]
    );
}

#[tokio::test]
async fn a_unique_index_over_rows_that_the_sql_repeats_is_left_out() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, a integer UNIQUE); CREATE INDEX by_a ON public.t (a);
         INSERT INTO public.t VALUES (1, 2), (2, 3)",
        "",
    )
    .await;
    let stream = "{ write: append, with_indexes: true, sql: \"SELECT id, a FROM {{ source }} UNION ALL SELECT id, a FROM {{ source }}\" }";
    let told = not_copied(&databases, stream).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("primary key \"t_pkey\""), "{told:?}");
    assert!(told[1].ends_with("(the SQL may repeat rows)"), "{told:?}");
    run(&databases, stream).await.assert_done();
    let rows = "SELECT count(*) FROM public.t";
    assert_eq!(databases.destination.value(rows).await, "4");
}

#[tokio::test]
async fn a_partitioned_table_becomes_a_plain_one_with_its_indexes() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id bigint GENERATED BY DEFAULT AS IDENTITY, day date NOT NULL DEFAULT '2024-01-01', v text DEFAULT 'v', PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
         CREATE TABLE public.t_1 PARTITION OF public.t FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
         CREATE TABLE public.t_2 PARTITION OF public.t DEFAULT; CREATE INDEX by_v ON public.t (v);
         COMMENT ON TABLE public.t IS 'parts';
         INSERT INTO public.t (day) SELECT date '2024-01-01' + n FROM generate_series(1, 300) AS n",
        "",
    )
    .await;
    assert_eq!(
        not_copied(&databases, "{}").await,
        [
            "index \"by_v\": USING btree (v)",
            "partitioning: RANGE (day)"
        ]
    );
    for _ in 0..2 {
        run(&databases, "{ with_indexes: true }")
            .await
            .assert_done();
        check_rows(&databases).await;
        check_same(&databases, COLUMNS).await;
    }
    let found = databases.destination.column(INDEXES).await.join("\n");
    assert!(
        found.contains("CREATE INDEX by_v ON public.t USING btree (v)"),
        "{found}"
    );
    let insert = "INSERT INTO public.t DEFAULT VALUES RETURNING concat_ws(' ', id, day, v)";
    assert_eq!(
        databases.destination.value(insert).await,
        "301 2024-01-01 v"
    );
    // A partition is a table too; what it has of its parent's is told.
    let told = Program::copy(&databases, &["-t", "t_1", "--plan", "--output", "json"]);
    let told = told.run().await.json();
    let part = "partition of public.t: FOR VALUES FROM ('2024-01-01') TO ('2024-07-01')";
    assert!(holds(&told["not_copied"], part), "{told}");
}

#[tokio::test]
async fn the_plan_names_everything_that_is_not_copied() {
    let databases = Databases::with(
        "CREATE TABLE public.parent (p integer); CREATE TABLE public.other (id integer PRIMARY KEY);
         CREATE TABLE public.t (id integer PRIMARY KEY, a text, CONSTRAINT \"odd \"\"check\" CHECK (a <> ''), CONSTRAINT f FOREIGN KEY (id) REFERENCES public.other DEFERRABLE)
             INHERITS (public.parent) WITH (fillfactor = 70, toast.autovacuum_enabled = off);
         CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER \"on t\" BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.fire();
         CREATE RULE r AS ON DELETE TO public.t DO INSTEAD NOTHING;
         CREATE STATISTICS public.st ON id, a FROM public.t;
         ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; ALTER TABLE public.t FORCE ROW LEVEL SECURITY;
         CREATE POLICY \"p o\" ON public.t USING (true);
         GRANT SELECT, INSERT ON public.t TO PUBLIC; GRANT UPDATE (a) ON public.t TO pg_monitor;
         ALTER TABLE public.t ALTER COLUMN a SET STORAGE EXTERNAL; ALTER TABLE public.t ALTER COLUMN a SET STATISTICS 300;
         ALTER TABLE public.t ALTER COLUMN a SET (n_distinct = 5); ALTER TABLE public.t REPLICA IDENTITY FULL;
         CREATE PUBLICATION pub FOR TABLE public.t; CREATE UNLOGGED TABLE public.quick (id integer PRIMARY KEY)",
        "",
    )
    .await;
    let expected = [
        r#"check constraint "odd "check": CHECK ((a <> ''::text))"#,
        r#"foreign key "f": FOREIGN KEY (id) REFERENCES public.other(id) DEFERRABLE"#,
        r#"trigger "on t""#,
        r#"rule "r""#,
        "row security: enabled and forced",
        r#"row security policy "p o""#,
        r#"statistics object "st""#,
        "inheritance from public.parent",
        "storage parameter fillfactor=70",
        "storage parameter toast.autovacuum_enabled=off",
        r#"option n_distinct=5 of column "a""#,
        r#"statistics target 300 of column "a""#,
        r#"storage EXTERNAL of column "a""#,
        "grant of INSERT, SELECT to PUBLIC",
        r#"grant of UPDATE on column "a" to "pg_monitor""#,
        r#"publication "pub""#,
        "replica identity FULL",
    ];
    assert_eq!(not_copied(&databases, "{}").await, expected);
    let quick = Program::copy(&databases, &["-t", "quick", "--plan"])
        .run()
        .await;
    quick.assert_done();
    assert!(
        quick.stdout.contains("not copied:\n    UNLOGGED"),
        "{quick}"
    );
    // A table that is there lacks nothing of what towpath could have given it.
    databases
        .destination
        .run("CREATE TABLE public.t (p integer, id integer PRIMARY KEY, a text)")
        .await;
    assert!(not_copied(&databases, "{}").await.is_empty());
}

/// A table whose columns own sequences, as the destination has it.
const OWNERS: &str = "CREATE TABLE public.t (id serial PRIMARY KEY, i bigint GENERATED BY DEFAULT AS IDENTITY, \
    down integer GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1), v text)";

#[tokio::test]
async fn sequences_of_a_table_that_is_there_are_left_alone_unless_they_are_to_advance() {
    for write in ["upsert", "append", "replace", "mirror"] {
        let source = format!(
            "{OWNERS}; INSERT INTO public.t (v) SELECT 'v' FROM generate_series(1, 50);
             DELETE FROM public.t WHERE id > 40"
        );
        let databases = Databases::with(&source, OWNERS).await;
        let kept = format!("{{ write: {write} }}");
        let plan = plan(&databases, &kept).await;
        assert!(
            holds(
                &plan["notes"],
                "public.t_id_seq, public.t_i_seq, public.t_down_seq"
            ),
            "{plan}"
        );
        assert!(holds(&plan["notes"], "--advance-sequences"), "{plan}");
        run(&databases, &kept).await.assert_done();
        let positions = "SELECT last_value FROM pg_sequences ORDER BY sequencename";
        let kept = databases.destination.column(positions).await;
        assert_eq!(kept, ["<null>"; 3], "{write}");
        databases.destination.run("TRUNCATE public.t").await;
        run(
            &databases,
            &format!("{{ write: {write}, sequences: advance }}"),
        )
        .await
        .assert_done();
        let advanced = databases.destination.column(positions).await;
        assert_eq!(advanced, ["-50", "50", "50"], "{write}");
    }
}

#[tokio::test]
async fn a_sequence_never_goes_back() {
    let source =
        format!("{OWNERS}; INSERT INTO public.t (v) SELECT 'v' FROM generate_series(1, 5)");
    let databases = Databases::with(&source, OWNERS).await;
    let ahead = "SELECT setval('public.t_id_seq', 70), setval('public.t_i_seq', 80, false)";
    databases.destination.run(ahead).await;
    let arguments = ["--table", "t", "--advance-sequences"];
    Program::copy(&databases, &arguments)
        .run()
        .await
        .assert_done();
    let insert = "INSERT INTO public.t (v) VALUES ('new') RETURNING concat_ws(' ', id, i, down)";
    assert_eq!(databases.destination.value(insert).await, "71 80 -6");
}

#[tokio::test]
async fn a_sequence_that_the_role_may_not_move_is_refused_before_a_row_moves() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1)",
        "CREATE TABLE public.t (id serial PRIMARY KEY);
         DROP ROLE IF EXISTS moves_none; CREATE ROLE moves_none LOGIN PASSWORD 'p';
         GRANT SELECT, INSERT, UPDATE ON public.t TO moves_none; CREATE SCHEMA towpath AUTHORIZATION moves_none",
    )
    .await;
    let url = url_of_role(&databases.destination_url, "moves_none", "p");
    let outcome = Program::run_of(&databases, "public.t: { sequences: advance }")
        .with_variable("DESTINATION_URL", &url)
        .run()
        .await;
    let forget = "DROP OWNED BY moves_none; DROP ROLE moves_none";
    databases.destination.run(forget).await;
    let grant = "GRANT SELECT, UPDATE ON SEQUENCE public.t_id_seq TO moves_none";
    outcome.assert_refused(2, &["may not move sequence public.t_id_seq on", grant]);
}

#[tokio::test]
async fn a_failing_index_publishes_nothing_and_says_which() {
    // What the function promises is not known before the index is built.
    let function = "CREATE FUNCTION public.f(integer) RETURNS integer {kind} LANGUAGE plpgsql AS 'BEGIN RETURN $1; END'";
    let databases = Databases::with(
        &format!(
            "{}; CREATE TABLE public.t (id integer PRIMARY KEY); CREATE INDEX by_f ON public.t (public.f(id)); INSERT INTO public.t VALUES (1)",
            function.replace("{kind}", "IMMUTABLE")
        ),
        &function.replace("{kind}", "VOLATILE"),
    )
    .await;
    let outcome = run(&databases, "{ with_indexes: true }").await;
    outcome.assert_refused(1, &["index by_f", "public.t", "IMMUTABLE"]);
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(databases.destination.value(tables).await, "0");
    databases.assert_no_staging().await;
}

/// Runs a pipeline of `public.t` with the keys `stream`.
async fn run(databases: &Databases, stream: &str) -> Outcome {
    let streams = format!("public.t: {stream}");
    Program::run_of(databases, &streams).run().await
}

/// The report of such a run.
async fn json(databases: &Databases, stream: &str) -> Value {
    let streams = format!("public.t: {stream}");
    let program = Program::run_of(databases, &streams).with_json();
    program.run().await.json()
}

/// The plan of such a run.
async fn plan(databases: &Databases, stream: &str) -> Value {
    let file = format!(
        "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\nstreams:\n  public.t: {stream}\n"
    );
    let program = Program::new(databases, &["plan", "p.yaml"]).with_file("p.yaml", &file);
    program.with_json().run().await.json()
}

/// What such a run does not copy.
async fn not_copied(databases: &Databases, stream: &str) -> Vec<String> {
    let plan = plan(databases, stream).await;
    let lines = plan["not_copied"].as_array().unwrap().iter();
    lines
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

/// Whether a text of the list `texts` holds `part`.
fn holds(texts: &Value, part: &str) -> bool {
    let mut texts = texts.as_array().unwrap().iter();
    texts.any(|text| text.as_str().unwrap().contains(part))
}

/// Fails unless `query` gives the same in both databases, and something.
async fn check_same(databases: &Databases, query: &str) {
    let expected = databases.source.column(query).await;
    assert!(!expected.is_empty(), "{query}");
    assert_eq!(databases.destination.column(query).await, expected);
}

/// Fails unless `public.t` holds the same rows in both databases.
async fn check_rows(databases: &Databases) {
    let query = "SELECT * FROM public.t";
    let expected = relation(&databases.source, query).await;
    let found = relation(&databases.destination, query).await;
    assert_same(&expected, &found, "public.t");
}

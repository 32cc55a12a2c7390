//! Transforms over several tables: of the source, of other databases, and the one that is written.

use crate::harness::{Databases, Outcome, Program, assert_same, relation};

/// Orders, at the source.
const ORDERS: &str = "CREATE SCHEMA shop;
    CREATE TYPE shop.status AS ENUM ('new', 'paid', 'sent');
    CREATE TABLE shop.orders (id integer PRIMARY KEY, customer uuid, status shop.status,
        amount numeric(12,2), placed timestamptz, doc jsonb);
    INSERT INTO shop.orders SELECT n, md5((n % 400)::text)::uuid,
        (ARRAY['new', 'paid', 'sent', NULL]::shop.status[])[n % 4 + 1], n * 1.25,
        timestamptz '2024-01-01 00:00+00' + n * interval '1 hour', jsonb_build_object('n', n % 7)
        FROM generate_series(1, 1500) AS n;
    ANALYZE shop.orders;";

/// Their customers, some of whom have none: in both databases the same, so that PostgreSQL can tell
/// what a join of the two gives.
const CUSTOMERS: &str = "CREATE SCHEMA crm;
    CREATE TYPE crm.tier AS ENUM ('gold', 'silver');
    CREATE TYPE crm.address AS (city text, tier crm.tier);
    CREATE TABLE crm.customers (id uuid PRIMARY KEY, name text, tier crm.tier, home crm.address,
        since date, profile jsonb);
    INSERT INTO crm.customers SELECT md5(n::text)::uuid, 'customer ' || n,
        (ARRAY['gold', 'silver', NULL]::crm.tier[])[n % 3 + 1], ('city ' || n % 10, 'gold')::crm.address,
        date '2020-01-01' + n, jsonb_build_object('score', n % 5, 'tags', jsonb_build_array('a', n))
        FROM generate_series(1, 500) AS n;
    ANALYZE crm.customers;";

/// Types that only move the OIDs of those after them: the same names, other numbers.
const OTHER_OIDS: &str = "CREATE TYPE public.a AS ENUM ('x'); CREATE TYPE public.b AS (x integer);";

/// SELECTs over orders `{o}` and customers `{c}`.
const JOINED: &[&str] = &[
    "SELECT o.id, c.name, c.tier, c.home, o.amount, o.doc, c.profile FROM {o} o \
     JOIN {c} c ON c.id = o.customer",
    "SELECT o.id, customers.name, customers.since FROM {o} o LEFT JOIN {c} \
     ON customers.id = o.customer AND customers.since > '2020-06-01'",
    "SELECT c.id, c.name, sum(amount) AS sum, count(o.id) FROM {c} AS c \
     LEFT JOIN {o} AS o ON o.customer = c.id GROUP BY c.id, c.name",
    "SELECT id, status, amount FROM {o} WHERE customer IN (SELECT id FROM {c} WHERE tier = 'gold')",
    "SELECT o.id FROM {o} o WHERE NOT EXISTS (SELECT 1 FROM {c} c WHERE c.id = o.customer)",
    "WITH customers AS (SELECT * FROM {c} WHERE since < '2020-03-01'), \
     orders AS (SELECT * FROM {o} WHERE status = 'paid') \
     SELECT customers.name, orders.placed FROM orders JOIN customers ON customers.id = orders.customer",
    "SELECT o.id, c.profile ->> 'score' AS score, o.doc -> 'n' AS n FROM {o} o \
     JOIN {c} c ON c.id = o.customer WHERE c.profile @> '{\"score\": 3}'",
    "SELECT c.tier, o.doc ->> 'n' AS n, sum(o.amount) FROM {o} o JOIN {c} c ON c.id = o.customer \
     GROUP BY c.tier, o.doc ->> 'n'",
    "SELECT o.id, c.profile ->> 'score' AS score, coalesce(c.profile ->> 'score', 'none') AS shown, \
     c.profile IS NULL AS lacks, jsonb_array_length(c.profile -> 'tags') AS tags, \
     CASE WHEN c.profile ? 'score' THEN 1 ELSE 0 END AS known, o.doc ->> 'n' AS n FROM {o} o \
     LEFT JOIN {c} c ON c.id = o.customer AND c.profile ->> 'score' <> '2'",
    "SELECT o.id, c.name, o.doc ->> 'n' AS n, jsonb_typeof(o.doc -> 'n') AS kind, \
     coalesce(o.doc ->> 'n', '0') AS shown, c.profile ->> 'score' AS score FROM {o} o \
     RIGHT JOIN {c} c ON c.id = o.customer",
    "SELECT o.id, c.name, c.profile ->> 'score' AS score, o.doc ->> 'n' AS n FROM {o} o \
     FULL JOIN {c} c ON c.id = o.customer WHERE (o.doc ->> 'n') IS DISTINCT FROM '3'",
    "SELECT c.profile ->> 'score' AS score, count(*) AS rows, count(o.doc ->> 'n') AS known, \
     max((o.doc ->> 'n')::integer) AS last FROM {c} c LEFT JOIN {o} o ON o.customer = c.id \
     GROUP BY c.profile ->> 'score'",
    "SELECT * FROM (SELECT id AS number, customer AS id, amount FROM {o}) o JOIN {c} c USING (id)",
    "SELECT *, c.name AS again FROM (SELECT id AS number, amount, customer AS id FROM {o}) o \
     LEFT JOIN (SELECT id, name, profile ->> 'score' AS score FROM {c}) c USING (id)",
    "SELECT * FROM (SELECT amount, customer AS id FROM {o} WHERE id < 900) o \
     NATURAL JOIN (SELECT name, id FROM {c}) c",
    "SELECT id::text, 'order' AS kind FROM {o} UNION ALL SELECT id::text, 'customer' FROM {c}",
    "SELECT o.id, a.name AS name, b.name AS namesake FROM {o} o JOIN {c} a ON a.id = o.customer \
     JOIN {c} b ON b.since = a.since + 1",
    "SELECT o.id, tag FROM {o} o JOIN (SELECT c.id, t.tag FROM {c} c, \
     jsonb_array_elements_text(c.profile -> 'tags') AS t(tag)) c ON c.id = o.customer",
];

async fn shop_and_crm() -> Databases {
    let source = format!("{ORDERS}{CUSTOMERS}");
    let destination = format!("{OTHER_OIDS}{CUSTOMERS}");
    Databases::with(&source, &destination).await
}

#[tokio::test]
async fn tables_are_joined_wherever_they_are() {
    let databases = shop_and_crm().await;
    for sql in JOINED {
        let asked = sql
            .replace("{o}", "shop.orders")
            .replace("{c}", "crm.customers");
        let expected = relation(&databases.source, &asked).await;
        for place in ["", "'crm', "] {
            let customers = format!("{{{{ source({place}'crm.customers') }}}}");
            let sql = sql
                .replace("{o}", "{{ source }}")
                .replace("{c}", &customers);
            run(
                &databases,
                &format!("write: replace, sql: '{}'", sql.replace('\'', "''")),
            )
            .await
            .assert_done();
            let found = relation(&databases.destination, "SELECT * FROM public.result").await;
            assert_same(&expected, &found, &sql);
            databases.destination.run("DROP TABLE public.result").await;
            databases
                .destination
                .run("DROP TYPE IF EXISTS shop.status")
                .await;
        }
    }
}

#[tokio::test]
async fn a_type_of_another_database_is_created_as_it_is_there() {
    let databases = shop_and_crm().await;
    let there = "CREATE TYPE public.mood AS ENUM ('glad', 'sad'); \
                 CREATE TABLE public.moods (id integer PRIMARY KEY, mood public.mood); \
                 INSERT INTO public.moods VALUES (1, 'glad'), (2, 'sad')";
    let admin = format!("moods_{}", databases.name());
    databases
        .destination
        .run(&format!("CREATE DATABASE {admin}"))
        .await;
    let url = databases.destination_url.replace(databases.name(), &admin);
    crate::harness::Session::open(&url).await.run(there).await;
    let streams = "key: id, sql: \"SELECT o.id, o.status, m.mood FROM {{ source }} o \
                   JOIN {{ source('moods', 'moods') }} m ON m.id = o.id\"";
    let outcome = run_with(&databases, &format!("moods: {url}"), streams).await;
    databases
        .destination
        .run(&format!("DROP DATABASE {admin} WITH (FORCE)"))
        .await;
    outcome.assert_done();
    let rows = databases
        .destination
        .column("SELECT concat_ws(' ', id, status, mood, pg_typeof(mood)) FROM public.result ORDER BY id")
        .await;
    assert_eq!(rows, ["1 paid glad mood", "2 sent sad mood"]);
}

#[tokio::test]
async fn the_destination_is_read_as_it_was_before() {
    let databases = shop_and_crm().await;
    let new_rows = "write: append, sql: \"SELECT id, amount FROM {{ source }} s \
                    WHERE NOT EXISTS (SELECT FROM {{ destination }} d WHERE d.id = s.id)\"";
    run(&databases, new_rows)
        .await
        .assert_refused(2, &["result", "create it before the first run"]);
    let table = "CREATE TABLE public.result (id integer PRIMARY KEY, amount numeric(12,2))";
    databases.destination.run(table).await;
    let fill = "INSERT INTO public.result SELECT n, 0 FROM generate_series(1, 1000) AS n";
    databases.destination.run(fill).await;
    run(&databases, new_rows).await.assert_done();
    let counts =
        "SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE amount = 0)) FROM public.result";
    assert_eq!(databases.destination.value(counts).await, "1500 1000");
    // What is read is also emptied: the reader's lock must be gone by then.
    for write in ["replace", "mirror", "upsert"] {
        let doubled = format!(
            "write: {write}, sql: \"SELECT d.id, (d.amount + 1)::numeric(12,2) AS amount \
             FROM {{{{ source }}}} JOIN {{{{ destination }}}} d ON d.id = source.id\""
        );
        run(&databases, &doubled).await.assert_done();
    }
    let grown =
        "SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE amount = 3)) FROM public.result";
    assert_eq!(databases.destination.value(grown).await, "1500 1000");
}

#[tokio::test]
async fn each_server_is_sent_its_own_part() {
    let databases = shop_and_crm().await;
    let sql = "SELECT o.id, c.name FROM {{ source }} o \
               JOIN {{ source('crm', 'crm.customers') }} c ON c.id = o.customer \
               WHERE c.since = '2020-01-11' AND o.status = 'paid'";
    let file = pipeline(
        "crm: ${DESTINATION_URL}",
        &format!("key: id, sql: \"{sql}\""),
    );
    let plan = Program::new(&databases, &["plan", "test.yaml"])
        .with_file("test.yaml", &file)
        .run()
        .await;
    plan.assert_done();
    for read in [
        r#"FROM "shop"."orders" WHERE ("status" = 'paid')"#,
        r#"FROM "crm"."customers" WHERE ("since" = DATE '2020-01-11')"#,
    ] {
        assert!(plan.stdout.contains(read), "no {read} in {plan}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_before_anything_moves() {
    let databases = shop_and_crm().await;
    let select = |table: &str| {
        format!("sql: \"SELECT s.id FROM {{{{ source }}}} s JOIN {{{{ {table} }}}} t ON true\"")
    };
    let cases = [
        (
            "source('public', 'customers')",
            "no connection called \"public\"",
        ),
        (
            "source('public', 'customers')",
            "source('public.customers')",
        ),
        (
            "source('crm.customer')",
            "did you mean \"crm\".\"customers\"",
        ),
        (
            "source('crm', 'crm.customer')",
            "did you mean \"crm\".\"customers\"",
        ),
        (
            "source('crm', 'crm.customers', 'x')",
            "takes one name, or two",
        ),
        ("ref('customers')", "there is no placeholder \"ref\""),
    ];
    for (table, message) in cases {
        run(&databases, &select(table))
            .await
            .assert_refused(2, &[message]);
    }
    let elsewhere = format!("on: source, {}", select("source('crm', 'crm.customers')"));
    let told = ["cannot run a SELECT that reads", "crm"];
    run(&databases, &elsewhere).await.assert_refused(2, &told);
}

/// Nothing that is left out makes a name clear, and no server sees the whole SELECT.
#[tokio::test]
async fn what_postgresql_refuses_is_refused_over_two_databases() {
    let databases = shop_and_crm().await;
    let columns = "id uuid PRIMARY KEY, amount numeric(12,2), label text, name text";
    let create = format!("CREATE TABLE public.result ({columns})");
    databases.destination.run(&create).await;
    let customers = "{{ source('crm', 'crm.customers') }} c";
    let written = "{{ destination }} c";
    let cases = [
        (
            customers,
            "o.amount, name, id",
            "ON c.id = o.customer",
            "\"id\" is ambiguous",
        ),
        (
            customers,
            "o.id, upper(id::text) AS label",
            "ON c.id = o.customer",
            "\"id\" is ambiguous",
        ),
        (
            customers,
            "o.amount, o.doc ->> 'n' AS label",
            "ON c.id = o.customer WHERE id IS NOT NULL",
            "\"id\" is ambiguous",
        ),
        (
            customers,
            "o.id, c.names",
            "ON c.id = o.customer",
            "did you mean \"name\"",
        ),
        (customers, "o.id, c.name", "", "lacks its condition"),
        (customers, "count(o.id, c.id) AS n", "ON true", "count"),
        (
            customers,
            "o.id, lag(o.id, 1, 1.5) OVER (ORDER BY o.id) AS n",
            "ON true",
            "lag",
        ),
        (
            written,
            "o.customer AS id, c.label",
            "ON c.id = o.customer WHERE amount > 1",
            "\"amount\" is ambiguous",
        ),
        (
            written,
            "o.customer AS id, o.doc ->> 'n' AS label",
            "ON c.id = o.customer WHERE amount > 1",
            "\"amount\" is ambiguous",
        ),
    ];
    for (table, list, rest, told) in cases {
        let stream =
            format!("key: id, sql: \"SELECT {list} FROM {{{{ source }}}} o JOIN {table} {rest}\"");
        run(&databases, &stream).await.assert_refused(2, &[told]);
    }
}

#[tokio::test]
async fn the_source_runs_what_is_about_its_own_tables_only() {
    let databases = shop_and_crm().await;
    let sql = "SELECT c.tier, array_agg(o.id ORDER BY o.id) AS ids FROM {{ source }} o \
               JOIN {{ source('crm.customers') }} c ON c.id = o.customer GROUP BY c.tier";
    for on in ["engine", "source"] {
        let stream = format!("on: {on}, write: replace, sql: \"{sql}\"");
        run(&databases, &stream).await.assert_done();
        let asked = sql
            .replace("{{ source }}", "shop.orders")
            .replace("{{ source('crm.customers') }}", "crm.customers");
        let expected = relation(&databases.source, &asked).await;
        let found = relation(&databases.destination, "SELECT * FROM public.result").await;
        assert_same(&expected, &found, on);
    }
    let verify = Program::new(&databases, &["verify", "test.yaml"]);
    let file = pipeline("crm: ${DESTINATION_URL}", &format!("sql: \"{sql}\""));
    verify
        .with_file("test.yaml", &file)
        .run()
        .await
        .assert_done();
    databases.destination.run("DROP TABLE public.result").await;
    let check = Program::new(&databases, &["check", "test.yaml", "--compare"]);
    let joined = "key: id, sql: \"SELECT o.id, c.name FROM {{ source }} o \
                  JOIN {{ source('crm.customers') }} c ON c.id = o.customer\"";
    let check = check
        .with_file("test.yaml", &pipeline("crm: ${DESTINATION_URL}", joined))
        .run()
        .await;
    check.assert_done();
    assert!(check.stdout.contains("give the same"), "{check}");
    let elsewhere = joined.replace("'crm.customers'", "'crm', 'crm.customers'");
    let file = pipeline("crm: ${DESTINATION_URL}", &elsewhere);
    let check = Program::new(&databases, &["check", "test.yaml", "--compare"]);
    let check = check.with_file("test.yaml", &file).run().await;
    assert!(
        check
            .stderr
            .contains("reads tables that the source does not have"),
        "{check}"
    );
    let verify = Program::new(&databases, &["verify", "test.yaml"]);
    let verify = verify.with_file("test.yaml", &file).run().await;
    verify.assert_refused(2, &["reads tables that the source does not have"]);
}

/// Both tables take more memory than the join may hold: it goes to disk.
#[tokio::test]
async fn a_join_of_two_servers_keeps_to_the_memory_limit() {
    let table = |schema: &str, factor: u32| {
        format!(
            "CREATE SCHEMA {schema};
             CREATE TABLE {schema}.items (id bigint PRIMARY KEY, part bigint, label text);
             INSERT INTO {schema}.items SELECT n, n * {factor} % 1000003, 'label ' || n
                 FROM generate_series(1, 1000000) AS n;
             ANALYZE {schema}.items"
        )
    };
    let databases = Databases::with(&table("shop", 7), &table("crm", 11)).await;
    let sql = "SELECT o.id % 1000 AS bucket, count(*), sum(o.id) AS here, sum(c.id) AS there, \
               max(length(c.label)) AS longest FROM {{ source }} o \
               JOIN {{ source('crm', 'crm.items') }} c ON c.part = o.part GROUP BY o.id % 1000";
    let file = pipeline(
        "crm: ${DESTINATION_URL}",
        &format!("key: bucket, sql: \"{sql}\""),
    )
    .replace("shop.orders", "shop.items");
    let outcome = Program::new(&databases, &["run", "test.yaml", "--memory-limit", "32MB"])
        .with_file("test.yaml", &file)
        .run()
        .await;
    outcome.assert_done();
    databases.source.run(&table("crm", 11)).await;
    let asked = sql
        .replace("{{ source }}", "shop.items")
        .replace("{{ source('crm', 'crm.items') }}", "crm.items");
    let expected = relation(&databases.source, &asked).await;
    let found = relation(&databases.destination, "SELECT * FROM public.result").await;
    assert_same(&expected, &found, "the join");
}

/// A pipeline of `shop.orders` into `public.result`, with more connections and settings of the stream.
fn pipeline(connections: &str, stream: &str) -> String {
    format!(
        "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\nconnections:\n  {connections}\n\
         streams:\n  result: {{ table: shop.orders, into: public.result, create_types: true, {stream} }}\n"
    )
}

/// Runs such a pipeline, in which the destination's database is also called `crm`.
async fn run(databases: &Databases, stream: &str) -> Outcome {
    run_with(databases, "crm: ${DESTINATION_URL}", stream).await
}

async fn run_with(databases: &Databases, connections: &str, stream: &str) -> Outcome {
    let file = pipeline(connections, stream);
    let program = Program::new(databases, &["run", "test.yaml"]);
    program.with_file("test.yaml", &file).run().await
}

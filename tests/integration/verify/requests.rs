//! What is asked for, what is answered, and how the program ends.

use super::{report, verify, verify_t};
use crate::harness::{Databases, Program, url_of_role};

#[tokio::test]
async fn people_are_told_in_text() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, v text); INSERT INTO public.t VALUES (1, 'secret'), (2, 'b')",
        "CREATE TABLE public.t (id integer PRIMARY KEY, v text); INSERT INTO public.t VALUES (1, 'other')",
    )
    .await;
    let outcome = verify(&databases, &["-t", "public.t"]).run().await;
    assert_eq!(outcome.code, Some(1), "{outcome}");
    for text in [
        "public.t: public.t and public.t are DIFFERENT",
        "2 rows at the source, 1 at the destination",
        "2 rows differ: 1 missing at the destination, 1 different",
        "1   different                   v",
        "2   missing at the destination",
    ] {
        assert!(outcome.stdout.contains(text), "no {text:?} in {outcome}");
    }
    assert!(
        !outcome.stdout.contains("secret") && !outcome.stdout.contains("other"),
        "{outcome}"
    );
}

#[tokio::test]
async fn a_pipeline_is_compared_stream_by_stream() {
    let databases = Databases::with(
        "CREATE SCHEMA shop; CREATE TABLE shop.a (id integer PRIMARY KEY); INSERT INTO shop.a VALUES (1);
         CREATE TABLE shop.b (id integer PRIMARY KEY); INSERT INTO shop.b VALUES (1)",
        "",
    )
    .await;
    let file = "source: ${SOURCE_URL}\ndestination: ${DESTINATION_URL}\ndefaults: { schema: dwh }\n\
                streams:\n  shop.*: {}\n  more: { table: shop.a, sql: 'SELECT id + 1 AS id FROM {{ source }}', key: [id], into: dwh.more }\n";
    let program = |words: &[&str]| {
        let words = [&["p.yaml"], words].concat();
        let words = [&[words[1]], &words[..1], &words[2..]].concat();
        Program::new(&databases, &words).with_file("p.yaml", file)
    };
    program(&["run"]).run().await.assert_done();
    let outcome = program(&["verify"]).with_json().run().await;
    outcome.assert_done();
    assert_eq!(outcome.stdout.lines().count(), 2, "{outcome}");
    databases
        .destination
        .run("INSERT INTO dwh.b VALUES (2)")
        .await;
    assert_eq!(program(&["verify"]).run().await.code, Some(1));
    assert_eq!(program(&["verify", "more"]).run().await.code, Some(0));
    program(&["verify", "less"])
        .run()
        .await
        .assert_refused(2, &["no stream less"]);
}

#[tokio::test]
async fn several_tables_are_found_by_pattern() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY); CREATE TABLE public.u (id integer PRIMARY KEY)",
        "CREATE SCHEMA dwh; CREATE TABLE dwh.t (id integer PRIMARY KEY); CREATE TABLE dwh.u (id integer PRIMARY KEY);
         INSERT INTO dwh.u VALUES (1)",
    )
    .await;
    let outcome = verify(&databases, &["-t", "public.*", "--into", "dwh.*"])
        .run()
        .await;
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(
        outcome.stdout.contains("are equal") && outcome.stdout.contains("are DIFFERENT"),
        "{outcome}"
    );
}

#[tokio::test]
async fn a_request_that_means_nothing_is_refused() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, v bigint); CREATE TABLE public.u (id integer)",
        "CREATE TABLE public.t (id integer PRIMARY KEY, v integer)",
    )
    .await;
    for (arguments, texts) in [
        (&["-t", "public.u"][..], &["public.u is not in"][..]),
        (&["-t", "public.x"], &["public.x is not in"]),
        (&["-t", "public.t"], &["column v", "bigint"]),
        (
            &[
                "-t",
                "public.t",
                "--sql",
                "SELECT id, 1 AS w FROM {{ source }}",
            ],
            &["column w", "no such column"],
        ),
        (
            &[
                "-t",
                "public.t",
                "--sql",
                "SELECT id FROM {{ source }}",
                "--key",
                "v",
            ],
            &["key column v"],
        ),
        (
            &["-t", "public.t", "--sql", "SELEC FROM {{ source }}"],
            &["syntax error"],
        ),
    ] {
        verify(&databases, arguments)
            .run()
            .await
            .assert_refused(2, texts);
    }
    let outcome = verify(&databases, &["-t", "public.u"])
        .with_json()
        .run()
        .await;
    assert_eq!(
        (outcome.code, &report(&outcome)["equal"]),
        (Some(2), &serde_json::Value::Null)
    );
}

#[tokio::test]
async fn rows_that_row_security_hides_are_no_difference_but_an_error() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1)",
        "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1), (2);
         ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON public.t USING (id = 1)",
    )
    .await;
    let role = format!("{}_reader", databases.name());
    let create =
        format!("CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT ON public.t TO {role}");
    databases.destination.run(&create).await;
    let to = url_of_role(&databases.destination_url, &role, "x");
    let words = [
        "verify",
        "--from",
        &databases.source_url,
        "--to",
        &to,
        "-t",
        "public.t",
    ];
    let outcome = Program::new(&databases, &words).run().await;
    databases
        .destination
        .run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await;
    outcome.assert_refused(2, &["row-level security", "BYPASSRLS"]);
}

#[tokio::test]
async fn rows_that_row_security_hides_at_the_source_may_be_left_out() {
    let table = "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1)";
    let databases = Databases::with(
        &format!(
            "{table}, (2); ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; \
             CREATE POLICY p ON public.t USING (id = 1)"
        ),
        table,
    )
    .await;
    let role = format!("{}_reader", databases.name());
    let create =
        format!("CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT ON public.t TO {role}");
    databases.source.run(&create).await;
    let from = url_of_role(&databases.source_url, &role, "x");
    let words = [
        "verify",
        "--from",
        &from,
        "--to",
        &databases.destination_url,
        "-t",
        "public.t",
    ];
    let refused = Program::new(&databases, &words).run().await;
    let words = [&words[..], &["--rls", "accept"]].concat();
    let accepted = Program::new(&databases, &words).with_json().run().await;
    databases
        .source
        .run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await;
    refused.assert_refused(2, &["row security"]);
    accepted.assert_done();
    assert!(
        report(&accepted)["notes"][0]
            .as_str()
            .unwrap()
            .contains("row security hides rows")
    );
}

#[tokio::test]
async fn only_select_is_needed() {
    let table = "CREATE TABLE public.t (id integer PRIMARY KEY, v integer, hidden integer); INSERT INTO public.t VALUES (1, 2, 3)";
    let databases = Databases::with(table, table).await;
    let role = format!("{}_reader", databases.name());
    let create = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT (id, v) ON public.t TO {role}"
    );
    databases.run_in_both(&create).await;
    let [from, to] =
        [&databases.source_url, &databases.destination_url].map(|url| url_of_role(url, &role, "x"));
    let sql = "SELECT * FROM {{ source }}";
    let words = [
        "verify", "--from", &from, "--to", &to, "-t", "public.t", "--sql", sql,
    ];
    let outcome = Program::new(&databases, &words).with_json().run().await;
    databases
        .run_in_both(&format!("DROP OWNED BY {role}"))
        .await;
    for session in [&databases.source, &databases.destination] {
        session.run(&format!("DROP ROLE {role}")).await;
    }
    outcome.assert_done();
    assert_eq!(report(&outcome)["columns"], serde_json::json!(["id", "v"]));
}

#[tokio::test]
async fn nothing_is_written() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY); INSERT INTO public.t VALUES (1)",
        "CREATE TABLE public.t (id integer PRIMARY KEY)",
    )
    .await;
    let before = databases.destination_state().await;
    assert_eq!(verify_t(&databases, &[]).await.1, Some(1));
    assert_eq!(databases.destination_state().await, before);
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'towpath%'";
    assert_eq!(databases.destination.value(schemas).await, "0");
}

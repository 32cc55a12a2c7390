//! Tables that do more with rows than hold them: rules and triggers.

use crate::harness::{Databases, Program};

/// The source of every test here.
const SOURCE: &str = "CREATE TABLE public.t (id integer PRIMARY KEY, v text);
    INSERT INTO public.t VALUES (1, 'one'), (2, 'two')";

/// A trigger function that leaves out one row.
const LEAVES_OUT: &str = "CREATE TABLE public.t (id integer PRIMARY KEY, v text);
    CREATE FUNCTION public.leave_out() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF new.id = 2 THEN RETURN NULL; END IF; RETURN new; END';
    CREATE TRIGGER picky BEFORE INSERT OR UPDATE ON public.t
        FOR EACH ROW EXECUTE FUNCTION public.leave_out();";

#[tokio::test]
async fn a_table_with_a_rule_is_refused() {
    let databases = Databases::with(
        SOURCE,
        "CREATE TABLE public.t (id integer PRIMARY KEY, v text);
         INSERT INTO public.t VALUES (9, 'kept');
         CREATE RULE \"swallows all\" AS ON INSERT TO public.t DO INSTEAD NOTHING",
    )
    .await;
    for write in ["upsert", "append", "replace", "mirror"] {
        let outcome = Program::copy(&databases, &["--table", "public.t", "--write", write]);
        let outcome = outcome.run().await;
        outcome.assert_refused(2, &["rule swallows all of public.t", "DISABLE RULE"]);
    }
    check(&databases, &["9 kept"]).await;
}

#[tokio::test]
async fn a_row_that_a_trigger_leaves_out_fails_the_run() {
    for write in ["upsert", "append", "replace", "mirror"] {
        for before in ["", "INSERT INTO public.t VALUES (9, 'kept')"] {
            let databases = Databases::with(SOURCE, &format!("{LEAVES_OUT} {before}")).await;
            let outcome = Program::copy(&databases, &["--table", "public.t", "--write", write]);
            let outcome = outcome.run().await;
            outcome.assert_refused(1, &["left out 1 of the rows", "trigger"]);
            let rows: &[&str] = if before.is_empty() { &[] } else { &["9 kept"] };
            check(&databases, rows).await;
        }
    }
}

#[tokio::test]
async fn a_trigger_that_may_change_rows_is_told_by_the_plan() {
    let databases = Databases::with(SOURCE, LEAVES_OUT).await;
    let plan = Program::copy(&databases, &["--table", "public.t", "--plan"]).run();
    let outcome = plan.await;
    outcome.assert_done();
    assert!(outcome.stdout.contains("trigger \"picky\""), "{outcome}");
}

#[tokio::test]
async fn a_trigger_of_a_partition_counts() {
    let databases = Databases::with(
        SOURCE,
        "CREATE TABLE public.t (id integer PRIMARY KEY, v text) PARTITION BY LIST (id);
         CREATE TABLE public.one PARTITION OF public.t FOR VALUES IN (1);
         CREATE TABLE public.others PARTITION OF public.t DEFAULT;
         INSERT INTO public.t VALUES (9, 'kept');
         CREATE FUNCTION public.leave_out() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN RETURN NULL; END';
         CREATE TRIGGER picky BEFORE INSERT ON public.one
            FOR EACH ROW EXECUTE FUNCTION public.leave_out();",
    )
    .await;
    let outcome = Program::copy(&databases, &["--table", "public.t"]).run();
    outcome.await.assert_refused(1, &["left out 1 of the rows"]);
    check(&databases, &["9 kept"]).await;
}

#[tokio::test]
async fn triggers_of_replicas_are_those_that_fire_on_request() {
    let databases = Databases::with(
        SOURCE,
        &format!(
            "{LEAVES_OUT} CREATE TABLE public.parent (id integer PRIMARY KEY);
             ALTER TABLE public.t ADD FOREIGN KEY (id) REFERENCES public.parent"
        ),
    )
    .await;
    let arguments = ["--table", "public.t", "--triggers", "replica"];
    Program::copy(&databases, &arguments)
        .run()
        .await
        .assert_done();
    check(&databases, &["1 one", "2 two"]).await;
    let plan = Program::copy(&databases, &[&arguments[..], &["--plan"]].concat());
    let outcome = plan.run().await;
    assert!(
        outcome.stdout.contains("foreign keys are not checked"),
        "{outcome}"
    );
}

async fn check(databases: &Databases, expected: &[&str]) {
    let rows = "SELECT concat(id, ' ', v) FROM public.t ORDER BY id";
    assert_eq!(databases.destination.column(rows).await, expected);
}

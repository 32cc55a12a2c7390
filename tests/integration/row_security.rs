//! Rows that policies hide from the role that reads, or keep out from the role that writes.

use crate::harness::{Databases, Outcome, Program, url_of_role};

/// A table of four rows, two of them of shop 1, and a view of it; `{role}` sees shop 1 only.
const PROTECTED: &str = "
    CREATE TABLE public.t (id integer PRIMARY KEY, shop integer NOT NULL, at timestamptz);
    INSERT INTO public.t SELECT n, 1 + n % 2, timestamptz '2024-01-01 00:00+00' + n * interval '1 day'
      FROM generate_series(1, 4) AS n;
    DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN PASSWORD 'sees';
    DROP ROLE IF EXISTS {role}_owner; CREATE ROLE {role}_owner;
    GRANT SELECT ON public.t TO {role}, {role}_owner;
    ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;
    CREATE POLICY of_shop ON public.t USING (shop = 1);
    CREATE VIEW public.v AS SELECT * FROM public.t; ALTER VIEW public.v OWNER TO {role}_owner;
    GRANT SELECT ON public.v TO {role}";

#[tokio::test]
async fn hidden_rows_are_refused_with_the_ways_out() {
    let reader = Reader::create("rls_refused").await;
    for settings in ["", "ALTER ROLE rls_refused SET row_security = on"] {
        reader.databases.source.run(settings).await;
        reader
            .run("public.t: {}")
            .await
            .assert_refused(2, &["public.t", "row security", "BYPASSRLS", "rls: accept"]);
    }
}

#[tokio::test]
async fn a_view_of_a_protected_table_is_refused_when_it_is_planned() {
    let reader = Reader::create("rls_view").await;
    let outcome = reader.plan("public.v: { key: id }").await;
    outcome.assert_refused(2, &["public.v", "row security hides rows", "table t"]);
    let outcome = reader.plan("public.v: { key: id, rls: accept }").await;
    let note = "row security hides rows of public.v";
    assert!(outcome.stdout.replace('"', "").contains(note), "{outcome}");
}

#[tokio::test]
async fn a_view_whose_owner_sees_all_rows_is_read() {
    let reader = Reader::create("rls_open_view").await;
    let owner = "ALTER VIEW public.v OWNER TO CURRENT_USER";
    reader.databases.source.run(owner).await;
    reader.run("public.v: { key: id }").await.assert_done();
    assert_eq!(reader.ids("public.v").await, ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn accepted_row_security_reads_what_can_be_seen_and_says_so() {
    let reader = Reader::create("rls_accepted").await;
    // A role's own setting must not turn what was accepted into an error.
    let setting = "ALTER ROLE rls_accepted SET row_security = off";
    reader.databases.source.run(setting).await;
    let note = "row security hides rows of public.t";
    let outcome = reader.run("public.t: { rls: accept }").await;
    outcome.assert_done();
    assert!(outcome.stdout.replace('"', "").contains(note), "{outcome}");
    assert_eq!(reader.ids("public.t").await, ["2", "4"]);
    let outcome = reader.run("public.v: { key: id, rls: accept }").await;
    outcome.assert_done();
    assert_eq!(reader.ids("public.v").await, ["2", "4"]);
}

#[tokio::test]
async fn the_defaults_accept_row_security_for_streams_that_do_not_say() {
    let reader = Reader::create("rls_defaults").await;
    let file = |streams: &str| {
        format!(
            "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\n\
             defaults: {{ rls: accept }}\nstreams: {{ {streams} }}\n"
        )
    };
    let run = |streams: &str| {
        Program::new(&reader.databases, &["run", "p.yaml"])
            .with_file("p.yaml", &file(streams))
            .with_variable("SOURCE_URL", &reader.url)
            .run()
    };
    run("public.t: {}").await.assert_done();
    run("public.t: { rls: refuse }")
        .await
        .assert_refused(2, &["row security"]);
}

#[tokio::test]
async fn copy_accepts_row_security_by_its_flag() {
    let reader = Reader::create("rls_flag").await;
    let to = reader.databases.destination_url.as_str();
    let common = ["copy", "--from", &reader.url, "--to", to, "--table", "t"];
    let copy = |more: &[&str]| {
        let arguments = [&common, more].concat();
        Program::new(&reader.databases, &arguments)
            .with_json()
            .run()
    };
    copy(&[]).await.assert_refused(2, &["row security"]);
    let report = copy(&["--rls", "accept", "--write", "mirror"]).await.json();
    let note = report["streams"][0]["notes"][0].as_str().unwrap();
    assert!(
        note.contains("row security") && note.contains("mirror"),
        "{report}"
    );
    assert_eq!(report["streams"][0]["rows_read"], 2, "{report}");
}

#[tokio::test]
async fn a_watermark_is_that_of_the_rows_that_can_be_seen() {
    let reader = Reader::create("rls_watermark").await;
    let stream = "public.t: { sync: incremental, cursor: at, rls: accept }";
    reader.run(stream).await.assert_done();
    // Row 3 is older than row 4, which was read; a watermark of hidden rows would be row 5's.
    let more = "INSERT INTO public.t VALUES (5, 2, '2024-02-01 00:00+00'); UPDATE public.t SET shop = 2 WHERE id = 4";
    reader.databases.source.run(more).await;
    reader.run(stream).await.assert_done();
    let more = "INSERT INTO public.t VALUES (6, 1, '2024-01-20 00:00+00')";
    reader.databases.source.run(more).await;
    reader.run(stream).await.assert_done();
    assert_eq!(reader.ids("public.t").await, ["2", "4", "6"]);
}

#[tokio::test]
async fn rows_that_the_destination_does_not_let_in_fail_the_run_by_its_name() {
    let writer = Writer::create("rls_writer").await;
    for write in ["append", "upsert", "replace", "mirror"] {
        let outcome = writer.run(&format!("public.t: {{ write: {write} }}")).await;
        outcome.assert_refused(
            1,
            &[
                "row security of public.t",
                "does not let a row in",
                "WITH CHECK",
            ],
        );
        assert_eq!(writer.count().await, "0", "{write}");
    }
}

#[tokio::test]
async fn rows_that_the_destination_lets_in_are_loaded_whatever_the_mode() {
    let writer = Writer::create("rls_welcome").await;
    let select = "SELECT * FROM {{ source }} WHERE shop = 1";
    for (write, count) in [("upsert", "2"), ("mirror", "2"), ("replace", "2")] {
        let stream = format!("public.t: {{ write: {write}, sql: \"{select}\" }}");
        for _ in 0..2 {
            writer.run(&stream).await.assert_done();
            assert_eq!(writer.count().await, count, "{write}");
        }
    }
    let drop = "ALTER TABLE public.t DROP CONSTRAINT t_pkey";
    writer.databases.destination.run(drop).await;
    let stream = format!("public.t: {{ write: append, sql: \"{select}\" }}");
    writer.run(&stream).await.assert_done();
    assert_eq!(writer.count().await, "4");
}

/// Databases whose source is read by a role that sees some rows.
struct Reader {
    databases: Databases,
    url: String,
    role: &'static str,
}

impl Reader {
    async fn create(role: &'static str) -> Self {
        let databases = Databases::with(&PROTECTED.replace("{role}", role), "").await;
        let url = url_of_role(&databases.source_url, role, "sees");
        Self {
            databases,
            url,
            role,
        }
    }

    async fn run(&self, stream: &str) -> Outcome {
        let program = Program::run_of(&self.databases, stream);
        program.with_variable("SOURCE_URL", &self.url).run().await
    }

    async fn plan(&self, stream: &str) -> Outcome {
        let file = format!(
            "source: ${{SOURCE_URL}}\ndestination: ${{DESTINATION_URL}}\nstreams:\n  {stream}\n"
        );
        let program = Program::new(&self.databases, &["plan", "p.yaml"]);
        let program = program.with_file("p.yaml", &file);
        program.with_variable("SOURCE_URL", &self.url).run().await
    }

    async fn ids(&self, table: &str) -> Vec<String> {
        let query = format!("SELECT id FROM {table} ORDER BY id");
        self.databases.destination.column(&query).await
    }
}

impl Drop for Reader {
    /// Roles are the server's: what they own or may would keep the next one of the name out.
    fn drop(&mut self) {
        forget_roles(&self.databases.source_url, self.role);
    }
}

/// Databases whose destination is written by a role that may write rows of shop 1.
struct Writer {
    databases: Databases,
    url: String,
    role: &'static str,
}

impl Writer {
    async fn create(role: &'static str) -> Self {
        let source = "CREATE TABLE public.t (id integer PRIMARY KEY, shop integer NOT NULL);
            INSERT INTO public.t SELECT n, 1 + n % 2 FROM generate_series(1, 4) AS n";
        let destination = format!(
            "CREATE TABLE public.t (id integer PRIMARY KEY, shop integer NOT NULL);
             DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN PASSWORD 'sees';
             DROP ROLE IF EXISTS {role}_owner; CREATE ROLE {role}_owner;
             GRANT ALL ON public.t TO {role};
             ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;
             CREATE POLICY sees_all ON public.t FOR SELECT USING (true);
             CREATE POLICY deletes_all ON public.t FOR DELETE USING (true);
             CREATE POLICY changes_shop ON public.t FOR UPDATE USING (true) WITH CHECK (shop = 1);
             CREATE POLICY adds_to_shop ON public.t FOR INSERT WITH CHECK (shop = 1);
             CREATE SCHEMA towpath AUTHORIZATION {role};
             CREATE SCHEMA towpath_staging AUTHORIZATION {role}"
        );
        let databases = Databases::with(source, &destination).await;
        let url = url_of_role(&databases.destination_url, role, "sees");
        Self {
            databases,
            url,
            role,
        }
    }

    async fn run(&self, stream: &str) -> Outcome {
        let program = Program::run_of(&self.databases, stream);
        program
            .with_variable("DESTINATION_URL", &self.url)
            .run()
            .await
    }

    async fn count(&self) -> String {
        let query = "SELECT count(*) FROM public.t";
        self.databases.destination.value(query).await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        forget_roles(&self.databases.destination_url, self.role);
    }
}

/// Drops what the test's roles own in the database at `url`, and the roles.
fn forget_roles(url: &str, role: &str) {
    let (url, role) = (url.to_owned(), role.to_owned());
    let dropping = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let admin = crate::harness::Session::open(&url).await;
            for role in [&role, &format!("{role}_owner")] {
                let _ = admin
                    .batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
                    .await;
            }
        });
    });
    let _ = dropping.join();
}

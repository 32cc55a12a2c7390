//! The ways through which values of every type go, and what must be the same afterwards.

use super::found::{self, Found};
use super::{Column, Group};
use crate::harness::{Databases, Oracle, Program, Verdict, Versions, assert_same, relation};

/// What each stream does, and the table it fills. The last two find rows there that differ.
const STREAMS: &str = "\
identity: { table: public.sample, into: public.identity }
selected: { table: public.sample, into: public.selected, sql: 'SELECT * FROM {{ source }}', key: id }
merged: { table: public.sample, into: public.merged }
merged_sql: { table: public.sample, into: public.merged_sql, sql: 'SELECT * FROM {{ source }}', key: id }";

/// What [`STREAMS`] fill.
const TABLES: [&str; 4] = ["identity", "selected", "merged", "merged_sql"];

/// Takes every value of `group` through every way, and holds what it finds against the record.
pub(super) async fn check(group: &Group) {
    let versions = Versions::of_servers().await;
    let known: Vec<Known> = group
        .columns
        .iter()
        .filter_map(|column| Known::of(column, versions))
        .collect();
    let mut found = Vec::new();
    if !known.is_empty() {
        found.extend(comes_through(group.setup, &known).await);
    }
    for column in group.columns {
        found.extend(gaps(group, column, versions).await);
    }
    found::check(group, &found, versions);
}

/// A column whose type both servers know, with the values that both know.
pub(super) struct Known {
    pub(super) sql: String,
    pub(super) values: Vec<String>,
}

impl Known {
    /// `column`, if both versions know its type.
    pub(super) fn of(&(sql, values): &Column, versions: Versions) -> Option<Self> {
        let (type_since, sql) = since(sql);
        let values = values.iter().map(|value| since(value));
        versions.both_since(type_since).then(|| Self {
            sql: sql.to_owned(),
            values: values
                .filter(|(since, _)| versions.both_since(*since))
                .map(|(_, value)| value.to_owned())
                .collect(),
        })
    }

    /// The value in a row, as SQL of the column's type; NULL in rows behind the last value.
    pub(super) fn value(&self, row: usize) -> String {
        let value = self.values.get(row).map_or("NULL", |value| value);
        let without_collation = self.sql.split(" COLLATE").next();
        format!("({value})::{}", without_collation.unwrap_or_default())
    }
}

/// The version that brought a type or value, and its SQL: `14: int4multirange`.
pub(super) fn since(text: &str) -> (u32, &str) {
    match text.split_once(": ") {
        Some((version, sql)) if version.len() == 2 && version.parse::<u32>().is_ok() => {
            (version.parse().unwrap(), sql)
        }
        _ => (13, text),
    }
}

/// Takes columns through the ways that do not compute, then through those that do.
async fn comes_through(setup: &str, columns: &[Known]) -> Vec<Found> {
    let (databases, representations) = all_ways(setup, columns).await;
    let oracle = Oracle::between(databases).await.engine_only();
    carries_text_and_null(&oracle, columns).await;
    let mut found = Vec::new();
    for (at, (column, carried)) in columns.iter().zip(representations).enumerate() {
        found.push(Found {
            what: column.sql.clone(),
            carried,
            computed: computed(&oracle, at, &column.sql).await,
            result: "exact".to_owned(),
        });
    }
    found
}

/// Takes columns through every way that does not compute on them; gives the databases, and how each
/// column travelled.
pub(super) async fn all_ways(setup: &str, columns: &[Known]) -> (Databases, Vec<String>) {
    let databases = prepared(setup, columns).await;
    let plan = Program::copy(&databases, &["--table", "public.sample", "--plan"])
        .with_json()
        .run()
        .await
        .json();
    Program::run_of(&databases, STREAMS)
        .run()
        .await
        .assert_done();
    let expected = relation(&databases.source, "SELECT * FROM public.sample").await;
    let expected_bytes = bytes(&databases, &databases.source, "sample", columns).await;
    for table in TABLES {
        let query = format!("SELECT * FROM public.{table}");
        let found = relation(&databases.destination, &query).await;
        assert_same(&expected, &found, table);
        let found = bytes(&databases, &databases.destination, table, columns).await;
        for (expected, found) in expected_bytes.iter().zip(&found) {
            assert_eq!(expected, found, "bytes of a column of {table}");
        }
    }
    // The key comes first.
    let representations = plan["columns"].as_array().unwrap().iter().skip(1);
    let representations = representations
        .map(|column| column["representation"].as_str().unwrap().to_owned())
        .collect();
    (databases, representations)
}

/// Two databases in which OIDs of types of the same name differ, with rows in `public.sample` at
/// the source, and rows under the same keys that differ in two tables of the destination.
async fn prepared(setup: &str, columns: &[Known]) -> Databases {
    let databases = Databases::create().await;
    let pushes_oids_up = "CREATE TABLE public.gone (x text, y text); DROP TABLE public.gone";
    databases.destination.run(pushes_oids_up).await;
    databases.run_in_both(setup).await;
    let definition: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("c{at} {}", column.sql))
        .collect();
    let definition = format!("(id integer PRIMARY KEY, {})", definition.join(", "));
    let row_count = columns.iter().map(|column| column.values.len() + 1).max();
    let row_count = row_count.unwrap_or(0).max(2);
    let rows = |shift: usize| -> String {
        let rows = (0..row_count).map(|row| {
            let cells = columns
                .iter()
                .map(|column| column.value((row + shift) % row_count));
            format!("({row}, {})", cells.collect::<Vec<_>>().join(", "))
        });
        rows.collect::<Vec<_>>().join(", ")
    };
    let table = |name: &str, shift| {
        let rows = rows(shift);
        format!("CREATE TABLE public.{name} {definition}; INSERT INTO public.{name} VALUES {rows}")
    };
    // Names of objects have a text form that depends on it.
    let search_path = "SET search_path = pg_catalog, pg_temp";
    databases.run_in_both(search_path).await;
    databases.source.run(&table("sample", 0)).await;
    databases.destination.run(&table("merged", 1)).await;
    databases.destination.run(&table("merged_sql", 1)).await;
    databases
}

/// For every column whose bytes can be compared, what its type's send function makes of its rows.
///
/// Not those that hold OIDs, which differ between servers; their text has been compared.
async fn bytes(
    databases: &Databases,
    session: &crate::harness::Session,
    table: &str,
    columns: &[Known],
) -> Vec<String> {
    let mut all = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let here = databases.source.value(&sent("sample", at)).await;
        let there = databases.destination.value(&sent("identity", at)).await;
        if here == "<null>" || there == "<null>" {
            continue;
        }
        let query = format!(
            "SELECT pg_catalog.string_agg(id || ' ' || coalesce(pg_catalog.md5({here}), '-'), ', ' \
             ORDER BY id) FROM public.{table}"
        );
        all.push(format!("{}: {}", column.sql, session.value(&query).await));
    }
    all
}

/// A query for what calls the send function of a column's type on it; NULL if there is none, or if
/// the bytes hold OIDs: of objects, or of types that every database numbers for itself.
fn sent(table: &str, at: usize) -> String {
    format!(
        "WITH RECURSIVE own AS (SELECT atttypid AS oid FROM pg_catalog.pg_attribute \
             WHERE attrelid = 'public.{table}'::pg_catalog.regclass AND attname = 'c{at}'), \
         part AS (SELECT oid FROM own \
            UNION SELECT p.oid FROM part JOIN pg_catalog.pg_type AS t ON t.oid = part.oid, \
            LATERAL (SELECT t.typelem UNION SELECT t.typbasetype UNION SELECT a.atttypid \
                FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0) AS p (oid) \
             WHERE p.oid <> 0), \
         base AS (SELECT oid, 0 AS depth FROM own \
            UNION SELECT t.typbasetype, depth + 1 FROM base JOIN pg_catalog.pg_type AS t \
            USING (oid) WHERE t.typtype = 'd') \
         SELECT CASE WHEN NOT EXISTS (SELECT FROM part JOIN pg_catalog.pg_type AS t USING (oid) \
                WHERE t.typname ~ '^reg' OR t.typtype = 'c' OR t.typsend = 0 \
                   OR t.typelem >= 16384 AND t.typsend = 'pg_catalog.array_send'::pg_catalog.regproc) \
            THEN t.typsend::pg_catalog.regproc || '(c{at}::' || CASE t.typsend::pg_catalog.regproc::pg_catalog.text \
                WHEN 'textsend' THEN 'text' ELSE pg_catalog.format_type(t.oid, NULL) END || ')' END \
         FROM base JOIN pg_catalog.pg_type AS t USING (oid) ORDER BY depth DESC LIMIT 1"
    )
}

/// Every type has a text form that SQL can ask for, and every value is NULL or not; or the SQL is
/// refused, which names the column.
async fn carries_text_and_null(oracle: &Oracle, columns: &[Known]) {
    for pattern in ["c{}::text AS c{}", "c{} IS NULL AS c{}"] {
        let items = (0..columns.len()).map(|at| pattern.replace("{}", &at.to_string()));
        let items: Vec<String> = items.collect();
        let all = format!("SELECT id, {} FROM {{{{ source }}}}", items.join(", "));
        if matches!(oracle.judge(&all).await, Verdict::Same) {
            continue;
        }
        for (at, item) in items.iter().enumerate() {
            let select = format!("SELECT id, {item} FROM {{{{ source }}}}");
            match oracle.judge(&select).await {
                Verdict::Same => {}
                Verdict::Refused(told) | Verdict::Failed(told) => {
                    assert_names(&told, at, &columns[at].sql);
                }
                Verdict::Different(text) => panic!("{}: {text}", columns[at].sql),
            }
        }
    }
}

/// Fails unless a message about a SELECT, which comes before it, names its column or its type.
#[track_caller]
fn assert_names(told: &str, at: usize, sql: &str) {
    let (_, told) = told.split_once('\n').unwrap();
    // The source names types without their modifier.
    let sql = sql.split([' ', '(', '[']).next().unwrap();
    let bare = sql.rsplit('.').next().unwrap().trim_matches('"');
    let names_it = told.contains(&format!("c{at}")) || told.contains(bare);
    assert!(names_it, "neither column nor type of {sql} in: {told}");
}

/// What SQL that computes on a column does: as what it computes, or that it is refused; nothing else
/// than PostgreSQL's result passes.
async fn computed(oracle: &Oracle, at: usize, sql: &str) -> String {
    let mut answers = Vec::new();
    for expression in [
        format!("SELECT id, c{at} = lag(c{at}) OVER (ORDER BY id) AS r FROM {{{{ source }}}}"),
        format!("SELECT max(c{at}) AS r FROM {{{{ source }}}}"),
    ] {
        let possible = !oracle.postgresql_fails(&expression).await;
        let verdict = match possible {
            true => oracle.judge(&expression).await,
            false => oracle.judge_refusal(&expression).await,
        };
        let (answer, told) = match verdict {
            Verdict::Same => match oracle.reads_text(&expression).await {
                true => ("text", None),
                false => ("native", None),
            },
            Verdict::Refused(text) => ("refused", Some(text)),
            Verdict::Failed(text) => ("native, stops at some values", Some(text)),
            Verdict::Different(text) => panic!("{sql}: {text}"),
        };
        if let Some(told) = told {
            assert_names(&told, at, sql);
        }
        assert!(
            possible || answer == "refused",
            "{sql}: PostgreSQL fails on {expression}"
        );
        answers.push(answer);
    }
    // Comparing says more than the greatest value does, which not every type has.
    match answers.iter().find(|answer| **answer != "refused") {
        Some(answer) => (*answer).to_owned(),
        None => "refused".to_owned(),
    }
}

/// Types and values that the source knows and the destination does not are refused by the plan.
async fn gaps(group: &Group, &(sql, values): &Column, versions: Versions) -> Vec<Found> {
    let (type_since, sql) = since(sql);
    let mut found = Vec::new();
    if !versions.both_since(type_since) {
        let value = values.last().map_or("NULL", |value| since(value).1);
        found.push(gap(group, (type_since, sql, value), sql.to_owned(), versions).await);
    }
    for value in values {
        let (value_since, value) = since(value);
        if value_since > type_since {
            let what = format!("{sql} {value}");
            found.push(gap(group, (value_since, sql, value), what, versions).await);
        }
    }
    found
}

/// What becomes of a value that came with version `since`.
async fn gap(
    group: &Group,
    (since, sql, value): (u32, &str, &str),
    what: String,
    versions: Versions,
) -> Found {
    let result = if versions.both_since(since) {
        "exact"
    } else if versions.source >= since {
        let table = format!(
            "{}; CREATE TABLE public.sample (id integer PRIMARY KEY, odd {sql}); \
             INSERT INTO public.sample VALUES (1, ({value})::{sql})",
            group.setup
        );
        let databases = Databases::with(&table, "").await;
        let before = databases.destination_state().await;
        for arguments in [&["--plan"][..], &[]] {
            let arguments = [&["--table", "public.sample"], arguments].concat();
            let outcome = Program::copy(&databases, &arguments).run().await;
            outcome.assert_refused(2, &["odd"]);
        }
        assert_eq!(databases.destination_state().await, before, "{what}");
        "refused"
    } else {
        "–"
    };
    Found {
        what,
        carried: "–".to_owned(),
        computed: "–".to_owned(),
        result: result.to_owned(),
    }
}

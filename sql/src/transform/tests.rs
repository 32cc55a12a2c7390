//! Whole transforms over rows in memory.

use super::*;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow_schema::Schema;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use towpath_engine::source::MemorySource;
use towpath_engine::table::{Column, TableKind, TableName};
use towpath_engine::transform::Input;
use towpath_engine::types::{PgType, Representation, TypeKind, oid};

#[tokio::test]
async fn a_filter_and_a_projection_run_end_to_end() {
    check(
        "SELECT id, lower(name) AS name FROM {{ source }} WHERE id > 1",
        &["2|bob", "3|ann", "2147483647|"],
    )
    .await;
}

#[tokio::test]
async fn an_aggregate_has_postgresqls_values() {
    check(
        "SELECT name, count(*), sum(id), sum(big) AS big, max(amount)
           FROM {{ source }} GROUP BY name ORDER BY count(*) DESC, sum(id)",
        &[
            "Ann|2|4|10|10.50",
            "bob|1|2|9223372036854775807|-0.25",
            "|1|2147483647|5|9.99",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_plan_is_explained_with_its_pushed_filters() {
    insta::assert_snapshot!(
        explain(
            "SELECT id, raw FROM {{ source }}
              WHERE id > 1 AND raw = 'x' AND name LIKE 'a%' LIMIT 5"
        )
        .await,
        @r#"
    GlobalLimitExec: skip=0, fetch=5
      SourceExec: columns=[id native, raw wire], filters=[("id" > 1) AND ("raw" = 'x') AND ("name" LIKE 'a%')], limit=5
    "#
    );
}

#[tokio::test]
async fn a_plan_of_one_row_at_a_time_knows_what_it_carries() {
    let (all, id_and_name) = (
        Some((0..10).map(Some).collect()),
        Some(vec![Some(0), Some(1)]),
    );
    let computed = |columns: &[Option<usize>]| Some(columns.to_vec());
    for (sql, expected) in [
        ("SELECT * FROM {{ source }} WHERE id > 1", all),
        (
            "SELECT s.id, s.name FROM (SELECT name, id FROM {{ source }}) AS s",
            id_and_name,
        ),
        (
            "SELECT name, id + 1 AS i, id FROM {{ source }}",
            computed(&[Some(1), None, Some(0)]),
        ),
        (
            "SELECT id * 2 AS a, id * 2 + 1 AS b, id FROM {{ source }}",
            computed(&[None, None, Some(0)]),
        ),
        ("SELECT 1 AS one FROM {{ source }}", computed(&[None])),
        ("SELECT id, name FROM {{ source }} LIMIT 1", None),
        ("SELECT id FROM {{ source }} ORDER BY id", None),
        ("SELECT DISTINCT id FROM {{ source }}", None),
        ("SELECT id, count(*) OVER () AS c FROM {{ source }}", None),
        (
            "SELECT id FROM {{ source }} UNION ALL SELECT id FROM {{ source }}",
            None,
        ),
        (
            "SELECT id, (SELECT max(big) FROM {{ source }}) AS m FROM {{ source }}",
            None,
        ),
    ] {
        assert_eq!(plan(sql).await.unwrap().carried(), expected, "{sql}");
    }
}

#[tokio::test]
async fn integer_overflow_is_an_error_and_not_another_number() {
    assert_eq!(
        error("SELECT id + 1 FROM {{ source }}").await,
        "integer is out of range in the transform, in operator +"
    );
    check(
        "SELECT id + 1::bigint AS next FROM {{ source }} WHERE id > 3",
        &["2147483648"],
    )
    .await;
}

#[tokio::test]
async fn letters_have_two_cases_only_where_they_have_at_the_source() {
    let sql = "SELECT lower(name) AS name FROM {{ source }}";
    let in_c = Table {
        has_ascii_case: true,
        ..table()
    };
    let mut with_column_in_c = table();
    with_column_in_c.columns[2].collation = Some("pg_catalog.\"C\"".to_owned());
    for table in [in_c, with_column_in_c] {
        let transform = SqlTransform::new(sql, &settings()).unwrap();
        let err = transform
            .plan(&[Input::without_server(&table)], &Destination::default())
            .await
            .err()
            .unwrap();
        assert!(
            err.to_string().contains("lower changes ASCII letters only"),
            "{err}"
        );
    }
    assert!(plan(sql).await.is_ok());
}

#[tokio::test]
async fn division_by_zero_is_an_error() {
    assert_eq!(
        error("SELECT 1 / (id - 1) FROM {{ source }}").await,
        "division by zero in the transform\n\
         hint: divide by nullif(x, 0), which gives NULL instead"
    );
}

#[tokio::test]
async fn case_computes_only_the_branch_that_is_taken() {
    check(
        "SELECT CASE WHEN id = 1 THEN 0 ELSE 10 / (id - 1) END AS x FROM {{ source }}
          WHERE id < 3",
        &["0", "10"],
    )
    .await;
}

#[tokio::test]
async fn floats_compare_as_in_postgresql() {
    check(
        "SELECT id FROM {{ source }} WHERE ratio = 0 OR ratio = 'NaN'",
        &["2", "3"],
    )
    .await;
}

#[tokio::test]
async fn an_infinite_timestamp_is_beyond_all_others_and_has_no_year() {
    check(
        "SELECT id FROM {{ source }} WHERE at > '2024-01-01'",
        &["2147483647"],
    )
    .await;
    assert!(
        error("SELECT extract(year FROM at) FROM {{ source }}")
            .await
            .starts_with("an infinite timestamp has no year in the transform")
    );
}

#[tokio::test]
async fn counting_rows_reads_no_column() {
    check("SELECT count(*) FROM {{ source }}", &["4"]).await;
    let plan = plan("SELECT count(*) FROM {{ source }}").await.unwrap();
    assert!(plan.scans()[0].columns.is_empty());
}

#[tokio::test]
async fn joins_subqueries_windows_and_unions_run() {
    check(
        "WITH named AS (SELECT id, name FROM {{ source }} WHERE name IS NOT NULL)
         SELECT a.id, b.id AS other FROM named a JOIN named b ON a.name = b.name AND a.id < b.id",
        &["1|3"],
    )
    .await;
    check(
        "SELECT id, row_number() OVER (PARTITION BY name ORDER BY id) AS n FROM {{ source }}
          WHERE id IN (SELECT max(id) FROM {{ source }} GROUP BY name) ORDER BY id",
        &["2|1", "3|1", "2147483647|1"],
    )
    .await;
    check(
        "SELECT id FROM {{ source }} WHERE id < 2 UNION ALL SELECT big FROM {{ source }}
          WHERE big = 5 ORDER BY 1",
        &["1", "5"],
    )
    .await;
}

#[tokio::test]
async fn averages_divide_as_numerics_do_and_move_with_their_window() {
    check(
        "SELECT id, round(avg(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), 1) AS a
           FROM {{ source }} WHERE id < 4 ORDER BY id",
        &["1|1.0", "2|1.5", "3|2.5"],
    )
    .await;
}

#[tokio::test]
async fn a_string_beside_a_date_or_a_timestamp_is_one() {
    check(
        "SELECT at::date - '1970-01-01' AS days FROM {{ source }} WHERE id < 3",
        &["0", "19675"],
    )
    .await;
}

#[tokio::test]
async fn both_sides_of_in_have_one_type() {
    check(
        "SELECT id FROM {{ source }} WHERE id NOT IN (SELECT big - 9 FROM {{ source }} WHERE id = 1)
          ORDER BY id",
        &["2", "3", "2147483647"],
    )
    .await;
}

#[tokio::test]
async fn columns_that_are_only_carried_travel_as_they_are() {
    let plan = plan("SELECT id, raw, free FROM {{ source }} WHERE id > 1 ORDER BY id")
        .await
        .unwrap();
    let columns: Vec<_> = plan
        .columns()
        .iter()
        .map(|column| {
            (
                &*column.name,
                column.representation,
                column.pg_type.sql.as_str(),
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("id", Representation::Native, "integer"),
            ("raw", Representation::Wire, "jsonb"),
            ("free", Representation::Wire, "numeric"),
        ]
    );
    assert!(plan.keeps_rows_apart());
}

#[tokio::test]
async fn a_numeric_that_is_computed_on_and_carried_is_read_twice() {
    let plan = plan("SELECT id, free, free * 2 AS double FROM {{ source }} ORDER BY free")
        .await
        .unwrap();
    let reads: Vec<_> = plan.scans()[0]
        .columns
        .iter()
        .map(|column| (&*column.column, column.representation))
        .collect();
    assert_eq!(
        reads,
        [
            ("id", Representation::Native),
            ("free", Representation::Native),
            ("free", Representation::Wire),
        ]
    );
    let free = &plan.columns()[1];
    assert_eq!(free.representation, Representation::Wire);
    assert_eq!(free.source_column.as_deref(), Some("free"));
}

#[tokio::test]
async fn branches_of_a_union_carry_a_column_together() {
    let plan = plan(
        "SELECT id, raw FROM {{ source }} WHERE id = 1
         UNION ALL SELECT id, raw FROM {{ source }} WHERE id = 2",
    )
    .await
    .unwrap();
    assert_eq!(plan.columns()[1].representation, Representation::Wire);
    assert!(!plan.keeps_rows_apart());
}

#[tokio::test]
async fn a_columns_own_text_is_made_by_the_source() {
    let plan = plan("SELECT raw::text AS t, free::text AS f FROM {{ source }}")
        .await
        .unwrap();
    for column in &plan.scans()[0].columns {
        assert_eq!(
            column.representation,
            Representation::Text,
            "{}",
            column.column
        );
    }
}

#[tokio::test]
async fn computed_columns_have_postgresqls_types() {
    let plan = plan(
        "SELECT count(*), sum(big), avg(id), amount * 2 AS twice, amount::numeric(14,3) AS cast,
                name::varchar(3) AS short, id / 2 AS half, at AT TIME ZONE 'UTC' AS local
           FROM {{ source }} GROUP BY amount, name, id, at",
    )
    .await
    .unwrap();
    let types: Vec<_> = plan
        .columns()
        .iter()
        .map(|column| &*column.pg_type.sql)
        .collect();
    assert_eq!(
        types,
        [
            "bigint",
            "numeric",
            "numeric",
            "numeric",
            "numeric(14,3)",
            "character varying(3)",
            "integer",
            "timestamp without time zone",
        ]
    );
}

#[tokio::test]
async fn a_choice_that_only_one_value_can_win_is_still_a_choice() {
    let mut table = table();
    for column in &mut table.columns {
        column.nullable = false;
    }
    let sql = "SELECT coalesce(amount, 0) AS a, CASE WHEN true THEN amount ELSE 0 END AS b, amount \
               FROM {{ source }}";
    let transform = SqlTransform::new(sql, &settings()).unwrap();
    let inputs = [Input::without_server(&table)];
    let plan = transform.plan(&inputs, &Destination::default()).await;
    let plan = plan.unwrap();
    let types: Vec<&str> = plan
        .columns()
        .iter()
        .map(|column| &*column.pg_type.sql)
        .collect();
    assert_eq!(types, ["numeric", "numeric", "numeric(10,2)"]);
}

#[tokio::test]
async fn a_limit_is_left_to_the_source_only_with_all_filters() {
    let all = plan("SELECT id FROM {{ source }} WHERE id > 1 LIMIT 3")
        .await
        .unwrap();
    assert_eq!(all.scans()[0].limit, Some(3));
    let some = plan("SELECT id FROM {{ source }} WHERE lower(name) = 'x' LIMIT 3")
        .await
        .unwrap();
    assert_eq!(some.scans()[0].limit, None);
}

#[tokio::test]
async fn an_order_of_text_that_decides_rows_is_refused_unless_it_is_of_bytes() {
    for sql in [
        "SELECT id FROM {{ source }} ORDER BY name LIMIT 1",
        "SELECT max(name) FROM {{ source }}",
        "SELECT id, name < 'b' AS early FROM {{ source }}",
        "SELECT id, rank() OVER (ORDER BY name) FROM {{ source }}",
        "SELECT greatest(name, 'b') FROM {{ source }}",
    ] {
        let err = error(sql).await;
        assert!(
            err.contains("depends on the collation of the source"),
            "{sql}: {err}"
        );
    }
    check(
        "SELECT max(name COLLATE \"C\") AS last FROM {{ source }}",
        &["bob"],
    )
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of mistakes")]
async fn mistakes_are_told_with_their_place_and_the_way_out() {
    for (sql, expected) in [
        (
            "SELECT amuont FROM {{ source }}",
            "column \"amuont\" does not exist, at line 1, column 8\nhint: did you mean \"amount\"?",
        ),
        (
            "SELECT orders.id FROM {{ source }}",
            "column \"orders\".\"id\" does not exist, at line 1, column 8\n\
             hint: write FROM {{ source }} AS \"orders\"",
        ),
        (
            "SELECT o.id FROM {{ source }} s",
            "column \"o\".\"id\" does not exist, at line 1, column 8\nhint: did you mean \"s\".\"id\"?",
        ),
        (
            "SELECT id FROM orders, {{ source }}",
            "table orders cannot be read: a transform reads tables by placeholders, \
             at line 1, column 16\n\
             hint: write {{ source }}, or {{ source('schema.table') }} for another table",
        ),
        (
            "SELECT id,\n  lowr(name) FROM {{ source }}",
            "function lowr is not known here, at line 2, column 3\n\
             hint: did you mean lower? Or let the source run it (on: source)",
        ),
        (
            "SELECT to_char(at, 'YYYY') FROM {{ source }}",
            "to_char means something else here than in PostgreSQL and is refused, \
             at line 1, column 8\nhint: let the source compute it: on: source, or a view there",
        ),
        (
            "SELECT id FROM {{ source }} WHERE",
            "syntax error: expected an expression, found: EOF",
        ),
        (
            "SELECT id FROM {{ source }} WHERE name = 1",
            "there is no operator text = integer, at line 1, column 35\n\
             hint: cast one side to the type of the other",
        ),
        (
            "SELECT lower(id) FROM {{ source }}",
            "there is no function lower(integer)\n\
             hint: cast its arguments, or compute it at the source",
        ),
        (
            "SELECT id, id FROM {{ source }}",
            "the result has two columns called \"id\", at line 1, column 12\n\
             hint: give one of them another name with AS",
        ),
        (
            "SELECT raw = raw AS same FROM {{ source }}",
            "jsonb = jsonb cannot be decided outside the source, at line 1, column 8\n\
             hint: cast both sides to text, or let the source run it (on: source)",
        ),
        (
            "DELETE FROM {{ source }}",
            "a transform is a SELECT, not DELETE, at line 1, column 1\n\
             hint: the write mode says what becomes of its rows: upsert, append, replace, mirror",
        ),
        (
            "SELECT id FROM {{ source }}; SELECT 2",
            "a transform is exactly one SELECT, at line 1, column 30\n\
             hint: join several into one with WITH or UNION ALL",
        ),
        (
            "SELECT name, count(*) FROM {{ source }}",
            "column \"name\" is neither grouped by nor aggregated, at line 1, column 8\n\
             hint: add it to GROUP BY",
        ),
        (
            "SELECT id FROM {{ source }} WHERE id = 'x'",
            "'x' is no integer\nhint: integer is read from decimal digits; the source reads other forms as well (on: source)",
        ),
        (
            "SELECT max(amount) AS amount FROM {{ source }} HAVING max(amount) > 0",
            "amount in HAVING is a column in PostgreSQL, not the output so called, \
             at line 1, column 59\n\
             hint: write the table's alias before it to mean the column, or repeat the output's \
             expression",
        ),
        (
            "SELECT id FROM {{ source }} WHERE name ILIKE 'a%'",
            "ILIKE depends on the database's locale and is refused, at line 1, column 35\n\
             hint: write lower(x) LIKE 'pattern in lower case'",
        ),
    ] {
        assert_eq!(error(sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn rows_that_nothing_happens_to_are_relayed_in_the_order_of_the_result() {
    for (sql, expected) in [
        ("SELECT raw, id FROM {{ source }}", Some("raw, id")),
        (
            "SELECT id AS a, name AS b FROM {{ source }}",
            Some("id, name"),
        ),
        (
            "SELECT s.name, s.id FROM (SELECT * FROM {{ source }} WHERE id > 3) AS s",
            Some("name, id where 1"),
        ),
        ("SELECT id + 1 AS id FROM {{ source }}", None),
        ("SELECT id FROM {{ source }} LIMIT 3", None),
        ("SELECT DISTINCT id FROM {{ source }}", None),
        ("SELECT id FROM {{ source }} ORDER BY id", None),
        (
            "SELECT id FROM {{ source }} UNION ALL SELECT id FROM {{ source }}",
            None,
        ),
        ("SELECT id FROM {{ source }} WHERE length(name) = 2", None),
    ] {
        let relay = plan(sql).await.unwrap().relay().map(|scan| {
            let names: Vec<&str> = scan.columns.iter().map(|c| &*c.column).collect();
            let filters = match scan.filters.len() {
                0 => String::new(),
                count => format!(" where {count}"),
            };
            format!("{}{filters}", names.join(", "))
        });
        assert_eq!(relay.as_deref(), expected, "{sql}");
    }
}

#[tokio::test]
async fn an_error_of_the_source_arrives_as_it_was() {
    let plan = plan("SELECT name, count(*) FROM {{ source }} GROUP BY name")
        .await
        .unwrap();
    let mut streams = plan.execute(&[Arc::new(BrokenSource)]).await.unwrap();
    let err = streams.remove(0).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(err.kind(), ErrorKind::Read);
    assert_eq!(err.to_string(), "the connection is gone");
    assert_eq!(err.hint(), Some("start the server"));
}

#[tokio::test]
async fn a_sort_larger_than_the_memory_limit_spills() {
    let ids = large_ids("SELECT id FROM {{ source }} ORDER BY id", 400 << 10).await;
    assert!(ids.is_sorted());
    assert_eq!((ids.len(), ids.last()), (200_000, Some(&199_999)));
}

#[tokio::test]
async fn a_join_larger_than_the_memory_limit_spills() {
    let sql = "SELECT a.id FROM {{ source }} AS a JOIN {{ source }} AS b ON a.id = b.id";
    let mut ids = large_ids(sql, 2 << 20).await;
    ids.sort_unstable();
    assert_eq!((ids.len(), ids.last()), (200_000, Some(&199_999)));
}

#[tokio::test]
async fn an_aggregate_larger_than_the_memory_limit_spills() {
    let ids = large_ids("SELECT id FROM {{ source }} GROUP BY id", 2 << 20).await;
    assert_eq!(ids.len(), 200_000);
}

/// The ids that `sql` makes of 200,000 rows, which take 800 kB, within `memory_limit` bytes.
async fn large_ids(sql: &str, memory_limit: usize) -> Vec<i32> {
    let batches = (0..25)
        .map(|at| {
            let ids = Int32Array::from_iter_values((at * 8000..(at + 1) * 8000).rev());
            RecordBatch::try_from_iter([("id", Arc::new(ids) as ArrayRef)]).unwrap()
        })
        .collect();
    let settings = Settings {
        memory_limit,
        ..settings()
    };
    let table = Table {
        size_bytes: 7 << 20,
        ..table()
    };
    let transform = SqlTransform::new(sql, &settings).unwrap();
    let plan = transform
        .plan(&[Input::without_server(&table)], &Destination::default())
        .await
        .unwrap();
    let source = Arc::new(MemorySource::new(vec![batches]));
    let mut rows = Vec::new();
    for stream in plan.execute(&[source]).await.unwrap() {
        for batch in stream.try_collect::<Vec<_>>().await.unwrap() {
            rows.extend(batch.column(0).as_primitive::<Int32Type>().values());
        }
    }
    rows
}

/// A source whose rows never come.
struct BrokenSource;

impl Source for BrokenSource {
    fn partition_count(&self, _: &Scan) -> usize {
        1
    }

    fn read(&self, _: &Scan, _: usize) -> BatchStream {
        let err =
            Error::new(ErrorKind::Read, "the connection is gone").with_hint("start the server");
        futures::stream::iter([Err(err)]).boxed()
    }

    fn accepts_filters(&self) -> bool {
        true
    }

    fn describe(&self, _: &Scan) -> Vec<String> {
        Vec::new()
    }
}

/// Runs `sql` over [`batch`] and compares its rows, columns separated by bars.
async fn check(sql: &str, expected: &[&str]) {
    assert_eq!(rows(sql).await.unwrap(), expected, "{sql}");
}

/// The error of `sql`, with its hint on a second line.
async fn error(sql: &str) -> String {
    let err = rows(sql).await.unwrap_err();
    match err.hint() {
        Some(hint) => format!("{err}\nhint: {hint}"),
        None => err.to_string(),
    }
}

async fn rows(sql: &str) -> Result<Vec<String>> {
    let plan = plan(sql).await?;
    let source = Arc::new(MemorySource::new(vec![vec![batch()]]));
    let mut rows = Vec::new();
    for stream in plan.execute(&[source]).await? {
        for batch in stream.try_collect::<Vec<_>>().await? {
            rows.extend(lines(&batch));
        }
    }
    Ok(rows)
}

fn lines(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default();
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let values = columns.iter().map(|column| column.value(row).to_string());
            values.collect::<Vec<_>>().join("|")
        })
        .collect()
}

async fn plan(sql: &str) -> Result<Arc<dyn TransformPlan>> {
    SqlTransform::new(sql, &settings())?
        .plan(&[Input::without_server(&table())], &Destination::default())
        .await
}

async fn explain(sql: &str) -> String {
    plan(sql).await.unwrap().explain().unwrap()
}

fn settings() -> Settings {
    Settings {
        connections: 1,
        ..Settings::default()
    }
}

fn table() -> Table {
    Table {
        oid: 1,
        name: TableName::new("public", "orders"),
        kind: TableKind::Table,
        columns: vec![
            column("id", PgType::builtin(oid::INT4, "int4", "integer")),
            column("big", PgType::builtin(oid::INT8, "int8", "bigint")),
            column("name", PgType::builtin(oid::TEXT, "text", "text")),
            column("amount", numeric(10, 2)),
            column(
                "ratio",
                PgType::builtin(oid::FLOAT8, "float8", "double precision"),
            ),
            column("flag", PgType::builtin(oid::BOOL, "bool", "boolean")),
            column(
                "at",
                PgType::builtin(oid::TIMESTAMPTZ, "timestamptz", "timestamp with time zone"),
            ),
            column("raw", PgType::builtin(oid::JSONB, "jsonb", "jsonb")),
            column("free", PgType::builtin(oid::NUMERIC, "numeric", "numeric")),
            column(
                "mood",
                PgType {
                    kind: TypeKind::Enum(vec!["ok".into()]),
                    schema: "public".into(),
                    ..PgType::builtin(20000, "mood", "public.mood")
                },
            ),
        ],
        unique_indexes: Vec::new(),
        pages: 0,
        size_bytes: 8192,
        estimated_rows: None,
        has_ctid: true,
        referenced_columns: Vec::new(),
        has_inheritors: false,
        is_populated: true,
        rules: Vec::new(),
        row_triggers: Vec::new(),
        needs_one_statement: false,
        row_security: false,
        has_ascii_case: false,
        unreadable: Vec::new(),
    }
}

fn numeric(precision: i32, scale: i32) -> PgType {
    PgType {
        typmod: (precision << 16 | scale) + 4,
        ..PgType::builtin(
            oid::NUMERIC,
            "numeric",
            &format!("numeric({precision},{scale})"),
        )
    }
}

fn column(name: &str, pg_type: PgType) -> Column {
    Column::computed(name.into(), pg_type)
}

#[expect(clippy::too_many_lines, reason = "one array a column")]
fn batch() -> RecordBatch {
    let amounts = Decimal128Array::from(vec![Some(1050), Some(-25), None, Some(999)])
        .with_precision_and_scale(10, 2)
        .unwrap();
    let free = Decimal128Array::from(vec![
        Some(1_500_000_000),
        Some(2_000_000_000),
        None,
        Some(1),
    ])
    .with_precision_and_scale(38, 9)
    .unwrap();
    let text = StringArray::from(vec![Some("x"), Some("y"), None, Some("x")]);
    let at = TimestampMicrosecondArray::from(vec![
        Some(0),
        Some(1_700_000_000_000_000),
        None,
        Some(i64::MAX),
    ])
    .with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![
            Some(1),
            Some(2),
            Some(3),
            Some(i32::MAX),
        ])),
        Arc::new(Int64Array::from(vec![
            Some(10),
            Some(i64::MAX),
            None,
            Some(5),
        ])),
        Arc::new(StringArray::from(vec![
            Some("Ann"),
            Some("bob"),
            Some("Ann"),
            None,
        ])),
        Arc::new(amounts),
        Arc::new(Float64Array::from(vec![
            Some(0.5),
            Some(-0.0),
            Some(f64::NAN),
            None,
        ])),
        Arc::new(BooleanArray::from(vec![
            Some(true),
            Some(false),
            None,
            Some(true),
        ])),
        Arc::new(at),
        Arc::new(text.clone()),
        Arc::new(free),
        Arc::new(text),
    ];
    let fields: Vec<_> = table()
        .columns
        .iter()
        .zip(&columns)
        .map(|(column, array)| {
            arrow_schema::Field::new(&column.name, array.data_type().clone(), true)
        })
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

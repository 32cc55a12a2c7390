//! Whole transforms over rows in memory.

use super::*;

use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow_schema::Schema;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use towpath_engine::source::MemorySource;
use towpath_engine::table::{Column, TableKind, TableName};
use towpath_engine::types::{PgType, TypeKind, oid};

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
    let transform = SqlTransform::new(sql, &settings())?;
    let plan = transform.plan(&table(), None).await?;
    let source = Arc::new(MemorySource::new(vec![vec![batch()]]));
    let mut rows = Vec::new();
    for stream in plan.execute(source).await? {
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

async fn explain(sql: &str) -> String {
    let transform = SqlTransform::new(sql, &settings()).unwrap();
    let plan = transform.plan(&table(), None).await.unwrap();
    plan.explain().unwrap()
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
        size_bytes: 0,
        estimated_rows: None,
        has_ctid: true,
        is_referenced: false,
        row_security: false,
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
    Column {
        name: name.into(),
        pg_type,
        nullable: true,
        has_default: false,
        identity: None,
        generated: false,
        collation: None,
    }
}

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

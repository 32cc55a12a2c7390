//! Batches through transforms into the sink that forgets: what SQL costs where it is needed, and
//! that it costs nothing where it is not.

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::{TryStreamExt, stream};
use tokio::runtime::Runtime;
use towpath_benches::{LINEITEM_KEY, Sample, SampleSource, events, lineitem};
use towpath_engine::Result;
use towpath_engine::pipeline::Settings;
use towpath_engine::sink::{NullSink, Sink};
use towpath_engine::source::Source;
use towpath_engine::transform::{Destination, Input, Passthrough, Transform, TransformPlan};
use towpath_sql::SqlTransform;

/// Four batches for each of two connections.
const ROW_COUNT: usize = 65_536;

/// What is measured on `lineitem`: a name, and the SELECT.
const LINEITEM: [(&str, &str); 4] = [
    ("carry", "SELECT * FROM {{ source }}"),
    (
        "compute",
        "SELECT l_orderkey, l_linenumber, l_shipdate <= l_commitdate AS on_time, \
         l_extendedprice * (1 - l_discount) AS revenue, upper(l_comment) AS comment, l_tax \
         FROM {{ source }}",
    ),
    (
        "aggregate",
        "SELECT l_shipdate, count(*) AS lines, sum(l_quantity) AS quantity \
         FROM {{ source }} GROUP BY l_shipdate",
    ),
    (
        "window",
        "SELECT l_orderkey, l_linenumber, \
         row_number() OVER (PARTITION BY l_orderkey ORDER BY l_shipdate, l_linenumber) AS place \
         FROM {{ source }}",
    ),
];

/// What is measured on `events`.
const EVENTS: [(&str, &str); 2] = [
    ("carry", "SELECT * FROM {{ source }}"),
    (
        "compute",
        "SELECT id, kind, payload, tags, address, upper(note) AS note, abs(account) AS account \
         FROM {{ source }}",
    ),
];

fn transform(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime starts");
    measure(
        criterion,
        &runtime,
        (lineitem(ROW_COUNT), &LINEITEM_KEY),
        &LINEITEM,
    );
    measure(criterion, &runtime, (events(ROW_COUNT), &["id"]), &EVENTS);
}

fn measure(
    criterion: &mut Criterion,
    runtime: &Runtime,
    (sample, key): (Result<Sample>, &[&str]),
    queries: &[(&str, &str)],
) {
    let sample = sample.expect("samples are valid");
    let mut transforms: Vec<(&str, Arc<dyn Transform>)> =
        vec![("passthrough", Arc::new(Passthrough))];
    for (name, sql) in queries {
        let transform = SqlTransform::new(sql, &Settings::default()).expect("the SELECT is valid");
        transforms.push((name, Arc::new(transform)));
    }
    let table = sample.table(key);
    let mut group = criterion.benchmark_group(format!("transform/{}", sample.name));
    for (name, transform) in transforms {
        let plan = runtime
            .block_on(transform.plan(&[Input::without_server(&table)], &Destination::default()))
            .expect("the SELECT has a plan");
        let Settings {
            connections,
            batch_rows,
            ..
        } = Settings::default();
        let source = SampleSource::new(&sample, &plan.scans()[0], (connections, batch_rows))
            .expect("the scan is one of the sample's columns");
        let source: Arc<dyn Source> = Arc::new(source);
        group.throughput(Throughput::ElementsAndBytes {
            elements: ROW_COUNT as u64,
            bytes: sample.stream().expect("samples are valid").len() as u64,
        });
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let rows = runtime.block_on(run(&*plan, source.clone()));
                assert!(rows.expect("the transform runs") > 0);
            });
        });
    }
    group.finish();
}

/// Rows that come out.
async fn run(plan: &dyn TransformPlan, source: Arc<dyn Source>) -> Result<u64> {
    let sink = NullSink::default();
    let taken = &sink;
    let streams = stream::iter(plan.execute(&[source]).await?.into_iter().map(Ok));
    streams
        .try_for_each_concurrent(None, |mut batches| async move {
            let mut writer = taken.writer().await?;
            while let Some(batch) = batches.try_next().await? {
                writer.write(&batch).await?;
            }
            writer.finish().await
        })
        .await?;
    Ok(sink.rows())
}

criterion_group!(benches, transform);
criterion_main!(benches);

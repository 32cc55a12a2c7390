//! Batches into COPY streams: each sample, native and wire.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use towpath_benches::{encode_batch, events, lineitem};

/// Rows of one batch in a run.
const ROW_COUNT: usize = 8192;

fn encode(criterion: &mut Criterion) {
    for native in [lineitem(ROW_COUNT), events(ROW_COUNT)] {
        let native = native.expect("samples are valid");
        let wire = native.wire().expect("samples are valid");
        let byte_count = native.stream().expect("samples are valid").len();
        let mut group = criterion.benchmark_group(format!("encode/{}", native.name));
        group.throughput(Throughput::ElementsAndBytes {
            elements: ROW_COUNT as u64,
            bytes: byte_count as u64,
        });
        for (representation, sample) in [("native", &native), ("wire", &wire)] {
            // A writer keeps its buffer from batch to batch.
            let mut out = Vec::with_capacity(byte_count);
            group.bench_function(representation, |bencher| {
                bencher.iter(|| {
                    out.clear();
                    encode_batch(sample, &mut out).expect("samples encode");
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);

//! COPY streams into batches: each sample, native and wire, in messages of one row (what servers
//! send) and of 64 KiB.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use towpath_benches::{decode_stream, events, lineitem};

/// Enough for two batches, and small enough for the processor's caches to matter as in a run.
const ROW_COUNT: usize = 16_384;

fn decode(criterion: &mut Criterion) {
    for native in [lineitem(ROW_COUNT), events(ROW_COUNT)] {
        let native = native.expect("samples are valid");
        let wire = native.wire().expect("samples are valid");
        let stream = native.stream().expect("samples are valid");
        let mut group = criterion.benchmark_group(format!("decode/{}", native.name));
        group.throughput(Throughput::ElementsAndBytes {
            elements: ROW_COUNT as u64,
            bytes: stream.len() as u64,
        });
        for (representation, sample) in [("native", &native), ("wire", &wire)] {
            let messages = [("row", stream.len() / ROW_COUNT), ("64KiB", 64 << 10)];
            for (message, message_bytes) in messages {
                group.bench_function(BenchmarkId::new(representation, message), |bencher| {
                    let decode = || decode_stream(sample, &stream, message_bytes);
                    bencher.iter(|| decode().expect("samples decode"));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);

//! COPY streams into batches: each sample, native and wire, in messages of one row (what servers
//! send) and of 64 KiB.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use towpath_benches::{Sample, events, lineitem};
use towpath_engine::Result;
use towpath_engine::decode::BatchLimits;

/// Enough for two batches, and small enough for the processor's caches to matter as in a run.
const ROW_COUNT: usize = 16_384;

/// What a run uses if nothing else is asked for.
const LIMITS: BatchLimits = BatchLimits {
    rows: 8192,
    bytes: 4 << 20,
};

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
                    bencher.iter(|| decode_stream(sample, &stream, message_bytes));
                });
            }
        }
        group.finish();
    }
}

fn decode_stream(sample: &Sample, stream: &[u8], message_bytes: usize) {
    let decode = || -> Result<()> {
        let mut decoder = sample.decoder(LIMITS);
        for message in stream.chunks(message_bytes) {
            decoder.push(message);
            while let Some(batch) = decoder.next_batch()? {
                black_box(batch);
            }
        }
        black_box(decoder.finish()?);
        Ok(())
    };
    decode().expect("samples decode");
}

criterion_group!(benches, decode);
criterion_main!(benches);

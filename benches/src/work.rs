//! What benchmarks repeat: the same work, whether a clock measures it or instructions are counted.

use std::hint::black_box;

use towpath_engine::Result;
use towpath_engine::decode::{BatchLimits, CopyDecoder};
use towpath_engine::encode::{CopyEncoder, TupleEncoder};

use crate::Sample;

/// What a run uses if nothing else is asked for.
const LIMITS: BatchLimits = BatchLimits {
    rows: 8192,
    bytes: 4 << 20,
};

/// Decodes `stream`, the sample's own, that arrives in messages of `message_bytes`.
///
/// # Errors
/// None, unless the engine is wrong.
pub fn decode_stream(sample: &Sample, stream: &[u8], message_bytes: usize) -> Result<()> {
    let mut decoder = sample.decoder(LIMITS);
    for message in stream.chunks(message_bytes) {
        decoder.push(message);
        while let Some(batch) = decoder.next_batch()? {
            black_box(batch);
        }
    }
    black_box(decoder.finish()?);
    Ok(())
}

/// Relays `stream`, the sample's own, that arrives in messages of `message_bytes`: finds its tuples,
/// and passes them on as they are.
///
/// # Errors
/// None, unless the engine is wrong.
pub fn relay_stream(sample: &Sample, stream: &[u8], message_bytes: usize) -> Result<()> {
    let mut decoder = CopyDecoder::whole_tuples(sample.columns.len(), LIMITS);
    let mut encoder = TupleEncoder::Tuples;
    for message in stream.chunks(message_bytes) {
        decoder.push(message);
        while let Some(batch) = decoder.next_batch()? {
            black_box(encoder.tuples(&batch)?);
        }
    }
    if let Some(batch) = decoder.finish()? {
        black_box(encoder.tuples(&batch)?);
    }
    Ok(())
}

/// Encodes the sample's batch to the end of `out`, as a writer does: with an encoder for each
/// batch, and one buffer for all of them.
///
/// # Errors
/// None, unless the engine is wrong.
pub fn encode_batch(sample: &Sample, out: &mut Vec<u8>) -> Result<()> {
    CopyEncoder::new(sample.encodings()?).encode(&sample.batch, out)
}

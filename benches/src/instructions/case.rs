//! What instructions are counted of.

use towpath_benches::{Sample, decode_stream, encode_batch, events, lineitem, relay_stream};
use towpath_engine::Result;

/// Rows of one iteration: enough for what a batch costs to be little beside its rows.
pub(crate) const ROW_COUNT: usize = 2048;

/// One kind of work on one sample.
pub(crate) struct Case {
    /// Its name, in the record and on the command line.
    pub(crate) name: &'static str,
    /// Generates the rows, and gives what one iteration does with all of them.
    prepare: fn() -> Result<Work>,
}

/// What one iteration does.
type Work = Box<dyn FnMut() -> Result<()>>;

/// All cases, in the order of the record; a new one is a line here and one in the record, which
/// `TOWPATH_REGENERATE=1` writes.
pub(crate) const CASES: &[Case] = &[
    case("decode/lineitem/native", || decode(lineitem(ROW_COUNT)?)),
    case("decode/lineitem/wire", || {
        decode(lineitem(ROW_COUNT)?.wire()?)
    }),
    case("decode/events/native", || decode(events(ROW_COUNT)?)),
    case("decode/events/wire", || decode(events(ROW_COUNT)?.wire()?)),
    case("encode/lineitem/native", || encode(lineitem(ROW_COUNT)?)),
    case("encode/lineitem/wire", || {
        encode(lineitem(ROW_COUNT)?.wire()?)
    }),
    case("encode/events/native", || encode(events(ROW_COUNT)?)),
    case("encode/events/wire", || encode(events(ROW_COUNT)?.wire()?)),
    case("relay/lineitem", || relay(lineitem(ROW_COUNT)?)),
    case("relay/events", || relay(events(ROW_COUNT)?)),
];

const fn case(name: &'static str, prepare: fn() -> Result<Work>) -> Case {
    Case { name, prepare }
}

impl Case {
    /// Does the work `iterations` times.
    ///
    /// # Errors
    /// None, unless the engine is wrong.
    pub(crate) fn run(&self, iterations: u32) -> Result<()> {
        let mut work = (self.prepare)()?;
        (0..iterations).try_for_each(|_| work())
    }
}

/// The sample's stream, in messages of about a row, which is what servers send.
fn decode(sample: Sample) -> Result<Work> {
    let stream = sample.stream()?;
    let message_bytes = stream.len() / ROW_COUNT;
    Ok(Box::new(move || {
        decode_stream(&sample, &stream, message_bytes)
    }))
}

/// The same messages, passed on.
fn relay(sample: Sample) -> Result<Work> {
    let stream = sample.stream()?;
    let message_bytes = stream.len() / ROW_COUNT;
    Ok(Box::new(move || {
        relay_stream(&sample, &stream, message_bytes)
    }))
}

fn encode(sample: Sample) -> Result<Work> {
    let mut out = Vec::with_capacity(sample.stream()?.len());
    Ok(Box::new(move || {
        out.clear();
        encode_batch(&sample, &mut out)
    }))
}

//! Rows to measure with: generated, the same in every run, and made to look like real tables.
//!
//! A [`Sample`] is one batch with the columns it came from. It gives itself as the COPY stream
//! that PostgreSQL would send, and in any representation of its columns:
//!
//! ```text
//! lineitem, events → Sample → stream, wire, in_columns → SampleSource, work
//! ```

mod events;
mod lineitem;
mod sample;
mod source;
mod work;

pub use events::events;
pub use lineitem::{LINEITEM_DDL, LINEITEM_KEY, lineitem};
pub use sample::Sample;
pub use source::SampleSource;
pub use work::{decode_stream, encode_batch, relay_stream};

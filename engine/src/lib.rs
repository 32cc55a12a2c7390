//! Reads PostgreSQL tables as Arrow batches, and loads Arrow batches into PostgreSQL tables.
//!
//! ```text
//! source → decode → RecordBatch → transform → RecordBatch → encode → staging → publish
//! ```
//!
//! A [`Run`](pipeline::Run) moves tables between two databases: it plans a
//! [`Stream`](pipeline::Stream) against both catalogues, reads it under one snapshot, loads it, and
//! publishes it in one transaction; the example `copy_table` is the whole of it. Every part can be
//! used alone: [`CopyDecoder`](decode::CopyDecoder) and [`CopyEncoder`](encode::CopyEncoder) are
//! plain functions over bytes, and anything that is a [`Source`](source::Source), a
//! [`Transform`](transform::Transform) or a [`Sink`](sink::Sink) can stand in for ours.
//!
//! # Column representations
//! | [`Representation`](types::Representation) | when | in Arrow |
//! |---|---|---|
//! | native | SQL computes on the column, and an Arrow type holds every value exactly | that type |
//! | wire | the column is only carried | binary: PostgreSQL's own binary form |
//! | text | SQL computes on a column that has no exact Arrow type | utf8: PostgreSQL's own text form |
//!
//! # Example
//! A batch as PostgreSQL's COPY takes it, and back:
//!
//! ```
//! use std::sync::Arc;
//! use arrow_array::{Int64Array, RecordBatch};
//! use arrow_schema::DataType;
//! use towpath_engine::decode::{BatchLimits, CopyDecoder};
//! use towpath_engine::encode::{ColumnEncoding, CopyEncoder};
//! use towpath_engine::source::{Scan, ScanColumn};
//! use towpath_engine::types::{PgType, Representation, oid};
//!
//! # fn main() -> towpath_engine::Result<()> {
//! let bigint = PgType::builtin(oid::INT8, "int8", "bigint");
//! let column = ScanColumn {
//!     column: "id".to_owned(),
//!     field_name: "id".to_owned(),
//!     pg_type: bigint.clone(),
//!     representation: Representation::Native,
//!     nullable: false,
//! };
//! let scan = Scan { columns: vec![column], ..Scan::default() };
//! let ids = Arc::new(Int64Array::from(vec![1, 2, 3]));
//! let batch = RecordBatch::try_new(scan.schema(), vec![ids]).expect("one bigint column");
//!
//! let from = (&bigint, Representation::Native, &DataType::Int64);
//! let mut encoder = CopyEncoder::new(vec![ColumnEncoding::new("id", from, &bigint)?]);
//! let mut bytes = Vec::new();
//! CopyEncoder::header(&mut bytes);
//! encoder.encode(&batch, &mut bytes)?;
//! CopyEncoder::trailer(&mut bytes);
//!
//! let limits = BatchLimits { rows: 8192, bytes: 4 << 20 };
//! let mut decoder = CopyDecoder::new(scan.columns.clone(), scan.schema(), limits);
//! decoder.push(&bytes);
//! assert_eq!(decoder.finish()?, Some(batch));
//! # Ok(())
//! # }
//! ```

mod error;

pub mod report;

pub mod types;

pub mod table;

mod watermark;

pub mod decode;

pub mod encode;

pub mod postgres;

pub mod source;

pub mod transform;

pub mod sink;

pub mod pipeline;

pub use error::{Consequence, Error, ErrorKind, Result};
pub use watermark::Watermark;

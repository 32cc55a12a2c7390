//! Reads PostgreSQL tables as Arrow batches, and loads Arrow batches into PostgreSQL tables.
pub mod decode;
pub mod encode;
mod error;
pub mod pipeline;
pub mod postgres;
pub mod report;
pub mod sink;
pub mod source;
pub mod table;
pub mod transform;
pub mod types;
mod watermark;

pub use error::{Consequence, Error, ErrorKind, Result};
pub use watermark::Watermark;

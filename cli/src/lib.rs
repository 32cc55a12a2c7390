//! The `towpath` program: arguments and pipeline files in, reports out.
//!
//! ```text
//! args ─┬─ file → resolve → streams ─┬─ execution → report
//!       └─ connections → libpq ──────┘     └ progress, interrupt
//! ```

mod args;
mod command;
mod connections;
pub mod demo;
mod environment;
mod error;
mod execution;
mod file;
mod grid;
mod interrupt;
mod libpq;
mod limits;
mod name;
mod output;
mod progress;
mod redact;
mod report;
mod resolve;
mod scheduling;
pub mod server;
mod size;
mod streams;
mod transform;
mod value;
mod yaml;

pub use command::main;

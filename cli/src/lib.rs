//! The `towpath` program.
pub mod demo;
pub mod server;

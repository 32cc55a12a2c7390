//! Talking to PostgreSQL: connections, catalogue queries, and the statements towpath generates.

pub mod catalog;
mod config;
mod connection;
pub mod statement;

pub use config::{ConnectionConfig, TlsMode};
pub use connection::{Connection, server_error};

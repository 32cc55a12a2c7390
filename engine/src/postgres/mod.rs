//! Talking to PostgreSQL: connections, catalogue queries, and the statements towpath generates.

pub mod addition;
mod backends;
pub mod catalog;
mod coalesced;
pub mod comparison;
mod config;
mod connection;
mod failure;
mod negotiation;
mod parameters;
mod pool;
pub mod statement;
mod tls;
pub mod tuning;

pub use backends::own_backends;
pub use config::{ConnectionConfig, TlsMode};
pub use connection::{Canceller, Connection};
pub use failure::{is_row_security, server_error};
pub use parameters::{is_connection_string, parse_parameters};
pub use pool::{ConnectionPool, PooledConnection};

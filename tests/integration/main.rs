//! Tests that need PostgreSQL: two servers that this process starts and that end with it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod bad_input;
mod big;
mod carrying;
mod cases;
mod comparing;
mod connecting;
mod created;
mod delegation;
mod demo;
mod exactness;
mod faults;
mod governor;
mod harness;
mod loading;
mod looking;
mod merging;
mod names;
mod rare_shapes;
mod reading;
mod row_security;
mod sessions;
mod several_tables;
mod shapes;
mod snapshots;
mod sql_suite;
mod transform;
mod triggers;
mod types;
mod user_types;
mod verify;

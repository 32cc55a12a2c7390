//! Tests that need PostgreSQL: two servers that this process starts and that end with it.

mod cases;
mod harness;

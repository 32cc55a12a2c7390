//! Tests that need PostgreSQL: two servers that this process starts and that end with it.

mod bad_input;
mod cases;
mod demo;
mod faults;
mod harness;
mod loading;
mod names;
mod reading;
mod shapes;
mod transform;
mod types;

//! The SQL that users write, on DataFusion.
mod check;
mod functions;
mod provider;
mod pushdown;
mod representation;
mod session;
mod template;
mod transform;

pub use transform::SqlTransform;

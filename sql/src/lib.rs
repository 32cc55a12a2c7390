//! The SQL that users write, on DataFusion.
//!
//! A transform is one SELECT in PostgreSQL's SQL over `{{ source }}`. The same SELECT run in
//! PostgreSQL gives the same rows, names and types, or planning refuses it; what it does not touch
//! travels bit for bit.
//!
//! ```text
//! text → template → statement → DataFusion's plan → conform → optimizer → representation
//!                               (a column is a type)  (PostgreSQL's types)   (what a scan reads)
//! Source → provider → physical plan → streams of batches
//! ```
//!
//! 1. `template` puts the table in the placeholder's place, and allows only syntax that means here
//!    what it means in PostgreSQL; every other is refused with its line and column.
//! 2. `functions` are PostgreSQL's by their signatures. Its rule `conform` gives each literal,
//!    operator, call and cast the type that PostgreSQL gives it, before DataFusion could choose.
//! 3. `pushdown` leaves conditions to the source where it would decide them alike.
//! 4. `representation` finds which columns the SQL only carries: those are read as bytes.
//!
//! Text is ordered by bytes here and by a collation there, so that an order that decides which rows
//! there are is refused, unless the column's collation is `"C"` or the SQL says so. Numerics are
//! equal by value; how many zeros they show after the point may differ.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray, cast::AsArray};
//! use futures::TryStreamExt;
//! use towpath_engine::pipeline::Settings;
//! use towpath_engine::source::MemorySource;
//! use towpath_engine::table::{Column, Table, TableKind, TableName};
//! use towpath_engine::transform::{Destination, Input, Transform};
//! use towpath_engine::types::{PgType, oid};
//! use towpath_sql::SqlTransform;
//!
//! let column = |name: &str, pg_type| Column::computed(name.to_owned(), pg_type);
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let table = Table {
//!     oid: 16_384,
//!     name: TableName::new("public", "customers"),
//!     kind: TableKind::Table,
//!     columns: vec![
//!         column("id", PgType::builtin(oid::INT4, "int4", "integer")),
//!         column("email", PgType::builtin(oid::TEXT, "text", "text")),
//!     ],
//!     # unreadable: Vec::new(),
//!     # unique_indexes: Vec::new(),
//!     # pages: 0,
//!     # size_bytes: 0,
//!     # estimated_rows: None,
//!     # has_ctid: false,
//!     # referenced_columns: Vec::new(),
//!     # has_inheritors: false,
//!     # is_populated: true,
//!     # rules: Vec::new(),
//!     # row_triggers: Vec::new(),
//!     # needs_one_statement: false,
//!     # row_security: false,
//!     # has_ascii_case: false,
//!     // … keys, size and what else the catalogue says
//! };
//! let ids: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
//! let emails: ArrayRef = Arc::new(StringArray::from(vec![Some("Ann@x.org"), None, Some("Bo@x.org")]));
//! let batch = RecordBatch::try_from_iter([("id", ids), ("email", emails)])?;
//! let source = Arc::new(MemorySource::new(vec![vec![batch]]));
//!
//! let sql = "SELECT id, lower(email) AS email FROM {{ source }} WHERE email IS NOT NULL";
//! let transform = SqlTransform::new(sql, &Settings::default())?;
//! let inputs = [Input::without_server(&table)];
//! let plan = transform.plan(&inputs, &Destination::default()).await?;
//! let mut emails = Vec::new();
//! for mut batches in plan.execute(&[source]).await? {
//!     while let Some(batch) = batches.try_next().await? {
//!         emails.extend(batch.column(1).as_string::<i32>().iter().flatten().map(str::to_owned));
//!     }
//! }
//! emails.sort();
//! assert_eq!(emails, ["ann@x.org", "bo@x.org"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod template;

mod delegation;
mod functions;
mod session;

mod provider;
mod pushdown;

mod representation;

mod check;
mod transform;

pub use transform::{SourceTransform, SqlTransform};

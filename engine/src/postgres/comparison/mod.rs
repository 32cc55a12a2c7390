//! Rows of two databases compared inside their servers, as text of SQL. Pure functions.
//!
//! Both servers reduce every row to a hash of the same bytes: each column in the form that the
//! destination gives it ([`ComparedColumn`]), all of them as PostgreSQL's binary form of a row,
//! which counts lengths and tells NULL from everything. Sums of hashes do not depend on the order
//! of rows and count duplicates, and cells of the key's order ([`KeyRange`]) have sums of their
//! own.

mod column;
mod key;
mod rows;

pub use column::{ComparedColumn, Incomparable};
pub use key::{KeyColumn, KeyRange, KeyText};
pub use rows::{Bucketing, RowForm, Rows, Statement};

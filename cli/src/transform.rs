//! From the SQL of a stream to what runs.

use std::sync::Arc;

use towpath_engine::Result;
use towpath_engine::pipeline::Settings;
use towpath_engine::transform::{Passthrough, Transform};
use towpath_sql::SqlTransform;

/// The transform that `sql` describes; without SQL rows pass as they are.
///
/// # Errors
/// `Config`, if the SQL is no SELECT that towpath can run.
pub(crate) fn transform(sql: Option<&str>, settings: &Settings) -> Result<Arc<dyn Transform>> {
    Ok(match sql {
        Some(sql) => Arc::new(SqlTransform::new(sql, settings)?),
        None => Arc::new(Passthrough),
    })
}

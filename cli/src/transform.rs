//! From the SQL of a stream to what runs.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use towpath_engine::pipeline::Settings;
use towpath_engine::transform::{Passthrough, Transform};
use towpath_engine::{Error, ErrorKind, Result};
use towpath_sql::{SourceTransform, SqlTransform};

/// Who runs the SELECT of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RunsOn {
    /// towpath's engine, and the source's server where that does not.
    #[default]
    Engine,
    /// towpath's engine.
    EngineOnly,
    /// The source's server.
    Source,
}

/// The SQL that the command line has, or the file that it names.
///
/// # Errors
/// `Config`, if the file cannot be read.
pub(crate) fn sql_of<'a>(
    sql: Option<&'a str>,
    file: Option<&Path>,
) -> Result<Option<Cow<'a, str>>> {
    let Some(path) = file else {
        return Ok(sql.map(Cow::Borrowed));
    };
    let text = std::fs::read_to_string(path).map_err(|err| {
        let message = format!("cannot read {}", path.display());
        Error::new(ErrorKind::Config, message).with_source(err)
    })?;
    Ok(Some(Cow::Owned(text)))
}

/// The transform that `sql` describes; without SQL rows pass as they are.
///
/// # Errors
/// `Config`, if the SQL is no SELECT that towpath can run.
pub(crate) fn transform(
    sql: Option<&str>,
    on: RunsOn,
    settings: &Settings,
) -> Result<Arc<dyn Transform>> {
    Ok(match (sql, on) {
        (Some(sql), RunsOn::Engine) => Arc::new(SqlTransform::new(sql, settings)?),
        (Some(sql), RunsOn::EngineOnly) => {
            Arc::new(SqlTransform::new(sql, settings)?.engine_only()?)
        }
        (Some(sql), RunsOn::Source) => Arc::new(SourceTransform::new(sql)?),
        (None, _) => Arc::new(Passthrough),
    })
}

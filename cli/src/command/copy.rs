//! `towpath copy`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use towpath_engine::pipeline::{
    ColumnOptions, Duplicates, Pipeline, PipelineName, Settings, StreamOptions, SyncMode,
};
use towpath_engine::table::TablePattern;
use towpath_engine::transform::Transform;
use towpath_engine::{Error, ErrorKind, Result};

use super::{plan, run as runs};
use crate::args::{CopyArgs, TriggersArg};
use crate::connections::Connections;
use crate::environment::Environment;
use crate::execution::execute;
use crate::output::Output;
use crate::resolve::{Overrides, Resolved};
use crate::streams::{StreamSpec, Target};
use crate::transform::{RunsOn, sql_of, transform};

pub(super) async fn run(
    args: CopyArgs,
    environment: &Environment,
    output: &Output,
) -> Result<ExitCode> {
    let (shows_plan, profile) = (args.plan, args.profile);
    let resolved = resolve(args, environment)?;
    match shows_plan {
        true => plan::show(&resolved, &[], output).await,
        false => runs::tell(execute(&resolved, &[], output).await?, profile, output),
    }
}

/// A pipeline of the tables that are named, and called after them in the ledger.
fn resolve(args: CopyArgs, environment: &Environment) -> Result<Resolved> {
    let connections = Connections::new(BTreeMap::new(), environment);
    let mut settings = Settings::default();
    Overrides::from(args.settings).apply(&mut settings)?;
    let request = Request {
        tables: &args.tables,
        sql: args.sql.as_deref(),
        sql_file: args.sql_file.as_deref(),
        on: args.on.into(),
        into: args.into.as_deref(),
    };
    let transform = request.transform(&settings)?;
    let pipeline = Pipeline {
        name: PipelineName(format!("copy {}", args.tables.join(" "))),
        source: connections.find(&args.from.0)?,
        destination: connections.find(&args.to.0)?,
        connections: connections.referenced(&*transform)?,
        settings,
    };
    let streams = streams(&args, &request, &transform)?;
    Ok(Resolved { pipeline, streams })
}

fn streams(
    args: &CopyArgs,
    request: &Request<'_>,
    transform: &Arc<dyn Transform>,
) -> Result<Vec<StreamSpec>> {
    let (tables, target) = request.tables()?;
    let duplicates = match &args.duplicates_last {
        Some(column) => Duplicates::Last {
            order_by: column.clone(),
        },
        None => Duplicates::Refuse,
    };
    let spec = |(name, tables): (&String, TablePattern)| StreamSpec {
        name: name.clone(),
        tables,
        target: target.clone(),
        write: args.write.into(),
        key: args.key.clone(),
        duplicates: duplicates.clone(),
        sync: SyncMode::Full,
        options: options(args),
        transform: Arc::clone(transform),
    };
    Ok(args.tables.iter().zip(tables).map(spec).collect())
}

fn options(args: &CopyArgs) -> StreamOptions {
    let mut columns = BTreeMap::<String, ColumnOptions>::new();
    for name in &args.as_text {
        columns.entry(name.clone()).or_default().as_text = true;
    }
    for name in &args.allow_lossy {
        columns.entry(name.clone()).or_default().allow_lossy = true;
    }
    StreamOptions {
        create_types: args.permissions.create_types,
        replica_triggers: args.triggers == TriggersArg::Replica,
        columns,
        row_security: args.rls.into(),
        with_indexes: args.permissions.with_indexes,
        advance_sequences: args.permissions.advance_sequences,
    }
}

/// Tables on the command line, where they go, and what happens in between.
pub(super) struct Request<'a> {
    pub(super) tables: &'a [String],
    pub(super) sql: Option<&'a str>,
    pub(super) sql_file: Option<&'a Path>,
    pub(super) on: RunsOn,
    pub(super) into: Option<&'a str>,
}

impl Request<'_> {
    /// The tables, one pattern for each, and where they go.
    ///
    /// # Errors
    /// `Config`, if a name is none, or several tables would go into one.
    pub(super) fn tables(&self) -> Result<(Vec<TablePattern>, Target)> {
        let target = match self.into {
            Some(into) => Target::parse(into)?,
            None => Target::SameName { schema: None },
        };
        let tables: Vec<TablePattern> = self
            .tables
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_>>()?;
        let several = tables.len() > 1 || tables.iter().any(|tables| tables.exact().is_none());
        if several && matches!(target, Target::Table(_)) {
            return Err(
                Error::new(ErrorKind::Config, "several tables cannot go into one")
                    .with_hint("write --into 'schema.*' to name the destination's schema"),
            );
        }
        Ok((tables, target))
    }

    /// What the SELECT does, from the command line or its file.
    ///
    /// # Errors
    /// `Config`, if the file cannot be read, or it is no SELECT that towpath can run.
    pub(super) fn transform(&self, settings: &Settings) -> Result<Arc<dyn Transform>> {
        transform(
            sql_of(self.sql, self.sql_file)?.as_deref(),
            self.on,
            settings,
        )
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn each_table_is_a_stream() {
        check(&["-t", "a", "-t", "x.*", "--into", "dwh.*"], Ok("a, x.*"));
    }

    #[test]
    fn several_tables_do_not_go_into_one() {
        check(
            &["-t", "a.*", "--into", "dwh.a"],
            Err("several tables cannot go into one"),
        );
        check(
            &["-t", "a", "-t", "b", "--into", "c"],
            Err("several tables cannot go into one"),
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        check(
            &["-t", "a", "--sql-file", "/no.sql"],
            Err("cannot read /no.sql"),
        );
    }

    fn check(arguments: &[&str], expected: Result<&str, &str>) {
        let common = [
            "towpath",
            "copy",
            "--from",
            "host=a user=u",
            "--to",
            "host=b user=u",
        ];
        let cli = Cli::parse_from(common.iter().chain(arguments));
        let Command::Copy(args) = cli.command else {
            panic!("not copy")
        };
        let found = resolve(*args, &Environment::default())
            .map(|resolved| {
                let names: Vec<_> = resolved.streams.into_iter().map(|spec| spec.name).collect();
                names.join(", ")
            })
            .map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }
}

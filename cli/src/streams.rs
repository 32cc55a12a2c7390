//! Streams before the source was asked which tables a pattern means.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use towpath_engine::pipeline::{
    Duplicates, SourceSession, Stream, StreamOptions, SyncMode, WriteMode,
};
use towpath_engine::table::{TableName, TablePattern};
use towpath_engine::transform::Transform;
use towpath_engine::{Error, ErrorKind, Result};

use crate::name::sql_name;
use crate::yaml::did_you_mean;

/// A stream, or as many as its pattern matches tables.
#[derive(Clone)]
pub(crate) struct StreamSpec {
    /// What its author calls it.
    pub(crate) name: String,
    /// The table, or tables.
    pub(crate) tables: TablePattern,
    /// Where they go.
    pub(crate) target: Target,
    /// What writing means.
    pub(crate) write: WriteMode,
    /// The columns that rows are merged by; empty for the primary key.
    pub(crate) key: Vec<String>,
    /// What happens to rows that share a key.
    pub(crate) duplicates: Duplicates,
    /// Which rows are read.
    pub(crate) sync: SyncMode,
    /// What is allowed and asked for beyond that.
    pub(crate) options: StreamOptions,
    /// What happens in between.
    pub(crate) transform: Arc<dyn Transform>,
}

impl fmt::Debug for StreamSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} into {:?}", self.name, self.tables, self.target)
    }
}

/// Where the rows of a stream go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Into this table.
    Table(TableName),
    /// Into the table of the same name, in this schema or in that of the same name.
    SameName {
        /// The schema, if it is another one.
        schema: Option<String>,
    },
}

impl Target {
    /// Reads `analytics.orders`, or `analytics.*`.
    ///
    /// # Errors
    /// `Config`, if it is neither.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text.trim().strip_suffix(".*") {
            Some(schema) => {
                let any = format!("{schema}.x").parse::<TableName>()?;
                Ok(Self::SameName {
                    schema: Some(any.schema),
                })
            }
            None => Ok(Self::Table(text.trim().parse()?)),
        }
    }

    fn of(&self, table: &TableName) -> TableName {
        match self {
            Self::Table(into) => into.clone(),
            Self::SameName {
                schema: Some(schema),
            } => TableName::new(schema, &table.name),
            Self::SameName { schema: None } => table.clone(),
        }
    }
}

/// The streams that `specs` mean at this source, or those that `wanted` names.
///
/// A table that has a stream of its own is not in a pattern's.
///
/// # Errors
/// `Config`, if a pattern matches nothing, two streams have one destination, or a name of `wanted`
/// is unknown; what the source says otherwise.
pub(crate) async fn expand(
    specs: &[StreamSpec],
    wanted: &[String],
    source: &SourceSession,
) -> Result<Vec<Stream>> {
    let mut matched = Vec::with_capacity(specs.len());
    for spec in specs {
        matched.push(match spec.tables.exact() {
            Some(table) => vec![table],
            None => source.tables(&spec.tables).await?,
        });
    }
    assemble(specs, matched, wanted)
}

/// The streams of `specs` over the tables that each matched.
fn assemble(
    specs: &[StreamSpec],
    matched: Vec<Vec<TableName>>,
    wanted: &[String],
) -> Result<Vec<Stream>> {
    let exact: Vec<_> = specs
        .iter()
        .filter_map(|spec| spec.tables.exact())
        .collect();
    let mut streams = Vec::new();
    for (spec, tables) in specs.iter().zip(matched) {
        let is_pattern = spec.tables.exact().is_none();
        if tables.is_empty() {
            let message = format!("{} matches no table of the source", spec.tables);
            return Err(Error::new(ErrorKind::Config, message)
                .with_hint("towpath discover lists the tables that are there"));
        }
        for table in tables
            .into_iter()
            .filter(|table| !is_pattern || !exact.contains(table))
        {
            let name = match is_pattern {
                true => sql_name(&table),
                false => spec.name.clone(),
            };
            streams.push((spec.name.as_str(), stream(spec, name, table)));
        }
    }
    let streams = select(streams, wanted)?;
    refuse_shared_destinations(&streams)?;
    Ok(streams)
}

fn stream(spec: &StreamSpec, name: String, table: TableName) -> Stream {
    Stream {
        name,
        into: spec.target.of(&table),
        table,
        write: spec.write,
        key: spec.key.clone(),
        duplicates: spec.duplicates.clone(),
        sync: spec.sync.clone(),
        options: spec.options.clone(),
        transform: Arc::clone(&spec.transform),
    }
}

/// The streams that `wanted` names, by their own name or that of the pattern they come from.
fn select(streams: Vec<(&str, Stream)>, wanted: &[String]) -> Result<Vec<Stream>> {
    for name in wanted {
        if !streams
            .iter()
            .any(|(spec, stream)| spec == name || stream.name == *name)
        {
            let known = || streams.iter().map(|(_, stream)| stream.name.as_str());
            let near = did_you_mean(name, known());
            let message = format!("the pipeline has no stream {name:?}{near}");
            return Err(Error::new(ErrorKind::Config, message)
                .with_hint(format!("it has {}", known().collect::<Vec<_>>().join(", "))));
        }
    }
    let is_wanted = |spec: &str, stream: &Stream| {
        wanted.is_empty()
            || wanted
                .iter()
                .any(|name| name == spec || *name == stream.name)
    };
    Ok(streams
        .into_iter()
        .filter(|(spec, stream)| is_wanted(spec, stream))
        .map(|(_, stream)| stream)
        .collect())
}

fn refuse_shared_destinations(streams: &[Stream]) -> Result<()> {
    let mut taken: HashMap<&TableName, &str> = HashMap::new();
    for stream in streams {
        if let Some(other) = taken.insert(&stream.into, &stream.name) {
            let message = format!(
                "streams {other} and {} both write {}",
                stream.name,
                sql_name(&stream.into)
            );
            return Err(Error::new(ErrorKind::Config, message)
                .with_hint("give one of them another table as into"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use towpath_engine::transform::Passthrough;

    use super::*;

    #[test]
    fn a_pattern_becomes_a_stream_for_each_table_without_its_own() {
        check(
            &[
                ("orders", "public.orders", "dwh.o"),
                ("all", "public.*", "dwh.*"),
            ],
            &[],
            Ok("orders: public.orders > dwh.o, public.a: public.a > dwh.a"),
        );
    }

    #[test]
    fn streams_are_chosen_by_name_or_by_pattern() {
        let specs = [
            ("o", "public.orders", "x.o"),
            ("public.*", "public.*", "dwh.*"),
        ];
        check(&specs, &["o"], Ok("o: public.orders > x.o"));
        check(&specs, &["public.*"], Ok("public.a: public.a > dwh.a"));
        check(&specs, &["oh"], Err("the pipeline has no stream \"oh\""));
        check(
            &specs,
            &["publc.a"],
            Err("the pipeline has no stream \"publc.a\", did you mean public.a?"),
        );
    }

    #[test]
    fn two_streams_may_not_write_one_table() {
        check(
            &[
                ("one", "public.orders", "dwh.t"),
                ("two", "public.a", "dwh.t"),
            ],
            &[],
            Err("streams one and two both write dwh.t"),
        );
    }

    /// Each spec is its name, tables and target; a pattern matches `public.orders` and `public.a`.
    fn check(specs: &[(&str, &str, &str)], wanted: &[&str], expected: Result<&str, &str>) {
        let spec = |(name, tables, into): &(&str, &str, &str)| StreamSpec {
            name: (*name).to_owned(),
            tables: tables.parse().unwrap(),
            target: Target::parse(into).unwrap(),
            write: WriteMode::Upsert,
            key: Vec::new(),
            duplicates: Duplicates::Refuse,
            sync: SyncMode::Full,
            options: StreamOptions::default(),
            transform: Arc::new(Passthrough),
        };
        let specs: Vec<_> = specs.iter().map(spec).collect();
        let there = [
            TableName::new("public", "orders"),
            TableName::new("public", "a"),
        ];
        let tables = |spec: &StreamSpec| match spec.tables.exact() {
            Some(table) => vec![table],
            None => there.to_vec(),
        };
        let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let found = assemble(&specs, specs.iter().map(tables).collect(), &wanted);
        let line =
            |s: &Stream| format!("{}: {} > {}", s.name, sql_name(&s.table), sql_name(&s.into));
        let found = found
            .map(|streams| streams.iter().map(line).collect::<Vec<_>>().join(", "))
            .map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }
}

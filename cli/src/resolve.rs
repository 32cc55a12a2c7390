//! From a pipeline file to what runs: defaults, cross-checks, connections; all mistakes at once.

use std::collections::BTreeMap;
use std::path::Path;

use towpath_engine::pipeline::{
    Duplicates, Pipeline, PipelineName, Settings, SourceLimits, StreamOptions, SyncMode, WriteMode,
};
use towpath_engine::postgres::ConnectionConfig;
use towpath_engine::table::TablePattern;
use towpath_engine::{Error, ErrorKind, Result};

use crate::connections::Connections;
use crate::environment::Environment;
use crate::error::{Problem, Problems};
use crate::file::{
    ConnectionEntry, DefaultsFile, PipelineFile, SequencesFile, SettingsFile, StreamFile,
    TriggersFile,
};
use crate::limits::{LimitArgs, SourceLimitsFile};
use crate::size::MemoryLimit;
use crate::streams::{StreamSpec, Target};
use crate::transform::transform;
use crate::yaml::Lines;

/// A pipeline file that means something.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// Both connections, and how much a run may use.
    pub(crate) pipeline: Pipeline,
    /// Its streams, patterns not yet expanded.
    pub(crate) streams: Vec<StreamSpec>,
}

/// What is said about a run beside its file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overrides {
    /// Whether incremental streams read all rows.
    pub(crate) full: bool,
    /// Whether every stream may create types.
    pub(crate) create_types: bool,
    /// Whether all created tables get the source's other indexes.
    pub(crate) with_indexes: bool,
    /// Whether all sequences of tables that are there are moved on.
    pub(crate) advance_sequences: bool,
    /// Connections that read, and as many that write.
    pub(crate) connections: Option<u16>,
    /// Memory that a transform may hold.
    pub(crate) memory_limit: Option<MemoryLimit>,
    /// Rows at most in one batch.
    pub(crate) batch_rows: Option<u32>,
    /// How gently the source is treated.
    pub(crate) limits: LimitArgs,
}

impl Overrides {
    /// `settings` with what is said otherwise.
    ///
    /// # Errors
    /// `Config`, if a number is zero, or the source's limits leave no connection to read with.
    pub(crate) fn apply(self, settings: &mut Settings) -> Result<()> {
        if self.connections == Some(0) || self.batch_rows == Some(0) {
            let message = "connections and batch rows must be at least 1";
            return Err(Error::new(ErrorKind::Config, message));
        }
        if let Some(connections) = self.connections {
            settings.connections = connections.into();
        }
        if let Some(MemoryLimit(bytes)) = self.memory_limit {
            settings.memory_limit = bytes;
        }
        if let Some(rows) = self.batch_rows {
            settings.batch_rows = rows as usize;
        }
        settings.source_limits = self.limits.into();
        settings.source_limits.readers(settings.connections)?;
        Ok(())
    }
}

/// Reads the pipeline file at `path` and resolves it.
///
/// # Errors
/// `Config`, with everything that is wrong, by line and key.
pub(crate) fn load(
    path: &Path,
    environment: &Environment,
    overrides: Overrides,
) -> Result<Resolved> {
    let text = std::fs::read_to_string(path).map_err(|err| {
        Error::new(
            ErrorKind::Config,
            format!("cannot read pipeline {}", path.display()),
        )
        .with_source(err)
    })?;
    resolve(path, &text, environment, overrides).map_err(|problems| {
        let object = format!("pipeline {}", path.display());
        let none = || Error::new(ErrorKind::Internal, "a pipeline is wrong for no reason");
        problems.into_error(&object).unwrap_or_else(none)
    })
}

fn resolve(
    path: &Path,
    text: &str,
    environment: &Environment,
    overrides: Overrides,
) -> Result<Resolved, Problems> {
    let (file, lines) = crate::file::parse_pipeline(text, environment)?;
    let PipelineFile {
        name,
        source,
        destination,
        connections,
        defaults,
        streams,
        settings,
        source_limits,
    } = file;
    let connections = Connections::new(connections, environment);
    let mut resolver = Resolver {
        lines,
        problems: Problems::default(),
        defaults: defaults.unwrap_or_default(),
        settings: Settings::default(),
        directory: path.parent().unwrap_or(Path::new("")),
        overrides,
        connections: BTreeMap::new(),
    };
    resolver.limits(source_limits.unwrap_or_default());
    resolver.settings(settings.unwrap_or_default());
    let source = resolver.connection("source", &source, &connections);
    let destination = resolver.connection("destination", &destination, &connections);
    let streams = resolver.streams(streams.0, &connections);
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let name = PipelineName(name.or(stem).unwrap_or_default());
    match (source, destination, resolver.problems.0.is_empty()) {
        (Some(source), Some(destination), true) => Ok(Resolved {
            pipeline: Pipeline {
                name,
                source,
                destination,
                connections: resolver.connections,
                settings: resolver.settings,
            },
            streams,
        }),
        _ => Err(resolver.problems),
    }
}

/// The file's parts that every stream needs, and what was found to be wrong.
struct Resolver<'a> {
    lines: Lines,
    problems: Problems,
    defaults: DefaultsFile,
    settings: Settings,
    /// Where the pipeline file is.
    directory: &'a Path,
    /// What the command line says.
    overrides: Overrides,
    /// The connections that transforms name.
    connections: BTreeMap<String, ConnectionConfig>,
}

impl Resolver<'_> {
    fn report(&mut self, path: impl Into<String>, message: impl Into<String>) {
        let problem = self.lines.problem(path, message);
        self.problems.0.push(problem);
    }

    /// What `result` holds; its error is a problem at `path`.
    fn accept<T>(&mut self, path: &str, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let line = self.lines.of(path);
                self.problems.0.push(Problem::of(&error, line, path));
                None
            }
        }
    }

    /// What the file says about the source, under what the command line says.
    fn limits(&mut self, file: SourceLimitsFile) {
        let args = file.args(|key, message| self.report(format!("source_limits.{key}"), message));
        let mut limits = self.overrides.limits.or(args);
        let readers = SourceLimits::from(limits).readers(1);
        let path = "source_limits.max_connections";
        if self.accept(path, readers).is_none() {
            limits.max_connections = None;
        }
        self.overrides.limits = limits;
    }

    fn settings(&mut self, file: SettingsFile) {
        let overrides = self.overrides;
        let memory_limit = file
            .memory_limit
            .and_then(|text| match text.parse::<MemoryLimit>() {
                Ok(limit) => Some(limit),
                Err(message) => {
                    self.report("settings.memory_limit", message);
                    None
                }
            });
        let merged = Overrides {
            connections: overrides.connections.or(file.connections),
            memory_limit: overrides.memory_limit.or(memory_limit),
            batch_rows: overrides.batch_rows.or(file.batch_rows),
            ..overrides
        };
        let mut settings = self.settings.clone();
        let result = merged.apply(&mut settings);
        if self.accept("settings", result).is_some() {
            self.settings = settings;
        }
    }

    fn connection(
        &mut self,
        path: &str,
        entry: &ConnectionEntry,
        connections: &Connections<'_>,
    ) -> Option<ConnectionConfig> {
        self.accept(path, connections.entry(entry))
    }

    fn streams(
        &mut self,
        files: Vec<(String, StreamFile)>,
        connections: &Connections<'_>,
    ) -> Vec<StreamSpec> {
        if files.is_empty() {
            self.report(
                "streams",
                "there is no stream; write the table's name as a key",
            );
        }
        files
            .into_iter()
            .filter_map(|(name, file)| self.stream(name, file, connections))
            .collect()
    }

    /// One stream; `None`, and problems, if something is wrong with it.
    fn stream(
        &mut self,
        name: String,
        file: StreamFile,
        connections: &Connections<'_>,
    ) -> Option<StreamSpec> {
        let path = format!("streams.{name}");
        let tables = self.tables(&path, &name, &file);
        let target = self.target(&path, &file, tables.as_ref());
        let write = file
            .write
            .or(self.defaults.write)
            .map(Into::into)
            .unwrap_or_default();
        let sync = self.sync(&path, &file, write);
        let options = self.options(&file);
        let sql = self.sql(&path, &file);
        let on = file.on.or(self.defaults.on).map(Into::into);
        let built = sql.and_then(|sql| {
            let result = transform(sql.as_deref(), on.unwrap_or_default(), &self.settings);
            let key = if file.sql_file.is_some() {
                "sql_file"
            } else {
                "sql"
            };
            let path = format!("{path}.{key}");
            let built = self.accept(&path, result)?;
            let referenced = self.accept(&path, connections.referenced(&*built))?;
            self.connections.extend(referenced);
            Some(built)
        });
        let key = file.key.or_else(|| self.defaults.key.clone());
        let duplicates = file.duplicates.or_else(|| self.defaults.duplicates.clone());
        Some(StreamSpec {
            name,
            tables: tables?,
            target: target?,
            write,
            key: key.map(Into::into).unwrap_or_default(),
            duplicates: match duplicates {
                Some(file) => Duplicates::Last {
                    order_by: file.last,
                },
                None => Duplicates::Refuse,
            },
            sync: sync?,
            options,
            transform: built?,
        })
    }

    fn options(&self, file: &StreamFile) -> StreamOptions {
        let asked = file.create_types.or(self.defaults.create_types);
        let triggers = file.triggers.or(self.defaults.triggers);
        let columns = file.columns.iter();
        let rls = file.rls.or(self.defaults.rls);
        let with_indexes = file.with_indexes.or(self.defaults.with_indexes);
        let sequences = file.sequences.or(self.defaults.sequences);
        StreamOptions {
            replica_triggers: triggers == Some(TriggersFile::Replica),
            create_types: self.overrides.create_types || asked.unwrap_or_default(),
            columns: columns
                .map(|(name, &column)| (name.clone(), column.into()))
                .collect(),
            row_security: rls.map(Into::into).unwrap_or_default(),
            with_indexes: self.overrides.with_indexes || with_indexes.unwrap_or_default(),
            advance_sequences: self.overrides.advance_sequences
                || sequences == Some(SequencesFile::Advance),
        }
    }

    fn tables(&mut self, path: &str, name: &str, file: &StreamFile) -> Option<TablePattern> {
        match &file.table {
            Some(table) => self.accept(&format!("{path}.table"), table.parse()),
            None => self.accept(path, name.parse()),
        }
    }

    fn target(
        &mut self,
        path: &str,
        file: &StreamFile,
        tables: Option<&TablePattern>,
    ) -> Option<Target> {
        let Some(into) = &file.into else {
            return Some(Target::SameName {
                schema: self.defaults.schema.clone(),
            });
        };
        let path = format!("{path}.into");
        let target = self.accept(&path, Target::parse(into))?;
        let several = tables.is_some_and(|tables| tables.exact().is_none());
        if several && matches!(target, Target::Table(_)) {
            self.report(path, "several tables cannot go into one; write schema.*");
            return None;
        }
        Some(target)
    }

    fn sync(&mut self, path: &str, file: &StreamFile, write: WriteMode) -> Option<SyncMode> {
        let sync = file.sync.or(self.defaults.sync);
        if !sync.is_some_and(|sync| sync.is_incremental()) {
            if file.cursor.is_some() && sync.is_none() {
                let message = "a cursor has no effect without sync: incremental";
                self.report(format!("{path}.cursor"), message);
            }
            return Some(SyncMode::Full);
        }
        if matches!(write, WriteMode::Replace | WriteMode::Mirror) {
            let message = format!(
                "an incremental stream reads only newer rows, and {write} would remove the others; \
                 write upsert or append"
            );
            self.report(format!("{path}.write"), message);
            return None;
        }
        match file.cursor.clone().or_else(|| self.defaults.cursor.clone()) {
            Some(cursor) => Some(SyncMode::Incremental {
                cursor,
                from_start: self.overrides.full,
            }),
            None => {
                self.report(
                    path,
                    "an incremental stream needs a cursor, as cursor: updated_at",
                );
                None
            }
        }
    }

    /// The stream's SQL, which may be none; `None`, and a problem, if it cannot be read.
    fn sql(&mut self, path: &str, file: &StreamFile) -> Option<Option<String>> {
        let name = match (&file.sql, &file.sql_file) {
            (Some(_), Some(_)) => {
                self.report(
                    format!("{path}.sql_file"),
                    "sql and sql_file exclude each other",
                );
                return None;
            }
            (sql, None) => return Some(sql.clone()),
            (None, Some(name)) => name,
        };
        let result = std::fs::read_to_string(self.directory.join(name)).map_err(|err| {
            Error::new(ErrorKind::Config, format!("cannot read {name}")).with_source(err)
        });
        self.accept(&format!("{path}.sql_file"), result).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use towpath_engine::pipeline::RowSecurity;

    use super::*;

    const BOTH: &str = "source: postgresql://u@a/s\ndestination: postgresql://u@b/d\n";

    #[test]
    fn a_stream_has_a_default_for_everything() {
        check(
            "streams:\n  public.orders: {}\n",
            "public.orders: \"public\".\"orders\" into SameName { schema: None }; Upsert [] Refuse Full",
        );
    }

    #[test]
    fn defaults_are_those_of_the_file() {
        check(
            "defaults: {schema: dwh, write: append, key: id, sync: INCREMENTAL, cursor: at}\n\
             streams:\n  a: {}\n  b: {sync: FULL_TABLE, key: [x, y], into: o.b, write: mirror}\n",
            "a: \"public\".\"a\" into SameName { schema: Some(\"dwh\") }; Append [\"id\"] Refuse \
             Incremental { cursor: \"at\", from_start: false }\n\
             b: \"public\".\"b\" into Table(TableName { schema: \"o\", name: \"b\" }); Mirror \
             [\"x\", \"y\"] Refuse Full",
        );
    }

    #[test]
    fn a_stream_s_options_go_before_defaults_and_the_command_line_adds_to_both() {
        let text = format!(
            "{BOTH}defaults: {{rls: accept, with_indexes: true, sequences: advance}}\n\
             streams:\n  a: {{}}\n  b: {{rls: refuse, with_indexes: false, sequences: keep}}\n"
        );
        let options = |overrides| {
            let path = Path::new("/nowhere/shop.yaml");
            let resolved = resolve(path, &text, &Environment::default(), overrides).unwrap();
            let streams = resolved.streams.into_iter();
            streams.map(|stream| stream.options).collect::<Vec<_>>()
        };
        let wanted = StreamOptions {
            row_security: RowSecurity::Accept,
            with_indexes: true,
            advance_sequences: true,
            ..StreamOptions::default()
        };
        assert_eq!(
            options(Overrides::default()),
            [wanted.clone(), StreamOptions::default()]
        );
        let flags = Overrides {
            with_indexes: true,
            advance_sequences: true,
            ..Overrides::default()
        };
        let row_security = RowSecurity::Refuse;
        assert_eq!(
            options(flags),
            [
                wanted.clone(),
                StreamOptions {
                    row_security,
                    ..wanted
                }
            ]
        );
    }

    #[test]
    fn the_name_is_that_of_the_file() {
        let text = format!("{BOTH}streams: {{a: {{}}}}\n");
        let resolved = resolved(&text).unwrap();
        assert_eq!(resolved.pipeline.name.to_string(), "shop");
        let text = format!("name: other\n{text}settings: {{memory_limit: 1GB, connections: 3}}\n");
        let pipeline = self::resolved(&text).unwrap().pipeline;
        assert_eq!(pipeline.name.to_string(), "other");
        assert_eq!(pipeline.settings.memory_limit, 1 << 30);
        assert_eq!(pipeline.settings.connections, 3);
    }

    #[test]
    fn limits_of_the_command_line_go_before_those_of_the_file() {
        let text = format!(
            "{BOTH}streams: {{a: {{}}}}\nsource_limits: {{max_connections: 5, max_bytes_per_second: \
             1MB, pause_above: {{active_sessions: 20, replica_lag: 2min}}}}\n"
        );
        let mut overrides = Overrides::default();
        overrides.limits.max_connections = Some(9);
        let path = Path::new("/nowhere/shop.yaml");
        let resolved = resolve(path, &text, &Environment::default(), overrides).unwrap();
        let expected = SourceLimits {
            max_connections: Some(9),
            max_bytes_per_second: Some(1 << 20),
            active_sessions: Some(20),
            replica_lag: Some(std::time::Duration::from_secs(120)),
        };
        assert_eq!(resolved.pipeline.settings.source_limits, expected);
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let text = "source: nowhere\ndestination: postgresql://u@b/d?ssl_mode=require\nstreams:\n  \
                    a.b.c: {}\n  public.*: {into: dwh.all}\n  \
                    b: {sync: incremental, write: replace}\n  c: {sync: incremental}\n  \
                    d: {cursor: at}\n  e: {sql: a, sql_file: b}\n  f: {sql_file: gone.sql}\n\
                    settings: {memory_limit: much}\nsource_limits: {max_connections: 2, \
                    max_bytes_per_second: fast, pause_above: {replica_lag: 10}}\n";
        let error = resolved(text)
            .unwrap_err()
            .into_error("pipeline shop.yaml")
            .unwrap();
        insta::assert_snapshot!(crate::error::text(&error), @r#"
        error: pipeline shop.yaml has 13 problems
          line 1: source: there is no connection called "nowhere" (write a URL as postgresql://user@host/database, or define the name in ~/.config/towpath/connections.yaml)
          line 2: destination: connection parameter "ssl_mode" is unknown or not supported (did you mean sslmode?)
          line 4: streams.a.b.c: "a.b.c" is not a table name (write schema.table, with double quotes where SQL needs them: public."Odd.Name")
          line 5: streams.public.*.into: several tables cannot go into one; write schema.*
          line 6: streams.b.write: an incremental stream reads only newer rows, and replace would remove the others; write upsert or append
          line 7: streams.c: an incremental stream needs a cursor, as cursor: updated_at
          line 8: streams.d.cursor: a cursor has no effect without sync: incremental
          line 9: streams.e.sql_file: sql and sql_file exclude each other
          line 10: streams.f.sql_file: cannot read gone.sql: No such file or directory (os error 2)
          line 11: settings.memory_limit: expected a size as 256MB or 1GB
          line 12: source_limits.max_bytes_per_second: expected a size as 256MB or 1GB
          line 12: source_limits.pause_above.replica_lag: expected a time as 500ms, 10s or 2min
          line 12: source_limits.max_connections: max_connections is 2, and towpath needs 3 to the source (one is for the catalogue, one keeps the snapshot, and one or more read)
        "#);
    }

    #[test]
    fn the_hint_of_the_only_mistake_is_the_error_s() {
        let text = format!("{BOTH}streams:\n  a: {{}}\n").replace("@b/", ":x@b:y/");
        let error = resolved(&text)
            .unwrap_err()
            .into_error("pipeline shop.yaml")
            .unwrap();
        insta::assert_snapshot!(crate::error::text(&error), @r#"
        error: pipeline shop.yaml has a problem
          line 2: destination: connection URL is malformed: its port is not a number

        hint: write postgresql://user@host:5432/database, with : / ? # @ % in names and passwords as %3A %2F %3F %23 %40 %25
        "#);
    }

    #[test]
    fn connections_that_sql_names_are_looked_up() {
        let sql = "SELECT c.id FROM {{ source }} JOIN {{ source('crm', 'customers') }} c ON true";
        let streams = format!("streams:\n  a: {{ sql: \"{sql}\" }}\n");
        let given = format!("{BOTH}connections: {{ crm: postgresql://u@c/crm }}\n{streams}");
        let connections = resolved(&given).unwrap().pipeline.connections;
        let named: Vec<_> = connections
            .iter()
            .map(|(name, to)| format!("{name}: {to}"))
            .collect();
        assert_eq!(named, ["crm: u@c:5432/crm"]);
        let missing = resolved(&format!("{BOTH}{streams}")).unwrap_err();
        let error = missing.into_error("pipeline shop.yaml").unwrap();
        insta::assert_snapshot!(crate::error::text(&error), @r#"
        error: pipeline shop.yaml has a problem
          line 4: streams.a.sql: there is no connection called "crm"

        hint: define it under connections, in the pipeline file or in ~/.config/towpath/connections.yaml; a table of the source is source('crm.customers')
        "#);
    }

    fn resolved(text: &str) -> Result<Resolved, Problems> {
        let path = Path::new("/nowhere/shop.yaml");
        resolve(path, text, &Environment::default(), Overrides::default())
    }

    fn check(streams: &str, expected: &str) {
        let resolved = resolved(&format!("{BOTH}{streams}")).unwrap();
        let line = |s: &StreamSpec| {
            format!(
                "{s:?}; {:?} {:?} {:?} {:?}",
                s.write, s.key, s.duplicates, s.sync
            )
        };
        let lines: Vec<_> = resolved.streams.iter().map(line).collect();
        assert_eq!(lines.join("\n"), expected);
    }
}

//! The pipeline file as its author writes it: nothing is resolved here, and everything may be
//! missing that has a default.
//!
//! `docs/pipeline.schema.json` is generated from these types, and `docs/pipeline.md` explains them.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, SchemaGenerator, schema_for};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use towpath_engine::pipeline::{ColumnOptions, RowSecurity, WriteMode};

use crate::environment::Environment;
use crate::error::{Problem, Problems};
use crate::limits::SourceLimitsFile;
use crate::transform::RunsOn;
use crate::yaml::{self, Lines};

/// Tables that go from one PostgreSQL database to another, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PipelineFile {
    /// The pipeline's name in the run ledger; the file's name without ending if it is missing.
    pub(crate) name: Option<String>,
    /// Where rows come from: a URL, a libpq string, the name of a connection, or its parameters.
    pub(crate) source: ConnectionEntry,
    /// Where rows go: a URL, a libpq string, the name of a connection, or its parameters.
    pub(crate) destination: ConnectionEntry,
    /// Connections by name.
    #[serde(default)]
    pub(crate) connections: BTreeMap<String, ConnectionEntry>,
    /// What streams have that do not say otherwise.
    pub(crate) defaults: Option<DefaultsFile>,
    /// The tables to move. A key is a table as SQL writes it, several by `*`, or any name if the
    /// stream has a `table`.
    #[schemars(with = "BTreeMap<String, Option<StreamFile>>")]
    pub(crate) streams: StreamsFile,
    /// How much a run may use.
    pub(crate) settings: Option<SettingsFile>,
    /// How gently the source is treated.
    pub(crate) source_limits: Option<SourceLimitsFile>,
}

/// A connection: as one text, or as parameters.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum ConnectionEntry {
    /// A URL, a libpq string, or the name of a connection.
    Text(String),
    /// Parameters, named as in libpq.
    Parameters(Box<ConnectionFile>),
}

/// Parameters of a connection, named as in libpq; `PG*` variables, `~/.pgpass` and service files
/// count for those that are missing.
#[derive(Clone, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionFile {
    /// The server's name, or the directory of its socket; several with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// The server's address, which saves looking up its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    hostaddr: Option<String>,
    /// The port, 5432 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<String>,
    /// The database; `dbname` is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    /// The database.
    #[serde(skip_serializing_if = "Option::is_none")]
    dbname: Option<String>,
    /// The role.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The password, best as `${VARIABLE}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// The password file to use in place of `~/.pgpass`.
    #[serde(skip_serializing_if = "Option::is_none")]
    passfile: Option<String>,
    /// The section of the service file that gives what is missing here.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// How far to insist on TLS: disable, allow, prefer, require, verify-ca or verify-full.
    #[serde(skip_serializing_if = "Option::is_none")]
    sslmode: Option<String>,
    /// The file with the certificates of trusted authorities, or `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sslrootcert: Option<String>,
    /// The file with the client's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    sslcert: Option<String>,
    /// The file with the client's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    sslkey: Option<String>,
    /// How TLS begins: postgres or direct.
    #[serde(skip_serializing_if = "Option::is_none")]
    sslnegotiation: Option<String>,
    /// Whether authentication is bound to TLS: disable, prefer or require.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_binding: Option<String>,
    /// Seconds until a host must have answered; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_timeout: Option<String>,
    /// What `pg_stat_activity` shows in place of towpath.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_name: Option<String>,
    /// Command-line options for the session, as `-c work_mem=64MB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<String>,
    /// Which of several hosts will do: any, read-write, read-only, primary, standby or
    /// prefer-standby.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_session_attrs: Option<String>,
    /// Whether hosts are tried in random order: disable or random.
    #[serde(skip_serializing_if = "Option::is_none")]
    load_balance_hosts: Option<String>,
    /// Whether the system asks silent connections for a sign of life: 1 or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    keepalives: Option<String>,
    /// Seconds of silence before the first such question.
    #[serde(skip_serializing_if = "Option::is_none")]
    keepalives_idle: Option<String>,
    /// Seconds between such questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    keepalives_interval: Option<String>,
    /// How many may stay without answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    keepalives_count: Option<String>,
}

impl ConnectionFile {
    /// The parameters by libpq's names.
    pub(crate) fn parameters(&self) -> BTreeMap<String, String> {
        let Ok(Value::Object(fields)) = serde_json::to_value(self) else {
            return BTreeMap::new();
        };
        let named = fields
            .into_iter()
            .filter_map(|(name, value)| match (&*name, value) {
                ("database", Value::String(value)) => Some(("dbname".to_owned(), value)),
                (_, Value::String(value)) => Some((name, value)),
                _ => None,
            });
        named.collect()
    }
}

impl fmt::Debug for ConnectionFile {
    /// Names only: values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.parameters().keys()).finish()
    }
}

/// What streams have that do not say otherwise.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefaultsFile {
    /// The destination schema of streams without `into`; the source's schema if it is missing.
    pub(crate) schema: Option<String>,
    /// What writing means.
    pub(crate) write: Option<WriteFile>,
    /// The columns that rows are merged by.
    pub(crate) key: Option<KeyFile>,
    /// What happens to rows of one run that share a key.
    pub(crate) duplicates: Option<DuplicatesFile>,
    /// Which rows are read.
    pub(crate) sync: Option<SyncFile>,
    /// The source column that grows with every change.
    pub(crate) cursor: Option<String>,
    /// Whether types that the destination lacks are created there, and labels added to its enums.
    pub(crate) create_types: Option<bool>,
    /// Which triggers of the destination fire.
    pub(crate) triggers: Option<TriggersFile>,
    /// Whether rows that row security hides from the role may be left out.
    pub(crate) rls: Option<RlsFile>,
    /// Whether created tables get the source's other indexes.
    pub(crate) with_indexes: Option<bool>,
    /// What happens to sequences of tables that are there.
    pub(crate) sequences: Option<SequencesFile>,
    /// Who runs the SELECTs.
    pub(crate) on: Option<OnFile>,
}

/// One table on its way into another.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamFile {
    /// The table, view or foreign table to read; the stream's key if it is missing.
    pub(crate) table: Option<String>,
    /// A SELECT over `{{ source }}` and other tables, in PostgreSQL's SQL; all rows and columns if it is missing.
    pub(crate) sql: Option<String>,
    /// The file that holds the SELECT, relative to the pipeline file.
    pub(crate) sql_file: Option<String>,
    /// Who runs the SELECT; `engine` if it is missing.
    pub(crate) on: Option<OnFile>,
    /// The destination table, or `schema.*` for the same name in another schema.
    pub(crate) into: Option<String>,
    /// What writing means.
    pub(crate) write: Option<WriteFile>,
    /// The columns that rows are merged by; the primary key if it is missing.
    pub(crate) key: Option<KeyFile>,
    /// What happens to rows of one run that share a key; the run is refused if it is missing.
    pub(crate) duplicates: Option<DuplicatesFile>,
    /// Which rows are read.
    pub(crate) sync: Option<SyncFile>,
    /// The source column that grows with every change, for incremental streams.
    pub(crate) cursor: Option<String>,
    /// Whether types that the destination lacks are created there, and labels added to its enums.
    pub(crate) create_types: Option<bool>,
    /// Which triggers of the destination fire.
    pub(crate) triggers: Option<TriggersFile>,
    /// Columns of the result that are treated in their own way.
    #[serde(default)]
    pub(crate) columns: BTreeMap<String, ColumnFile>,
    /// Whether rows that row security hides from the role may be left out; refused if it is
    /// missing.
    pub(crate) rls: Option<RlsFile>,
    /// Whether the table gets the source's other indexes when it is created.
    pub(crate) with_indexes: Option<bool>,
    /// What happens to sequences of the table if it is there; they are kept if it is missing.
    pub(crate) sequences: Option<SequencesFile>,
}

/// Who runs a SELECT.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnFile {
    /// towpath's engine, and the source's server where that cannot; the plan says so.
    Engine,
    /// towpath's engine; of the source only what takes one row at a time.
    EngineOnly,
    /// The source's server, all of it.
    Source,
}

impl From<OnFile> for RunsOn {
    fn from(on: OnFile) -> Self {
        match on {
            OnFile::Engine => Self::Engine,
            OnFile::EngineOnly => Self::EngineOnly,
            OnFile::Source => Self::Source,
        }
    }
}

/// Which triggers of the destination fire.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TriggersFile {
    /// All that fire for anybody's rows.
    Origin,
    /// Those that are enabled for replicas; foreign keys are not checked.
    Replica,
}

/// How one column of the result is treated.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnFile {
    /// The form in which it travels, whatever its type; a created table gets a column of this type.
    #[serde(rename = "as")]
    pub(crate) form: Option<FormFile>,
    /// What may happen to its values.
    pub(crate) allow: Option<AllowFile>,
}

/// The form in which a column travels.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FormFile {
    /// PostgreSQL's own text form.
    Text,
}

/// What may happen to the values of a column.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AllowFile {
    /// They may be rounded or cut to the destination's type.
    Lossy,
}

impl From<ColumnFile> for ColumnOptions {
    fn from(file: ColumnFile) -> Self {
        Self {
            as_text: file.form.is_some(),
            allow_lossy: file.allow.is_some(),
        }
    }
}

/// What writing means.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WriteFile {
    /// Insert new rows, update changed ones, leave the rest.
    Upsert,
    /// Insert all rows.
    Append,
    /// The table holds these rows afterwards and no others; the table itself stays.
    Replace,
    /// As upsert, and rows whose key did not come are deleted.
    Mirror,
}

impl From<WriteFile> for WriteMode {
    fn from(write: WriteFile) -> Self {
        match write {
            WriteFile::Upsert => Self::Upsert,
            WriteFile::Append => Self::Append,
            WriteFile::Replace => Self::Replace,
            WriteFile::Mirror => Self::Mirror,
        }
    }
}

/// What happens where row security hides rows of the source.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RlsFile {
    /// The stream is refused.
    Refuse,
    /// The other rows are read.
    Accept,
}

impl From<RlsFile> for RowSecurity {
    fn from(rls: RlsFile) -> Self {
        match rls {
            RlsFile::Refuse => Self::Refuse,
            RlsFile::Accept => Self::Accept,
        }
    }
}

/// What happens to sequences that columns of the destination own.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SequencesFile {
    /// They stay where they are.
    Keep,
    /// They are moved behind the rows that are written.
    Advance,
}

/// One column, or a list of columns.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum KeyFile {
    /// One column.
    One(String),
    /// Columns in order.
    Several(Vec<String>),
}

impl From<KeyFile> for Vec<String> {
    fn from(key: KeyFile) -> Self {
        match key {
            KeyFile::One(column) => vec![column],
            KeyFile::Several(columns) => columns,
        }
    }
}

/// What happens to rows of one run that share a key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DuplicatesFile {
    /// The row with the greatest value in this column of the result wins.
    pub(crate) last: String,
}

/// Which rows are read.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
pub(crate) enum SyncFile {
    /// All rows, every time.
    #[serde(rename = "full")]
    Full,
    /// Rows at or above the greatest cursor value of the last run.
    #[serde(rename = "incremental")]
    Incremental,
    /// The same as full.
    #[serde(rename = "FULL_TABLE")]
    FullTable,
    /// The same as incremental.
    #[serde(rename = "INCREMENTAL")]
    UpperIncremental,
}

impl SyncFile {
    /// Whether only newer rows are read.
    pub(crate) fn is_incremental(self) -> bool {
        matches!(self, Self::Incremental | Self::UpperIncremental)
    }
}

/// How much a run may use.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsFile {
    /// Connections that read, and as many that write; one per core by default, 2 to 8.
    pub(crate) connections: Option<u16>,
    /// Memory that sorts, joins and aggregates may hold, as `256MB`; at least 16 MB.
    pub(crate) memory_limit: Option<String>,
    /// Rows at most in one batch, 8192 by default.
    pub(crate) batch_rows: Option<u32>,
}

/// Streams in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct StreamsFile(pub(crate) Vec<(String, StreamFile)>);

impl<'de> Deserialize<'de> for StreamsFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Streams;

        impl<'de> Visitor<'de> for Streams {
            type Value = StreamsFile;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("streams by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StreamsFile, A::Error> {
                let mut streams = Vec::new();
                while let Some((name, stream)) = map.next_entry::<String, Option<StreamFile>>()? {
                    streams.push((name, stream.unwrap_or_default()));
                }
                Ok(StreamsFile(streams))
            }
        }

        deserializer.deserialize_map(Streams)
    }
}

/// The file of connections that all pipelines of a person share.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionsFile {
    /// Connections by name.
    #[serde(default)]
    pub(crate) connections: BTreeMap<String, ConnectionEntry>,
}

/// The JSON Schema of the pipeline file.
pub(crate) fn schema() -> Value {
    let mut schema = schema_for!(PipelineFile);
    schema.insert("title".to_owned(), "towpath pipeline".into());
    schema.to_value()
}

/// Reads a pipeline file, with variables of `environment` put in.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn parse_pipeline(
    text: &str,
    environment: &Environment,
) -> Result<(PipelineFile, Lines), Problems> {
    parse(text, &schema(), environment)
}

/// Reads a file of connections.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn parse_connections(
    text: &str,
    environment: &Environment,
) -> Result<ConnectionsFile, Problems> {
    let schema = SchemaGenerator::default()
        .into_root_schema_for::<ConnectionsFile>()
        .to_value();
    parse(text, &schema, environment).map(|(file, _)| file)
}

fn parse<T: for<'de> Deserialize<'de>>(
    text: &str,
    schema: &Value,
    environment: &Environment,
) -> Result<(T, Lines), Problems> {
    let (value, lines) = yaml::read(text, schema, environment)?;
    match serde_json::from_value(value) {
        Ok(file) => Ok((file, lines)),
        Err(err) => {
            let path = String::new();
            Err(Problems(vec![Problem {
                line: None,
                path,
                message: err.to_string(),
                hint: None,
            }]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the schema and the reference of the file are.
    const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

    /// Lets an editor take `port: 5432` and `password: 0123` for the texts that they are here.
    fn loosen(schema: &mut Value) {
        match schema {
            Value::Object(keys) => {
                let is_fixed = keys.contains_key("const") || keys.contains_key("enum");
                if let Some(types) = keys.get_mut("type").filter(|_| !is_fixed) {
                    let mut all = match types.take() {
                        Value::Array(all) => all,
                        one => vec![one],
                    };
                    if all.contains(&"string".into()) {
                        all.extend(["number".into(), "boolean".into()]);
                    }
                    *types = match &*all {
                        [one] => one.clone(),
                        _ => Value::Array(all),
                    };
                }
                keys.values_mut().for_each(loosen);
            }
            Value::Array(items) => items.iter_mut().for_each(loosen),
            _ => {}
        }
    }

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let path = format!("{DOCS}/pipeline.schema.json");
        let mut schema = schema();
        loosen(&mut schema);
        let current = format!("{schema:#}\n");
        if std::env::var_os("TOWPATH_REGENERATE").is_some() {
            std::fs::write(&path, &current).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).is_ok_and(|committed| committed == current),
            "docs/pipeline.schema.json is out of date; regenerate it:\n    \
             TOWPATH_REGENERATE=1 cargo test -p towpath --lib the_committed_schema"
        );
    }

    #[test]
    fn the_reference_names_every_key() {
        let reference = std::fs::read_to_string(format!("{DOCS}/pipeline.md")).unwrap();
        let missing: Vec<_> = keys(&schema())
            .into_iter()
            .filter(|key| !reference.contains(&format!("`{key}`")))
            .collect();
        assert!(
            missing.is_empty(),
            "docs/pipeline.md does not explain {missing:?}"
        );
    }

    #[test]
    fn streams_keep_their_order_and_may_be_empty() {
        let text = "source: a\ndestination: b\nstreams:\n  z: {}\n  a:\n  m: {key: id}\n";
        let (file, lines) = parse_pipeline(text, &Environment::default()).unwrap();
        let names: Vec<_> = file
            .streams
            .0
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["z", "a", "m"]);
        assert_eq!(lines.of("streams.m.key"), Some(6));
    }

    #[test]
    fn a_connection_may_be_parameters() {
        let text = "connections: {dwh: {host: db, port: 6432, database: d, password: secret}}\n";
        let file = parse_connections(text, &Environment::default()).unwrap();
        let ConnectionEntry::Parameters(connection) = &file.connections["dwh"] else {
            panic!("not parameters")
        };
        assert_eq!(connection.parameters()["dbname"], "d");
        assert_eq!(connection.parameters()["port"], "6432");
        assert!(!format!("{file:?}").contains("secret"));
    }

    #[test]
    fn every_mistake_in_a_file_is_told() {
        let text = "source: ${SOURCE_URL}\ndestinaton: b\ndefaults: {wirte: upsert}\nstreams:\n  \
                    public.orders: {sync: incremental_table, key: {a: b}}\n  customers: {wriet: x}\n";
        let problems = parse_pipeline(text, &Environment::default()).unwrap_err();
        let error = problems.into_error("pipeline shop.yaml").unwrap();
        insta::assert_snapshot!(crate::error::text(&error), @r#"
        error: pipeline shop.yaml has 7 problems
          line 1: source: variable SOURCE_URL is not set
          line 1: key destination is missing
          line 2: destinaton: unknown key, did you mean destination?
          line 3: defaults.wirte: unknown key, did you mean write?
          line 5: streams.public.orders.sync: expected one of full, incremental, FULL_TABLE, INCREMENTAL, found "incremental_table"
          line 5: streams.public.orders.key: expected a text or a list, found a mapping
          line 6: streams.customers.wriet: unknown key, did you mean write?
        "#);
    }

    fn keys(schema: &Value) -> Vec<String> {
        let inner = schema["$defs"]
            .as_object()
            .into_iter()
            .flat_map(|defs| defs.values());
        let properties = |schema: &Value| schema["properties"].as_object().cloned();
        inner
            .chain([schema])
            .filter_map(properties)
            .flat_map(|map| map.into_iter())
            .map(|(key, _)| key)
            .collect()
    }
}

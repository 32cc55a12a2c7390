//! The command line, as clap types.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use towpath_engine::pipeline::{RowSecurity, WriteMode};

use crate::demo::DemoArgs;
use crate::limits::LimitArgs;
use crate::output::OutputFormat;
use crate::redact::redact;
use crate::size::MemoryLimit;
use crate::transform::RunsOn;

/// Moves tables between PostgreSQL databases, in columns, through SQL.
///
/// A connection is a URL (postgresql://user@host/database), a libpq string (host=… dbname=…) or
/// the name of one in ~/.config/towpath/connections.yaml. PG* variables, ~/.pgpass and service
/// files count as they do in libpq.
#[derive(Debug, Parser)]
#[command(name = "towpath", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How results are written to stdout
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Output"
    )]
    pub(crate) output: OutputFormat,
    /// Show no progress
    #[arg(long, short, global = true, help_heading = "Output")]
    pub(crate) quiet: bool,
}

const EXIT_STATUS: &str = "\
Exit status: 0 done; 1 a stream failed, nothing of it was published; 2 the request itself is wrong.
TOWPATH_LOG=debug logs to stderr.";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show it all on two throw-away servers with sample data
    Demo(DemoArgs),
    /// Copy tables from one database to another
    Copy(Box<CopyArgs>),
    /// Run a pipeline file
    Run(RunArgs),
    /// Validate a pipeline file against both servers, and move nothing
    Check(CheckArgs),
    /// Show what a run would do: fidelity of each column, statements, the engine's plan
    Plan(PipelineArgs),
    /// Prove that source and destination hold the same rows, or name those that differ
    Verify(Box<VerifyArgs>),
    /// List schemas, tables and views with rows, size and key
    Discover(DiscoverArgs),
    /// Show the first rows of a table, after the transform if one is given
    Preview(PreviewArgs),
    /// Run any SQL on one database, and stream its rows
    Query(QueryArgs),
    /// Show what earlier runs did
    History(HistoryArgs),
    /// Write the completions of a shell to stdout
    Completions(CompletionsArgs),
}

/// What `towpath copy` is asked for.
#[derive(Args, Debug)]
#[command(after_help = COPY_EXAMPLES)]
pub(crate) struct CopyArgs {
    /// The source: a URL, a libpq string or a name
    #[arg(long, value_name = "CONN")]
    pub(crate) from: ConnectionText,
    /// The destination: a URL, a libpq string or a name
    #[arg(long, value_name = "CONN")]
    pub(crate) to: ConnectionText,
    /// A table as SQL writes it, or several by *; may be given more than once
    #[arg(long = "table", short, required = true, value_name = "TABLE")]
    pub(crate) tables: Vec<String>,
    /// A SELECT over {{ source }} and other tables, in PostgreSQL's SQL
    #[arg(long, value_name = "SELECT", conflicts_with = "sql_file")]
    pub(crate) sql: Option<String>,
    /// The file that holds the SELECT
    #[arg(long, value_name = "FILE")]
    pub(crate) sql_file: Option<PathBuf>,
    /// Who runs the SELECT
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    pub(crate) on: OnArg,
    /// The destination table, or schema.* for the same names in another schema
    #[arg(long, value_name = "TABLE")]
    pub(crate) into: Option<String>,
    /// What writing means
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub(crate) write: WriteArg,
    /// The columns that rows are merged by, if not the primary key
    #[arg(long, value_delimiter = ',', value_name = "COLUMN,…")]
    pub(crate) key: Vec<String>,
    /// Of rows with the same key, take the one with the greatest value in this column
    #[arg(long, value_name = "COLUMN")]
    pub(crate) duplicates_last: Option<String>,
    /// Columns that travel as text; a created table gets text columns
    #[arg(long, value_delimiter = ',', value_name = "COLUMN,…")]
    pub(crate) as_text: Vec<String>,
    /// Columns whose values may be rounded or cut to the destination's type
    #[arg(long, value_delimiter = ',', value_name = "COLUMN,…")]
    pub(crate) allow_lossy: Vec<String>,
    /// Which triggers of the destination fire
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    pub(crate) triggers: TriggersArg,
    /// Whether rows that row security hides from the role may be left out
    #[arg(long, value_enum, default_value_t, value_name = "CHOICE")]
    pub(crate) rls: RlsArg,
    /// Show what would be done, and do not do it
    #[arg(long)]
    pub(crate) plan: bool,
    /// Show where the time went, and what the bottleneck is
    #[arg(long)]
    pub(crate) profile: bool,
    /// What the run may do to the destination beyond writing rows.
    #[command(flatten)]
    pub(crate) permissions: PermissionArgs,
    /// How much the run may use.
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

const COPY_EXAMPLES: &str = "\
Examples:
  towpath copy --from \"$PROD\" --to warehouse --table public.orders
  towpath copy --from \"$PROD\" --to warehouse --table 'public.*' --into 'analytics.*'
  towpath copy --from \"$PROD\" --to warehouse --table customers --into analytics.customers \\
      --sql 'SELECT id, lower(email) AS email FROM {{ source }} WHERE deleted_at IS NULL'
  towpath copy --from \"$PROD\" --to warehouse --table public.orders --plan
Then prove that it arrived, every value of it:
  towpath verify --from \"$PROD\" --to warehouse --table public.orders";

/// What a run may do to the destination beyond writing rows.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct PermissionArgs {
    /// Create types that the destination lacks, and add labels to its enums
    #[arg(long)]
    pub(crate) create_types: bool,
    /// Build the source's other indexes on created tables, after their rows
    #[arg(long)]
    pub(crate) with_indexes: bool,
    /// Move sequences of tables that are there behind the rows that are written
    #[arg(long)]
    pub(crate) advance_sequences: bool,
}

/// How much a run may use.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Limits")]
pub(crate) struct SettingsArgs {
    /// Connections that read, and as many that write [default: one per core, 2 to 8]
    #[arg(long, value_name = "N")]
    pub(crate) connections: Option<u16>,
    /// Memory that sorts, joins and aggregates may hold, at least 16MB [default: 256MB]
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<MemoryLimit>,
    /// Rows at most in one batch [default: 8192]
    #[arg(long, value_name = "N")]
    pub(crate) batch_rows: Option<u32>,
    /// How gently the source is treated.
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What `towpath run` is asked for.
#[derive(Args, Debug)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct RunArgs {
    /// The pipeline file
    #[arg(value_name = "PIPELINE.yaml")]
    pub(crate) pipeline: PathBuf,
    /// The streams to run, if not all
    #[arg(value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    /// Read all rows, also in incremental streams
    #[arg(long)]
    pub(crate) full: bool,
    /// Show where the time went, and what the bottleneck is
    #[arg(long)]
    pub(crate) profile: bool,
    /// What the run may do to the destination beyond writing rows.
    #[command(flatten)]
    pub(crate) permissions: PermissionArgs,
    /// How much the run may use.
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

const RUN_EXAMPLES: &str = "\
Examples:
  towpath run shop.yaml
  towpath run shop.yaml customers public.orders
  towpath run shop.yaml --full --output json";

/// What `towpath check` is asked for.
#[derive(Args, Debug)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    /// The streams to check.
    #[command(flatten)]
    pub(crate) pipeline: PipelineArgs,
    /// Run each SELECT by the engine and by the source, over a sample, and compare
    #[arg(long)]
    pub(crate) compare: bool,
    /// Rows of each table to compare by, about: whole pages are read
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "compare")]
    pub(crate) rows: u64,
}

const CHECK_EXAMPLES: &str = "\
Exit status: 0 all is well; 1 engine and source differ; 2 a stream is refused.

Examples:
  towpath check shop.yaml
  towpath check shop.yaml customers --compare --rows 10000";

/// What `towpath check` and `towpath plan` are asked for.
#[derive(Args, Debug)]
pub(crate) struct PipelineArgs {
    /// The pipeline file
    #[arg(value_name = "PIPELINE.yaml")]
    pub(crate) pipeline: PathBuf,
    /// The streams, if not all
    #[arg(value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    /// What the run may do to the destination beyond writing rows.
    #[command(flatten)]
    pub(crate) permissions: PermissionArgs,
}

/// What `towpath verify` is asked for.
#[derive(Args, Debug)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// The pipeline file
    #[arg(
        value_name = "PIPELINE.yaml",
        required_unless_present = "from",
        conflicts_with_all = ["from", "to", "tables", "sql", "sql_file", "into", "key", "allow_lossy", "rls", "on"]
    )]
    pub(crate) pipeline: Option<PathBuf>,
    /// The streams, if not all
    #[arg(value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    /// The source, without a pipeline file: a URL, a libpq string or a name
    #[arg(long, value_name = "CONN", requires_all = ["to", "tables"])]
    pub(crate) from: Option<ConnectionText>,
    /// The destination: a URL, a libpq string or a name
    #[arg(long, value_name = "CONN", requires = "from")]
    pub(crate) to: Option<ConnectionText>,
    /// A table as SQL writes it, or several by *; may be given more than once
    #[arg(long = "table", short, value_name = "TABLE", requires = "from")]
    pub(crate) tables: Vec<String>,
    /// The SELECT over {{ source }}, and other tables, that the rows went through
    #[arg(
        long,
        value_name = "SELECT",
        conflicts_with = "sql_file",
        requires = "from"
    )]
    pub(crate) sql: Option<String>,
    /// The file that holds the SELECT
    #[arg(long, value_name = "FILE", requires = "from")]
    pub(crate) sql_file: Option<PathBuf>,
    /// Who ran the SELECT
    #[arg(long, value_enum, value_name = "WHERE", requires = "from")]
    pub(crate) on: Option<OnArg>,
    /// The destination table, or schema.* for the same names in another schema
    #[arg(long, value_name = "TABLE", requires = "from")]
    pub(crate) into: Option<String>,
    /// The columns that tell rows apart, if not the primary key
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "COLUMN,…",
        requires = "from"
    )]
    pub(crate) key: Vec<String>,
    /// Columns whose values were allowed to be rounded or cut to the destination's type
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "COLUMN,…",
        requires = "from"
    )]
    pub(crate) allow_lossy: Vec<String>,
    /// Whether rows of the source that row security hides from the role may be left out
    #[arg(long, value_enum, value_name = "CHOICE", requires = "from")]
    pub(crate) rls: Option<RlsArg>,
    /// How many of the rows that differ are named, at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) max_differences: u32,
}

const VERIFY_EXAMPLES: &str = "\
Rows are counted and hashed inside both servers; what crosses the network is sums, and then the keys
of the few ranges that differ. Exit status: 0 they are equal; 1 they differ; 2 the request is wrong.

Examples:
  towpath verify shop.yaml
  towpath verify shop.yaml customers --max-differences 100
  towpath verify --from \"$PROD\" --to warehouse --table public.orders
  towpath verify --from \"$PROD\" --to warehouse --table customers --into analytics.customers \\
      --sql 'SELECT id, lower(email) AS email FROM {{ source }} WHERE deleted_at IS NULL'";

/// What `towpath discover` is asked for.
#[derive(Args, Debug)]
#[command(after_help = DISCOVER_EXAMPLES)]
pub(crate) struct DiscoverArgs {
    /// The database: a URL, a libpq string or a name
    #[arg(value_name = "CONN")]
    pub(crate) connection: ConnectionText,
    /// Tables as SQL writes them, or several by *
    #[arg(value_name = "PATTERN")]
    pub(crate) pattern: Option<String>,
    /// Show the columns of each table: type, nullability, key
    #[arg(long)]
    pub(crate) columns: bool,
}

const DISCOVER_EXAMPLES: &str = "\
Examples:
  towpath discover \"$PROD\"
  towpath discover \"$PROD\" 'public.*' --columns";

/// What `towpath preview` is asked for.
#[derive(Args, Debug)]
pub(crate) struct PreviewArgs {
    /// The database: a URL, a libpq string or a name
    #[arg(value_name = "CONN")]
    pub(crate) connection: ConnectionText,
    /// The table as SQL writes it
    pub(crate) table: String,
    /// A SELECT over {{ source }} and other tables, in PostgreSQL's SQL
    #[arg(long, value_name = "SELECT", conflicts_with = "sql_file")]
    pub(crate) sql: Option<String>,
    /// The file that holds the SELECT
    #[arg(long, value_name = "FILE")]
    pub(crate) sql_file: Option<PathBuf>,
    /// Who runs the SELECT
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    pub(crate) on: OnArg,
    /// How many rows to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) rows: u64,
}

/// What `towpath query` is asked for.
#[derive(Args, Debug)]
pub(crate) struct QueryArgs {
    /// The database: a URL, a libpq string or a name
    #[arg(value_name = "CONN")]
    pub(crate) connection: ConnectionText,
    /// The SQL
    pub(crate) sql: String,
}

/// What `towpath history` is asked for.
#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// A pipeline file, or the destination: a URL, a libpq string or a name
    #[arg(value_name = "PIPELINE.yaml|CONN")]
    pub(crate) of: ConnectionText,
    /// How many entries to show, the latest first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: u32,
}

/// What `towpath completions` is asked for.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// What `--write` may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WriteArg {
    /// Insert new rows, update changed ones, leave the rest
    #[default]
    Upsert,
    /// Insert all rows
    Append,
    /// The table holds these rows afterwards and no others
    Replace,
    /// As upsert, and delete rows that the source no longer has
    Mirror,
}

/// What `--triggers` may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TriggersArg {
    /// All that fire for anybody's rows
    #[default]
    Origin,
    /// Those that are enabled for replicas; foreign keys are not checked
    Replica,
}

impl From<WriteArg> for WriteMode {
    fn from(arg: WriteArg) -> Self {
        match arg {
            WriteArg::Upsert => Self::Upsert,
            WriteArg::Append => Self::Append,
            WriteArg::Replace => Self::Replace,
            WriteArg::Mirror => Self::Mirror,
        }
    }
}

/// What `--on` may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnArg {
    /// towpath's engine, and the source's server where that cannot: the plan says so
    #[default]
    Engine,
    /// towpath's engine; of the source only what takes one row at a time
    EngineOnly,
    /// The source's server, all of it
    Source,
}

impl From<OnArg> for RunsOn {
    fn from(arg: OnArg) -> Self {
        match arg {
            OnArg::Engine => Self::Engine,
            OnArg::EngineOnly => Self::EngineOnly,
            OnArg::Source => Self::Source,
        }
    }
}

/// What `--rls` may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RlsArg {
    /// Refuse a table of which rows are hidden
    #[default]
    Refuse,
    /// Read the other rows
    Accept,
}

impl From<RlsArg> for RowSecurity {
    fn from(arg: RlsArg) -> Self {
        match arg {
            RlsArg::Refuse => Self::Refuse,
            RlsArg::Accept => Self::Accept,
        }
    }
}

/// A URL, a libpq string or a name, as given; shows no password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ConnectionText(pub(crate) String);

impl FromStr for ConnectionText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for ConnectionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_lists_every_command() {
        insta::assert_snapshot!(Cli::command().term_width(100).render_help(), @r"
        Moves tables between PostgreSQL databases, in columns, through SQL

        Usage: towpath [OPTIONS] <COMMAND>

        Commands:
          demo         Show it all on two throw-away servers with sample data
          copy         Copy tables from one database to another
          run          Run a pipeline file
          check        Validate a pipeline file against both servers, and move nothing
          plan         Show what a run would do: fidelity of each column, statements, the engine's plan
          verify       Prove that source and destination hold the same rows, or name those that differ
          discover     List schemas, tables and views with rows, size and key
          preview      Show the first rows of a table, after the transform if one is given
          query        Run any SQL on one database, and stream its rows
          history      Show what earlier runs did
          completions  Write the completions of a shell to stdout
          help         Print this message or the help of the given subcommand(s)

        Options:
          -h, --help     Print help (see more with '--help')
          -V, --version  Print version

        Output:
              --output <FORMAT>  How results are written to stdout [default: text] [possible values: text,
                                 json]
          -q, --quiet            Show no progress

        Exit status: 0 done; 1 a stream failed, nothing of it was published; 2 the request itself is wrong.
        TOWPATH_LOG=debug logs to stderr.
        ");
    }

    #[test]
    fn a_key_is_a_list_with_commas() {
        let cli = Cli::parse_from([
            "towpath", "copy", "--from", "a", "--to", "b", "--table", "t", "--key", "id,day",
        ]);
        let Command::Copy(copy) = cli.command else {
            panic!("not copy")
        };
        assert_eq!(copy.key, ["id", "day"]);
    }

    #[test]
    fn parsed_arguments_show_no_password() {
        let cli = Cli::parse_from(["towpath", "query", "postgresql://u:secret@h/d", "SELECT 1"]);
        assert!(!format!("{cli:?}").contains("secret"));
    }
}

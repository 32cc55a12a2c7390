//! A planner and executor for one SELECT: PostgreSQL's dialect and defaults, bounded memory.

use std::sync::Arc;

use datafusion::common::config::Dialect;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;
use datafusion::prelude::SessionConfig;
use towpath_engine::pipeline::Settings;
use towpath_engine::table::Table;
use towpath_engine::{Error, ErrorKind, Result};

use crate::functions;

/// Fails to compile if `sql` and `engine` ever see different Arrow versions.
const _: fn(datafusion::arrow::array::RecordBatch) -> arrow_array::RecordBatch = |batch| batch;

/// Memory each sort sets aside for merging what it spilled; DataFusion's own default is 10 MiB,
/// which eight connections would not find in a small limit.
const SORT_RESERVATION: usize = 10 << 20;

/// The state that plans and runs one transform: it knows one SELECT's functions, and no tables.
///
/// # Errors
/// `Internal`, if there is no directory for temporary files.
pub(crate) fn state(settings: &Settings, table: &Table) -> Result<SessionState> {
    let mut config = config(settings);
    if !fits_in_memory(settings, table) {
        let options = config.options_mut();
        options.optimizer.prefer_hash_join = false;
        // With one partition the planner knows no other join.
        options.execution.target_partitions = settings.connections.max(2);
    }
    Ok(SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime(settings)?)
        .with_expr_planners(functions::planners())
        .with_type_planner(functions::type_planner())
        .with_scalar_functions(functions::scalars())
        .with_aggregate_functions(functions::aggregates())
        .with_window_functions(functions::windows())
        .with_analyzer_rules(vec![functions::conform(), Arc::new(TypeCoercion::new())])
        .build())
}

/// Whether a join may hold one side in memory, as a hash join does, which cannot spill. Rows take
/// some half more room in Arrow and a hash table than in a heap; of a view nothing is known.
fn fits_in_memory(settings: &Settings, table: &Table) -> bool {
    table.size_bytes > 0 && table.size_bytes.saturating_mul(2) <= settings.memory_limit as u64
}

fn config(settings: &Settings) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(settings.connections.max(1))
        .with_batch_size(settings.batch_rows.max(1))
        .with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::PostgreSQL;
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.sql_parser.collect_spans = true;
    options.execution.time_zone = Some("UTC".to_owned());
    options.execution.enable_recursive_ctes = false;
    options.execution.sort_spill_reservation_bytes =
        SORT_RESERVATION.min(settings.memory_limit / (4 * settings.connections.max(1)));
    // A file format's business: rows come from COPY.
    options.execution.collect_statistics = false;
    options.optimizer.expand_views_at_output = false;
    // Its queues have no bound: one of two slow writers lets it read a table of wide rows into memory.
    // A table large enough to gain from it is read in several partitions anyway.
    options.optimizer.enable_round_robin_repartition = false;
    config
}

fn runtime(settings: &Settings) -> Result<Arc<RuntimeEnv>> {
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(settings.memory_limit)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(DiskManagerMode::OsTmpDirectory),
        )
        .build_arc()
        .map_err(|err| {
            Error::new(ErrorKind::Internal, "the transform cannot be set up").with_source(err)
        })
}

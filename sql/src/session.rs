//! A planner and executor for one SELECT: PostgreSQL's dialect and defaults, bounded memory.

use std::sync::Arc;

use datafusion::common::config::Dialect;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::prelude::SessionConfig;
use towpath_engine::pipeline::Settings;
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
pub(crate) fn state(settings: &Settings) -> Result<SessionState> {
    Ok(SessionStateBuilder::new()
        .with_config(config(settings))
        .with_runtime_env(runtime(settings)?)
        .with_expr_planners(functions::planners())
        .with_type_planner(functions::type_planner())
        .with_scalar_functions(functions::scalars())
        .with_aggregate_functions(functions::aggregates())
        .with_window_functions(functions::windows())
        .with_analyzer_rules(vec![functions::conform(), Arc::new(TypeCoercion::new())])
        .with_optimizer_rules(optimizer_rules())
        .build())
}

/// DataFusion's rules but for one: it drops keys of groups that follow from others, and with them the
/// errors that they are.
fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let rules = Optimizer::new().rules.into_iter();
    rules
        .filter(|rule| rule.name() != "eliminate_group_by_constant")
        .collect()
}

/// Makes `state` join these `sizes` of what a plan scans, in bytes, on disk where memory does not
/// suffice; nothing is known of `None`.
///
/// A hash join holds one side in memory and cannot spill: of two scans the smaller one, of more perhaps
/// several at a time. Rows take some half more room in Arrow and a hash table than in a heap.
pub(crate) fn choose_joins(state: &mut SessionState, settings: &Settings, sizes: &[Option<u64>]) {
    let known: Option<Vec<u64>> = sizes.iter().copied().collect();
    let held = match known.as_deref() {
        Some([one, other]) => Some(*one.min(other)),
        Some(more) => Some(more.iter().sum()),
        None => None,
    };
    let limit = settings.memory_limit as u64;
    if held.is_some_and(|held| held.saturating_mul(2) <= limit) {
        return;
    }
    let options = state.config_mut().options_mut();
    options.optimizer.prefer_hash_join = false;
    // With one partition the planner knows no other join.
    options.execution.target_partitions = settings.connections.max(2);
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
        SORT_RESERVATION.min(settings.memory_limit / (16 * settings.connections.max(1)));
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

//! Settings that make a server faster at what towpath asks of it, for one transaction.
//!
//! Source: PostgreSQL documentation, "Resource Consumption" and "System Administration Functions".

use std::thread::available_parallelism;

/// Bytes for each sort; a hash table may take twice as many from version 15 on. With the server's
/// default of 4 MB, some ten thousand groups are written to its disk.
const SORT_MEMORY: &str = "67108864";

/// Bytes for building an index: a quarter of what the server caches pages in, which is a quarter of
/// its memory as a rule; from 256 MB to 1 GB. They are taken only as far as rows fill them.
const INDEX_MEMORY: &str = "GREATEST(268435456, LEAST(1073741824, pg_catalog.pg_size_bytes(\
     pg_catalog.current_setting('shared_buffers')) OPERATOR(pg_catalog./) 4))";

/// The statements for a transaction whose queries may sort and group many rows.
pub fn for_queries() -> String {
    at_least("work_mem", SORT_MEMORY) + &within_cores("max_parallel_workers_per_gather")
}

/// The statements for a transaction that merges rows and builds indexes.
pub fn for_publishing() -> String {
    for_queries()
        + &at_least("maintenance_work_mem", INDEX_MEMORY)
        + &within_cores("max_parallel_maintenance_workers")
}

/// Raises `setting` to so many `bytes` (SQL), unless the server gives as much already.
fn at_least(setting: &str, bytes: &str) -> String {
    format!(
        "SELECT pg_catalog.set_config('{setting}', pg_catalog.concat(wanted.bytes, 'B'), true) \
         FROM (SELECT {bytes} AS bytes) AS wanted \
         WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting('{setting}')) \
         OPERATOR(pg_catalog.<) wanted.bytes; "
    )
}

/// Lowers `setting`, a number of processes that help a session's own, to what leaves each of them a
/// core: on two cores, three processes take a seventh longer than two, see
/// benches/runs/2026-11-22-2core-servers. Only where the server seems to have this machine's cores, as
/// both ends of the connection have one address, or none; behind a tunnel or a pooler that looks the
/// same, which is why one helper is always left.
fn within_cores(setting: &str) -> String {
    let cores = available_parallelism().map_or(2, usize::from);
    let helpers = cores.saturating_sub(1).max(1);
    format!(
        "SELECT pg_catalog.set_config('{setting}', '{helpers}', true) \
         WHERE pg_catalog.concat(pg_catalog.inet_client_addr()) \
         OPERATOR(pg_catalog.=) pg_catalog.concat(pg_catalog.inet_server_addr()) \
         AND pg_catalog.current_setting('{setting}')::pg_catalog.int4 \
         OPERATOR(pg_catalog.>) {helpers}; "
    )
}

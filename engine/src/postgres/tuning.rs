//! Settings that make a server faster at what towpath asks of it, for one transaction.
//!
//! Source: PostgreSQL documentation, "Resource Consumption", "Query Planning" and "System
//! Administration Functions".

/// The statement that gives this transaction `size` of the memory that `setting` limits, unless the
/// server gives as much already.
pub fn at_least(setting: &str, size: &str) -> String {
    format!(
        "SELECT pg_catalog.set_config('{setting}', '{size}', true) \
         WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting('{setting}')) \
         OPERATOR(pg_catalog.<) pg_catalog.pg_size_bytes('{size}'); "
    )
}

/// The statement that makes a query of this transaction use `cores` processes at most, if the server
/// has no more cores than towpath: they are on one machine, as both ends of the connection have one
/// address, or none. Processes that wait for cores only empty each other's caches.
pub fn no_more_processes_than(cores: usize) -> String {
    let workers = cores.saturating_sub(1);
    let setting = "max_parallel_workers_per_gather";
    format!(
        "SELECT pg_catalog.set_config('{setting}', '{workers}', true) \
         WHERE pg_catalog.concat(pg_catalog.inet_client_addr()) \
         OPERATOR(pg_catalog.=) pg_catalog.concat(pg_catalog.inet_server_addr()) \
         AND pg_catalog.current_setting('{setting}')::pg_catalog.int4 \
         OPERATOR(pg_catalog.>) {workers}; "
    )
}

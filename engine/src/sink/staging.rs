//! Staging tables: where rows wait for the transaction that publishes them.

use crate::error::{ErrorKind, Result};
use crate::postgres::{Connection, server_error, statement};
use crate::report::RunId;
use crate::table::TableName;

/// The schema that holds staging tables of all runs.
pub const STAGING_SCHEMA: &str = "towpath_staging";

/// The name of staging table number `number` of a run.
///
/// It holds the run's id, whose advisory lock tells whether the run is alive.
pub fn staging_table(run: RunId, number: usize) -> TableName {
    TableName::new(STAGING_SCHEMA, format!("run_{run}_{number}"))
}

/// The name of part `part` of staging table number `number` of a run.
pub fn staging_part(run: RunId, number: usize, part: usize) -> TableName {
    let whole = staging_table(run, number);
    TableName::new(whole.schema, format!("{}_{part}", whole.name))
}

/// The run that a staging table belongs to, by its name.
fn run_of(name: &str) -> Option<RunId> {
    let id = name.strip_prefix("run_")?.get(..16)?;
    u64::from_str_radix(id, 16).ok().map(RunId)
}

/// Makes sure that the staging schema is there; says whether tables may be created in it.
///
/// # Errors
/// `Load`, if the server refuses for another reason than privileges.
pub async fn prepare(connection: &Connection) -> Result<bool> {
    let sql = "SELECT CASE \
        WHEN EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1) \
        THEN CASE WHEN pg_catalog.has_schema_privilege($1, 'CREATE') \
        AND pg_catalog.has_schema_privilege($1, 'USAGE') THEN 'there' ELSE 'refused' END \
        WHEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') \
        THEN 'missing' ELSE 'refused' END";
    let refused = |err| server_error(ErrorKind::Load, "cannot prepare the staging schema", err);
    let row = connection
        .ask_one(sql, &[&STAGING_SCHEMA])
        .await
        .map_err(refused)?;
    match row.get(0) {
        "there" => Ok(true),
        "missing" => {
            let sql = statement::create_schema(STAGING_SCHEMA);
            connection.batch_execute(&sql).await.map_err(refused)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Drops the staging tables of `run`, or of all runs that are dead if there is none.
///
/// A run is dead if its advisory lock is free.
///
/// # Errors
/// `Load`, if the server refuses.
pub async fn clean_up(connection: &Connection, run: Option<RunId>) -> Result<()> {
    let refused = |err| server_error(ErrorKind::Load, "cannot remove staging tables", err);
    let sql = "SELECT c.relname FROM pg_catalog.pg_class AS c \
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relkind = 'r' \
        AND pg_catalog.pg_has_role(c.relowner, 'USAGE')";
    for row in connection
        .ask(sql, &[&STAGING_SCHEMA])
        .await
        .map_err(refused)?
    {
        let name: &str = row.get(0);
        let Some(owner) = run_of(name) else { continue };
        let table = TableName::new(STAGING_SCHEMA, name);
        let drop = statement::drop_table(&table);
        match run {
            Some(run) if run == owner => {
                connection.batch_execute(&drop).await.map_err(refused)?;
            }
            Some(_) => {}
            None if try_lock(connection, owner).await? => {
                let dropped = connection.batch_execute(&drop).await.map_err(refused);
                unlock(connection, owner).await?;
                dropped?;
            }
            None => {}
        }
    }
    Ok(())
}

/// Takes the lock that says that `run` is alive, for as long as the session lasts.
///
/// # Errors
/// `Load`, if the server refuses.
pub async fn try_lock(connection: &Connection, run: RunId) -> Result<bool> {
    let sql = "SELECT pg_catalog.pg_try_advisory_lock($1)";
    let row = connection.ask_one(sql, &[&(run.0 as i64)]).await;
    let row = row.map_err(|err| server_error(ErrorKind::Load, "cannot lock the run", err))?;
    Ok(row.get(0))
}

async fn unlock(connection: &Connection, run: RunId) -> Result<()> {
    let sql = "SELECT pg_catalog.pg_advisory_unlock($1)";
    let row = connection.ask_one(sql, &[&(run.0 as i64)]).await;
    row.map_err(|err| server_error(ErrorKind::Load, "cannot unlock the run", err))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staging_table_names_its_run() {
        let run = RunId(0x0123_4567_89ab_cdef);
        let table = staging_table(run, 12);
        assert_eq!(table.name, "run_0123456789abcdef_12");
        assert_eq!(run_of(&table.name), Some(run));
        assert_eq!(run_of(&staging_part(run, 12, 3).name), Some(run));
    }

    #[test]
    fn other_tables_belong_to_no_run() {
        assert_eq!(run_of("orders"), None);
        assert_eq!(run_of("run_short"), None);
    }
}

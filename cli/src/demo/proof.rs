//! Whether the destination holds what the source does: PostgreSQL says it.

use towpath_engine::postgres::Connection;
use towpath_engine::{Error, ErrorKind, Result};

use super::shop::refused;
use crate::grid::{Align, Grid};
use crate::size::count;

/// What the destination must hold: a table there, and the query at the source that gives the same.
const EXPECTED: [(&str, &str); 6] = [
    ("warehouse.customers", "SELECT * FROM public.customers"),
    ("warehouse.orders", "SELECT * FROM public.orders"),
    ("warehouse.order_items", "SELECT * FROM public.order_items"),
    ("warehouse.events", "SELECT * FROM public.events"),
    (
        "warehouse.open_orders",
        "SELECT id AS order_id, customer_id, status, total AS amount, currency, placed_at \
         FROM public.orders WHERE status IN ('new', 'paid') AND total >= 10",
    ),
    (
        "warehouse.daily_revenue",
        "SELECT date_trunc('day', placed_at) AS day, currency, count(*) AS orders, \
         sum(total) AS revenue FROM public.orders WHERE status <> 'cancelled' GROUP BY 1, 2",
    ),
];

/// Compares every table with what the source gives for it: as many rows, and the same text of
/// every row, by the sum of their hashes.
///
/// # Errors
/// `Internal`, naming the tables, if they differ.
pub(super) async fn prove(source: &Connection, destination: &Connection) -> Result<String> {
    let mut grid = Grid::new([
        ("destination", Align::Left),
        ("rows", Align::Right),
        ("against the source", Align::Left),
    ]);
    let mut different = Vec::new();
    for (table, query) in EXPECTED {
        let everything = format!("SELECT * FROM {table}");
        let (expected, found) =
            tokio::try_join!(digest(source, query), digest(destination, &everything))?;
        let verdict = match expected == found {
            true => "same rows",
            false => "DIFFERENT",
        };
        if expected != found {
            different.push(table);
        }
        grid.row([table.to_owned(), count(found.rows), verdict.to_owned()]);
    }
    match different.is_empty() {
        true => Ok(grid.to_string()),
        false => Err(Error::new(
            ErrorKind::Internal,
            format!(
                "the destination differs from the source: {}",
                different.join(", ")
            ),
        )),
    }
}

/// A relation, condensed.
#[derive(Debug, PartialEq, Eq)]
struct Digest {
    rows: u64,
    hashes: String,
}

async fn digest(connection: &Connection, query: &str) -> Result<Digest> {
    let digest = format!(
        "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text \
         FROM ({query}) AS t"
    );
    let row = connection.query_one(&digest, &[]).await.map_err(refused)?;
    Ok(Digest {
        rows: row.get::<_, i64>(0).unsigned_abs(),
        hashes: row.get(1),
    })
}

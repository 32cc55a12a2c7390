//! The shop: its database on both servers, its rows, what changes in a day.

use towpath_engine::Result;
use towpath_engine::postgres::{Connection, ConnectionConfig, server_error};
use towpath_engine::{Error, ErrorKind};

use super::proof;
use crate::grid::{Align, Grid};
use crate::server::ThrowawayServer;
use crate::size::count;

/// The name of the database on both servers.
pub(super) const DATABASE: &str = "shop";

/// The pipeline, with `${SOURCE_URL}` and `${DESTINATION_URL}` in it.
pub(super) const PIPELINE: &str = include_str!("../../../data/shop/pipeline.yaml");

const TYPES: &str = include_str!("../../../data/shop/types.sql");
const TABLES: &str = include_str!("../../../data/shop/tables.sql");
const ROWS: &str = include_str!("../../../data/shop/rows.sql");
const CHANGES: &str = include_str!("../../../data/shop/changes.sql");

/// The shop's database on both servers.
pub(super) struct Shop {
    source: Connection,
    destination: Connection,
    orders: u32,
}

impl Shop {
    /// Creates the database on both servers.
    pub(super) async fn open(
        source: &ThrowawayServer,
        destination: &ThrowawayServer,
        orders: u32,
    ) -> Result<Self> {
        let (source, destination) = tokio::try_join!(create(source), create(destination))?;
        Ok(Self {
            source,
            destination,
            orders,
        })
    }

    /// Creates types on both sides, tables and rows at the source; says how many rows.
    pub(super) async fn fill(&self) -> Result<String> {
        run(&self.destination, TYPES).await?;
        run(&self.source, TYPES).await?;
        run(&self.source, TABLES).await?;
        run(&self.source, &format!("SET shop.orders = {}", self.orders)).await?;
        let counts = run(&self.source, ROWS).await?;
        let nouns = ["customers", "orders", "order items", "events"];
        Ok(list(&counts, &nouns))
    }

    /// Lets a day pass at the source; says what happened.
    pub(super) async fn change(&self) -> Result<String> {
        let counts = run(&self.source, CHANGES).await?;
        let (orders, others) = counts.split_at(counts.len().min(2));
        let shipped = list(orders, &["orders are shipped", "are new"]);
        // The second of the others is the items of new orders: they go without saying.
        let rest = list(
            others.get(1..).unwrap_or_default(),
            &["customers move", "events are withdrawn"],
        );
        Ok(format!("{shipped}, {rest}"))
    }

    /// What PostgreSQL finds when it compares both sides, as a table.
    ///
    /// # Errors
    /// `Internal`, naming the tables, if they differ.
    pub(super) async fn prove(&self) -> Result<String> {
        proof::prove(&self.source, &self.destination).await
    }

    /// The rows of `query` at the destination, as a table.
    pub(super) async fn table(&self, query: &str) -> Result<String> {
        let statement = self.destination.prepare(query).await.map_err(refused)?;
        let names = statement.columns().iter().map(|column| column.name());
        let mut grid = Grid::new(names.map(|name| (name, Align::Right)));
        for message in self
            .destination
            .simple_query(query)
            .await
            .map_err(refused)?
        {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                grid.row((0..row.len()).map(|at| row.get(at).unwrap_or_default()));
            }
        }
        Ok(grid.to_string())
    }
}

/// Connects to the shop's database on `server`, after creating it.
async fn create(server: &ThrowawayServer) -> Result<Connection> {
    let admin = connect(server, "postgres").await?;
    run(&admin, &format!("CREATE DATABASE {DATABASE}")).await?;
    connect(server, DATABASE).await
}

async fn connect(server: &ThrowawayServer, database: &str) -> Result<Connection> {
    let config: ConnectionConfig = server.url(database).parse()?;
    Connection::open(&config, "demo").await
}

/// Runs `script`; gives how many rows each statement that changes rows has changed.
async fn run(connection: &Connection, script: &str) -> Result<Vec<u64>> {
    let messages = connection.simple_query(script).await.map_err(refused)?;
    let counts = messages.into_iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::CommandComplete(rows) if rows > 0 => Some(rows),
        _ => None,
    });
    Ok(counts.collect())
}

/// `1,000 customers, 10,000 orders`.
fn list(counts: &[u64], nouns: &[&str]) -> String {
    let items = counts
        .iter()
        .zip(nouns)
        .map(|(rows, noun)| format!("{} {noun}", count(*rows)));
    items.collect::<Vec<_>>().join(", ")
}

pub(super) fn refused(err: tokio_postgres::Error) -> Error {
    server_error(
        ErrorKind::Internal,
        "a server refuses the demonstration's SQL",
        err,
    )
}

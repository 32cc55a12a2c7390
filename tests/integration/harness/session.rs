//! One connection of a test.

use std::ops::Deref;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_postgres::{Client, NoTls};

/// A client and the task that moves its bytes; dropping it closes the connection.
pub(crate) struct Session {
    client: Client,
    _driver: JoinSet<()>,
}

impl Session {
    /// Connects to `url`.
    pub(crate) async fn open(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .unwrap_or_else(|err| panic!("cannot connect: {err}"));
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            let _ = connection.await;
        });
        Self {
            client,
            _driver: driver,
        }
    }

    /// Runs statements that must succeed.
    pub(crate) async fn run(&self, sql: &str) {
        if let Err(err) = self.client.batch_execute(sql).await {
            panic!("{}\nin: {sql}", message(&err));
        }
    }

    /// The first column, as text, of every row of `query`; NULL is `<null>`.
    pub(crate) async fn column(&self, query: &str) -> Vec<String> {
        let rows = self.client.simple_query(query).await;
        let rows = rows.unwrap_or_else(|err| panic!("{}\nin: {query}", message(&err)));
        rows.iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    Some(row.get(0).unwrap_or("<null>").to_owned())
                }
                _ => None,
            })
            .collect()
    }

    /// The one value that `query` gives, as text.
    pub(crate) async fn value(&self, query: &str) -> String {
        let mut values = self.column(query).await;
        assert_eq!(values.len(), 1, "rows of {query}");
        values.remove(0)
    }

    /// Waits until `condition` gives true.
    pub(crate) async fn wait_until(&self, condition: &str) {
        for _ in 0..600 {
            if self.value(condition).await == "t" {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("not within half a minute: {condition}");
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// What the server says about an error.
pub(super) fn message(err: &tokio_postgres::Error) -> String {
    match err.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => err.to_string(),
    }
}

//! Fills the source.

use std::fmt::Write as _;
use std::pin::pin;

use bytes::Bytes;
use futures::SinkExt;
use towpath_benches::{LINEITEM_DDL, LINEITEM_KEY};
use towpath_engine::postgres::server_error;
use towpath_engine::{Error, ErrorKind, Result};
use tpchgen::generators::LineItemGenerator;

use crate::database::Database;

/// The table that is moved.
pub(crate) const TABLE: &str = "public.lineitem";

/// Bytes of one message: large enough that their number does not matter.
const MESSAGE_BYTES: usize = 256 << 10;

/// Creates the table and fills it; gives the number of rows.
///
/// Rows are sent as they are generated: nothing but one message is held.
///
/// # Errors
/// `Load`, if the server refuses.
pub(crate) async fn load(database: &Database, scale: f64) -> Result<u64> {
    database.execute(&create_statement(false)).await?;
    let refused = |err| server_error(ErrorKind::Load, format!("cannot fill {TABLE}"), err);
    let copy = format!("COPY {TABLE} FROM STDIN (DELIMITER '|')");
    let sink = database
        .connection()
        .copy_in::<_, Bytes>(&copy)
        .await
        .map_err(refused)?;
    let mut sink = pin!(sink);
    let mut message = String::with_capacity(2 * MESSAGE_BYTES);
    for row in LineItemGenerator::new(scale, 1, 1).iter() {
        write!(message, "{row}")
            .map_err(|err| Error::new(ErrorKind::Internal, "a row has no text").with_source(err))?;
        // The generator ends rows with a delimiter; COPY would see one more column.
        message.pop();
        message.push('\n');
        if message.len() >= MESSAGE_BYTES {
            sink.send(Bytes::copy_from_slice(message.as_bytes()))
                .await
                .map_err(refused)?;
            message.clear();
        }
    }
    sink.send(Bytes::from(message)).await.map_err(refused)?;
    let row_count = sink.as_mut().finish().await.map_err(refused)?;
    database.execute(&add_key_statement()).await?;
    database.execute(&format!("VACUUM ANALYZE {TABLE}")).await?;
    Ok(row_count)
}

/// The statement that creates the table, with or without its key.
pub(crate) fn create_statement(keyed: bool) -> String {
    match keyed {
        true => {
            let key = LINEITEM_KEY.join(", ");
            format!("CREATE TABLE {TABLE} ({LINEITEM_DDL}, PRIMARY KEY ({key}))")
        }
        false => format!("CREATE TABLE {TABLE} ({LINEITEM_DDL})"),
    }
}

/// The statement that adds the key.
pub(crate) fn add_key_statement() -> String {
    format!(
        "ALTER TABLE {TABLE} ADD PRIMARY KEY ({})",
        LINEITEM_KEY.join(", ")
    )
}

/// The number of the page in the middle of the table, as text.
///
/// # Errors
/// `Read`, if the server refuses.
pub(crate) async fn middle_page(database: &Database) -> Result<String> {
    let pages = format!("pg_relation_size('{TABLE}') / current_setting('block_size')::bigint");
    database.text(&format!("SELECT ({pages} / 2)::text")).await
}

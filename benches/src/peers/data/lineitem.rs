//! TPC-H's largest table.

use std::fmt::Write as _;
use std::pin::pin;

use bytes::Bytes;
use futures::SinkExt;
use towpath_benches::{LINEITEM_DDL, LINEITEM_KEY};
use towpath_engine::postgres::server_error;
use towpath_engine::{Error, ErrorKind, Result};
use tpchgen::generators::LineItemGenerator;

use crate::database::Database;
use crate::table::Table;

/// Bytes of one message: large enough that their number does not matter.
const MESSAGE_BYTES: usize = 256 << 10;

/// The table.
pub(crate) fn lineitem() -> Table {
    Table {
        name: "public.lineitem".to_owned(),
        columns: LINEITEM_DDL.to_owned(),
        key: &LINEITEM_KEY,
    }
}

/// Creates the table and fills it.
///
/// Rows are sent as they are generated: nothing but one message is held.
///
/// # Errors
/// `Load`, if the server refuses.
pub(super) async fn load(database: &Database, scale: f64) -> Result<()> {
    let table = lineitem();
    database.execute(&table.create(false)).await?;
    let refused = |err| server_error(ErrorKind::Load, format!("cannot fill {}", table.name), err);
    let copy = format!("COPY {} FROM STDIN (DELIMITER '|')", table.name);
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
    sink.as_mut().finish().await.map_err(refused)?;
    database.execute(&table.add_key()).await?;
    database
        .execute(&format!("VACUUM ANALYZE {}", table.name))
        .await
}

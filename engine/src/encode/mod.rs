//! Record batches in, COPY BINARY bytes out.

mod array;
mod column;
mod numeric;
mod rewrite;

use std::ops::Range;

use arrow_array::RecordBatch;

pub use column::ColumnEncoding;

use column::Prepared;

use crate::error::{Error, ErrorKind, Result};

/// Signature, flags and an empty header extension.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// The field count that ends the stream.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Rows encoded column by column before the next ones: their tuples stay in the second-level
/// cache between two columns.
const STRIP_ROWS: usize = 512;

/// Encodes batches as one `COPY … FROM STDIN (FORMAT binary)` stream.
///
/// # Shape
/// [`header`](Self::header), then [`encode`](Self::encode) for each batch, then
/// [`trailer`](Self::trailer); the column count of batches is that of the encodings.
///
/// # Errors
/// [`ErrorKind::Encode`], with column and row, if a value has no exact form in the destination
/// column's type.
///
/// Source: PostgreSQL documentation, COPY, "Binary Format".
pub struct CopyEncoder {
    columns: Vec<ColumnEncoding>,
    /// Where the next field of each row of the strip goes.
    cursors: Vec<usize>,
    rows_before: u64,
}

impl CopyEncoder {
    /// An encoder of these columns, in order.
    pub fn new(columns: Vec<ColumnEncoding>) -> Self {
        Self {
            columns,
            cursors: Vec::new(),
            rows_before: 0,
        }
    }

    /// Appends what a stream begins with.
    pub fn header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(HEADER);
    }

    /// Appends the tuples of `batch`.
    ///
    /// # Errors
    /// As described for the type; what was appended is then not to be used.
    pub fn encode(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        if batch.num_columns() != self.columns.len() {
            let message = format!(
                "batch of {} columns, expected {}",
                batch.num_columns(),
                self.columns.len()
            );
            return Err(Error::new(ErrorKind::Internal, message));
        }
        let mut prepared = Vec::with_capacity(self.columns.len());
        for (encoding, array) in self.columns.iter().zip(batch.columns()) {
            let column = encoding
                .prepare(array)
                .map_err(|err| value_error(encoding.name(), self.rows_before, &err))?;
            prepared.push(column);
        }
        for start in (0..batch.num_rows()).step_by(STRIP_ROWS) {
            let rows = start..batch.num_rows().min(start + STRIP_ROWS);
            self.encode_strip(&prepared, rows, out);
        }
        self.rows_before += batch.num_rows() as u64;
        Ok(())
    }

    /// Appends what a stream ends with.
    pub fn trailer(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&TRAILER);
    }

    /// Sizes first, so that each column then writes its fields of all rows in one loop.
    fn encode_strip(&mut self, columns: &[Prepared<'_>], rows: Range<usize>, out: &mut Vec<u8>) {
        self.cursors.clear();
        self.cursors.resize(rows.len(), 2);
        for column in columns {
            column.add_sizes(rows.clone(), &mut self.cursors);
        }
        let mut end = out.len();
        for cursor in &mut self.cursors {
            let size = *cursor;
            *cursor = end;
            end += size;
        }
        out.resize(end, 0);
        let field_count = (columns.len() as i16).to_be_bytes();
        for cursor in &mut self.cursors {
            out[*cursor..*cursor + 2].copy_from_slice(&field_count);
            *cursor += 2;
        }
        for column in columns {
            column.write(rows.clone(), &mut self.cursors, out);
        }
    }
}

fn value_error(column: &str, rows_before: u64, err: &column::ValueError) -> Error {
    let row = rows_before + err.row as u64 + 1;
    let message = format!(
        "column {column:?} cannot take row {row} of the stream, which holds {}",
        err.what
    );
    Error::new(ErrorKind::Encode, message).with_hint("convert or filter such rows in the transform")
}

#[cfg(test)]
mod tests;

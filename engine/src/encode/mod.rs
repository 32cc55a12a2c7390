//! Record batches in, COPY BINARY bytes out.

mod array;
mod column;
mod numeric;
mod rewrite;

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{LargeBinaryArray, RecordBatch};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};

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

/// Bytes reserved for the tuples of a batch before it is encoded, at most: one long row says
/// nothing of the next batch.
const MAX_RESERVED_BYTES: usize = 4 << 20;

/// Makes tuples of batches: of their columns, or out of the whole tuples that they hold.
pub enum TupleEncoder {
    /// Batches hold columns.
    Columns(Box<CopyEncoder>),
    /// Batches are of [`tuple_schema`](crate::decode::tuple_schema).
    Tuples,
}

impl TupleEncoder {
    /// The tuples of `batch`, one in each row; they follow one another in the array's buffer.
    ///
    /// # Errors
    /// As [`CopyEncoder`]'s.
    pub fn tuples(&mut self, batch: &RecordBatch) -> Result<LargeBinaryArray> {
        match self {
            Self::Columns(encoder) => encoder.tuples(batch),
            Self::Tuples => Ok(batch.column(0).as_binary::<i64>().clone()),
        }
    }
}

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
    /// Where the tuples of the last batch begin.
    starts: Vec<usize>,
    /// Bytes of the last batch.
    last_length: usize,
    rows_before: u64,
}

impl CopyEncoder {
    /// An encoder of these columns, in order.
    pub fn new(columns: Vec<ColumnEncoding>) -> Self {
        Self {
            columns,
            cursors: Vec::new(),
            starts: Vec::new(),
            last_length: 0,
            rows_before: 0,
        }
    }

    /// Appends what a stream begins with, whatever its columns.
    pub fn header(out: &mut Vec<u8>) {
        out.extend_from_slice(HEADER);
    }

    /// Appends the tuples of `batch`.
    ///
    /// # Errors
    /// As described for the type; what was appended is then not to be used.
    pub fn encode(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        self.starts.clear();
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
        let fields: usize = self.columns.iter().map(ColumnEncoding::field_count).sum();
        let field_count = (fields as i16).to_be_bytes();
        for start in (0..batch.num_rows()).step_by(STRIP_ROWS) {
            let rows = start..batch.num_rows().min(start + STRIP_ROWS);
            self.encode_strip(&prepared, (rows, field_count), out);
        }
        self.rows_before += batch.num_rows() as u64;
        Ok(())
    }

    /// The tuples of `batch`, one in each row.
    fn tuples(&mut self, batch: &RecordBatch) -> Result<LargeBinaryArray> {
        // The next batch will be about as long.
        let mut bytes = Vec::with_capacity(self.last_length);
        self.encode(batch, &mut bytes)?;
        self.last_length = bytes.len().min(MAX_RESERVED_BYTES);
        let starts = self.starts.iter().map(|&start| start as i64);
        let offsets: Vec<i64> = starts.chain([bytes.len() as i64]).collect();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        LargeBinaryArray::try_new(offsets, Buffer::from_vec(bytes), None).map_err(|err| {
            Error::new(ErrorKind::Internal, "tuples do not make an array").with_source(err)
        })
    }

    /// Appends what a stream ends with.
    pub fn trailer(out: &mut Vec<u8>) {
        out.extend_from_slice(&TRAILER);
    }

    /// Sizes first, so that each column then writes its fields of all rows in one loop.
    fn encode_strip(
        &mut self,
        columns: &[Prepared<'_>],
        (rows, field_count): (Range<usize>, [u8; 2]),
        out: &mut Vec<u8>,
    ) {
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
        self.starts.extend_from_slice(&self.cursors);
        out.resize(end, 0);
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

//! COPY BINARY bytes in, record batches out.

mod array;
mod column;
mod numeric;
mod tuple;

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow_array::{ArrayRef, LargeBinaryArray, RecordBatch, RecordBatchOptions};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use column::ValueError;
use tuple::{Grain, TupleBuffer};

use crate::error::{Error, ErrorKind, Result};
use crate::types::ScanColumn;

/// When a batch is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Rows at most.
    pub rows: usize,
    /// Bytes of tuples after which no further row is added.
    pub bytes: usize,
}

static TUPLE_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = Field::new("tuple", DataType::LargeBinary, false);
    Arc::new(Schema::new(vec![field]))
});

/// The schema of batches of whole tuples: one binary column, in whose buffer the tuples follow one
/// another as they do in the COPY stream.
pub fn tuple_schema() -> SchemaRef {
    TUPLE_SCHEMA.clone()
}

/// Decodes one `COPY … TO STDOUT (FORMAT binary)` stream into batches.
///
/// Bytes may be cut anywhere, even inside a length: an incomplete tuple stays in the buffer.
///
/// # Shape
/// One column per scan column, in order; at most `limits.rows` rows, and no row more after
/// `limits.bytes` bytes; the last batch may be smaller, none is empty.
///
/// # Units
/// `timestamp` and `timestamptz`: microseconds since 2000-01-01 on the wire, since 1970-01-01 in
/// Arrow; `date`: days likewise. Infinities are the least and the greatest integer on both sides.
///
/// # Errors
/// [`ErrorKind::Decode`] with the byte offset if the stream breaks the format or ends early; with
/// column and row if a value has no exact Arrow form.
///
/// Source: PostgreSQL documentation, COPY, "Binary Format".
pub struct CopyDecoder {
    /// The columns that are decoded, with the number of their field.
    columns: Vec<(usize, ScanColumn)>,
    /// The runs of fields that are passed on as they are.
    runs: Vec<Range<usize>>,
    grain: Grain,
    schema: SchemaRef,
    tuples: TupleBuffer,
    limits: BatchLimits,
    rows_before: u64,
}

impl CopyDecoder {
    /// A decoder of tuples that hold `columns` in this order.
    pub fn new(columns: Vec<ScanColumn>, schema: SchemaRef, limits: BatchLimits) -> Self {
        Self {
            tuples: TupleBuffer::new(columns.len(), Grain::Fields),
            grain: Grain::Fields,
            columns: columns.into_iter().enumerate().collect(),
            runs: Vec::new(),
            schema,
            limits,
            rows_before: 0,
        }
    }

    /// The same decoder, which decodes no more than `columns`, by number, and passes on each of `runs`
    /// as one binary column: fields of neighbours as they are, each behind its length. The schema
    /// has the columns first.
    pub fn with_runs(self, columns: &[usize], runs: &[Range<usize>]) -> Self {
        let columns = columns.iter().map(|&at| self.columns[at].clone());
        Self {
            columns: columns.collect(),
            runs: runs.to_vec(),
            ..self
        }
    }

    /// A decoder of tuples of `column_count` fields into batches of [`tuple_schema`]: each row
    /// holds one whole tuple, field count included, and no value is looked at.
    pub fn whole_tuples(column_count: usize, limits: BatchLimits) -> Self {
        Self {
            tuples: TupleBuffer::new(column_count, Grain::Tuples),
            grain: Grain::Tuples,
            columns: Vec::new(),
            runs: Vec::new(),
            schema: tuple_schema(),
            limits,
            rows_before: 0,
        }
    }

    /// Appends bytes of the stream. Call [`next_batch`](Self::next_batch) afterwards, until it
    /// has no more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.tuples.push(bytes);
    }

    /// The next full batch, if the bytes so far hold one.
    ///
    /// # Errors
    /// As described for the type.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        self.tuples.scan(self.limits)?;
        match self.tuples.is_full(self.limits) {
            true => self.take_batch().map(Some),
            false => Ok(None),
        }
    }

    /// The last batch, if there are rows left; to be called at the end of the stream.
    ///
    /// # Errors
    /// As described for the type; also if the stream's trailer has not come.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>> {
        self.tuples.scan(self.limits)?;
        self.tuples.check_complete()?;
        match self.tuples.row_count() {
            0 => Ok(None),
            _ => self.take_batch().map(Some),
        }
    }

    fn take_batch(&mut self) -> Result<RecordBatch> {
        let row_count = self.tuples.row_count();
        if self.grain == Grain::Tuples {
            self.rows_before += row_count as u64;
            return self.take_tuples();
        }
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len() + self.runs.len());
        for ((index, column), field) in self.columns.iter().zip(self.schema.fields()) {
            let array = column::decode(field.data_type(), &self.tuples.column(*index))
                .map_err(|err| self.value_error(column, err))?;
            arrays.push(array);
        }
        for run in &self.runs {
            arrays.push(Arc::new(self.tuples.run(run)?));
        }
        self.tuples.clear_complete();
        self.rows_before += row_count as u64;
        let options = RecordBatchOptions::new().with_row_count(Some(row_count));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map_err(|err| {
            Error::new(ErrorKind::Internal, "decoded columns do not make a batch").with_source(err)
        })
    }

    fn take_tuples(&mut self) -> Result<RecordBatch> {
        let (bytes, offsets) = self.tuples.take_tuples();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        LargeBinaryArray::try_new(offsets, Buffer::from_vec(bytes), None)
            .and_then(|tuples| RecordBatch::try_new(self.schema.clone(), vec![Arc::new(tuples)]))
            .map_err(|err| {
                Error::new(ErrorKind::Internal, "tuples do not make a batch").with_source(err)
            })
    }

    fn value_error(&self, column: &ScanColumn, err: ValueError) -> Error {
        let row = self.rows_before + err.row as u64 + 1;
        let message = format!(
            "column {:?}, a {}, cannot be computed on: row {row} of the stream holds {}",
            column.column, column.pg_type, err.what
        );
        Error::new(ErrorKind::Decode, message).with_hint(
            "leave the column out of expressions, so that it is carried as it is, or filter such \
             rows at the source",
        )
    }
}

#[cfg(test)]
mod tests;

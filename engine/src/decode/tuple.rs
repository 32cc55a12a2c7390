//! Where the cells of each tuple are in the bytes of a COPY stream.

use std::ops::Range;

use arrow_array::BinaryArray;
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use super::BatchLimits;
use crate::error::{Error, ErrorKind, Result};

/// The 11 bytes every stream begins with.
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Signature, flags and the length of the header extension.
const HEADER_BYTES: usize = SIGNATURE.len() + 4 + 4;

/// Flag bits 16 to 31 are critical: a reader must stop at one it does not know.
const CRITICAL_FLAGS: u32 = 0xffff_0000;

/// Bytes reserved for tuples that have not come yet, at most: a batch with one long row says
/// nothing of the next.
const MAX_RESERVED_BYTES: usize = 1 << 20;

/// Bytes of the length before each field.
const LENGTH_BYTES: usize = 4;

/// Where one cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Offset of its first byte.
    pub(super) start: u32,
    /// Its length in bytes; −1 for NULL.
    pub(super) length: i32,
}

impl Cell {
    /// Offset of the byte behind it.
    fn end(self) -> usize {
        self.start as usize + self.length.max(0) as usize
    }
}

/// The cells of one column, over the bytes they point into.
#[derive(Clone, Copy)]
pub(super) struct ColumnCells<'a> {
    pub(super) bytes: &'a [u8],
    cells: &'a [Cell],
    column: usize,
    stride: usize,
    row_count: usize,
}

impl<'a> ColumnCells<'a> {
    /// Cells that belong to one column only.
    pub(super) fn contiguous(bytes: &'a [u8], cells: &'a [Cell]) -> Self {
        Self {
            bytes,
            cells,
            column: 0,
            stride: 1,
            row_count: cells.len(),
        }
    }

    pub(super) fn row_count(&self) -> usize {
        self.row_count
    }

    /// Each cell's bytes in row order; `None` for NULL.
    pub(super) fn iter(&self) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
        let bytes = self.bytes;
        self.positions().map(move |cell| {
            let length = usize::try_from(cell.length).ok()?;
            Some(&bytes[cell.start as usize..cell.start as usize + length])
        })
    }

    /// Each cell's position in row order.
    pub(super) fn positions(&self) -> impl Iterator<Item = Cell> + use<'a> {
        let column = self.column;
        let rows = self.cells.chunks_exact(self.stride).take(self.row_count);
        rows.map(move |row| row[column])
    }

    /// Bytes of all cells together.
    pub(super) fn total_bytes(&self) -> usize {
        self.positions()
            .map(|cell| cell.length.max(0) as usize)
            .sum()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    Header,
    Extension { bytes: usize },
    Tuples,
    End,
}

/// What is remembered of each tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// Where each of its fields is.
    Fields,
    /// Where it is itself, field count included.
    Tuples,
}

/// Bytes of a stream that are not in a batch yet, and the cells found in them.
///
/// Complete tuples come first; at most one incomplete one follows, except while a batch is full.
pub(super) struct TupleBuffer {
    bytes: Vec<u8>,
    /// Cells of complete tuples, row by row: one for each field, or one for each tuple.
    cells: Vec<Cell>,
    grain: Grain,
    row_count: usize,
    column_count: usize,
    /// End of the last complete tuple.
    scanned: usize,
    position: Position,
    /// Offset in the stream of the first byte held.
    stream_offset: u64,
}

impl TupleBuffer {
    pub(super) fn new(column_count: usize, grain: Grain) -> Self {
        Self {
            bytes: Vec::new(),
            cells: Vec::new(),
            grain,
            row_count: 0,
            column_count,
            scanned: 0,
            position: Position::Header,
            stream_offset: 0,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn row_count(&self) -> usize {
        self.row_count
    }

    pub(super) fn is_full(&self, limits: BatchLimits) -> bool {
        self.row_count >= limits.rows || (self.row_count > 0 && self.scanned >= limits.bytes)
    }

    /// Takes the complete tuples, which follow one another, and where each of them begins and the
    /// last one ends; the incomplete one moves to the front.
    pub(super) fn take_tuples(&mut self) -> (Vec<u8>, Vec<i64>) {
        let starts = self.cells.iter().map(|cell| i64::from(cell.start));
        let end = self
            .cells
            .last()
            .map_or(0, |cell| i64::from(cell.start) + i64::from(cell.length));
        let offsets = starts.chain([end]).collect();
        // The next batch will be about as long.
        let mut rest = Vec::with_capacity(self.bytes.len().min(MAX_RESERVED_BYTES));
        rest.extend_from_slice(&self.bytes[self.scanned..]);
        let tuples = std::mem::replace(&mut self.bytes, rest);
        self.forget(self.scanned);
        (tuples, offsets)
    }

    pub(super) fn column(&self, column: usize) -> ColumnCells<'_> {
        ColumnCells {
            bytes: &self.bytes,
            cells: &self.cells,
            column,
            stride: self.column_count.max(1),
            row_count: self.row_count,
        }
    }

    /// The fields of a run of columns, each behind its length: one value for each tuple.
    pub(super) fn run(&self, run: &Range<usize>) -> Result<BinaryArray> {
        let stride = self.column_count.max(1);
        let rows = self.cells.chunks_exact(stride).take(self.row_count);
        let mut bytes = Vec::with_capacity(self.scanned);
        let mut offsets = Vec::with_capacity(self.row_count + 1);
        offsets.push(0);
        for row in rows {
            if let [first, .., last] | [first @ last] = &row[run.clone()] {
                let start = first.start as usize - LENGTH_BYTES;
                bytes.extend_from_slice(&self.bytes[start..last.end()]);
            }
            offsets.push(
                i32::try_from(bytes.len())
                    .map_err(|_| Error::new(ErrorKind::Decode, "more than 2 GiB in one batch"))?,
            );
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(BinaryArray::new(offsets, Buffer::from_vec(bytes), None))
    }

    /// Finds cells up to the end of the bytes or until the batch is full.
    pub(super) fn scan(&mut self, limits: BatchLimits) -> Result<()> {
        while !self.is_full(limits) {
            let moved = match self.position {
                Position::Header => self.scan_header()?,
                Position::Extension { bytes } => self.skip_extension(bytes),
                Position::Tuples => self.scan_tuple()?,
                Position::End if self.scanned < self.bytes.len() => {
                    return Err(self.broken(self.scanned, "bytes follow the trailer"));
                }
                Position::End => false,
            };
            if !moved {
                break;
            }
        }
        Ok(())
    }

    /// Forgets the complete tuples; the incomplete one moves to the front.
    pub(super) fn clear_complete(&mut self) {
        self.bytes.drain(..self.scanned);
        self.forget(self.scanned);
    }

    /// Forgets the cells, after the first `length` bytes have gone.
    fn forget(&mut self, length: usize) {
        self.stream_offset += length as u64;
        self.scanned = 0;
        self.cells.clear();
        self.row_count = 0;
    }

    /// Whether the trailer has come and nothing after it.
    pub(super) fn check_complete(&self) -> Result<()> {
        match self.position {
            Position::End if self.scanned == self.bytes.len() => Ok(()),
            _ => Err(self.broken(self.bytes.len(), "it ends before its trailer")),
        }
    }

    fn scan_header(&mut self) -> Result<bool> {
        let known = self.bytes.len().min(SIGNATURE.len());
        if self.bytes[..known] != SIGNATURE[..known] {
            return Err(self.broken(0, "it does not begin with the signature"));
        }
        if self.bytes.len() < HEADER_BYTES {
            return Ok(false);
        }
        let flags = be_u32(&self.bytes[SIGNATURE.len()..]);
        if flags & CRITICAL_FLAGS != 0 {
            return Err(self.broken(SIGNATURE.len(), "it has critical flags nobody knows"));
        }
        let extension = be_u32(&self.bytes[SIGNATURE.len() + 4..]) as i32;
        let bytes = usize::try_from(extension)
            .map_err(|_| self.broken(SIGNATURE.len() + 4, "its header length is negative"))?;
        self.scanned = HEADER_BYTES;
        self.position = Position::Extension { bytes };
        Ok(true)
    }

    fn skip_extension(&mut self, bytes: usize) -> bool {
        if self.bytes.len() < HEADER_BYTES + bytes {
            return false;
        }
        self.scanned += bytes;
        self.position = Position::Tuples;
        self.clear_complete();
        true
    }

    /// Finds the cells of the next tuple; `false` if it is not complete.
    fn scan_tuple(&mut self) -> Result<bool> {
        let bytes = &self.bytes;
        let Some(count) = bytes.get(self.scanned..self.scanned + 2) else {
            return Ok(false);
        };
        let count = i16::from_be_bytes([count[0], count[1]]);
        let mut at = self.scanned + 2;
        if count == -1 {
            self.scanned = at;
            self.position = Position::End;
            return Ok(true);
        }
        if usize::try_from(count).ok() != Some(self.column_count) {
            let what = format!("a tuple has {count} fields, expected {}", self.column_count);
            return Err(self.broken(self.scanned, &what));
        }
        let first_cell = self.cells.len();
        if self.grain == Grain::Fields {
            self.cells.reserve(self.column_count);
        }
        for _ in 0..self.column_count {
            let Some(length) = bytes.get(at..at + 4) else {
                self.cells.truncate(first_cell);
                return Ok(false);
            };
            let length = be_u32(length) as i32;
            at += 4;
            if length < -1 {
                return Err(self.broken(at - 4, "a field has a negative length"));
            }
            if self.grain == Grain::Fields {
                self.cells.push(Cell {
                    start: at as u32,
                    length,
                });
            }
            at += length.max(0) as usize;
        }
        if at > bytes.len() {
            self.cells.truncate(first_cell);
            return Ok(false);
        }
        if self.grain == Grain::Tuples {
            self.cells.push(Cell {
                start: self.scanned as u32,
                length: (at - self.scanned) as i32,
            });
        }
        self.scanned = at;
        self.row_count += 1;
        Ok(true)
    }

    fn broken(&self, at: usize, what: &str) -> Error {
        let offset = self.stream_offset + at as u64;
        Error::new(
            ErrorKind::Decode,
            format!("COPY stream is broken at byte {offset}: {what}"),
        )
    }
}

/// The first four bytes as a big-endian integer.
pub(super) fn be_u32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

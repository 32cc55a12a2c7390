//! Arrays on the wire into lists.

use arrow_array::ListArray;
use arrow_array::builder::NullBufferBuilder;
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::FieldRef;

use super::column::{self, ValueError, ValueResult};
use super::tuple::{Cell, ColumnCells, be_u32};

/// Dimension count, flags and element type.
const HEADER_BYTES: usize = 12;

/// Decodes a column of one-dimensional arrays with lower bound 1.
///
/// # Errors
/// Where and what, if an array has another shape, which a list cannot keep.
///
/// Source: PostgreSQL, `src/backend/utils/adt/arrayfuncs.c`, `array_send`: dimensions, flags,
/// element OID (32 bits each), length and lower bound of each dimension, then each element as its
/// length and bytes.
pub(super) fn decode(field: &FieldRef, cells: &ColumnCells<'_>) -> Result<ListArray, ValueError> {
    let mut elements = Vec::new();
    // The row of each element, to say where a value is that has no Arrow form.
    let mut offsets = Vec::with_capacity(cells.row_count() + 1);
    let mut nulls = NullBufferBuilder::new(cells.row_count());
    offsets.push(0);
    for (row, cell) in cells.positions().enumerate() {
        match usize::try_from(cell.length) {
            Err(_) => nulls.append_null(),
            Ok(length) => {
                let bytes = &cells.bytes[cell.start as usize..cell.start as usize + length];
                append_elements(bytes, cell.start, &mut elements)
                    .map_err(|what| ValueError { row, what })?;
                nulls.append_non_null();
            }
        }
        offsets.push(elements.len() as i32);
    }
    let element_cells = ColumnCells::contiguous(cells.bytes, &elements);
    let values = column::decode(field.data_type(), &element_cells).map_err(|err| ValueError {
        row: offsets
            .partition_point(|&end| end as usize <= err.row)
            .saturating_sub(1),
        what: err.what,
    })?;
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(ListArray::new(
        field.clone(),
        offsets,
        values,
        nulls.finish(),
    ))
}

/// Finds the elements of one array, whose first byte is at `start` of the batch's bytes.
fn append_elements(bytes: &[u8], start: u32, elements: &mut Vec<Cell>) -> ValueResult<()> {
    let broken = || "bytes that are no array".into();
    let word = |at: usize| bytes.get(at..at + 4).map(be_u32).ok_or_else(broken);
    let dimensions = word(0)?;
    word(8)?;
    let count = match dimensions {
        0 => 0,
        1 if word(HEADER_BYTES + 4)? != 1 => {
            return Err("an array that begins elsewhere than at 1".into());
        }
        1 => word(HEADER_BYTES)?,
        _ => return Err(format!("an array of {dimensions} dimensions").into()),
    };
    let mut at = HEADER_BYTES + 8 * dimensions as usize;
    for _ in 0..count {
        let length = word(at)? as i32;
        at += 4;
        elements.push(Cell {
            start: start + at as u32,
            length: length.max(-1),
        });
        at += length.max(0) as usize;
    }
    if at == bytes.len() {
        Ok(())
    } else {
        Err(broken())
    }
}

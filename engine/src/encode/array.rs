//! Lists into arrays on the wire.

use arrow_array::{Array, ListArray};

use super::column::{Conversion, ValueError, prepare};

/// Encodes every list as a one-dimensional array with lower bound 1, an empty one without any.
///
/// Source: PostgreSQL, `src/backend/utils/adt/arrayfuncs.c`, `array_recv`.
pub(super) fn encode(
    element_oid: u32,
    element: &Conversion,
    lists: &ListArray,
) -> Result<(Vec<u8>, Vec<i32>), ValueError> {
    let offsets = lists.offsets();
    let values = prepare(element, lists.values()).map_err(|err| ValueError {
        row: offsets
            .partition_point(|&end| end as usize <= err.row)
            .saturating_sub(1),
        what: err.what,
    })?;
    let mut bytes = Vec::new();
    let mut ends = Vec::with_capacity(lists.len() + 1);
    ends.push(0);
    for (row, window) in offsets.windows(2).enumerate() {
        if lists.is_valid(row) {
            let elements = window[0] as usize..window[1] as usize;
            let has_null = elements.clone().any(|index| lists.values().is_null(index));
            let dimensions = i32::from(!elements.is_empty());
            bytes.extend_from_slice(&dimensions.to_be_bytes());
            bytes.extend_from_slice(&i32::from(has_null).to_be_bytes());
            bytes.extend_from_slice(&element_oid.to_be_bytes());
            if !elements.is_empty() {
                bytes.extend_from_slice(&(elements.len() as i32).to_be_bytes());
                bytes.extend_from_slice(&1_i32.to_be_bytes());
            }
            for index in elements {
                values.append_field(index, &mut bytes);
            }
        }
        ends.push(bytes.len() as i32);
    }
    Ok((bytes, ends))
}

//! From a function of arrays, or of values, to one of columns.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, StringBuilder};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, Int32Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use crate::template::external;

/// Runs `compute` over arrays of one length; constants in give a constant out.
pub(super) fn invoke(
    args: ScalarFunctionArgs,
    compute: impl FnOnce(&[ArrayRef]) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let constant = args
        .args
        .iter()
        .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let arrays = match constant {
        true => ColumnarValue::values_to_arrays(&args.args)?,
        false => args
            .args
            .iter()
            .map(|arg| arg.to_array(args.number_rows))
            .collect::<Result<Vec<_>>>()?,
    };
    let computed = compute(&arrays)?;
    Ok(match constant {
        true => ColumnarValue::Scalar(ScalarValue::try_from_array(&computed, 0)?),
        false => ColumnarValue::Array(computed),
    })
}

/// Text from each row that `value` gives some; an error of it ends the run.
pub(super) fn texts<'a, S: AsRef<str> + 'a>(
    rows: usize,
    mut value: impl FnMut(usize) -> towpath_engine::Result<Option<S>>,
) -> Result<ArrayRef> {
    let mut builder = StringBuilder::with_capacity(rows, rows * 16);
    for row in 0..rows {
        builder.append_option(value(row).map_err(external)?);
    }
    Ok(Arc::new(builder.finish()))
}

/// Primitive values from each row.
pub(super) fn primitives<T: ArrowPrimitiveType>(
    rows: usize,
    value: impl FnMut(usize) -> towpath_engine::Result<Option<T::Native>>,
) -> Result<PrimitiveArray<T>> {
    let values = (0..rows)
        .map(value)
        .collect::<towpath_engine::Result<Vec<_>>>()
        .map_err(external)?;
    Ok(PrimitiveArray::from_iter(values))
}

/// The text in `row`; `None` if it is NULL.
pub(super) fn text(array: &ArrayRef, row: usize) -> Option<&str> {
    let strings = array.as_string::<i32>();
    strings.is_valid(row).then(|| strings.value(row))
}

/// The integer in `row`; `None` if it is NULL.
pub(super) fn int4(array: &ArrayRef, row: usize) -> Option<i32> {
    let numbers = array.as_primitive::<Int32Type>();
    numbers.is_valid(row).then(|| numbers.value(row))
}

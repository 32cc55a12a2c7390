//! Integers and decimals into `numeric` on the wire.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Decimal256Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::i256;
use arrow_schema::DataType;

const NEGATIVE: u16 = 0x4000;
const POSITIVE: u16 = 0x0000;

/// Decimal digits in one digit of the wire, whose base is 10,000.
const GROUP: usize = 4;

/// Encodes every value; gives the bytes and where each begins. A NULL has none.
///
/// The display scale is the decimal's scale, so `1.50` stays `1.50`.
///
/// Source: PostgreSQL, `src/backend/utils/adt/numeric.c`, `numeric_recv`.
pub(super) fn encode(array: &ArrayRef) -> (Vec<u8>, Vec<i32>) {
    match array.data_type() {
        DataType::Int16 => integers(
            array,
            array
                .as_primitive::<Int16Type>()
                .values()
                .iter()
                .map(|&v| v.into()),
            0,
        ),
        DataType::Int32 => integers(
            array,
            array
                .as_primitive::<Int32Type>()
                .values()
                .iter()
                .map(|&v| v.into()),
            0,
        ),
        DataType::Int64 => integers(
            array,
            array
                .as_primitive::<Int64Type>()
                .values()
                .iter()
                .map(|&v| v.into()),
            0,
        ),
        DataType::Decimal128(_, scale) => {
            let values = array.as_primitive::<Decimal128Type>().values();
            integers(array, values.iter().copied(), *scale)
        }
        DataType::Decimal256(_, scale) => {
            let values = array.as_primitive::<Decimal256Type>().values();
            each(array, values.iter(), |value: &i256, out| {
                if let Some(value) = value.to_i128() {
                    return append(value, *scale, out);
                }
                let digits = value.to_string();
                append_digits(
                    digits.strip_prefix('-').unwrap_or(&digits),
                    value.is_negative(),
                    *scale,
                    out,
                );
            })
        }
        other => unreachable!("{other} is not planned as numeric"),
    }
}

fn integers(
    array: &ArrayRef,
    values: impl Iterator<Item = i128>,
    scale: i8,
) -> (Vec<u8>, Vec<i32>) {
    each(array, values, |value, out| append(value, scale, out))
}

fn each<T>(
    array: &ArrayRef,
    values: impl Iterator<Item = T>,
    append: impl Fn(T, &mut Vec<u8>),
) -> (Vec<u8>, Vec<i32>) {
    let mut bytes = Vec::with_capacity(array.len() * 16);
    let mut offsets = Vec::with_capacity(array.len() + 1);
    offsets.push(0);
    for (row, value) in values.enumerate() {
        if array.is_valid(row) {
            append(value, &mut bytes);
        }
        offsets.push(bytes.len() as i32);
    }
    (bytes, offsets)
}

/// Appends `value` · 10^−`scale`.
fn append(value: i128, scale: i8, out: &mut Vec<u8>) {
    match (u64::try_from(value.unsigned_abs()), scale) {
        (Ok(magnitude), 0..=18) => append_small(magnitude, value < 0, scale as u32, out),
        _ => append_digits(&value.unsigned_abs().to_string(), value < 0, scale, out),
    }
}

/// Appends a value of at most 64 bits, which is nearly every value, without a detour by text.
fn append_small(magnitude: u64, negative: bool, scale: u32, out: &mut Vec<u8>) {
    let unit = 10_u64.pow(scale);
    let (mut whole, mut fraction) = (magnitude / unit, magnitude % unit);
    // Five groups before the point hold 64 bits, and five after it 18 digits.
    let mut groups = [0_u16; 10];
    let mut first = 5;
    while whole > 0 {
        first -= 1;
        groups[first] = (whole % 10_000) as u16;
        whole /= 10_000;
    }
    let mut last = 5;
    let mut unit = unit;
    while fraction > 0 {
        let digit = match unit {
            10_000.. => fraction / (unit / 10_000),
            _ => fraction * (10_000 / unit),
        };
        groups[last] = digit as u16;
        last += 1;
        match unit {
            10_000.. => {
                unit /= 10_000;
                fraction %= unit;
            }
            _ => fraction = 0,
        }
    }
    let weight = 4 - first as i16;
    append_groups(&groups[first..last], weight, negative, scale as u16, out);
}

/// Appends the integer written as `digits`, times 10^−`scale`.
fn append_digits(digits: &str, negative: bool, scale: i8, out: &mut Vec<u8>) {
    let mut digits = digits.to_owned();
    let scale = usize::try_from(scale).unwrap_or_else(|_| {
        digits.extend(std::iter::repeat_n('0', usize::from(scale.unsigned_abs())));
        0
    });
    // Digits are padded until groups of four meet at the point.
    let whole_digits = digits.len().max(scale) - scale;
    let lead = (GROUP - whole_digits % GROUP) % GROUP + scale.saturating_sub(digits.len());
    digits.insert_str(0, &"0".repeat(lead));
    digits.extend(std::iter::repeat_n('0', (GROUP - scale % GROUP) % GROUP));
    let groups: Vec<u16> = digits
        .as_bytes()
        .chunks(GROUP)
        .map(|group| {
            group
                .iter()
                .fold(0, |value, digit| value * 10 + u16::from(digit - b'0'))
        })
        .collect();
    let weight = whole_digits.div_ceil(GROUP) as i16 - 1;
    append_groups(&groups, weight, negative, scale as u16, out);
}

/// Appends the value whose first group counts 10,000^`weight`, without zeros at either end.
fn append_groups(groups: &[u16], weight: i16, negative: bool, scale: u16, out: &mut Vec<u8>) {
    let leading = groups.iter().take_while(|&&group| group == 0).count();
    let groups = &groups[leading..];
    let trailing = groups.iter().rev().take_while(|&&group| group == 0).count();
    let groups = &groups[..groups.len() - trailing];
    let (weight, sign) = match (groups.is_empty(), negative) {
        (true, _) => (0, POSITIVE),
        (false, true) => (weight - leading as i16, NEGATIVE),
        (false, false) => (weight - leading as i16, POSITIVE),
    };
    let header = [groups.len() as u16, weight as u16, sign, scale];
    let start = out.len();
    out.resize(start + 2 * (header.len() + groups.len()), 0);
    let words = header.iter().chain(groups);
    for (place, word) in out[start..].chunks_exact_mut(2).zip(words) {
        place.copy_from_slice(&word.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Decimal128Array, Decimal256Array};

    use super::*;

    #[test]
    fn small_values_encode() {
        check(4200, 2, &[1, 0, 0, 2, 42]);
        check(-1234, 2, &[2, 0, 0x4000, 2, 12, 3400]);
        check(5, 4, &[1, 0xffff, 0, 4, 5]);
        check(0, 3, &[0, 0, 0, 3]);
        check(1, 18, &[1, 0xfffb, 0, 18, 100]);
        check(
            i128::from(u64::MAX),
            0,
            &[5, 4, 0, 0, 1844, 6744, 737, 955, 1615],
        );
    }

    #[test]
    fn small_and_large_values_take_the_same_form() {
        for value in [0, 1, 9, 10_000, 123_456_789, 1_000_000_000_000, u64::MAX] {
            for scale in 0..=18 {
                let (mut small, mut large) = (Vec::new(), Vec::new());
                append_small(value, true, scale, &mut small);
                append_digits(&value.to_string(), true, scale as i8, &mut large);
                assert_eq!(small, large, "{value} at scale {scale}");
            }
        }
    }

    #[test]
    fn the_widest_decimals_encode_at_their_limits() {
        check(
            99_999_999_999_999_999_999_999_999_999_999_999_999,
            2,
            &[
                10, 8, 0, 2, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9900,
            ],
        );
        let value = i256::from_i128(7).wrapping_mul(i256::from_i128(10).wrapping_pow(72));
        let array = Decimal256Array::from(vec![value.wrapping_neg()]);
        let array: ArrayRef = Arc::new(array.with_precision_and_scale(76, 0).unwrap());
        assert_eq!(words(&encode(&array).0), [1, 18, 0x4000, 0, 7]);
    }

    fn check(value: i128, scale: i8, expected: &[u16]) {
        let array = Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale);
        let array: ArrayRef = Arc::new(array.unwrap());
        assert_eq!(
            words(&encode(&array).0),
            expected,
            "{value} at scale {scale}"
        );
    }

    fn words(bytes: &[u8]) -> Vec<u16> {
        bytes
            .chunks(2)
            .map(|word| u16::from_be_bytes([word[0], word[1]]))
            .collect()
    }
}

//! `numeric` on the wire into decimals.

use std::borrow::Cow;

use arrow_array::ArrowNativeTypeOp;

use super::column::ValueResult;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const POSITIVE_INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// Decimal digits in one digit of the wire, whose base is 10,000.
const GROUP: i32 = 4;

/// Powers of ten that a machine word holds.
const WORD_DIGITS: u32 = 18;

/// Decodes numerics as integers of 10^−`scale`, for one column.
///
/// Source: PostgreSQL, `src/backend/utils/adt/numeric.c`, `numeric_send`: digit count, weight of
/// the first digit, sign, display scale (16 bits each), then digits of base 10,000.
pub(super) struct NumericDecoder<T> {
    precision: u8,
    scale: i8,
    /// 10^`precision`, which every value stays below.
    limit: T,
}

impl<T: ArrowNativeTypeOp> NumericDecoder<T> {
    /// A decoder for a decimal type; `precision` is at most what `T` holds.
    pub(super) fn new(precision: u8, scale: i8) -> Self {
        let limit = T::usize_as(10).pow_wrapping(u32::from(precision));
        Self {
            precision,
            scale,
            limit,
        }
    }

    /// Decodes one value.
    ///
    /// # Errors
    /// What the value is, if it is no number, has more than `scale` digits after the point other
    /// than zeros, or more than `precision` digits in all.
    pub(super) fn decode(&self, bytes: &[u8]) -> ValueResult<T> {
        let word = |index: usize| {
            bytes
                .get(2 * index..2 * index + 2)
                .map(|b| u16::from_be_bytes([b[0], b[1]]))
        };
        let (Some(count), Some(weight), Some(sign)) = (word(0), word(1), word(2)) else {
            return Err("bytes that are no numeric".into());
        };
        match sign {
            NAN => return Err("NaN, which no decimal can hold".into()),
            POSITIVE_INFINITY | NEGATIVE_INFINITY => {
                return Err("an infinity, which no decimal can hold".into());
            }
            _ => {}
        }
        let digits = bytes
            .get(8..8 + 2 * usize::from(count))
            .ok_or("bytes that are no numeric")?;
        let weight = i32::from(weight as i16);
        let value = if (weight + 1) * GROUP + i32::from(self.scale) <= WORD_DIGITS as i32 {
            T::usize_as(self.accumulate::<i64>(weight, digits)? as usize)
        } else {
            self.accumulate::<T>(weight, digits)?
        };
        if value.is_ge(self.limit) {
            return Err(self.too_long());
        }
        Ok(if sign == NEGATIVE {
            value.neg_wrapping()
        } else {
            value
        })
    }

    /// The integer of 10^−`scale` that `digits` are, the first of them times 10,000^`weight`.
    ///
    /// `A` holds them: a machine word, where they are few.
    fn accumulate<A: ArrowNativeTypeOp>(&self, weight: i32, digits: &[u8]) -> ValueResult<A> {
        let mut value = A::ZERO;
        // Decimal digits, down to 10^−scale, that are still to come.
        let mut remaining = (weight + 1) * GROUP + i32::from(self.scale);
        for group in digits.chunks_exact(2) {
            let digit = usize::from(u16::from_be_bytes([group[0], group[1]]));
            // Digits of this group that count: fewer than four in the last one.
            let kept = remaining.clamp(0, GROUP) as u32;
            let cut = 10_usize.pow(GROUP as u32 - kept);
            if digit % cut != 0 {
                return Err(format!("more than {} digits after the point", self.scale).into());
            }
            value = self.shifted(value, kept)?;
            value = value
                .add_checked(A::usize_as(digit / cut))
                .map_err(|_| self.too_long())?;
            remaining -= kept as i32;
        }
        match u32::try_from(remaining) {
            Ok(zeros) if !value.is_zero() => self.shifted(value, zeros),
            _ => Ok(value),
        }
    }

    /// `value` · 10^`digits`.
    fn shifted<A: ArrowNativeTypeOp>(&self, value: A, digits: u32) -> ValueResult<A> {
        let power = match digits {
            ..=WORD_DIGITS => Ok(A::usize_as(10_usize.pow(digits))),
            _ => A::usize_as(10).pow_checked(digits),
        };
        power
            .and_then(|power| value.mul_checked(power))
            .map_err(|_| self.too_long())
    }

    fn too_long(&self) -> Cow<'static, str> {
        format!("more than {} digits", self.precision).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_buffer::i256;

    #[test]
    fn integers_and_fractions_decode() {
        check(&[1, 0, 0, 0, 42], 10, 2, Ok(4200));
        check(&[2, 0, 0x4000, 2, 12, 3400], 10, 2, Ok(-1234));
        check(&[1, 0xffff, 0, 4, 5], 10, 4, Ok(5));
        check(&[0, 0, 0, 3], 10, 3, Ok(0));
    }

    #[test]
    fn trailing_groups_of_zeros_are_implied() {
        check(&[1, 2, 0, 0, 7], 38, 0, Ok(700_000_000));
        check(&[1, 0xfffe, 0, 8, 1], 38, 8, Ok(1));
    }

    #[test]
    fn digits_beyond_the_scale_are_refused_unless_zero() {
        check(&[2, 0, 0, 4, 1, 2300], 10, 2, Ok(123));
        check(
            &[2, 0, 0, 4, 1, 2340],
            10,
            2,
            Err("more than 2 digits after the point"),
        );
        check(
            &[3, 0, 0, 8, 1, 2300, 1],
            10,
            2,
            Err("more than 2 digits after the point"),
        );
    }

    #[test]
    fn digits_beyond_the_precision_are_refused() {
        check(&[1, 0, 0, 0, 999], 3, 0, Ok(999));
        check(&[1, 0, 0, 0, 1000], 3, 0, Err("more than 3 digits"));
        check(&[1, 300, 0, 0, 1], 38, 0, Err("more than 38 digits"));
    }

    #[test]
    fn the_widest_decimal_decodes_at_its_limits() {
        let nines = [
            9, 8, 0, 2, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999,
        ];
        check(
            &nines,
            38,
            2,
            Ok(99_999_999_999_999_999_999_999_999_999_999_999_900),
        );
        let bytes = wire(&[1, 18, 0, 0, 9999]);
        let expected = i256::from_i128(9999).wrapping_mul(i256::from_i128(10).wrapping_pow(72));
        assert_eq!(NumericDecoder::new(76, 0).decode(&bytes), Ok(expected));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        check(
            &[0, 0, 0xC000, 0],
            10,
            2,
            Err("NaN, which no decimal can hold"),
        );
        check(
            &[0, 0, 0xD000, 0],
            10,
            2,
            Err("an infinity, which no decimal can hold"),
        );
    }

    #[test]
    fn numeric_rejects_truncated_input() {
        let whole = wire(&[2, 0, 0, 2, 12, 3400]);
        for end in 0..whole.len() {
            assert!(
                NumericDecoder::<i128>::new(10, 2)
                    .decode(&whole[..end])
                    .is_err(),
                "{end}"
            );
        }
    }

    fn check(words: &[u16], precision: u8, scale: i8, expected: Result<i128, &str>) {
        let found = NumericDecoder::<i128>::new(precision, scale).decode(&wire(words));
        assert_eq!(
            found,
            expected.map_err(|what| what.to_owned().into()),
            "{words:?}"
        );
    }

    fn wire(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}

//! Text read as numbers, dates and times: the forms that no setting of a server changes.

use datafusion::arrow::datatypes::{IntervalMonthDayNano, i256};
use towpath_engine::{Error, Result};

use super::format::{DAY, days, month_length};
use super::time::{checked_date, checked_timestamp};
use crate::template::value_error;

fn invalid(what: &str, form: &str) -> Error {
    value_error(format!("a text in the transform is no {what}")).with_hint(format!(
        "{what} is read from {form}; the source reads other forms as well (on: source)"
    ))
}

/// Blanks that PostgreSQL skips around numbers and words.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}'])
}

/// `true`, `yes`, `on`, `1` and their beginnings, and their opposites.
pub(super) fn boolean(text: &str) -> Result<bool> {
    let word = trimmed(text).to_ascii_lowercase();
    let begins = |whole: &str, least: usize| word.len() >= least && whole.starts_with(&word);
    if word == "1" || begins("true", 1) || begins("yes", 1) || word == "on" {
        return Ok(true);
    }
    if word == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2) {
        return Ok(false);
    }
    Err(invalid("boolean", "true or false"))
}

/// Decimal digits with a sign.
pub(super) fn integer(text: &str, what: &str) -> Result<i128> {
    let digits = trimmed(text);
    let is_plain = digits
        .strip_prefix(['+', '-'])
        .unwrap_or(digits)
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    match (is_plain, digits.parse()) {
        (true, Ok(value)) => Ok(value),
        _ => Err(invalid(what, "decimal digits")),
    }
}

/// A number with point and exponent, or NaN, or an infinity.
pub(super) fn float8(text: &str) -> Result<f64> {
    let word = float_word(text).ok_or_else(|| invalid("double precision", "digits"))?;
    let value: f64 = word
        .parse()
        .map_err(|_| invalid("double precision", "digits"))?;
    let lost = value.is_infinite() && !word.contains(['i', 'I'])
        || value == 0.0 && has_nonzero_digit(word);
    match lost {
        true => Err(value_error(
            "double precision is out of range in a cast of the transform",
        )),
        false => Ok(value),
    }
}

/// The same for real.
pub(super) fn float4(text: &str) -> Result<f32> {
    let word = float_word(text).ok_or_else(|| invalid("real", "digits"))?;
    let value: f32 = word.parse().map_err(|_| invalid("real", "digits"))?;
    let lost = value.is_infinite() && !word.contains(['i', 'I'])
        || value == 0.0 && has_nonzero_digit(word);
    match lost {
        true => Err(value_error(
            "real is out of range in a cast of the transform",
        )),
        false => Ok(value),
    }
}

fn float_word(text: &str) -> Option<&str> {
    let word = trimmed(text);
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let named = ["nan", "inf", "infinity"]
        .iter()
        .any(|name| unsigned.eq_ignore_ascii_case(name));
    let number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    (named || number).then_some(word)
}

fn has_nonzero_digit(word: &str) -> bool {
    let mantissa = word.split(['e', 'E']).next().unwrap_or(word);
    mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

/// An exact number: its unscaled value and its scale.
pub(super) fn numeric(text: &str) -> Result<(i256, i32)> {
    let form = || {
        invalid(
            "numeric",
            "digits, as 123.45 or 1e6; NaN and infinity have no exact form",
        )
    };
    let word = trimmed(text);
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| form())?),
        None => (word, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let unsigned = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    let digits = format!("{unsigned}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(form());
    }
    let too_long = || value_error("a numeric in the transform has more than 76 digits");
    let mut value = i256::ZERO;
    for digit in digits.bytes() {
        value = value
            .checked_mul(i256::from_i128(10))
            .and_then(|value| value.checked_add(i256::from_i128(i128::from(digit - b'0'))))
            .ok_or_else(too_long)?;
    }
    if whole.starts_with('-') {
        value = value.wrapping_neg();
    }
    let scale = i32::try_from(fraction.len()).map_err(|_| too_long())? - exponent;
    match scale {
        0.. => Ok((value, scale)),
        _ => super::quotient::scaled(value, -scale)
            .map(|value| (value, 0))
            .ok_or_else(too_long),
    }
}

/// Bytes in hexadecimal digits after `\\x`, or text without a backslash.
pub(super) fn bytea(text: &str) -> Result<Vec<u8>> {
    let form = || invalid("bytea", "hexadecimal digits, as in '\\x00ff'");
    let Some(digits) = text.strip_prefix("\\x") else {
        return match text.contains('\\') {
            true => Err(form()),
            false => Ok(text.as_bytes().to_vec()),
        };
    };
    if digits.len() % 2 == 1 || !digits.is_ascii() {
        return Err(form());
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| form()))
        .collect()
}

/// `YYYY-MM-DD`, perhaps with a time, which does not count, or `BC`, or an infinity.
pub(super) fn date(text: &str) -> Result<i32> {
    match infinity(text) {
        Some(true) => return Ok(i32::MAX),
        Some(false) => return Ok(i32::MIN),
        None => {}
    }
    let form = || invalid("date", "YYYY-MM-DD");
    let (text, bc) = era(trimmed(text));
    let day = match text.split_once([' ', 'T', 't']) {
        Some((day, time)) => {
            let (clock, offset) = split_offset(time.trim_start());
            let is_time = offset.is_none_or(|offset| offset_micros(offset).is_some());
            clock_micros(clock).filter(|_| is_time).ok_or_else(form)?;
            day
        }
        None => text,
    };
    checked_date(day_of(day, bc).ok_or_else(form)?)
}

fn infinity(text: &str) -> Option<bool> {
    match &*trimmed(text).to_ascii_lowercase() {
        "infinity" | "+infinity" => Some(true),
        "-infinity" => Some(false),
        _ => None,
    }
}

fn era(text: &str) -> (&str, bool) {
    match text.strip_suffix("BC").or_else(|| text.strip_suffix("bc")) {
        Some(rest) => (rest.trim_end(), true),
        None => (text, false),
    }
}

fn day_of(text: &str, bc: bool) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() < 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let (month, day) = (u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    let year = match bc {
        true => 1 - year,
        false if year == 0 => return None,
        false => year,
    };
    ((1..=12).contains(&month) && (1..=month_length(year, month)).contains(&day))
        .then(|| days(year, month, day))
}

fn number(text: &str) -> Option<i64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// `YYYY-MM-DD`, then a time and an offset if there are; without offset it is UTC.
pub(super) fn timestamp(text: &str, with_zone: bool) -> Result<i64> {
    match infinity(text) {
        Some(true) => return Ok(i64::MAX),
        Some(false) => return Ok(i64::MIN),
        None => {}
    }
    let form = || {
        invalid(
            "timestamp",
            "YYYY-MM-DD HH:MM:SS.ffffff, with +HH:MM where it has a zone",
        )
    };
    let (text, bc) = era(trimmed(text));
    let (date, time) = match text.split_once([' ', 'T', 't']) {
        Some((date, time)) => (date, time.trim_start()),
        None => (text, "00:00:00"),
    };
    let (clock, offset) = split_offset(time);
    let offset = match offset {
        None => 0,
        // PostgreSQL ignores an offset in a timestamp without time zone.
        Some(text) => offset_micros(text)
            .map(|micros| micros * i64::from(with_zone))
            .ok_or_else(form)?,
    };
    let day = day_of(date, bc).ok_or_else(form)?;
    let micros = clock_micros(clock).ok_or_else(form)?;
    checked_timestamp(
        day.checked_mul(DAY)
            .and_then(|start| start.checked_add(micros - offset)),
    )
}

fn split_offset(time: &str) -> (&str, Option<&str>) {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return (clock.trim_end(), Some("+00"));
    }
    match time.rfind(['+', '-']) {
        Some(at) => (time[..at].trim_end(), Some(&time[at..])),
        None => (time, None),
    }
}

fn offset_micros(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let mut parts = text[1..].split(':');
    let (mut hours, mut minutes) = (number(parts.next()?)?, 0);
    if let Some(text) = parts.next() {
        minutes = number(text)?;
    } else if text.len() > 3 {
        (hours, minutes) = (hours / 100, hours % 100);
    }
    (parts.next().is_none() && hours < 16 && minutes < 60)
        .then_some(sign * (hours * 3600 + minutes * 60) * 1_000_000)
}

fn clock_micros(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let hours = number(parts.next()?)?;
    let minutes = number(parts.next()?)?;
    let (seconds, fraction) = match parts.next() {
        Some(text) => text.split_once('.').unwrap_or((text, "")),
        None => ("0", ""),
    };
    if fraction.len() > 6 {
        return None;
    }
    let micros = number(&format!("{fraction:0<6}"))?;
    let seconds = number(seconds)?;
    (hours < 24 && minutes < 60 && seconds < 60)
        .then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros)
}

/// `HH:MM:SS.ffffff`.
pub(super) fn time(text: &str) -> Result<i64> {
    match trimmed(text) {
        "24:00" | "24:00:00" => Ok(DAY),
        text => clock_micros(text).ok_or_else(|| invalid("time", "HH:MM:SS.ffffff")),
    }
}

/// Whole numbers with units, and a time: `1 year 2 mons -3 days 04:05:06.7`.
pub(super) fn interval(text: &str) -> Result<IntervalMonthDayNano> {
    let form = || {
        invalid(
            "interval",
            "whole numbers with units, as in '1 month 2 days 03:04:05'",
        )
    };
    let (mut months, mut days, mut micros) = (0i64, 0i64, 0i64);
    let mut words = text.split_ascii_whitespace();
    let mut any = false;
    while let Some(word) = words.next() {
        any = true;
        if word.contains(':') {
            let (sign, clock) = match word.strip_prefix('-') {
                Some(clock) => (-1, clock),
                None => (1, word.strip_prefix('+').unwrap_or(word)),
            };
            micros += sign * clock_micros(clock).ok_or_else(form)?;
            continue;
        }
        let (count, unit) = match word.find(|c: char| c.is_ascii_alphabetic()) {
            Some(at) => (&word[..at], &word[at..]),
            None => (word, words.next().ok_or_else(form)?),
        };
        let count: i64 = count.parse().map_err(|_| form())?;
        let (target, factor) = match &*unit.to_ascii_lowercase() {
            "year" | "years" | "y" => (&mut months, 12),
            "month" | "months" | "mon" | "mons" => (&mut months, 1),
            "week" | "weeks" | "w" => (&mut days, 7),
            "day" | "days" | "d" => (&mut days, 1),
            "hour" | "hours" | "h" => (&mut micros, 3_600_000_000),
            "minute" | "minutes" | "min" | "mins" | "m" => (&mut micros, 60_000_000),
            "second" | "seconds" | "sec" | "secs" | "s" => (&mut micros, 1_000_000),
            "millisecond" | "milliseconds" => (&mut micros, 1_000),
            "microsecond" | "microseconds" => (&mut micros, 1),
            _ => return Err(form()),
        };
        *target = count
            .checked_mul(factor)
            .and_then(|value| target.checked_add(value))
            .ok_or_else(form)?;
    }
    let nanos = micros.checked_mul(1000).filter(|_| any).ok_or_else(form)?;
    Ok(IntervalMonthDayNano::new(
        i32::try_from(months).map_err(|_| form())?,
        i32::try_from(days).map_err(|_| form())?,
        nanos,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::format;

    #[test]
    fn timestamps_round_trip() {
        for text in [
            "2024-02-29 12:34:56.789",
            "0001-01-01 00:00:00",
            "4713-01-01 00:00:00 BC",
            "294246-12-31 23:59:59.999999",
            "infinity",
            "-infinity",
        ] {
            assert_eq!(format::timestamp(timestamp(text, false).unwrap()), text);
        }
    }

    #[test]
    fn an_offset_counts_only_with_time_zone() {
        let text = "2024-01-01T00:00:00+02:00";
        assert_eq!(
            format::timestamptz(timestamp(text, true).unwrap()),
            "2023-12-31 22:00:00+00"
        );
        assert_eq!(
            format::timestamp(timestamp(text, false).unwrap()),
            "2024-01-01 00:00:00"
        );
    }

    #[test]
    fn forms_that_depend_on_settings_are_refused() {
        for text in ["01/02/2024", "2024-1-2", "2024-02-30", "yesterday", ""] {
            assert!(date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_with_exponents_are_exact() {
        assert_eq!(numeric("1.25e1").unwrap(), (i256::from_i128(125), 1));
        assert_eq!(numeric("-2e3").unwrap(), (i256::from_i128(-2000), 0));
        assert!(numeric("NaN").is_err());
    }

    #[test]
    fn intervals_are_whole_numbers_with_units() {
        let interval = interval("1 year 2 mons -3 days 04:00:00").unwrap();
        assert_eq!(
            interval,
            IntervalMonthDayNano::new(14, -3, 14_400_000_000_000)
        );
        assert!(super::interval("1.5 months").is_err());
    }
}

//! Numbers, dates and times in PostgreSQL's text form (`DateStyle` ISO, time zone UTC).

/// Days from 0000-03-01 to 1970-01-01 in the proleptic Gregorian calendar.
const EPOCH_DAYS: i64 = 719_468;

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Year (astronomical: 0 is 1 BC), month and day of a day counted from 1970-01-01.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
pub(crate) fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + EPOCH_DAYS;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// The day counted from 1970-01-01 of a year, month and day; the day may be past the month's end.
pub(crate) fn days(year: i64, month: u32, day: u32) -> i64 {
    let shifted_year = year - i64::from(month <= 2);
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted_month = i64::from((month + 9) % 12);
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - EPOCH_DAYS
}

/// Days of a month.
pub(crate) fn month_length(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.rem_euclid(4) == 0
            && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) =>
        {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// A date, whose least and greatest integers are the infinities.
pub(crate) fn date(day: i32) -> String {
    match day {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        day => {
            let (text, era) = year_month_day(i64::from(day));
            format!("{text}{era}")
        }
    }
}

fn year_month_day(day: i64) -> (String, &'static str) {
    match civil(day) {
        (year, month, day) if year > 0 => (format!("{year:04}-{month:02}-{day:02}"), ""),
        (year, month, day) => (format!("{:04}-{month:02}-{day:02}", 1 - year), " BC"),
    }
}

/// A time of day in microseconds.
pub(crate) fn time(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let whole = format!("{hours:02}:{minutes:02}:{seconds:02}");
    match fraction {
        0 => whole,
        _ => format!("{whole}.{}", format!("{fraction:06}").trim_end_matches('0')),
    }
}

/// A timestamp in microseconds since 1970, whose least and greatest integers are the infinities.
pub(crate) fn timestamp(micros: i64) -> String {
    zoned(micros, "")
}

/// The same in UTC, with its offset.
pub(crate) fn timestamptz(micros: i64) -> String {
    zoned(micros, "+00")
}

fn zoned(micros: i64, offset: &str) -> String {
    match micros {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        micros => {
            let (text, era) = year_month_day(micros.div_euclid(DAY));
            format!("{text} {}{offset}{era}", time(micros.rem_euclid(DAY)))
        }
    }
}

/// A decimal from the digits of its unscaled value.
pub(crate) fn decimal(unscaled: &str, scale: i8) -> String {
    let (sign, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", unscaled),
    };
    let Ok(scale) = usize::try_from(scale) else {
        return format!(
            "{sign}{digits}{}",
            "0".repeat(usize::from(scale.unsigned_abs()))
        );
    };
    if scale == 0 {
        return unscaled.to_owned();
    }
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// A double precision number: the shortest text that reads back as itself.
///
/// Source: PostgreSQL, `src/common/d2s.c`: an exponent below -4 or from 15 on is written out.
pub(crate) fn float8(value: f64) -> String {
    shortest(
        value.is_nan(),
        value.is_infinite(),
        value < 0.0,
        format!("{value:e}"),
        15,
    )
}

/// A real number, likewise; its exponent is written out from 6 on.
///
/// Source: PostgreSQL, `src/common/f2s.c`.
pub(crate) fn float4(value: f32) -> String {
    shortest(
        value.is_nan(),
        value.is_infinite(),
        value < 0.0,
        format!("{value:e}"),
        6,
    )
}

fn shortest(nan: bool, infinite: bool, negative: bool, text: String, limit: i32) -> String {
    if nan {
        return "NaN".to_owned();
    }
    if infinite {
        return if negative { "-Infinity" } else { "Infinity" }.to_owned();
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= limit {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let point = exponent + 1;
    let text = if point <= 0 {
        format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
    } else if digits.len() <= point as usize {
        format!("{digits:0<width$}", width = point as usize)
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        format!("{whole}.{fraction}")
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_round_trip() {
        for day in [
            -2_440_588,
            -719_529,
            -1,
            0,
            59,
            11_016,
            2_932_896,
            2_145_031_948,
        ] {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn text_is_as_postgresql_writes_it() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(-719_163), "0001-12-31 BC");
        assert_eq!(date(i32::MAX), "infinity");
        assert_eq!(timestamp(-1), "1969-12-31 23:59:59.999999");
        assert_eq!(timestamptz(1_500_000), "1970-01-01 00:00:01.5+00");
        assert_eq!(decimal("-5", 2), "-0.05");
        assert_eq!(decimal("12345", 2), "123.45");
    }

    #[test]
    fn floats_are_as_postgresql_writes_them() {
        for (value, text) in [
            (0.1, "0.1"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (-2.5, "-2.5"),
            (-0.0, "-0"),
            (1.234_567_890_123_456_8e17, "1.2345678901234568e+17"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(float8(value), text);
        }
        assert_eq!(float4(1e6), "1e+06");
        assert_eq!(float4(123_456.0), "123456");
    }
}

//! Arrow values as PostgreSQL writes them, for a person to read.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

/// Days from 0000-03-01 to 1970-01-01 in the proleptic Gregorian calendar.
const EPOCH_DAYS: i64 = 719_468;

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// The value in row `row`; `None` is NULL.
///
/// Bytes are text if they are UTF-8, or else hexadecimal: carried columns are read as text.
pub(crate) fn text(array: &ArrayRef, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Boolean => if array.as_boolean().value(row) {
            "t"
        } else {
            "f"
        }
        .to_owned(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float32 => float(format!(
            "{:?}",
            array.as_primitive::<Float32Type>().value(row)
        )),
        DataType::Float64 => float(format!(
            "{:?}",
            array.as_primitive::<Float64Type>().value(row)
        )),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Binary => bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(array.as_binary_view().value(row)),
        DataType::Date32 => date(array.as_primitive::<Date32Type>().value(row)),
        DataType::Time64(_) => time(array.as_primitive::<Time64MicrosecondType>().value(row)),
        DataType::Timestamp(_, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            timestamp(micros, if zone.is_some() { "+00" } else { "" })
        }
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Decimal256(..) => array.as_primitive::<Decimal256Type>().value_as_string(row),
        DataType::Interval(_) => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            interval(value.months, value.days, value.nanoseconds / 1_000)
        }
        DataType::List(_) => list(&array.as_list::<i32>().value(row)),
        other => format!("({other})"),
    })
}

/// Rust's shortest form that reads back the same, in PostgreSQL's spelling.
fn float(text: String) -> String {
    match text.as_str() {
        "NaN" => "NaN".to_owned(),
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        plain => plain.strip_suffix(".0").unwrap_or(plain).to_owned(),
    }
}

fn bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{digits}")
        }
    }
}

fn list(values: &ArrayRef) -> String {
    let item = |row| match text(values, row) {
        None => "NULL".to_owned(),
        Some(text) if text.is_empty() || text.contains(['"', '\\', '{', '}', ',', ' ']) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        Some(text) => text,
    };
    format!(
        "{{{}}}",
        (0..values.len()).map(item).collect::<Vec<_>>().join(",")
    )
}

fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => {
            let (date, era) = civil(days.into());
            format!("{date}{era}")
        }
    }
}

fn timestamp(micros: i64, zone: &str) -> String {
    match micros {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        micros => {
            let (date, era) = civil(micros.div_euclid(DAY_MICROS));
            format!("{date} {}{zone}{era}", time(micros.rem_euclid(DAY_MICROS)))
        }
    }
}

fn time(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let text = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    match micros % 1_000_000 {
        0 => text,
        fraction => format!("{text}.{}", format!("{fraction:06}").trim_end_matches('0')),
    }
}

/// The date that is `days` after 1970-01-01, and ` BC` if it is before the year 1.
///
/// Years begin in March here, so that the leap day is the last one and months need no table.
fn civil(days: i64) -> (String, &'static str) {
    let days = days + EPOCH_DAYS;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
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
    match year {
        1.. => (format!("{year:04}-{month:02}-{day:02}"), ""),
        // There is no year 0: it is 1 BC.
        _ => (format!("{:04}-{month:02}-{day:02}", 1 - year), " BC"),
    }
}

fn interval(months: i32, days: i32, micros: i64) -> String {
    let plural = |number: i32| if number == 1 { "" } else { "s" };
    let mut parts = Vec::new();
    for (number, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if number != 0 {
            parts.push(format!("{number} {unit}{}", plural(number)));
        }
    }
    if micros != 0 || parts.is_empty() {
        let sign = if micros < 0 { "-" } else { "" };
        let magnitude = i64::try_from(micros.unsigned_abs()).unwrap_or(i64::MAX);
        parts.push(format!("{sign}{}", time(magnitude)));
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BinaryArray, Date32Array, Float64Array, TimestampMicrosecondArray};

    use super::*;

    #[test]
    fn dates_reach_from_bc_to_infinity() {
        let days = vec![0, 11_016, -719_528, i32::MAX, i32::MIN, -1];
        check(
            Arc::new(Date32Array::from(days)),
            &[
                "1970-01-01",
                "2000-02-29",
                "0001-01-01 BC",
                "infinity",
                "-infinity",
                "1969-12-31",
            ],
        );
    }

    #[test]
    fn timestamps_keep_microseconds() {
        let micros = vec![-1, 951_782_400_120_000, i64::MAX];
        let array = TimestampMicrosecondArray::from(micros).with_timezone("UTC");
        check(
            Arc::new(array),
            &[
                "1969-12-31 23:59:59.999999+00",
                "2000-02-29 00:00:00.12+00",
                "infinity",
            ],
        );
    }

    #[test]
    fn floats_are_spelled_as_in_postgresql() {
        let values = vec![1.0, 0.1, f64::NAN, f64::NEG_INFINITY, 1e300];
        check(
            Arc::new(Float64Array::from(values)),
            &["1", "0.1", "NaN", "-Infinity", "1e300"],
        );
    }

    #[test]
    fn bytes_are_text_where_they_can_be() {
        check(
            Arc::new(BinaryArray::from(vec![&b"ab"[..], &[0xff, 1]])),
            &["ab", "\\xff01"],
        );
    }

    #[test]
    fn intervals_keep_their_three_parts() {
        assert_eq!(
            interval(14, -1, 1_500_000),
            "1 year 2 mons -1 days 00:00:01.5"
        );
        assert_eq!(interval(0, 0, 0), "00:00:00");
        assert_eq!(interval(1, 0, -1), "1 mon -00:00:00.000001");
    }

    fn check(array: ArrayRef, expected: &[&str]) {
        let found: Vec<_> = (0..array.len())
            .map(|row| text(&array, row).unwrap())
            .collect();
        assert_eq!(found, expected);
    }
}

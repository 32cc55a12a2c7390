//! Dates, timestamps and intervals: arithmetic, truncation and parts, infinities included.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float64Type, Int32Type,
    IntervalMonthDayNano, IntervalMonthDayNanoType, TimestampMicrosecondType,
};
use datafusion::common::Result;

use super::arithmetic::Operator;
use super::format::{DAY, civil, days, month_length};
use super::vector::{primitives, text};
use crate::template::{external, refuse, value_error};

/// First and last date of PostgreSQL's, as days since 1970.
const DATES: std::ops::RangeInclusive<i64> = -2_440_588..=2_145_031_948;

/// First microsecond of PostgreSQL's timestamps, and the last that Arrow counts, since 1970: the
/// years after 294246 are out of its reach, and its last integer is infinity.
const TIMESTAMPS: std::ops::RangeInclusive<i64> = -210_866_803_200_000_000..=i64::MAX - 1;

/// Computes `left operator right` where one side is a date, timestamp or interval.
pub(super) fn arithmetic(
    operator: Operator,
    left: &ArrayRef,
    right: &ArrayRef,
) -> Result<ArrayRef> {
    let negative = operator == Operator::Subtract;
    Ok(match (left.data_type(), right.data_type()) {
        (DataType::Date32, DataType::Int32) => Arc::new(date_plus(left, right, negative)?),
        (DataType::Int32, DataType::Date32) => Arc::new(date_plus(right, left, false)?),
        (DataType::Date32, DataType::Date32) => Arc::new(date_difference(left, right)?),
        (DataType::Timestamp(..), DataType::Timestamp(..)) => Arc::new(difference(left, right)?),
        (DataType::Timestamp(..), DataType::Interval(_)) => plus(left, right, negative)?,
        (DataType::Interval(_), DataType::Timestamp(..)) => plus(right, left, false)?,
        (left, right) => {
            let message = format!("there is no arithmetic of {left} and {right}");
            return Err(external(refuse(None, message)));
        }
    })
}

fn get<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> Option<T::Native> {
    let values = array.as_primitive::<T>();
    values.is_valid(row).then(|| values.value(row))
}

fn out_of_range(what: &str) -> towpath_engine::Error {
    value_error(format!("{what} is out of range in the transform"))
}

fn date_plus(
    dates: &ArrayRef,
    numbers: &ArrayRef,
    negative: bool,
) -> Result<PrimitiveArray<Date32Type>> {
    primitives::<Date32Type>(dates.len(), |row| {
        let (Some(date), Some(number)) = (
            get::<Date32Type>(dates, row),
            get::<Int32Type>(numbers, row),
        ) else {
            return Ok(None);
        };
        if matches!(date, i32::MIN | i32::MAX) {
            return Ok(Some(date));
        }
        let number = if negative {
            -i64::from(number)
        } else {
            i64::from(number)
        };
        checked_date(i64::from(date) + number).map(Some)
    })
}

/// `day` as a date, if PostgreSQL has it.
pub(super) fn checked_date(day: i64) -> towpath_engine::Result<i32> {
    match DATES.contains(&day) {
        true => i32::try_from(day).map_err(|_| out_of_range("a date")),
        false => Err(out_of_range("a date")),
    }
}

/// `micros` as a timestamp, if PostgreSQL has it.
pub(super) fn checked_timestamp(micros: Option<i64>) -> towpath_engine::Result<i64> {
    micros
        .filter(|micros| TIMESTAMPS.contains(micros))
        .ok_or_else(|| out_of_range("a timestamp"))
}

fn date_difference(left: &ArrayRef, right: &ArrayRef) -> Result<PrimitiveArray<Int32Type>> {
    primitives::<Int32Type>(left.len(), |row| {
        let (Some(left), Some(right)) =
            (get::<Date32Type>(left, row), get::<Date32Type>(right, row))
        else {
            return Ok(None);
        };
        if [i32::MIN, i32::MAX].contains(&left) || [i32::MIN, i32::MAX].contains(&right) {
            return Err(value_error(
                "infinite dates cannot be subtracted in the transform",
            ));
        }
        left.checked_sub(right)
            .ok_or_else(|| out_of_range("a difference of dates"))
            .map(Some)
    })
}

/// The difference as days and time, as PostgreSQL justifies it.
fn difference(
    left: &ArrayRef,
    right: &ArrayRef,
) -> Result<PrimitiveArray<IntervalMonthDayNanoType>> {
    type T = TimestampMicrosecondType;
    primitives::<IntervalMonthDayNanoType>(left.len(), |row| {
        let (Some(left), Some(right)) = (get::<T>(left, row), get::<T>(right, row)) else {
            return Ok(None);
        };
        if [i64::MIN, i64::MAX].contains(&left) || [i64::MIN, i64::MAX].contains(&right) {
            return Err(value_error(
                "infinite timestamps cannot be subtracted in the transform",
            ));
        }
        let micros = left
            .checked_sub(right)
            .ok_or_else(|| out_of_range("an interval"))?;
        let days = i32::try_from(micros / DAY).map_err(|_| out_of_range("an interval"))?;
        Ok(Some(IntervalMonthDayNano::new(
            0,
            days,
            micros % DAY * 1000,
        )))
    })
}

fn plus(timestamps: &ArrayRef, intervals: &ArrayRef, negative: bool) -> Result<ArrayRef> {
    type T = TimestampMicrosecondType;
    let sums = primitives::<T>(timestamps.len(), |row| {
        let (Some(instant), Some(interval)) = (
            get::<T>(timestamps, row),
            get::<IntervalMonthDayNanoType>(intervals, row),
        ) else {
            return Ok(None);
        };
        if [i64::MIN, i64::MAX].contains(&instant) {
            return Ok(Some(instant));
        }
        let sign = if negative { -1 } else { 1 };
        let months = sign * i64::from(interval.months);
        let micros = sign * (interval.nanoseconds / 1000);
        let moved = add_months(instant, months)
            .checked_add(sign * i64::from(interval.days) * DAY)
            .and_then(|moved| moved.checked_add(micros));
        checked_timestamp(moved).map(Some)
    })?;
    Ok(Arc::new(
        sums.with_data_type(timestamps.data_type().clone()),
    ))
}

/// The same time of day `months` later, at the latest on the month's last day.
fn add_months(micros: i64, months: i64) -> i64 {
    if months == 0 {
        return micros;
    }
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let total = year * 12 + i64::from(month) - 1 + months;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) as u32 + 1);
    days(year, month, day.min(month_length(year, month)))
        .saturating_mul(DAY)
        .saturating_add(micros.rem_euclid(DAY))
}

/// `date_trunc(unit, timestamp)`; infinities stay.
pub(super) fn date_trunc(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    type T = TimestampMicrosecondType;
    let truncated = primitives::<T>(args[1].len(), |row| {
        let (Some(unit), Some(instant)) = (text(&args[0], row), get::<T>(&args[1], row)) else {
            return Ok(None);
        };
        let truncated = truncate(&unit.to_ascii_lowercase(), instant)?;
        Ok(Some(truncated))
    })?;
    Ok(Arc::new(
        truncated.with_data_type(args[1].data_type().clone()),
    ))
}

fn truncate(unit: &str, instant: i64) -> towpath_engine::Result<i64> {
    let infinite = [i64::MIN, i64::MAX].contains(&instant);
    let fixed = |micros: i64| Ok(instant - instant.rem_euclid(micros));
    let (year, month, _) = civil(instant.div_euclid(DAY));
    let first = |year: i64, month: u32| checked_timestamp(days(year, month, 1).checked_mul(DAY));
    match unit {
        _ if infinite && UNITS.contains(&unit) => Ok(instant),
        "microsecond" | "microseconds" => Ok(instant),
        "millisecond" | "milliseconds" => fixed(1_000),
        "second" | "seconds" => fixed(1_000_000),
        "minute" | "minutes" => fixed(60_000_000),
        "hour" | "hours" => fixed(3_600_000_000),
        "day" | "days" => fixed(DAY),
        // 1970-01-01 was a Thursday; weeks begin on Mondays.
        "week" | "weeks" => {
            let day = instant.div_euclid(DAY);
            checked_timestamp((day - (day + 3).rem_euclid(7)).checked_mul(DAY))
        }
        "month" | "months" => first(year, month),
        "quarter" => first(year, (month - 1) / 3 * 3 + 1),
        "year" | "years" => first(year, 1),
        "decade" | "decades" => first(year.div_euclid(10) * 10, 1),
        "century" | "centuries" => first((year - 1).div_euclid(100) * 100 + 1, 1),
        "millennium" | "millennia" => first((year - 1).div_euclid(1000) * 1000 + 1, 1),
        _ => Err(unknown_unit(unit)),
    }
}

/// Units that an infinity is truncated to, that is, all.
pub(super) const UNITS: [&str; 25] = [
    "microsecond",
    "microseconds",
    "millisecond",
    "milliseconds",
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "quarter",
    "year",
    "years",
    "decade",
    "decades",
    "century",
    "centuries",
    "millennium",
    "millennia",
];

pub(super) fn unknown_unit(unit: &str) -> towpath_engine::Error {
    refuse(
        None,
        format!("unit {unit:?} of a date or time is not supported"),
    )
    .with_hint(
        "use second, minute, hour, day, week, month, quarter or year, or let the source run it \
         (on: source)",
    )
}

/// `extract(field from timestamp)`: numeric, with six digits after the point.
pub(super) fn extract(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let micros = part_in_micros(args)?;
    let DataType::Decimal128(precision, scale) = *result else {
        return Err(external(refuse(None, "extract gives a numeric")));
    };
    let unit = 10i64.pow(6 - u32::from(scale.unsigned_abs()));
    let values = primitives::<Decimal128Type>(micros.len(), |row| {
        Ok(micros[row].map(|micros| i128::from(micros / unit)))
    })?;
    Ok(Arc::new(values.with_precision_and_scale(precision, scale)?))
}

/// `date_part(field, timestamp)`: double precision.
pub(super) fn date_part(args: &[ArrayRef], _: &DataType) -> Result<ArrayRef> {
    let micros = part_in_micros(args)?;
    let values = primitives::<Float64Type>(micros.len(), |row| {
        Ok(micros[row].map(|micros| micros as f64 / 1e6))
    })?;
    Ok(Arc::new(values))
}

/// The part in millionths.
fn part_in_micros(args: &[ArrayRef]) -> Result<Vec<Option<i64>>> {
    (0..args[1].len())
        .map(|row| {
            let (Some(field), Some(instant)) = (
                text(&args[0], row),
                get::<TimestampMicrosecondType>(&args[1], row),
            ) else {
                return Ok(None);
            };
            part(&field.to_ascii_lowercase(), instant).map(Some)
        })
        .collect::<towpath_engine::Result<_>>()
        .map_err(external)
}

/// Digits after the point of `extract(field …)`; `None` if the field is not supported.
pub(super) fn part_scale(field: &str) -> Option<i8> {
    Some(match &*field.to_ascii_lowercase() {
        "epoch" | "second" | "seconds" => 6,
        "milliseconds" | "millisecond" => 3,
        "microseconds" | "microsecond" | "minute" | "minutes" | "hour" | "hours" | "day"
        | "days" | "month" | "months" | "quarter" | "year" | "years" | "week" | "isoyear"
        | "dow" | "isodow" | "doy" => 0,
        _ => return None,
    })
}

fn part(field: &str, instant: i64) -> towpath_engine::Result<i64> {
    if [i64::MIN, i64::MAX].contains(&instant) {
        return Err(value_error(format!(
            "an infinite timestamp has no {field} in the transform"
        ))
        .with_hint(
            "leave infinite ones out: WHERE isfinite(x), or let the source run it (on: source)",
        ));
    }
    let (day, time) = (instant.div_euclid(DAY), instant.rem_euclid(DAY));
    let (year, month, day_of_month) = civil(day);
    // A year before 1 AD counts from 1 BC in PostgreSQL: there is no year 0.
    let named_year = |year: i64| if year > 0 { year } else { year - 1 };
    let whole = match field {
        "epoch" => return Ok(instant),
        "second" | "seconds" => return Ok(time % 60_000_000),
        "milliseconds" | "millisecond" => return Ok(time % 60_000_000 * 1000),
        "microseconds" | "microsecond" => time % 60_000_000,
        "minute" | "minutes" => time / 60_000_000 % 60,
        "hour" | "hours" => time / 3_600_000_000,
        "day" | "days" => i64::from(day_of_month),
        "month" | "months" => i64::from(month),
        "quarter" => i64::from((month - 1) / 3 + 1),
        "year" | "years" => named_year(year),
        "dow" => (day + 4).rem_euclid(7),
        "isodow" => (day + 3).rem_euclid(7) + 1,
        "doy" => day - days(year, 1, 1) + 1,
        "week" => iso_week(day).1,
        "isoyear" => named_year(iso_week(day).0),
        _ => return Err(unknown_unit(field)),
    };
    Ok(whole * 1_000_000)
}

/// ISO 8601 year and week: the week is that of its Thursday.
fn iso_week(day: i64) -> (i64, i64) {
    let thursday = day - (day + 3).rem_euclid(7) + 3;
    let (year, _, _) = civil(thursday);
    (year, (thursday - days(year, 1, 1)) / 7 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_later_is_at_most_the_months_last_day() {
        let end_of_january = days(2024, 1, 31) * DAY;
        assert_eq!(add_months(end_of_january, 1), days(2024, 2, 29) * DAY);
        assert_eq!(add_months(end_of_january, -2), days(2023, 11, 30) * DAY);
    }

    #[test]
    fn an_iso_week_belongs_to_the_year_of_its_thursday() {
        assert_eq!(iso_week(days(2021, 1, 3)), (2020, 53));
        assert_eq!(iso_week(days(2024, 12, 30)), (2025, 1));
    }

    #[test]
    fn an_infinite_timestamp_has_no_year() {
        assert!(part("year", i64::MAX).is_err());
        assert_eq!(truncate("month", i64::MAX).unwrap(), i64::MAX);
    }
}

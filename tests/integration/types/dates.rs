//! Dates and times.

use super::groups;

groups! {
    dates_keep_infinity_and_their_limits ("") &[
        ("date", &["'infinity'", "'-infinity'", "'4713-11-24 BC'", "'5874897-12-31'", "'2024-02-29'"]),
    ];

    timestamps_keep_infinity_their_limits_and_microseconds ("") &[
        ("timestamp without time zone", &["'infinity'", "'-infinity'", "'4713-11-24 00:00 BC'",
            "'294276-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'"]),
        ("timestamp with time zone", &["'infinity'", "'-infinity'", "'4713-11-24 00:00+00 BC'",
            "'294276-12-31 23:59:59.999999+00'", "'2024-03-31 02:30:00.5+05:30'"]),
    ];

    timestamps_keep_their_fractional_digits ("") &[
        ("timestamp(0) without time zone", &["'2024-01-01 12:34:56'"]),
        ("timestamp(3) with time zone", &["'2024-01-01 12:34:56.789+00'"]),
    ];

    times_keep_midnight_at_either_end ("") &[
        ("time without time zone", &["'24:00:00'", "'00:00:00'", "'00:00:00.000001'", "'23:59:59.999999'"]),
        ("time(3) without time zone", &["'12:34:56.789'"]),
    ];

    times_keep_their_offset ("") &[
        ("time with time zone", &["'23:59:59.999999-15:59'", "'00:00:00+15:59:59'", "'24:00:00+00'"]),
        ("time(0) with time zone", &["'12:00:00+02'"]),
    ];

    intervals_keep_months_days_and_microseconds_apart ("") &[
        ("interval", &["'1 mon -1 day +00:00:00.000001'", "'178000000 years'", "'-178000000 years'",
            "'30 days'", "'1 month'", "'720 hours'", "'2147483647 months 2147483646 days'",
            "17: 'infinity'", "17: '-infinity'"]),
    ];

    intervals_keep_their_fields ("") &[
        ("interval year to month", &["'1-2'"]),
        ("interval day to second(3)", &["'3 04:05:06.789'"]),
        ("interval(0)", &["'1 second'"]),
    ];
}

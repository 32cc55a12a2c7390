//! Numbers as people write and read them: sizes, counts, durations.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A number of bytes: `4096`, `256MB`, `1.5 GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) usize);

/// Memory that a transform may hold: a size of at least [`MemoryLimit::LEAST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryLimit(pub(crate) usize);

impl MemoryLimit {
    /// With less, there is no room for what is sorted on disk.
    const LEAST: usize = 16 << 20;
}

impl FromStr for MemoryLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<ByteSize>()? {
            ByteSize(bytes) if bytes < Self::LEAST => Err("expected at least 16MB".to_owned()),
            ByteSize(bytes) => Ok(Self(bytes)),
        }
    }
}

/// A duration: `10s`, `500ms`, `2min`, `1.5 h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// Units of durations with their seconds, spelled as in PostgreSQL's settings.
const SPANS: [(&str, f64); 5] = [
    ("ms", 1e-3),
    ("s", 1.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, unit) = split(text);
        let factor = SPANS.iter().find(|(name, _)| *name == unit);
        let number = number.parse::<f64>().ok();
        let seconds = number.zip(factor).map(|(n, (_, factor))| n * factor);
        let span = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        span.map(Self)
            .ok_or_else(|| "expected a time as 500ms, 10s or 2min".to_owned())
    }
}

/// A number's digits, and its unit in small letters.
fn split(text: &str) -> (&str, String) {
    let text = text.trim();
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    (number, unit.trim().to_lowercase())
}

/// Units with their sizes. As in PostgreSQL's settings, a kB is 1024 bytes; `KiB` says the same.
const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("b", 1),
    ("kb", 1 << 10),
    ("mb", 1 << 20),
    ("gb", 1 << 30),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tb", 1 << 40),
];

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, unit) = split(text);
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor);
        let bytes = number
            .parse::<f64>()
            .ok()
            .zip(factor)
            .map(|(n, factor)| n * factor as f64);
        match bytes {
            Some(bytes) if (1.0..u64::MAX as f64).contains(&bytes) => Ok(Self(bytes as usize)),
            _ => Err("expected a size as 256MB or 1GB".to_owned()),
        }
    }
}

/// A count with thin groups of three digits: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in the largest unit that leaves a digit before the point: `1.2 GB`; a MB is 1,000,000.
pub(crate) fn bytes(number: u64) -> String {
    let value = number as f64;
    match number {
        0..1_000 => format!("{number} B"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        1_000_000_000..1_000_000_000_000 => format!("{:.1} GB", value / 1e9),
        _ => format!("{:.1} TB", value / 1e12),
    }
}

/// Megabytes per second.
pub(crate) fn rate(number: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    format!("{:.1} MB/s", number as f64 / 1e6 / seconds)
}

/// A time that people wait: `0.84 s`, `12.3 s`, `4 min 05 s`, `2 h 03 min`.
pub(crate) struct Wait(pub(crate) Duration);

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, exact) = (self.0.as_secs(), self.0.as_secs_f64());
        let text = match seconds {
            0..10 => format!("{exact:.2} s"),
            10..60 => format!("{exact:.1} s"),
            60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
            _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("4096", 4096),
            ("1kB", 1024),
            ("1.5 GiB", 3 << 29),
            ("2mb", 2 << 20),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "MB", "-1MB", "1 parsec", "0", "1.2.3"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_memory_limit_has_room_for_a_sort() {
        assert_eq!("16MB".parse(), Ok(MemoryLimit(16 << 20)));
        assert!("15.9MB".parse::<MemoryLimit>().is_err());
    }

    #[test]
    fn times_have_units() {
        for (text, millis) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("1.5 min", 90_000),
            ("0s", 0),
        ] {
            let span = Span(Duration::from_millis(millis));
            assert_eq!(text.parse(), Ok(span), "{text}");
        }
        for text in ["10", "s", "-1s", "10 parsec", "1e99h"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
    }

    #[test]
    fn waits_get_coarser() {
        for (millis, text) in [
            (840, "0.84 s"),
            (12_340, "12.3 s"),
            (245_000, "4 min 05 s"),
            (7_400_000, "2 h 03 min"),
        ] {
            assert_eq!(Wait(Duration::from_millis(millis)).to_string(), text);
        }
    }
}

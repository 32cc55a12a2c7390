//! Medians, and ratios to the relay.

use std::fmt::Write as _;

use crate::contender::Contender;
use crate::record::Measurement;

/// A table with one line for each contender that was measured.
pub(crate) fn summary(measurements: &[Measurement]) -> String {
    let mut text = String::from(
        "| how | seconds (lowest to highest) | ratio to the relay | CPU seconds | peak memory | rows | equal |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for contender in Contender::ALL {
        let own: Vec<&Measurement> = measurements
            .iter()
            .filter(|one| one.contender == contender)
            .collect();
        if let Some(line) = line(contender, &own, measurements) {
            text.push_str(&line);
        }
    }
    text.push_str(
        "\nSeconds and CPU seconds are medians. The ratio is the median of the ratios to the relay \
         of the same\nrepetition. CPU and memory are those of the programs, not of the servers.\n",
    );
    text
}

fn line(contender: Contender, own: &[&Measurement], all: &[Measurement]) -> Option<String> {
    let seconds: Vec<f64> = own.iter().map(|one| one.usage.wall.as_secs_f64()).collect();
    let cpu = own.iter().map(|one| one.usage.cpu.as_secs_f64()).collect();
    let ratios = own.iter().filter_map(|one| ratio(one, all)).collect();
    let lowest = seconds.iter().copied().reduce(f64::min)?;
    let highest = seconds.iter().copied().reduce(f64::max)?;
    let peak_kib = own.iter().map(|one| one.usage.peak_kib).max()?;
    let mut line = String::new();
    write!(
        line,
        "| {} | {:.2} ({lowest:.2} to {highest:.2}) | {:.2} | {:.2} | {} MiB | {} | {} |",
        contender.name(),
        median(seconds)?,
        median(ratios)?,
        median(cpu)?,
        peak_kib.div_ceil(1024),
        own.last()?.row_count,
        if own.iter().all(|one| one.equal) {
            "yes"
        } else {
            "**no**"
        },
    )
    .ok()?;
    line.push('\n');
    Some(line)
}

/// Wall time over that of the relay in the same repetition.
fn ratio(one: &Measurement, all: &[Measurement]) -> Option<f64> {
    let relay = all
        .iter()
        .find(|other| other.repetition == one.repetition && other.contender == Contender::Relay)?;
    Some(one.usage.wall.as_secs_f64() / relay.usage.wall.as_secs_f64())
}

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    Some(match values.len() % 2 {
        1 => upper,
        _ => (values[values.len() / 2 - 1] + upper) / 2.0,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::Usage;

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn ratios_are_of_the_same_repetition() {
        let text = summary(&[
            measurement(1, Contender::Relay, 10),
            measurement(1, Contender::TowpathEmpty, 5),
            measurement(2, Contender::Relay, 20),
            measurement(2, Contender::TowpathEmpty, 10),
        ]);
        assert!(
            text.contains("| relay | 15.00 (10.00 to 20.00) | 1.00 | 1.00 | 2 MiB | 7 | yes |")
        );
        assert!(
            text.contains("| towpath, table empty | 7.50 (5.00 to 10.00) | 0.50 |"),
            "{text}"
        );
        assert!(!text.contains("nothing changed"));
    }

    fn measurement(repetition: u32, contender: Contender, seconds: u64) -> Measurement {
        Measurement {
            repetition,
            contender,
            usage: Usage {
                wall: Duration::from_secs(seconds),
                cpu: Duration::from_secs(1),
                peak_kib: 1025,
            },
            row_count: 7,
            equal: true,
        }
    }
}

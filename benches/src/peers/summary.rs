//! Medians, and ratios to the reference.

use crate::contender::{Goal, Role};
use crate::record::{Measurement, Outcome};

/// What the tables say below them.
const LEGEND: &str = "\
Seconds and CPU seconds are medians. The ratio is the median of the ratios to the reference, which is
the first line, of the same repetition. CPU and memory are those of the programs, not of the servers;
memory is the highest of all repetitions. Equal: rows, values, columns with their types, and the key.
";

/// The measurements of one workload.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    /// With the repetition of each.
    pub(crate) measurements: Vec<(u32, Measurement)>,
}

/// One contender, over all repetitions.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) contender: String,
    pub(crate) role: Role,
    pub(crate) goal: Option<Goal>,
    /// `None`, if it failed.
    pub(crate) times: Option<Times>,
    pub(crate) row_count: u64,
    /// The first outcome that is not the best one.
    pub(crate) outcome: Outcome,
}

/// What the repetitions took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Times {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
    /// `None`, if the reference was not measured.
    pub(crate) ratio: Option<f64>,
    pub(crate) cpu: f64,
    pub(crate) peak_kib: u64,
}

impl Section {
    /// A line for each contender, in the order of the first repetition.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut names: Vec<&str> = Vec::new();
        for (_, one) in &self.measurements {
            if !names.contains(&&*one.contender) {
                names.push(&one.contender);
            }
        }
        names
            .into_iter()
            .filter_map(|name| self.line(name))
            .collect()
    }

    fn line(&self, name: &str) -> Option<Line> {
        let own: Vec<&(u32, Measurement)> = self
            .measurements
            .iter()
            .filter(|(_, one)| one.contender == name)
            .collect();
        let (_, last) = own.last()?;
        let is_bad =
            |outcome: &&Outcome| matches!(outcome, Outcome::Different(_) | Outcome::Failed(_));
        let outcomes = || own.iter().map(|(_, one)| &one.outcome);
        let outcome = outcomes().find(is_bad).or_else(|| outcomes().next())?;
        Some(Line {
            contender: name.to_owned(),
            role: last.role,
            goal: last.goal,
            times: self.times(&own),
            row_count: last.row_count,
            outcome: outcome.clone(),
        })
    }

    fn times(&self, own: &[&(u32, Measurement)]) -> Option<Times> {
        let done: Vec<&(u32, Measurement)> = own
            .iter()
            .copied()
            .filter(|(_, one)| !matches!(one.outcome, Outcome::Failed(_)))
            .collect();
        let values = |value: fn(&Measurement) -> f64| -> Vec<f64> {
            done.iter().map(|(_, one)| value(one)).collect()
        };
        let seconds = values(|one| one.usage.wall.as_secs_f64());
        let ratios = done
            .iter()
            .filter_map(|(at, one)| self.ratio(*at, one))
            .collect();
        Some(Times {
            lowest: seconds.iter().copied().reduce(f64::min)?,
            highest: seconds.iter().copied().reduce(f64::max)?,
            median: median(seconds)?,
            ratio: median(ratios),
            cpu: median(values(|one| one.usage.cpu.as_secs_f64()))?,
            peak_kib: done.iter().map(|(_, one)| one.usage.peak_kib).max()?,
        })
    }

    /// Wall time over that of the reference in the same repetition, if both did the same.
    fn ratio(&self, repetition: u32, one: &Measurement) -> Option<f64> {
        let is_reference = |(at, other): &&(u32, Measurement)| {
            *at == repetition
                && other.role == Role::Reference
                && !matches!(other.outcome, Outcome::Failed(_))
        };
        if one.outcome == Outcome::Unchecked {
            return None;
        }
        let (_, reference) = self.measurements.iter().find(is_reference)?;
        Some(one.usage.wall.as_secs_f64() / reference.usage.wall.as_secs_f64())
    }
}

/// An overview, then a table for each workload.
pub(crate) fn summary(sections: &[Section]) -> String {
    let mut text = overview(sections);
    for section in sections {
        text.push_str(&format!(
            "\n## {}: {}\n\n| how | seconds (lowest to highest) | ratio | goal | CPU seconds | \
             peak memory | rows | result |\n|---|---|---|---|---|---|---|---|\n",
            section.name, section.title
        ));
        for line in section.lines() {
            text.push_str(&table_line(&line));
        }
    }
    text.push('\n');
    text.push_str(LEGEND);
    text
}

/// One line for each time towpath was measured: it, its goal, and all others.
fn overview(sections: &[Section]) -> String {
    let mut text = String::from(
        "| workload | reference | towpath | ratio | goal | memory | others' ratio |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for section in sections {
        let lines = section.lines();
        let reference = lines.iter().find(|line| line.role == Role::Reference);
        let reference = reference.and_then(|line| line.times);
        let is_other = |line: &&Line| matches!(line.role, Role::Peer | Role::ByHand);
        let others: Vec<String> = lines.iter().filter(is_other).map(brief).collect();
        let mut others = others.join("; ");
        for line in lines.iter().filter(|line| line.role == Role::Towpath) {
            let name = line.contender.trim_start_matches("towpath");
            let name = name.trim_start_matches([',', ' ']);
            let how = match (line.times, name) {
                (None, _) => "failed".to_owned(),
                (Some(times), "") => format!("{} s", seconds(times.median)),
                (Some(times), name) => format!("{} s, {name}", seconds(times.median)),
            };
            text.push_str(&format!(
                "| {}: {} | {} | {how}{} | {} | {} | {} | {others} |\n",
                section.name,
                section.title,
                reference.map_or("–".to_owned(), |times| format!(
                    "{} s",
                    seconds(times.median)
                )),
                if matches!(line.outcome, Outcome::Different(_)) {
                    " (**not equal**)"
                } else {
                    ""
                },
                line.times
                    .and_then(|times| times.ratio)
                    .map_or("–".to_owned(), ratio),
                goal(line),
                memory(line.times),
            ));
            // The others are named once.
            others.clear();
        }
    }
    text
}

/// A contender in a few words.
fn brief(line: &Line) -> String {
    let name = &line.contender;
    let Some(ratio_of) = line.times.and_then(|times| times.ratio) else {
        return format!("{name}: failed");
    };
    match line.outcome {
        Outcome::Different(_) => format!("{name} {}, not equal", ratio(ratio_of)),
        _ => format!("{name} {}", ratio(ratio_of)),
    }
}

fn table_line(line: &Line) -> String {
    let result = match &line.outcome {
        Outcome::Different(_) | Outcome::Failed(_) => format!("**{}**", cell(&line.outcome)),
        _ => line.outcome.to_string(),
    };
    let name = &line.contender;
    let Some(times) = line.times else {
        return format!(
            "| {name} | – | – | {} | – | – | – | {result} |\n",
            goal(line)
        );
    };
    let Times {
        median,
        lowest,
        highest,
        cpu,
        ..
    } = times;
    format!(
        "| {name} | {} ({} to {}) | {} | {} | {cpu:.2} | {} | {} | {result} |\n",
        seconds(median),
        seconds(lowest),
        seconds(highest),
        times.ratio.map_or("–".to_owned(), ratio),
        goal(line),
        memory(line.times),
        line.row_count,
    )
}

/// An outcome as a cell of a table holds it.
fn cell(outcome: &Outcome) -> String {
    outcome.to_string().replace('|', "\\|")
}

/// The goal, and whether it is reached.
fn goal(line: &Line) -> String {
    let reached = |value: Option<f64>, limit| match value {
        Some(value) if value <= limit => "reached",
        Some(_) => "**missed**",
        None => "not measured",
    };
    match line.goal {
        None => "–".to_owned(),
        Some(Goal::Ratio(limit)) => {
            let value = line.times.and_then(|times| times.ratio);
            format!("{limit:.2}, {}", reached(value, limit))
        }
        Some(Goal::Seconds(limit)) => {
            let value = line.times.map(|times| times.median);
            format!("{limit:.3} s, {}", reached(value, limit))
        }
    }
}

/// Peak memory; a dash, where it was not measured.
fn memory(times: Option<Times>) -> String {
    match times {
        Some(times) if times.peak_kib > 0 => format!("{} MiB", times.peak_kib.div_ceil(1024)),
        _ => "–".to_owned(),
    }
}

/// Milliseconds matter below a second.
fn seconds(value: f64) -> String {
    match value < 1.0 {
        true => format!("{value:.3}"),
        false => format!("{value:.2}"),
    }
}

/// A ratio in a table.
fn ratio(value: f64) -> String {
    format!("{value:.2}")
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
pub(crate) mod tests {
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
        let text = summary(&[section()]);
        let relay = "| relay | 15.00 (10.00 to 20.00) | 1.00 | – | 1.00 | 2 MiB | 7 | equal |";
        assert!(text.contains(relay), "{text}");
        let towpath = "| towpath | 7.50 (5.00 to 10.00) | 0.50 | 0.90, reached |";
        assert!(text.contains(towpath), "{text}");
    }

    #[test]
    fn what_failed_has_no_times_and_says_why() {
        let text = summary(&[section()]);
        let sling = "| sling | – | – | – | – | – | – | **failed: no such type** |";
        assert!(text.contains(sling), "{text}");
    }

    #[test]
    fn the_overview_names_towpath_and_the_others() {
        let text = summary(&[section()]);
        let line =
            "| w1: all rows | 15.00 s | 7.50 s | 0.50 | 0.90, reached | 2 MiB | sling: failed |";
        assert!(
            text.starts_with("| workload |") && text.contains(line),
            "{text}"
        );
    }

    /// A relay and towpath in two repetitions, and a program that fails.
    pub(crate) fn section() -> Section {
        let goal = Some(Goal::Ratio(0.9));
        let failed = Measurement {
            outcome: Outcome::Failed("no such type".to_owned()),
            ..measurement("sling", Role::Peer, 0)
        };
        let towpath = |seconds| Measurement {
            goal,
            ..measurement("towpath", Role::Towpath, seconds)
        };
        Section {
            name: "w1",
            title: "all rows".to_owned(),
            measurements: vec![
                (1, measurement("relay", Role::Reference, 10)),
                (1, towpath(5)),
                (1, failed),
                (2, towpath(10)),
                (2, measurement("relay", Role::Reference, 20)),
            ],
        }
    }

    fn measurement(contender: &str, role: Role, seconds: u64) -> Measurement {
        Measurement {
            contender: contender.to_owned(),
            role,
            goal: None,
            usage: Usage {
                wall: Duration::from_secs(seconds),
                cpu: Duration::from_secs(1),
                peak_kib: 1025,
            },
            row_count: 7,
            outcome: Outcome::Equal,
        }
    }
}

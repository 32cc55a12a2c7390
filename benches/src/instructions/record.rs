//! Instructions per row of each case: recorded, found, compared.

use std::error::Error;
use std::fmt;
use std::fs;

/// The record, beside this package's manifest.
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.tsv");

/// Head of the record.
const HEAD: &str = "case\tinstructions per row";

/// Percent by which a case may differ from the record: other code moves it by one or two, as the
/// compiler then inlines differently.
const TOLERANCE: f64 = 5.0;

/// Instructions per row, by the name of the case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Record(Vec<(String, u64)>);

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// All cases are as they were.
    Passed,
    /// Some case costs less, and the record should say so, or else it may cost more again.
    Outdated,
    /// Some case costs more, or the record lacks it, or has one that is gone.
    Failed,
}

impl Record {
    /// The record of the repository.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read() -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(PATH).map_err(|err| format!("cannot read {PATH}: {err}"))?;
        Self::parse(&text).ok_or_else(|| format!("{PATH} is not a record of instructions").into())
    }

    /// Writes it to the repository.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(&self) -> Result<(), Box<dyn Error>> {
        let write = fs::write(PATH, self.to_string());
        write.map_err(|err| format!("cannot write {PATH}: {err}").into())
    }

    /// Adds a case.
    pub(crate) fn add(&mut self, case: &str, instructions: u64) {
        self.0.push((case.to_owned(), instructions));
    }

    fn parse(text: &str) -> Option<Self> {
        let rows = text.strip_prefix(HEAD)?.lines().skip(1).map(|line| {
            let (case, instructions) = line.split_once('\t')?;
            Some((case.to_owned(), instructions.parse().ok()?))
        });
        rows.collect::<Option<_>>().map(Self)
    }

    fn get(&self, case: &str) -> Option<u64> {
        let row = self.0.iter().find(|(name, _)| name == case);
        row.map(|(_, instructions)| *instructions)
    }

    /// This record beside what was found.
    pub(crate) fn compare(&self, found: &Self) -> Comparison {
        let mut rows: Vec<_> = found
            .0
            .iter()
            .map(|(case, count)| (case.clone(), self.get(case), Some(*count)))
            .collect();
        let gone = self.0.iter().filter(|(case, _)| found.get(case).is_none());
        rows.extend(gone.map(|(case, count)| (case.clone(), Some(*count), None)));
        Comparison(rows)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        let mut rows = self.0.iter();
        rows.try_for_each(|(case, instructions)| writeln!(f, "{case}\t{instructions}"))
    }
}

/// Cases with the instructions recorded and found.
pub(crate) struct Comparison(Vec<(String, Option<u64>, Option<u64>)>);

impl Comparison {
    /// The worst of all cases.
    pub(crate) fn verdict(&self) -> Verdict {
        let verdicts = self.0.iter().map(|(_, recorded, found)| {
            let Some(change) = change(*recorded, *found) else {
                return Verdict::Failed;
            };
            match change {
                change if change > TOLERANCE => Verdict::Failed,
                change if change < -TOLERANCE => Verdict::Outdated,
                _ => Verdict::Passed,
            }
        });
        verdicts.max().unwrap_or(Verdict::Passed)
    }
}

/// The change in percent; `None`, if the case is only recorded or only found.
fn change(recorded: Option<u64>, found: Option<u64>) -> Option<f64> {
    let (recorded, found) = (recorded? as f64, found? as f64);
    Some((found - recorded) * 100.0 / recorded)
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>10} {:>10}  instructions per row",
            "case", "recorded", "found"
        )?;
        let text = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
        for (case, recorded, found) in &self.0 {
            let change = change(*recorded, *found);
            let change = change.map_or("-".to_owned(), |change| format!("{change:+.1} %"));
            let (recorded, found) = (text(*recorded), text(*found));
            writeln!(f, "{case:<24} {recorded:>10} {found:>10} {change:>8}")?;
        }
        match self.verdict() {
            Verdict::Passed => Ok(()),
            Verdict::Outdated => writeln!(
                f,
                "some cases cost less than recorded: record it with TOWPATH_REGENERATE=1"
            ),
            Verdict::Failed => writeln!(
                f,
                "some cases cost over {TOLERANCE} % more than recorded, or are not in the record as \
                 they are here; if that is meant, record it with TOWPATH_REGENERATE=1"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_round_trips() {
        let record = record(&[("decode/a", 100), ("encode/a", 7)]);
        assert_eq!(Record::parse(&record.to_string()), Some(record));
        assert_eq!(Record::parse("case\n"), None);
    }

    #[test]
    fn five_percent_more_or_less_pass() {
        check(&[("a", 105), ("b", 950)], Verdict::Passed);
    }

    #[test]
    fn more_than_that_fails_and_less_asks_for_a_new_record() {
        check(&[("a", 106), ("b", 900)], Verdict::Failed);
        check(&[("a", 100), ("b", 900)], Verdict::Outdated);
    }

    #[test]
    fn a_case_that_is_new_or_gone_fails() {
        check(&[("a", 100), ("b", 1000), ("c", 1)], Verdict::Failed);
        check(&[("a", 100)], Verdict::Failed);
    }

    fn check(found: &[(&str, u64)], expected: Verdict) {
        let recorded = record(&[("a", 100), ("b", 1000)]);
        assert_eq!(recorded.compare(&record(found)).verdict(), expected);
    }

    fn record(rows: &[(&str, u64)]) -> Record {
        let rows = rows.iter();
        Record(
            rows.map(|(case, count)| ((*case).to_owned(), *count))
                .collect(),
        )
    }
}

//! What became of every SELECT, kept in `tests/sql/verdicts.tsv`.

use std::path::PathBuf;
use std::{env, fs};

use super::cases;
use super::judging::{Judged, Outcome, complaint};
use super::page::page;
use crate::harness::Versions;

/// Asks a run to write what it finds instead of checking it.
const REGENERATE: &str = "TOWPATH_REGENERATE";

/// What to do if the record says something else, and that is right.
const WAY: &str = "TOWPATH_REGENERATE=1 cargo verify --pair 15:15 sql_suite::";

/// What became of one SELECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) topic: String,
    /// Its place in the topic's file.
    pub(super) number: usize,
    pub(super) verdict: Verdict,
    /// What the source does for it and why, or why it is refused; empty if there is nothing to say.
    pub(super) reason: String,
}

/// What may become of a SELECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The engine gives what PostgreSQL gives.
    Same,
    /// The engine gives it, but for zeros at the end of numerics.
    Zeros,
    /// The engine and the source, which computes row by row, give it together.
    Source,
    /// The source gives all of it.
    Whole,
    Refused,
    /// A value that the engine cannot hold ends the run.
    Ends,
}

impl Verdict {
    const ALL: [(Self, &str); 6] = [
        (Self::Same, "same"),
        (Self::Zeros, "zeros"),
        (Self::Source, "source"),
        (Self::Whole, "whole"),
        (Self::Refused, "refused"),
        (Self::Ends, "ends"),
    ];

    fn word(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(verdict, _)| *verdict == self).unwrap().1
    }

    fn parse(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, known)| *known == word)
            .map(|(verdict, _)| verdict)
    }
}

impl Line {
    /// The line about a SELECT; `None` about one that did not become what it may.
    fn of(judged: &Judged<'_>) -> Option<Self> {
        let (verdict, reason) = match &judged.outcome {
            Outcome::Same => (Verdict::Same, ""),
            Outcome::Zeros(_) => (Verdict::Zeros, ""),
            Outcome::Source(note) => (Verdict::Source, &**note),
            Outcome::Whole(note) => (Verdict::Whole, &**note),
            Outcome::Refused(reason) => (Verdict::Refused, &**reason),
            Outcome::Ends(reason) => (Verdict::Ends, &**reason),
            Outcome::Wrong(_) => return None,
        };
        Some(Self {
            topic: judged.topic.name.clone(),
            number: judged.case.number,
            verdict,
            reason: reason.split_whitespace().collect::<Vec<_>>().join(" "),
        })
    }

    fn text(&self) -> String {
        let Self {
            topic,
            number,
            verdict,
            reason,
        } = self;
        let text = format!("{topic}\t{number}\t{}\t{reason}", verdict.word());
        text.trim_end().to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut cells = text.split('\t');
        Some(Self {
            topic: cells.next()?.to_owned(),
            number: cells.next()?.parse().ok()?,
            verdict: Verdict::parse(cells.next()?)?,
            reason: cells.next().unwrap_or_default().to_owned(),
        })
    }
}

/// What a run found otherwise than the record says; or writes the record and the page.
///
/// Nothing where the source is PostgreSQL 13: some of its functions are volatile that are not from
/// 14 on, and its `extract` has other digits.
pub(super) fn differences(judged: &[Judged<'_>], versions: Versions) -> Vec<String> {
    if versions.source < 14 {
        return Vec::new();
    }
    if env::var_os(REGENERATE).is_some() {
        let found = judged.iter().filter_map(Line::of);
        let found: String = found.map(|line| line.text() + "\n").collect();
        fs::write(path(), found).unwrap();
        fs::write(page_path(), page(&read())).unwrap();
        return Vec::new();
    }
    let known = read();
    let differs = judged.iter().filter_map(|judged| {
        let found = Line::of(judged)?;
        let mut known = known.iter();
        let known =
            known.find(|known| (&known.topic, known.number) == (&found.topic, found.number));
        (known != Some(&found)).then(|| {
            let known = known.map_or("nothing".to_owned(), Line::text);
            let text = format!(
                "is {}, recorded: {known}; if that is right: {WAY}",
                found.text()
            );
            complaint(judged.topic, judged.case, &text)
        })
    });
    differs.collect()
}

/// The lines of the record.
fn read() -> Vec<Line> {
    let text = fs::read_to_string(path()).unwrap_or_default();
    text.lines()
        .map(|line| Line::parse(line).unwrap())
        .collect()
}

fn path() -> PathBuf {
    cases::tests().join("sql/verdicts.tsv")
}

fn page_path() -> PathBuf {
    cases::tests().join("../docs/sql.md")
}

#[test]
fn the_page_of_sql_is_what_runs_found() {
    if env::var_os(REGENERATE).is_some() {
        return; // The test that judges every SELECT is writing it.
    }
    let found = fs::read_to_string(page_path()).unwrap_or_default();
    assert!(
        found == page(&read()),
        "docs/sql.md is not made from tests/sql; run: {WAY}"
    );
}

#[test]
fn a_record_holds_no_select_that_is_gone() {
    if env::var_os(REGENERATE).is_some() {
        return;
    }
    let topics = cases::topics();
    for Line { topic, number, .. } in read() {
        let known = topics.iter().find(|known| known.name == topic);
        let is_there = known.is_some_and(|known| number <= known.cases.len());
        assert!(is_there, "{topic} {number} is in {}", path().display());
    }
}

#[test]
fn a_line_is_read_as_it_was_written() {
    for reason in ["", "operator ~ is not supported, at line 1, column 2"] {
        let line = Line {
            topic: "patterns".to_owned(),
            number: 12,
            verdict: Verdict::Refused,
            reason: reason.to_owned(),
        };
        assert_eq!(Line::parse(&line.text()), Some(line));
    }
}

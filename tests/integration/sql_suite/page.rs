//! docs/sql.md, made from the record and the SELECTs.

use std::fmt::Write as _;

use super::cases::{Topic, topics};
use super::record::{Line, Verdict};

/// What the page says before its tables.
const PREAMBLE: &str = include_str!("preamble.md");

/// Letters of a SELECT that are shown.
const SHOWN: usize = 150;

/// What is named one by one, and what the page says before it.
const LISTS: [(Verdict, &str); 4] = [
    (
        Verdict::Refused,
        "\n## What is refused\n\nWith the reason that `towpath plan` gives.\n",
    ),
    (
        Verdict::Ends,
        "\n## What ends the run\n\nA value that the engine cannot hold is told with its column and row, \
         and nothing is loaded. With `on: source` these give what PostgreSQL gives.\n",
    ),
    (
        Verdict::Whole,
        "\n## What the source runs whole\n\nWith what `towpath plan` says of it.\n",
    ),
    (
        Verdict::Zeros,
        "\n## Other zeros\n\nNumerics in these results are equal to PostgreSQL's, and show more or \
         fewer zeros at their end.\n",
    ),
];

/// The page about `record`.
pub(super) fn page(record: &[Line]) -> String {
    let topics = topics();
    let mut page = PREAMBLE.to_owned();
    page += "\n## What becomes of them\n\n";
    page += "| topic | what | SELECTs | engine | engine and source | source | refused, or ends |\n";
    page += "|---|---|--:|--:|--:|--:|--:|\n";
    for topic in &topics {
        let name = &topic.name;
        let file = format!("[{name}](../tests/sql/{name}.sql)");
        let lines = record.iter().filter(|line| line.topic == *name);
        row(&mut page, &file, &topic.title, lines);
    }
    row(&mut page, "**all**", "", record.iter());
    for (verdict, heading) in LISTS {
        page += &listed(heading, &topics, record, verdict);
    }
    page
}

/// A row of the table: how many of `lines` became what.
fn row<'a>(page: &mut String, name: &str, what: &str, lines: impl Iterator<Item = &'a Line>) {
    let verdicts: Vec<Verdict> = lines.map(|line| line.verdict).collect();
    let count = |wanted: &[Verdict]| {
        let counted = verdicts.iter().filter(|verdict| wanted.contains(verdict));
        counted.count()
    };
    let counts = [
        verdicts.len(),
        count(&[Verdict::Same, Verdict::Zeros]),
        count(&[Verdict::Source]),
        count(&[Verdict::Whole]),
        count(&[Verdict::Refused, Verdict::Ends]),
    ];
    let counts = counts.map(|count| count.to_string()).join(" | ");
    writeln!(page, "| {name} | {what} | {counts} |").unwrap();
}

/// The SELECTs that became `verdict`, a list for each topic under `heading`; nothing without any.
fn listed(heading: &str, topics: &[Topic], record: &[Line], verdict: Verdict) -> String {
    let mut list = String::new();
    for topic in topics {
        let lines = record.iter().filter(|line| line.topic == topic.name);
        let mut lines = lines.filter(|line| line.verdict == verdict).peekable();
        if lines.peek().is_some() {
            writeln!(list, "\n### {}\n", topic.name).unwrap();
        }
        for line in lines {
            let case = topic.cases.get(line.number - 1);
            let select = shortened(case.map_or("", |case| &case.select));
            match reason(line) {
                "" => writeln!(list, "- {select}").unwrap(),
                reason => writeln!(list, "- {select}  \n  {reason}").unwrap(),
            }
        }
    }
    match list.is_empty() {
        true => list,
        false => heading.to_owned() + &list,
    }
}

/// What there is to say of a SELECT, without the place in it.
fn reason(line: &Line) -> &str {
    let place = line.reason.find(", at line ");
    &line.reason[..place.unwrap_or(line.reason.len())]
}

/// `select` as code, in one line.
fn shortened(select: &str) -> String {
    let words: Vec<&str> = select.trim_end_matches(';').split_whitespace().collect();
    let line = words.join(" ");
    let mut shown: String = line.chars().take(SHOWN).collect();
    if shown.len() < line.len() {
        shown += " …";
    }
    match shown.contains('`') {
        true => format!("`` {shown} ``"),
        false => format!("`{shown}`"),
    }
}

#[test]
fn a_select_is_shown_in_one_line() {
    assert_eq!(shortened("SELECT id\n  FROM x;"), "`SELECT id FROM x`");
    let long = shortened(&format!("SELECT {}", "ä".repeat(200)));
    assert_eq!(long.chars().count(), SHOWN + 4);
    assert!(long.ends_with("ä …`"), "{long}");
}

#[test]
fn a_refusal_tells_its_reason_without_the_place() {
    let line = Line {
        topic: "patterns".to_owned(),
        number: 1,
        verdict: Verdict::Refused,
        reason: "operator ~ is not supported, at line 1, column 2".to_owned(),
    };
    assert_eq!(reason(&line), "operator ~ is not supported");
}

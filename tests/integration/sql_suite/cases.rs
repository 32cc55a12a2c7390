//! The files of SELECTs in `tests/sql` and `data/transforms`.

use std::fs;
use std::path::{Path, PathBuf};

/// What stands above a case, or above the first of its file: the table that it reads.
const SOURCE: &str = "-- source: public.";

/// What stands above a case that a later version of PostgreSQL than 13 answers as towpath does.
const SINCE: &str = "-- since: ";

/// The SELECTs of one file.
pub(super) struct Topic {
    /// The file's name, without its ending.
    pub(super) name: String,
    /// The first line of the file.
    pub(super) title: String,
    pub(super) cases: Vec<Case>,
}

/// One SELECT.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// Its place in the file, from 1 on.
    pub(super) number: usize,
    /// The table that it reads, in the schema `public`.
    pub(super) table: String,
    /// The version of PostgreSQL that it needs at both ends.
    pub(super) since: u32,
    /// The SELECT, with the semicolon behind it.
    pub(super) select: String,
}

/// The topics that PostgreSQL answers, by their names.
pub(super) fn topics() -> Vec<Topic> {
    let mut topics = folder(&tests().join("sql"));
    topics.retain(|topic| !["errors", "fixture"].contains(&&*topic.name));
    topics
}

/// The SELECTs on which PostgreSQL fails.
pub(super) fn errors() -> Topic {
    read(&tests().join("sql/errors.sql"))
}

/// The kinds of transform that docs/recipes.md shows, a file each.
pub(super) fn kinds() -> Vec<Topic> {
    folder(&tests().join("../data/transforms"))
}

/// The statements that make the tables which all these read.
pub(super) fn fixture() -> String {
    fs::read_to_string(tests().join("sql/fixture.sql")).unwrap()
}

/// The folder of the tests.
pub(super) fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn folder(folder: &Path) -> Vec<Topic> {
    let files = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

fn read(file: &Path) -> Topic {
    let text = fs::read_to_string(file).unwrap();
    let name = file.file_stem().unwrap().to_str().unwrap();
    topic(name, &text)
}

/// The topic whose file holds `text`.
fn topic(name: &str, text: &str) -> Topic {
    let title = text.lines().next().unwrap_or_default();
    let usual = text.lines().find_map(|line| line.strip_prefix(SOURCE));
    let mut cases: Vec<Case> = Vec::new();
    let (mut table, mut since) = (usual, 13);
    let mut select = String::new();
    for line in text.lines() {
        if select.is_empty() {
            if let Some(name) = line.strip_prefix(SOURCE) {
                table = Some(name);
            } else if let Some(version) = line.strip_prefix(SINCE) {
                since = version.parse().unwrap();
            }
            if line.is_empty() || line.starts_with("--") {
                continue;
            }
        }
        select += line;
        if !line.ends_with(';') {
            select.push('\n');
            continue;
        }
        cases.push(Case {
            number: cases.len() + 1,
            table: table.unwrap_or_default().to_owned(),
            since,
            select: std::mem::take(&mut select),
        });
        (table, since) = (usual, 13);
    }
    assert!(select.is_empty(), "{name}: no semicolon ends {select}");
    Topic {
        name: name.to_owned(),
        title: title.trim_start_matches("-- ").to_owned(),
        cases,
    }
}

#[test]
fn a_case_reads_the_table_above_it_or_that_of_its_file() {
    let text = "\
-- What it is about.
-- source: public.orders

SELECT 1
FROM {{ source }};

-- source: public.events
-- since: 14
SELECT '-- source: public.x' FROM {{ source }};
SELECT 2 FROM {{ source }};
";
    let found = topic("odd", text);
    assert_eq!(found.title, "What it is about.");
    let case = |number, table: &str, since, select: &str| Case {
        number,
        table: table.to_owned(),
        since,
        select: select.to_owned(),
    };
    let expected = [
        case(1, "orders", 13, "SELECT 1\nFROM {{ source }};"),
        case(
            2,
            "events",
            14,
            "SELECT '-- source: public.x' FROM {{ source }};",
        ),
        case(3, "orders", 13, "SELECT 2 FROM {{ source }};"),
    ];
    assert_eq!(found.cases, expected);
}

#[test]
fn no_select_stands_twice() {
    let topics = topics();
    let mut seen = std::collections::HashSet::new();
    for topic in &topics {
        for case in &topic.cases {
            let is_new = seen.insert((&case.table, &case.select));
            assert!(is_new, "{} {}: {}", topic.name, case.number, case.select);
        }
    }
}

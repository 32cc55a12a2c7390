//! What runs found, kept in a file for each pair of versions, and docs/types.md, made from them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use super::{Group, SECTIONS};
use crate::harness::Versions;

/// Asks a run to write what it finds instead of checking it.
const REGENERATE: &str = "TOWPATH_REGENERATE";

/// Pairs of `cargo verify --matrix`, in the order of the page's columns.
const PAIRS: [(u32, u32); 9] = [
    (13, 13),
    (14, 14),
    (15, 15),
    (16, 16),
    (17, 17),
    (18, 18),
    (13, 18),
    (18, 13),
    (18, 15),
];

/// The pair whose file says how values travel where the table does not say otherwise: both ends
/// know every type.
const REFERENCE: (u32, u32) = (18, 18);

/// What the page says before its tables.
const PREAMBLE: &str = include_str!("preamble.md");

/// One test at a time changes the files.
static FILES: Mutex<()> = Mutex::new(());

/// What a run found out about a type, or about some of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The type as SQL, with a value if it is about that one.
    pub(super) what: String,
    /// The representation of a column that nothing computes on.
    pub(super) carried: String,
    /// The representation of one that SQL computes on, or that this is refused.
    pub(super) computed: String,
    /// `exact`, `refused`, or a dash where the source does not know it.
    pub(super) result: String,
}

impl Found {
    fn line(&self, group: &str) -> String {
        let Self {
            what,
            carried,
            computed,
            result,
        } = self;
        format!("{group}\t{what}\t{carried}\t{computed}\t{result}")
    }

    fn parse(line: &str) -> Option<(&str, Self)> {
        let mut cells = line.split('\t');
        let group = cells.next()?;
        let mut next = || cells.next().map(str::to_owned);
        Some((
            group,
            Self {
                what: next()?,
                carried: next()?,
                computed: next()?,
                result: next()?,
            },
        ))
    }
}

/// Fails unless the file of this pair says of `group` what the run found; or writes it there.
pub(super) fn check(group: &Group, found: &[Found], versions: Versions) {
    let _guard = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let pair = (versions.source, versions.destination);
    let file = path(pair);
    let text = fs::read_to_string(&file).unwrap_or_default();
    let lines: Vec<String> = found.iter().map(|found| found.line(group.name)).collect();
    let is_of_group = |line: &&str| line.split('\t').next() == Some(group.name);
    if env::var_os(REGENERATE).is_some() {
        let others = text.lines().filter(|line| !is_of_group(line));
        let mut all: Vec<String> = others.map(str::to_owned).chain(lines).collect();
        all.retain(|line| order(line).is_some());
        all.sort_by_key(|line| order(line));
        fs::write(&file, all.join("\n") + "\n").unwrap();
        fs::write(page_path(), page()).unwrap();
        return;
    }
    let known: Vec<&str> = text.lines().filter(is_of_group).collect();
    assert_eq!(
        lines,
        known,
        "{} does not say what this run found; if it is right, run: {REGENERATE}=1 cargo verify --matrix types::",
        file.display()
    );
}

/// Where the group of a line stands among all groups.
fn order(line: &str) -> Option<usize> {
    let group = line.split('\t').next();
    groups().position(|(_, known)| Some(known.name) == group)
}

fn groups() -> impl Iterator<Item = (&'static str, &'static Group)> {
    let sections = SECTIONS.iter();
    sections.flat_map(|(title, groups)| groups.iter().map(move |group| (*title, group)))
}

/// The page, from the files of all pairs.
fn page() -> String {
    let found: Vec<Vec<(String, Found)>> = PAIRS.iter().map(|pair| read(*pair)).collect();
    let mut page = PREAMBLE.to_owned();
    for (title, groups) in SECTIONS {
        write!(page, "\n## {title}\n\n| type | carried | computed on |").unwrap();
        for (source, destination) in PAIRS {
            write!(page, " {source} → {destination} |").unwrap();
        }
        page += "\n|---|---|---|";
        page += &"---|".repeat(PAIRS.len());
        page.push('\n');
        for group in *groups {
            for what in subjects(group) {
                let cells: Vec<Option<&Found>> = found
                    .iter()
                    .map(|found| {
                        let mut lines = found.iter();
                        let line =
                            lines.find(|(name, found)| name == group.name && found.what == what);
                        line.map(|(_, found)| found)
                    })
                    .collect();
                page += &row(&what, &cells);
            }
        }
    }
    page
}

/// What the page says of a group, in order: each type, and after it values that came later.
fn subjects(group: &Group) -> Vec<String> {
    let mut subjects = Vec::new();
    for (sql, values) in group.columns {
        let (type_since, sql) = super::check::since(sql);
        subjects.push(sql.to_owned());
        let values = values.iter().map(|value| super::check::since(value));
        let newer = values.filter(|(since, _)| *since > type_since);
        subjects.extend(newer.map(|(_, value)| format!("{sql} {value}")));
    }
    subjects
}

fn row(what: &str, cells: &[Option<&Found>]) -> String {
    let reference = PAIRS.iter().position(|pair| *pair == REFERENCE);
    let usual = reference.and_then(|at| cells[at]);
    let (carried, computed) = match usual {
        Some(usual) => (&*usual.carried, &*usual.computed),
        None => ("–", "–"),
    };
    let what = what.replace('|', "\\|");
    let mut row = format!("| `{what}` | {carried} | {computed} |");
    for cell in cells {
        let text = match cell {
            None => "–".to_owned(),
            Some(found) if found.result == "exact" && found.carried != carried => {
                format!("exact, {}", found.carried)
            }
            Some(found) => found.result.clone(),
        };
        write!(row, " {text} |").unwrap();
    }
    row + "\n"
}

fn read(pair: (u32, u32)) -> Vec<(String, Found)> {
    let text = fs::read_to_string(path(pair)).unwrap_or_default();
    let lines = text.lines().map(|line| Found::parse(line).unwrap());
    lines
        .map(|(group, found)| (group.to_owned(), found))
        .collect()
}

fn path((source, destination): (u32, u32)) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("types");
    folder.join(format!("{source}-{destination}.tsv"))
}

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/types.md")
}

#[test]
fn the_page_of_types_is_what_runs_found() {
    if env::var_os(REGENERATE).is_some() {
        return; // Tests that run beside this one are writing it.
    }
    let found = fs::read_to_string(page_path()).unwrap_or_default();
    assert!(
        found == page(),
        "docs/types.md is not made from tests/types; run: {REGENERATE}=1 cargo verify --matrix types::"
    );
}

#[test]
fn a_record_holds_no_group_that_is_gone() {
    for pair in PAIRS {
        for (group, _) in read(pair) {
            assert!(
                groups().any(|(_, known)| known.name == group),
                "{}: {group}",
                path(pair).display()
            );
        }
    }
}

#[test]
fn a_line_is_read_as_it_was_written() {
    let found = Found {
        what: "numeric(10,2)".to_owned(),
        carried: "wire".to_owned(),
        computed: "native".to_owned(),
        result: "exact".to_owned(),
    };
    let line = found.line("numbers");
    assert_eq!(Found::parse(&line), Some(("numbers", found)));
}

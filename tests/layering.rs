//! Crates and modules use only what is to their left in docs/design.md.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules of one crate in order; modules of one step may use each other.
type Layers = &'static [&'static [&'static str]];

/// Modules of `engine`, lowest first.
const ENGINE: Layers = &[
    &["error"],
    &["report"],
    &["types"],
    &["table"],
    &["watermark"],
    &["decode", "encode"],
    &["postgres"],
    &["source"],
    &["transform"],
    &["sink"],
    &["pipeline"],
];

/// Modules of `sql`, lowest first.
const SQL: Layers = &[
    &["template"],
    &["session", "functions", "delegation"],
    &["provider", "pushdown"],
    &["representation"],
    &["transform", "check"],
];

/// What a crate's manifest must not depend on: what is above it, and what it is there to avoid.
const CRATES: &[(&str, &[&str])] = &[
    ("engine", &["datafusion", "towpath-sql", "towpath"]),
    ("sql", &["towpath"]),
];

#[test]
fn modules_of_engine_use_only_those_to_their_left() {
    check_crate("engine", ENGINE);
}

#[test]
fn modules_of_sql_use_only_those_to_their_left() {
    check_crate("sql", SQL);
}

#[test]
fn modules_of_cli_have_no_cycles() {
    let uses = uses_of_crate("cli");
    for (module, used) in &uses {
        let mut reachable: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = vec![used];
        while let Some(name) = next.pop() {
            if reachable.insert(name) {
                next.extend(
                    uses.iter()
                        .filter(|(m, _)| m == name)
                        .map(|(_, u)| u.as_str()),
                );
            }
        }
        assert!(
            !reachable.contains(module.as_str()),
            "cli: module {module} uses {used}, which uses {module} again"
        );
    }
}

#[test]
fn crates_depend_only_on_those_to_their_left() {
    for (name, forbidden) in CRATES {
        let manifest = read(&workspace().join(name).join("Cargo.toml"));
        for dependency in dependencies(&manifest) {
            assert!(
                !forbidden.contains(&dependency.as_str()),
                "{name} depends on {dependency}"
            );
        }
    }
}

#[test]
fn a_plain_use_is_found() {
    check_uses("use crate::table::TableName;", &["table"]);
}

#[test]
fn braces_are_followed() {
    check_uses(
        "use crate::{error::{Error, Result}, table::{self, Column as C}, watermark};",
        &["error", "table", "watermark"],
    );
}

#[test]
fn an_inline_path_is_found() {
    check_uses(
        "fn f() -> crate::error::Result<()> { crate::types :: go() }",
        &["error", "types"],
    );
}

#[test]
fn visibility_comments_strings_and_macros_are_no_uses() {
    check_uses(
        "pub(crate) fn f() {} // crate::pipeline\n/* use crate::sink; /* crate::a */ */\n\
         /// [`crate::source`]\nconst S: &str = \"crate::postgres\"; const R: &str = r#\"\"crate::b\"#;\n\
         const C: char = '\"'; $crate::macros::go!(); use othercrate::x;",
        &[],
    );
}

#[test]
fn an_import_to_the_right_is_reported_with_both_names() {
    let uses = [("table".to_owned(), "sink".to_owned())];
    let complaints = violations(&uses, ENGINE);
    assert_eq!(complaints, ["table uses sink, which is to its right"]);
    assert_eq!(
        violations(&[("sink".to_owned(), "table".to_owned())], ENGINE),
        [""; 0]
    );
}

#[test]
fn a_module_that_is_not_listed_is_reported() {
    let uses = [("sink".to_owned(), "utils".to_owned())];
    assert_eq!(
        violations(&uses, ENGINE),
        ["utils is not in the list of modules"]
    );
}

#[test]
fn dependencies_are_the_keys_of_their_section_only() {
    let manifest = "[package]\nname = \"towpath\"\n[dependencies]\na.workspace = true\n\
                    b = \"1\"\n[dependencies.c]\nversion = \"1\"\n[dev-dependencies]\nd = \"1\"\n";
    assert_eq!(dependencies(manifest), ["a", "b", "c"]);
}

/// Fails if a module of `name` uses one to its right, or one that is not listed.
fn check_crate(name: &str, layers: Layers) {
    let complaints = violations(&uses_of_crate(name), layers);
    assert!(complaints.is_empty(), "{name}: {}", complaints.join("; "));
}

fn check_uses(text: &str, expected: &[&str]) {
    let found: Vec<String> = used_modules(text).into_iter().collect();
    assert_eq!(found, expected);
}

/// What is wrong with `uses`, pairs of a module and one that it uses.
fn violations(uses: &[(String, String)], layers: Layers) -> Vec<String> {
    let place = |name: &str| layers.iter().position(|layer| layer.contains(&name));
    let mut complaints = BTreeSet::new();
    for (module, used) in uses {
        match (place(module), place(used)) {
            (Some(at), Some(used_at)) if used_at > at => {
                complaints.insert(format!("{module} uses {used}, which is to its right"));
            }
            (Some(_), Some(_)) => {}
            (None, _) => {
                complaints.insert(format!("{module} is not in the list of modules"));
            }
            (_, None) => {
                complaints.insert(format!("{used} is not in the list of modules"));
            }
        }
    }
    complaints.into_iter().collect()
}

/// Every pair of a top-level module of crate `name` and another one that it uses.
fn uses_of_crate(name: &str) -> Vec<(String, String)> {
    let root = workspace().join(name).join("src");
    let mut files = Vec::new();
    collect_files(&root, &mut files);
    let mut uses = BTreeSet::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap_or(&file);
        let first = path
            .components()
            .next()
            .map(|part| part.as_os_str().to_string_lossy());
        let module = first.unwrap_or_default().trim_end_matches(".rs").to_owned();
        // The crate's roots are the map: they name every module.
        if module == "lib" || module == "main" {
            continue;
        }
        let used = used_modules(&read(&file)).into_iter();
        // A module of the crate, not an item that its root re-exports: files decide.
        let of_crate = used
            .filter(|used| root.join(used).is_dir() || root.join(format!("{used}.rs")).is_file());
        uses.extend(
            of_crate
                .filter(|used| *used != module)
                .map(|used| (module.clone(), used)),
        );
    }
    uses.into_iter().collect()
}

/// Names right after `crate::` in `text`.
fn used_modules(text: &str) -> BTreeSet<String> {
    let code = without_comments_and_strings(text);
    let mut modules = BTreeSet::new();
    let mut from = 0;
    while let Some(at) = code[from..].find("crate").map(|at| at + from) {
        from = at + "crate".len();
        let stands_alone = !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_$".contains(c));
        if let Some(rest) = code[from..].trim_start().strip_prefix("::")
            && stands_alone
        {
            collect_first_names(rest.trim_start(), &mut modules);
        }
    }
    modules
}

/// The name that `rest` begins with, or those at the top level of its braces.
fn collect_first_names(rest: &str, modules: &mut BTreeSet<String>) {
    let Some(list) = rest.strip_prefix('{') else {
        modules.insert(leading_name(rest));
        return;
    };
    let mut depth = 1;
    let mut at_start = true;
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => at_start = true,
            c if c.is_whitespace() => {}
            _ => {
                if at_start {
                    modules.insert(leading_name(&list[at..]));
                }
                at_start = false;
            }
        }
        if depth == 0 {
            return;
        }
    }
}

fn leading_name(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// `text` with comments, strings and characters replaced by blanks.
fn without_comments_and_strings(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest),
            'r' if !code.ends_with(|c: char| c.is_alphanumeric() || c == '_') => raw_string(rest),
            '\'' => character(rest),
            _ => 0,
        };
        match skipped {
            0 => code.push(c),
            _ => code.push(' '),
        }
        rest = &rest[skipped.max(c.len_utf8())..];
    }
    code
}

/// Length of the block comment, with those inside it, that `text` begins with.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length of the string that `text` begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Length of the raw string that `text` begins with; 0 if it begins with none.
fn raw_string(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 2;
    text[start..]
        .find(&end)
        .map_or(text.len(), |at| start + at + end.len())
}

/// Length of the character that `text` begins with; 0 if it is a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[2..]
            .char_indices()
            .skip(1)
            .find(|(_, c)| *c == '\'')
            .map_or(0, |(at, _)| at + 3),
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// Names in the section `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            names.extend(section.strip_prefix("dependencies.").map(str::to_owned));
            inside = section == "dependencies";
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let end = line.find(['.', '=', ' ']).unwrap_or(line.len());
            names.push(line[..end].to_owned());
        }
    }
    names
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

//! `towpath demo`, as a person would run it.

use std::collections::BTreeSet;
use std::process::Command;

use crate::harness::{Databases, Program};

#[tokio::test]
async fn the_demonstration_works_and_leaves_nothing_behind() {
    let databases = Databases::create().await;
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path());
    let temporary = folder.path().to_str().unwrap();
    let program = Program::new(&databases, &["demo", "--orders", "1000"]);
    let outcome = program.with_variable("TMPDIR", temporary).run().await;
    outcome.assert_done();
    for text in ["inserted", "updated", "unchanged", "PostgreSQL"] {
        assert!(
            format!("{outcome}").contains(text),
            "no {text} in {outcome}"
        );
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let servers = processes_with(temporary);
    assert!(servers.is_empty(), "{servers:?}");
}

#[tokio::test]
async fn a_kept_demonstration_says_how_to_reach_and_to_stop_it() {
    let databases = Databases::create().await;
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path());
    let temporary = folder.path().to_str().unwrap();
    let program = Program::new(&databases, &["demo", "--orders", "100", "--keep"]);
    let outcome = program.with_variable("TMPDIR", temporary).run().await;
    outcome.assert_done();
    let all = format!("{}{}", outcome.stdout, outcome.stderr);
    let urls: BTreeSet<&str> = all
        .split_whitespace()
        .filter(|word| word.starts_with("postgresql://"))
        .collect();
    assert!(urls.len() >= 2, "{outcome}");
    for url in urls {
        crate::harness::Session::open(url).await;
    }
    let stop = all
        .lines()
        .find_map(|line| line.split_once("kill "))
        .unwrap()
        .1;
    let status = Command::new("kill")
        .args(stop.split_whitespace())
        .status()
        .unwrap();
    assert!(status.success(), "kill {stop}");
    for _ in 0..600 {
        if std::fs::read_dir(folder.path()).unwrap().next().is_none() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the servers' folders are left in {temporary}");
}

#[tokio::test]
async fn without_server_programs_the_demonstration_says_how_to_get_them() {
    let databases = Databases::create().await;
    let program = Program::new(&databases, &["demo"]);
    let outcome = program
        .with_variable("TOWPATH_PG_BIN", "/nonexistent")
        .run()
        .await;
    outcome.assert_refused(2, &["/nonexistent", "initdb"]);
}

/// Lets the unprivileged user of servers into a folder, as `/tmp` does.
fn open_to_all(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o1777)).unwrap();
}

/// Command lines of running processes that hold `text`.
fn processes_with(text: &str) -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines
        .lines()
        .filter(|line| line.contains(text))
        .map(str::to_owned)
        .collect()
}

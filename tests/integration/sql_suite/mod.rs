//! Hundreds of SELECTs as people write them, by PostgreSQL and through towpath: names, types and
//! rows must be the same, or the plan refuses the SELECT.
//!
//! They stand in `tests/sql`, a file for each topic. What becomes of each is held against
//! `tests/sql/verdicts.tsv`, and docs/sql.md is made from it.

mod cases;
mod generator;
mod judging;
mod page;
mod record;

use judging::{Judged, Outcome, complaint};

use crate::harness::{RunsOn, Versions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_select_gives_what_postgresql_gives_or_is_refused() {
    let topics = cases::topics();
    let judged = judging::judge(&topics, RunsOn::Engine).await;
    let mut complaints = complaints(&judged, |outcome| !matches!(outcome, Outcome::Wrong(_)));
    complaints.extend(record::differences(&judged, Versions::of_servers().await));
    assert_no_complaints(&complaints);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_select_that_the_source_runs_gives_what_postgresql_gives() {
    let topics = cases::topics();
    let judged = judging::judge(&topics, RunsOn::Source).await;
    assert_no_complaints(&complaints(&judged, |outcome| *outcome == Outcome::Same));
}

#[tokio::test]
async fn what_fails_in_postgresql_loads_nothing() {
    let topics = [cases::errors()];
    let complaints = judging::loaded_in_spite_of_errors(&topics, RunsOn::Engine).await;
    assert_no_complaints(&complaints);
}

#[tokio::test]
async fn what_fails_at_the_source_loads_nothing() {
    let topics = [cases::errors()];
    let complaints = judging::loaded_in_spite_of_errors(&topics, RunsOn::Source).await;
    assert_no_complaints(&complaints);
}

#[tokio::test]
async fn no_kind_of_transform_is_refused() {
    let kinds = cases::kinds();
    let judged = judging::judge(&kinds, RunsOn::Engine).await;
    assert_no_complaints(&complaints(&judged, Outcome::is_an_answer));
}

#[tokio::test]
async fn every_kind_of_transform_is_run_by_the_source() {
    let kinds = cases::kinds();
    let judged = judging::judge(&kinds, RunsOn::Source).await;
    assert_no_complaints(&complaints(&judged, |outcome| *outcome == Outcome::Same));
}

#[test]
fn recipes_show_every_kind_of_transform() {
    let recipes = std::fs::read_to_string(cases::tests().join("../docs/recipes.md")).unwrap();
    let kinds = cases::kinds();
    assert_eq!(kinds.len(), 15, "kinds of transform");
    for kind in &kinds {
        assert_eq!(kind.cases.len(), 1, "SELECTs of {}", kind.name);
        let select = &kind.cases[0].select;
        assert!(recipes.contains(select), "{}: {select}", kind.name);
    }
}

/// The number of the first SELECT that is made by chance; without it, 0.
const SEED: &str = "TOWPATH_SEED";

/// How many SELECTs are made by chance; without it, 300.
const COUNT: &str = "TOWPATH_SELECTS";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn selects_made_by_chance_give_what_postgresql_gives_or_fail() {
    let number = |variable, default| {
        let given = std::env::var(variable).ok();
        given.map_or(default, |text: String| text.parse().unwrap())
    };
    let (first, count) = (number(SEED, 0), number(COUNT, 300));
    let oracle = judging::oracle().await;
    let mut complaints = Vec::new();
    let mut answers = 0;
    for number in first..first + count {
        let select = generator::select(number);
        match judging::judge_one(&oracle, &select).await {
            Ok(is_answer) => answers += u64::from(is_answer),
            Err(text) => complaints.push(format!("number {number}: {select}\n    {text}")),
        }
    }
    assert_no_complaints(&complaints);
    assert!(
        2 * answers > count,
        "only {answers} of {count} were answered"
    );
}

/// What there is to say of all that did not become what it should.
fn complaints(judged: &[Judged<'_>], is_right: impl Fn(&Outcome) -> bool) -> Vec<String> {
    let wrong = judged.iter().filter(|judged| !is_right(&judged.outcome));
    wrong
        .map(|judged| complaint(judged.topic, judged.case, &format!("{:?}", judged.outcome)))
        .collect()
}

#[track_caller]
fn assert_no_complaints(complaints: &[String]) {
    let count = complaints.len();
    assert!(count == 0, "{count} SELECTs:\n{}", complaints.join("\n"));
}

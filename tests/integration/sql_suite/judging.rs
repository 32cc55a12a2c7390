//! What becomes of each SELECT.

use super::cases::{Case, Topic, fixture};
use crate::harness::{Answer, Databases, Oracle, Question, RunsOn, Verdict, Versions};

/// What became of one SELECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// PostgreSQL's names, types and rows, to the last zero.
    Same,
    /// The same, but for zeros at the end of numerics, as it tells.
    Zeros(String),
    /// The same, and the source computes a part of it, row by row, as the plan tells.
    Source(String),
    /// The same, and the source runs the whole of it, as the plan tells.
    Whole(String),
    /// Refused by the plan, which says why.
    Refused(String),
    /// A value that the engine cannot hold ends the run, as it tells, and nothing is loaded.
    Ends(String),
    /// What must not be.
    Wrong(String),
}

/// What the engine says of a value that it cannot hold.
const CANNOT_HOLD: [&str; 2] = ["cannot be computed on", "declared as non-nullable"];

/// A SELECT and what became of it.
pub(super) struct Judged<'a> {
    pub(super) topic: &'a Topic,
    pub(super) case: &'a Case,
    pub(super) outcome: Outcome,
}

/// What there is to say about a SELECT, with the SELECT.
pub(super) fn complaint(topic: &Topic, case: &Case, text: &str) -> String {
    let (Topic { name, .. }, Case { number, select, .. }) = (topic, case);
    format!("{name} {number}: {select}\n    {text}")
}

/// Two databases that hold the tables, and a run between them.
pub(super) async fn oracle() -> Oracle {
    let databases = Databases::create().await;
    // The types of both have other numbers.
    let pushes_oids_up = "CREATE TABLE public.gone (x text, y text); DROP TABLE public.gone";
    databases.destination.run(pushes_oids_up).await;
    databases.run_in_both(&fixture()).await;
    Oracle::between(databases).await
}

/// Runs every SELECT that both versions know through PostgreSQL and through towpath.
pub(super) async fn judge(topics: &[Topic], runs_on: RunsOn) -> Vec<Judged<'_>> {
    let oracle = oracle().await;
    let mut all = Vec::new();
    for (topic, case) in known(topics).await {
        let question = question(case, runs_on);
        let outcome = match oracle.postgresql_failure(question).await {
            Some(text) => Outcome::Wrong(format!("PostgreSQL fails: {text}")),
            None => Outcome::of(oracle.answer(question).await),
        };
        all.push(Judged {
            topic,
            case,
            outcome,
        });
    }
    oracle.databases.assert_no_staging().await;
    all
}

/// Runs every SELECT, on which PostgreSQL must fail, through towpath, which must as well; gives
/// those that do not.
pub(super) async fn loaded_in_spite_of_errors(topics: &[Topic], runs_on: RunsOn) -> Vec<String> {
    let oracle = oracle().await;
    let mut complaints = Vec::new();
    for (topic, case) in known(topics).await {
        let question = question(case, runs_on);
        let wrong = match oracle.postgresql_failure(question).await {
            None => "PostgreSQL answers".to_owned(),
            Some(failure) => match oracle.load_only(question).await {
                Verdict::Refused(_) | Verdict::Failed(_) => continue,
                Verdict::Same => format!("is loaded, but PostgreSQL fails: {failure}"),
                Verdict::Different(text) => text,
            },
        };
        complaints.push(complaint(topic, case, &wrong));
    }
    oracle.databases.assert_no_staging().await;
    complaints
}

/// Runs `select` over `sample` both ways: tells whether both answer, rather than both fail, or the plan
/// refuses it, or a value ends the run that the engine cannot hold.
///
/// # Errors
/// What differs.
pub(super) async fn judge_one(oracle: &Oracle, select: &str) -> Result<bool, String> {
    let question = Question {
        select,
        table: "sample",
        runs_on: RunsOn::Engine,
    };
    if let Some(failure) = oracle.postgresql_failure(question).await {
        return match oracle.load_only(question).await {
            Verdict::Refused(_) | Verdict::Failed(_) => Ok(false),
            Verdict::Same => Err(format!("is loaded, but PostgreSQL fails: {failure}")),
            Verdict::Different(text) => Err(text),
        };
    }
    match Outcome::of(oracle.answer(question).await) {
        Outcome::Wrong(text) => Err(text),
        outcome => Ok(outcome.is_an_answer()),
    }
}

/// The cases of `topics` that both servers know.
async fn known(topics: &[Topic]) -> impl Iterator<Item = (&Topic, &Case)> {
    let versions = Versions::of_servers().await;
    let cases = topics
        .iter()
        .flat_map(|topic| topic.cases.iter().map(move |case| (topic, case)));
    cases.filter(move |(_, case)| versions.both_since(case.since))
}

fn question(case: &Case, runs_on: RunsOn) -> Question<'_> {
    Question {
        select: &case.select,
        table: &case.table,
        runs_on,
    }
}

impl Outcome {
    /// Whether it gives what PostgreSQL gives.
    pub(super) fn is_an_answer(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::Ends(_) | Self::Wrong(_))
    }

    /// The same, and the source does beyond reading what the plan says.
    fn by(left_to_source: Option<String>) -> Self {
        match left_to_source {
            None => Self::Same,
            Some(note) if note.starts_with("the source runs the whole") => Self::Whole(note),
            Some(note) => Self::Source(note),
        }
    }

    fn of(answer: Answer) -> Self {
        match answer.verdict {
            Verdict::Same => match answer.zeros {
                Some(zeros) => Self::Zeros(zeros),
                None => Self::by(answer.left_to_source),
            },
            Verdict::Refused(text) => Self::Refused(text),
            Verdict::Failed(text) if CANNOT_HOLD.iter().any(|part| text.contains(part)) => {
                Self::Ends(text)
            }
            Verdict::Failed(text) => Self::Wrong(format!("failed: {text}")),
            Verdict::Different(text) => Self::Wrong(format!("different: {text}")),
        }
    }
}

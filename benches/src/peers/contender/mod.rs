//! Who is measured, from which start, and how.

mod hand;
mod peers;
mod towpath;

use towpath_engine::Result;

use crate::process::{self, Pipe, Usage};
use crate::setting::Setting;

pub(crate) use hand::{key, psql, relay, relay_of};
pub(crate) use peers::{adbc, dlt, duckdb, pgcopydb, sling, sling_schema};
pub(crate) use towpath::{copy, towpath};

/// One way to get the rows across.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// Its name in tables; unique within a workload.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Statements that bring the destination, which is empty, to where it starts from.
    pub(crate) start: Vec<String>,
    /// What is done, one after the other; the pipes of one step run at the same time.
    pub(crate) steps: Vec<Vec<Pipe>>,
    pub(crate) goal: Option<Goal>,
    /// Whether nothing is put around the programs, because they end within milliseconds.
    pub(crate) bare: bool,
    /// Whether the destination is compared afterwards.
    pub(crate) checked: bool,
}

/// Who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// What the others' times are divided by.
    Reference,
    /// Something else that one can do with `psql`.
    ByHand,
    Towpath,
    /// Somebody else's program.
    Peer,
}

/// What towpath wants to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// At most so much of the reference's time.
    Ratio(f64),
    /// At most so many seconds.
    Seconds(f64),
}

impl Contender {
    /// One that begins with `start` and does `steps`.
    pub(crate) fn new(name: &str, role: Role, start: Vec<String>, steps: Vec<Vec<Pipe>>) -> Self {
        Self {
            name: name.to_owned(),
            role,
            start,
            steps,
            goal: None,
            bare: false,
            checked: true,
        }
    }

    /// The same with a goal.
    pub(crate) fn with_goal(self, goal: Goal) -> Self {
        Self {
            goal: Some(goal),
            ..self
        }
    }

    /// The same with nothing around the programs.
    pub(crate) fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// Does it, and says what that took.
    ///
    /// # Errors
    /// `Load`, if a program does not end well.
    pub(crate) fn run(&self, setting: &Setting) -> Result<Usage> {
        let limit = (!self.bare).then_some(setting.limit);
        let mut usage = Usage::default();
        for pipes in &self.steps {
            usage = usage.then(process::run(pipes, limit)?);
        }
        Ok(usage)
    }

    /// Its programs as one types them, a line for each step.
    pub(crate) fn commands(&self, setting: &Setting) -> String {
        let pipe = |pipe: &Pipe| {
            let programs = pipe.iter().map(|program| setting.command(program));
            programs.collect::<Vec<_>>().join(" | ")
        };
        let step = |pipes: &Vec<Pipe>| pipes.iter().map(pipe).collect::<Vec<_>>().join(" & ");
        self.steps.iter().map(step).collect::<Vec<_>>().join("\n")
    }
}

/// The order of one repetition: each begins one further, so that nobody always comes after the
/// same one.
pub(crate) fn in_turn(contenders: &[Contender], repetition: u32) -> Vec<&Contender> {
    let mut turn: Vec<&Contender> = contenders.iter().collect();
    let count = turn.len().max(1);
    turn.rotate_left((repetition as usize + count - 1) % count);
    turn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_repetition_begins_with_another() {
        let contender = |name| Contender::new(name, Role::ByHand, Vec::new(), Vec::new());
        let contenders = ["a", "b", "c"].map(contender);
        let names = |repetition| {
            let turn = in_turn(&contenders, repetition);
            turn.iter().map(|one| &*one.name).collect::<String>()
        };
        assert_eq!(
            [names(1), names(2), names(3), names(4)],
            ["abc", "bca", "cab", "abc"]
        );
    }
}

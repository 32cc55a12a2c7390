//! What the tests stand on: two servers, a fresh database on each, the program, comparisons.

mod compare;
mod databases;
mod oracle;
mod program;
mod session;
mod standby;

pub(crate) use compare::{assert_same, relation};
pub(crate) use databases::{
    Databases, Versions, destination_programs, source_programs, url_of_role,
};
pub(crate) use oracle::{Answer, Oracle, Question, RunsOn, Verdict};
pub(crate) use program::{Outcome, Program};
pub(crate) use session::Session;
pub(crate) use standby::Replicated;

//! Reports of the engine, as text for people.

mod plan;
mod run;

pub(crate) use plan::plan_text;
pub(crate) use run::run_text;

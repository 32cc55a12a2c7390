//! Reports of the engine, as text for people.

mod plan;
mod profile;
mod run;
mod verify;

pub(crate) use plan::plan_text;
pub(crate) use profile::profile_text;
pub(crate) use run::run_text;
pub(crate) use verify::verify_text;

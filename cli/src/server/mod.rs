//! PostgreSQL servers that live as long as the process that started them.
//!
//! `towpath demo` and the tests use them: [`ServerPrograms`] finds what PostgreSQL's packages
//! install, [`PackageManager`] installs it, [`ThrowawayServer`] runs it in a temporary folder.

mod account;
mod install;
mod programs;
mod throwaway;

pub use install::PackageManager;
pub use programs::ServerPrograms;
pub use throwaway::{KeptServer, ServerOptions, ThrowawayServer};

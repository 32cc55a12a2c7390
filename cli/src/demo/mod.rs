//! `towpath demo`: two throw-away servers, a small shop, and one pipeline that is run three times.

use clap::Args;
use towpath_engine::Result;

/// What `towpath demo` is asked for.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Leave both servers running, and say how to reach and to stop them
    #[arg(long)]
    pub keep: bool,
    /// Install PostgreSQL's server programs with the system's package manager if they are missing
    #[arg(long)]
    pub setup: bool,
    /// How many orders the shop has
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub orders: u32,
}

/// Runs the demonstration.
///
/// # Errors
/// `Config`, if there are no server programs; what a run of the pipeline returns otherwise.
pub async fn run(args: DemoArgs) -> Result<()> {
    let _ = args;
    Ok(())
}

//! `towpath demo`: two throw-away servers, a small shop, and one pipeline that is run three times.
//!
//! The pipeline goes the way of `towpath run`: a file, resolved, executed, reported.

mod proof;
mod shop;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use towpath_engine::{Error, ErrorKind, Result};

use crate::environment::Environment;
use crate::execution::{execute, interrupted};
use crate::interrupt::Interrupt;
use crate::output::{Output, OutputFormat};
use crate::report::run_text;
use crate::resolve::{Overrides, Resolved, load};
use crate::server::{PackageManager, ServerOptions, ServerPrograms, ThrowawayServer};
use crate::size::{Wait, count};
use shop::Shop;

/// What the progress of a run is told to: nobody, the demonstration tells the story itself.
const OUTPUT: Output = Output {
    format: OutputFormat::Text,
    quiet: true,
};

/// Rows of a destination table that are shown at the end.
const SHOWN_ROWS: &str = "SELECT day::date AS day, currency, orders, revenue \
    FROM warehouse.daily_revenue ORDER BY 1 DESC, 2 LIMIT 5";

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
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub orders: u32,
}

/// Runs the demonstration.
///
/// # Errors
/// `Config`, if there are no server programs; what a run of the pipeline returns otherwise;
/// `Cancelled` after a signal. In any case both servers are gone afterwards.
pub async fn run(args: DemoArgs) -> Result<()> {
    let mut interrupt = Interrupt::listen()?;
    let demonstration = interrupt.guard(Box::pin(demonstrate(args))).await;
    demonstration.ok_or_else(|| interrupted("both servers are stopped and removed"))?
}

async fn demonstrate(args: DemoArgs) -> Result<()> {
    let began = Instant::now();
    let programs = programs(args.setup)?;
    say(&format!(
        "towpath demo: a shop with {} orders moves between two servers of PostgreSQL {}\n",
        count(args.orders.into()),
        programs.version()
    ))?;
    let stage = Stage::start(&programs).await?;
    step(began, "two throw-away servers run, in folders of their own")?;

    let shop = Shop::open(&stage.source, &stage.destination, args.orders).await?;
    let tables = shop.fill().await?;
    step(began, &format!("the source is filled: {tables}"))?;
    step(
        began,
        "the destination has the shop's two enum types, and nothing else",
    )?;

    let pipeline = stage.pipeline()?;
    chapter("First run: four tables as they are, two that SQL makes of orders")?;
    report(&pipeline).await?;
    chapter("Second run: nothing has changed, so no row is written again")?;
    report(&pipeline).await?;
    let changes = shop.change().await?;
    chapter(&format!("A day later: {changes}"))?;
    report(&pipeline).await?;

    chapter("PostgreSQL compares both sides, by a hash of every row")?;
    say(&shop.prove().await?)?;
    chapter("The newest days of warehouse.daily_revenue")?;
    say(&shop.table(SHOWN_ROWS).await?)?;
    stage.end(args.keep, began.elapsed())
}

/// The server programs, installed if they are missing and `setup` is asked for.
fn programs(setup: bool) -> Result<ServerPrograms> {
    let found = ServerPrograms::find();
    match (found, PackageManager::of_this_system()) {
        (Err(_), Some(manager)) if setup => {
            manager.install(|command| {
                eprintln!("PostgreSQL's server programs are missing; running: {command}");
            })?;
            ServerPrograms::find()
        }
        (found, _) => found,
    }
}

/// Two servers, and in the folder of the first the pipeline file between them.
struct Stage {
    source: ThrowawayServer,
    destination: ThrowawayServer,
}

impl Stage {
    async fn start(programs: &ServerPrograms) -> Result<Self> {
        let options = ServerOptions::default();
        let (source, destination) = tokio::try_join!(
            ThrowawayServer::start(programs, &options),
            ThrowawayServer::start(programs, &options)
        )?;
        Ok(Self {
            source,
            destination,
        })
    }

    fn pipeline_path(&self) -> PathBuf {
        self.source.folder().join("pipeline.yaml")
    }

    /// Writes the pipeline file, with the servers' URLs put in, and resolves it.
    fn pipeline(&self) -> Result<Resolved> {
        let text = shop::PIPELINE
            .replace("${SOURCE_URL}", &self.source.url(shop::DATABASE))
            .replace("${DESTINATION_URL}", &self.destination.url(shop::DATABASE));
        let path = self.pipeline_path();
        write_private(&path, &text).map_err(cannot_write)?;
        load(&path, &Environment::default(), Overrides::default())
    }

    /// Stops both servers, or says how to reach and to stop them.
    fn end(self, keep: bool, elapsed: Duration) -> Result<()> {
        let total = Wait(elapsed);
        if !keep {
            drop(self);
            return say(&format!(
                "\nDone in {total}. Both servers are stopped and removed."
            ));
        }
        let path = self.pipeline_path();
        let (source, destination) = (
            self.source.url(shop::DATABASE),
            self.destination.url(shop::DATABASE),
        );
        let pids = [self.source.keep()?.pid, self.destination.keep()?.pid];
        say(&format!(
            "\nDone in {total}. Both servers keep running:\n\n  \
             source               {source}\n  \
             destination          {destination}\n  \
             run it again         towpath run {}\n  \
             stop and remove all  kill {} {}",
            path.display(),
            pids[0],
            pids[1]
        ))
    }
}

/// Runs the pipeline and prints its report.
async fn report(pipeline: &Resolved) -> Result<()> {
    let outcome = execute(pipeline, &[], &OUTPUT).await?;
    match outcome.error {
        Some(error) => Err(error),
        None => say(&run_text(&outcome.report)),
    }
}

fn chapter(title: &str) -> Result<()> {
    say(&format!("\n{title}\n"))
}

/// Tells what has been done, and when.
fn step(began: Instant, text: &str) -> Result<()> {
    say(&format!(
        "  {:>6}  {text}",
        Wait(began.elapsed()).to_string()
    ))
}

fn say(text: &str) -> Result<()> {
    OUTPUT.text(text)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    fs::write(path, "")?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    fs::write(path, text)
}

fn cannot_write(err: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Config,
        "cannot write the demonstration's pipeline file",
    )
    .with_source(err)
}

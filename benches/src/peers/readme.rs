//! What must be known to judge the numbers, and to measure them again.

use towpath_engine::Result;

use crate::args::Args;
use crate::contender::{Setting, command_lines};
use crate::machine;

/// What is the same for all, and what is not.
const FAIRNESS: &str = "\
## What is measured

Each repetition measures everyone once, in an order that moves on by one. Before each measurement
the destination's table is dropped, and created again where the contender needs it, and both servers
write a checkpoint, so that nobody pays for pages that somebody else has dirtied. One relay that is
not counted goes first: it creates the destination's log files, which are recycled afterwards.

Wall time includes starting the programs. CPU time and peak memory are those of the programs, as the
kernel reports them when they end; two programs of a pipe count together. After each measurement the
two tables are compared: rows, an order-independent hash of all rows as text, names, types and
nullability of columns, and the primary key.

## What is fair, and what is not

- Both servers, both programs and the loopback share one machine: there is no network to wait for,
  and whoever uses less CPU leaves more to the servers.
- The source fits into memory, and stays there.
- Durability is that of production: fsync, synchronous commit and full-page writes are on.
- Autovacuum is off, for repeatability; before \"nothing changed\" the table is vacuumed and analysed,
  as autovacuum would have done by then.
- The relay is one process on each side and knows nothing: no types compared, no ledger, no staging.
  It needs a table that a person has made; in \"table missing\" towpath makes it.
- towpath reads and writes on several connections, which is its default; the relay has one, and two
  relays have two.
- \"nothing changed\" has no relay to compare with: its ratio is to a relay into an empty table.
";

/// The run's `README.md`.
///
/// # Errors
/// `Read`, if a server does not answer.
pub(crate) async fn readme(args: &Args, setting: &Setting<'_>, row_count: u64) -> Result<String> {
    let Setting {
        databases,
        towpath,
        middle,
    } = setting;
    let server = databases.source.text("SELECT version()").await?;
    let settings = databases.destination.settings().await?.join("\n");
    let size = "SELECT pg_size_pretty(pg_table_size('public.lineitem')) || ', its key ' || \
                pg_size_pretty(pg_indexes_size('public.lineitem'))";
    let size = databases.source.text(size).await?;
    let machine = machine::describe();
    let commit = machine::commit();
    let is_release = towpath
        .parent()
        .is_some_and(|folder| folder.ends_with("release"));
    let build = match is_release {
        true => "",
        false => ", **not a release build: these numbers mean nothing**",
    };
    let towpath_version = machine::version(towpath);
    let psql_version = machine::version(&databases.psql);
    let (scale, repetitions) = (args.scale, args.repetitions);
    Ok(format!(
        "# TPC-H lineitem, whole, into a table with its primary key\n\n\
         Numbers: [summary.md](summary.md), each measurement: [raw.csv](raw.csv).\n\n\
         ```sh\ncargo build --release --bin towpath\n{}\n```\n\n\
         | | |\n|---|---|\n\
         | commit | {commit}{build} |\n\
         | programs | {towpath_version}; {psql_version} |\n\
         | servers | two of {server} |\n\
         | machine | {machine} |\n\
         | data | lineitem at scale {scale}: {row_count} rows, 16 columns, {size} |\n\
         | repetitions | {repetitions} |\n\n\
         Settings of both servers; all others are PostgreSQL's defaults:\n\n```text\n{settings}\n```\n\n\
         Commands:\n\n```text\n{}\n```\n\n{FAIRNESS}",
        args.command_line(),
        command_lines(middle),
    ))
}

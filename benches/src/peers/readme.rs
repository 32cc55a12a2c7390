//! What must be known to judge the numbers, and to measure them again.

use towpath_engine::Result;

use crate::args::Args;
use crate::contender::Contender;
use crate::database::Databases;
use crate::machine;
use crate::setting::Setting;
use crate::workload::Workload;

/// Letters of one command that are shown.
const COMMAND_LETTERS: usize = 700;

/// What is the same for all, and what is not.
const FAIRNESS: &str = "\
## What is measured

Each repetition measures everyone once, in an order that moves on by one. Before each measurement
the destination's tables are dropped, and brought to where the contender starts from (not measured), and
both servers write a checkpoint, so that nobody pays for pages that somebody else has dirtied. One run of
the reference that is not counted goes first: it creates the destination's log files, which are recycled
afterwards. Whoever fails once is not asked again.

Wall time includes starting the programs. CPU time and peak memory are those of the programs, as the
kernel reports them when they end; two programs of a pipe count together, of a program with several
processes the largest one. After each measurement the tables are compared: rows, an order-independent
hash of all rows as text, names, types and nullability of columns, and the primary key. Where the hashes
differ, each column is compared by value, in which 1.0 is 1.00, and those that differ are named. What a
program leaves different is recorded, and its time stands.

## What is fair, and what is not

- Both servers, all programs and the loopback share one machine: there is no network to wait for,
  and whoever uses less CPU leaves more to the servers.
- The source fits into memory, and stays there.
- Durability is that of production: fsync, synchronous commit and full-page writes are on.
- Autovacuum is off, for repeatability; tables that a merge starts from are vacuumed and analysed,
  as autovacuum would have done by then.
- The relay is one process on each side and knows nothing: no types compared, no ledger, no staging.
  It needs a table that a person has made; into a missing table, towpath makes it.
- towpath reads and writes on several connections, which is its default; the relay has one, and two
  relays have two. The other programs may use as many as they can.
- The other programs run in the configuration that their own documentation calls fastest, from the
  start that suits them: where they would lose types or the key by making the table, some get it made.
  Whoever does not build a key has less to do; pgcopydb also vacuums and analyses what it has copied.
- Python and the imports of its libraries are in their times, which weighs at small scales.
";

/// The beginning of the run's `README.md`: everything but the workloads.
///
/// # Errors
/// `Read`, if a server does not answer.
pub(crate) async fn head(args: &Args, databases: &Databases, setting: &Setting) -> Result<String> {
    let server = databases.source.text("SELECT version()").await?;
    let settings = databases.destination.settings().await?.join("\n");
    let folder = setting.towpath.parent();
    let build = match folder.is_some_and(|folder| folder.ends_with("release")) {
        true => "",
        false => ", **not a release build: these numbers mean nothing**",
    };
    let missing = match setting.missing() {
        names if names.is_empty() => "none".to_owned(),
        names => names.join(", "),
    };
    let mut programs = vec![
        machine::version(&setting.towpath),
        machine::version(&setting.psql),
    ];
    programs.extend(setting.versions().into_iter().map(str::to_owned));
    Ok(format!(
        "# towpath and what people use instead\n\n\
         Numbers: [summary.md](summary.md), each measurement: [raw.csv](raw.csv).\n\n\
         ![Time relative to the reference, by workload](ratios.svg)\n\n\
         ```sh\n{}\n```\n\n\
         | | |\n|---|---|\n\
         | commit | {}{build} |\n\
         | programs | {} |\n\
         | not installed, or left out | {missing} |\n\
         | servers | two of {server} |\n\
         | machine | {} |\n\n\
         Settings of both servers; all others are PostgreSQL's defaults:\n\n```text\n{settings}\n```\n\n\
         {FAIRNESS}\n## The workloads\n\n\
         `$FROM` and `$TO` are the servers' URLs, `$WORK` is an empty folder.\n",
        args.command_line(),
        machine::commit(),
        programs.join("; "),
        machine::describe(),
    ))
}

/// What one workload moves, and how.
pub(crate) fn section(workload: &Workload, setting: &Setting, data: &str) -> String {
    let Workload {
        name,
        title,
        notes,
        contenders,
        ..
    } = workload;
    let commands: Vec<String> = contenders
        .iter()
        .map(|one| commands(one, setting))
        .collect();
    let notes = match notes.is_empty() {
        true => String::new(),
        false => format!(" {notes}"),
    };
    format!(
        "\n### {name}: {title}\n\nThe source: {data}.{notes}\n\n```text\n{}\n```\n",
        commands.join("\n")
    )
}

/// The commands of one contender below its name, indented.
fn commands(contender: &Contender, setting: &Setting) -> String {
    let mut text = contender.name.clone();
    for line in contender.commands(setting).lines() {
        text.push_str("\n    ");
        text.extend(line.chars().take(COMMAND_LETTERS));
        if line.chars().count() > COMMAND_LETTERS {
            text.push('…');
        }
    }
    text
}

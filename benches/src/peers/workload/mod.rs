//! What is moved: the source's data, where the destination starts from, who moves it, and what the
//! destination must hold afterwards. All of it is data; [`measure`](crate::measure) does it.

mod lineitem;
mod other;
mod startup;
mod synthetic;
mod transform;

use crate::args::{Args, WorkloadName};
use crate::contender::{Contender, Goal, Role, relay_of};
use crate::data::DataSet;
use crate::process::{Pipe, Program};
use crate::setting::Setting;
use crate::table::Table;

/// Creates the schema of [`KEPT`]. It is there only while it is needed: pgcopydb copies every schema.
const KEPT_SCHEMA: &str = "CREATE SCHEMA bench";

/// Where what a merge starts from is kept in the destination, and in the source what it ends in.
const KEPT: &str = "bench.kept";

/// What towpath's time is to be at most, as a part of the reference's.
const GOALS: [(&str, f64); 10] = [
    ("w1", 0.85),
    ("w1b", 1.0),
    ("w1c", 1.0),
    ("w2", 0.7),
    ("w3", 0.9),
    ("w4", 0.9),
    ("w5", 0.8),
    ("w6", 0.5),
    ("w7", 1.0),
    ("w8", 1.0),
];

/// One workload.
pub(crate) struct Workload {
    /// As on the command line.
    pub(crate) name: &'static str,
    /// One line for people.
    pub(crate) title: String,
    /// What is special about it, in whole sentences.
    pub(crate) notes: &'static str,
    pub(crate) data: DataSet,
    pub(crate) preparation: Preparation,
    /// The tables that are compared: the source's and the destination's.
    pub(crate) compared: Vec<(String, String)>,
    /// How often for each repetition that was asked for.
    pub(crate) factor: u32,
    pub(crate) contenders: Vec<Contender>,
}

/// What is done once, before anything is measured, besides loading the data.
#[derive(Default)]
pub(crate) struct Preparation {
    pub(crate) source: Vec<String>,
    pub(crate) destination: Vec<String>,
    /// Fills tables that `destination` has made.
    pub(crate) fill: Vec<Pipe>,
}

/// The workloads of one name; `memory` is several.
pub(crate) fn workloads(name: WorkloadName, args: &Args, setting: &Setting) -> Vec<Workload> {
    let scaled = |full: u64| ((full as f64 * args.scale).round() as u64).max(2);
    vec![match name {
        WorkloadName::W1 => lineitem::missing(setting, args.scale),
        WorkloadName::W1b => lineitem::empty(setting, args.scale),
        WorkloadName::W1c => lineitem::unchanged(setting, args.scale),
        WorkloadName::W2 => synthetic::events_missing(setting, scaled(2_000_000)),
        WorkloadName::W3 => synthetic::events_changed(setting, scaled(2_000_000)),
        WorkloadName::W4 => transform::computed(setting, args.scale),
        WorkloadName::W5 => transform::aggregated(setting, args.scale),
        WorkloadName::W6 => other::many(setting, scaled(500)),
        WorkloadName::W7 => other::whole(setting, DataSet::Wide(scaled(200_000))),
        WorkloadName::W8 => other::whole(setting, DataSet::Documents(scaled(50_000))),
        WorkloadName::Startup => startup::startup(setting),
        WorkloadName::Memory => {
            let scales = args.memory_scales.iter();
            return scales
                .map(|&scale| startup::memory(setting, scale))
                .collect();
        }
    }]
}

impl Workload {
    /// All of `data`'s tables into tables of the same names.
    fn of_tables(name: &'static str, title: &str, data: DataSet) -> Self {
        let compared = |table: Table| (table.name.clone(), table.name);
        Self {
            name,
            title: title.to_owned(),
            notes: "",
            data,
            preparation: Preparation::default(),
            compared: data.tables().into_iter().map(compared).collect(),
            factor: 1,
            contenders: Vec::new(),
        }
    }

    /// Adds whoever is installed; towpath gets its goal.
    fn with(mut self, contenders: impl IntoIterator<Item = Option<Contender>>) -> Self {
        let goal = GOALS.iter().find(|(name, _)| *name == self.name);
        let with_goal = |contender: Contender| match goal {
            Some((_, ratio)) if contender.name == "towpath" => {
                contender.with_goal(Goal::Ratio(*ratio))
            }
            _ => contender,
        };
        let installed = contenders.into_iter().flatten();
        self.contenders.extend(installed.map(with_goal));
        self
    }
}

/// Keeps rows of `select` in the destination, for merges to start from.
fn keep(setting: &Setting, table: &Table, select: &str) -> Preparation {
    let kept = Table {
        name: KEPT.to_owned(),
        ..table.clone()
    };
    Preparation {
        source: Vec::new(),
        destination: vec![KEPT_SCHEMA.to_owned(), kept.create(false)],
        fill: vec![relay_of(setting, select, KEPT)],
    }
}

/// The statements that fill the destination's table with the rows that are kept, as if they had
/// been there for long: with statistics, and without anything left for VACUUM.
fn from_kept(table: &Table) -> Vec<String> {
    vec![
        table.create(false),
        format!("INSERT INTO {} SELECT * FROM {KEPT}", table.name),
        table.add_key(),
        format!("VACUUM ANALYZE {}", table.name),
    ]
}

/// Somebody else's program, as a contender if it is installed.
fn peer(name: &str, start: Vec<String>, program: Option<Program>) -> Option<Contender> {
    let steps = vec![vec![vec![program?]]];
    Some(Contender::new(name, Role::Peer, start, steps))
}

/// towpath, as a contender.
fn by_towpath(name: &str, start: Vec<String>, program: Program) -> Contender {
    Contender::new(name, Role::Towpath, start, vec![vec![vec![program]]])
}

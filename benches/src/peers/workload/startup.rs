//! What starting takes, and how much memory.

use super::lineitem::reference;
use super::{Workload, by_towpath};
use crate::contender::{Contender, Goal, copy, towpath};
use crate::data::{DataSet, lineitem, one};
use crate::setting::Setting;

/// Repetitions of what takes milliseconds, for each one of what takes seconds.
const STARTS: u32 = 20;

/// The program alone, and one row.
pub(super) fn startup(setting: &Setting) -> Workload {
    let table = one();
    let version = by_towpath(
        "towpath --version",
        Vec::new(),
        towpath(setting, &["--version"]),
    );
    let row = by_towpath(
        "towpath, one row",
        Vec::new(),
        copy(setting, &["--table", &table.name]),
    );
    let mut workload =
        Workload::of_tables("startup", "starting, and a copy of one row", DataSet::One);
    workload.notes = "Programs are started directly, not under GNU time: CPU time and memory are \
                      not known. There are twenty repetitions for each one of the other workloads.";
    workload.factor = STARTS;
    workload.with([
        Some(reference(setting, &table).bare()),
        Some(
            Contender {
                checked: false,
                ..version.bare()
            }
            .with_goal(Goal::Seconds(0.010)),
        ),
        Some(row.bare().with_goal(Goal::Seconds(0.150))),
    ])
}

/// lineitem at one scale, for towpath's peak memory.
pub(super) fn memory(setting: &Setting, scale: f64) -> Workload {
    let table = lineitem();
    let program = copy(setting, &["--table", &table.name]);
    let title = "peak memory of lineitem into a missing table";
    let mut workload = Workload::of_tables("memory", title, DataSet::Lineitem(scale));
    workload.notes = "The goal is that the peak does not grow with the table.";
    workload.with([Some(by_towpath(
        &format!("towpath, scale {scale}"),
        Vec::new(),
        program,
    ))])
}

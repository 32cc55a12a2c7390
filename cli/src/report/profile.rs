//! Where the time of a run went.

use std::time::Duration;

use towpath_engine::report::{RunReport, StreamReport};

use crate::grid::{Align, Grid};
use crate::size::Wait;

/// For each stream its phases by the clock on the wall, what its connections did while rows moved,
/// and what it would have to do faster.
pub(crate) fn profile_text(report: &RunReport) -> String {
    let streams: Vec<String> = report.streams.iter().map(stream_text).collect();
    streams.join("\n")
}

fn stream_text(stream: &StreamReport) -> String {
    let profile = &stream.profile;
    let moving_ms = stream.compare_ms + stream.load_ms;
    let phases = [
        ("plan", stream.plan_ms),
        ("compare", stream.compare_ms),
        ("load", stream.load_ms),
        ("merge", profile.merge_ms),
        ("index build", profile.index_build_ms),
    ];
    let steps = [
        ("source wait", profile.source_wait_ms),
        ("decode", profile.decode_ms),
        ("transform", profile.transform_ms),
        ("encode", profile.encode_ms),
        ("destination wait", profile.destination_wait_ms),
    ];
    let bottleneck = match profile.bottleneck(stream.plan_ms, moving_ms) {
        Some(bottleneck) => format!("{}: the bottleneck is {bottleneck}\n", stream.stream),
        None => String::new(),
    };
    let (phases, steps) = (
        grid(&stream.stream, "time", &phases),
        grid(
            "of all connections, while rows moved",
            "time, summed",
            &steps,
        ),
    );
    format!("{phases}\n{steps}\n{bottleneck}")
}

/// What took how long, and its share of all.
fn grid(what: &str, time: &str, lines: &[(&str, u64)]) -> Grid {
    let columns = [
        (what, Align::Left),
        (time, Align::Right),
        ("share", Align::Right),
    ];
    let mut grid = Grid::new(columns);
    let total: u64 = lines.iter().map(|(_, ms)| ms).sum();
    for (name, ms) in lines {
        let share = *ms as f64 / total.max(1) as f64 * 100.0;
        let time = Wait(Duration::from_millis(*ms)).to_string();
        grid.row([(*name).to_owned(), time, format!("{share:.0} %")]);
    }
    grid
}

#[cfg(test)]
mod tests {
    use towpath_engine::report::Profile;

    use super::*;

    #[test]
    fn a_profile_shows_phases_and_steps_and_names_the_bottleneck() {
        let stream = StreamReport {
            stream: "public.orders".into(),
            plan_ms: 40,
            load_ms: 8_000,
            profile: Profile {
                source_wait_ms: 2_000,
                decode_ms: 1_000,
                encode_ms: 1_000,
                destination_wait_ms: 12_000,
                index_build_ms: 1_960,
                ..Profile::default()
            },
            ..StreamReport::default()
        };
        let report = RunReport {
            run_id: "00c0ffee00c0ffee".into(),
            pipeline: "shop".into(),
            streams: vec![stream],
            elapsed_ms: 10_000,
        };
        insta::assert_snapshot!(profile_text(&report), @r"
        public.orders    time  share
        plan           0.04 s    0 %
        compare        0.00 s    0 %
        load           8.00 s   80 %
        merge          0.00 s    0 %
        index build    1.96 s   20 %

        of all connections, while rows moved  time, summed  share
        source wait                                 2.00 s   12 %
        decode                                      1.00 s    6 %
        transform                                   0.00 s    0 %
        encode                                      1.00 s    6 %
        destination wait                            12.0 s   75 %

        public.orders: the bottleneck is the destination, which takes rows no faster
        ");
    }
}

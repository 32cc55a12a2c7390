//! What a running stream tells on stderr: a live line on a terminal, a line now and then elsewhere.

use std::future::Future;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{MissedTickBehavior, interval};
use towpath_engine::report::{Progress, Stage};

use crate::output::Output;
use crate::size::{Wait, count, rate};

/// How often a terminal's line changes: smooth, and no work worth mentioning.
const LIVE_INTERVAL: Duration = Duration::from_millis(120);

/// How often a line is written where no terminal is: a log stays readable.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Waits for `future`, and meanwhile tells what `progress` of `stream` says.
pub(crate) async fn watch<T>(
    output: &Output,
    stream: &str,
    progress: &Progress,
    future: impl Future<Output = T>,
) -> T {
    let terminal = std::io::stderr().is_terminal();
    // Programs that asked for JSON get nothing on stderr but the error.
    if output.quiet || (output.is_json() && !terminal) {
        return future.await;
    }
    let started = Instant::now();
    let bar = terminal.then(spinner);
    let mut ticks = interval(LIVE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last: Option<((Stage, bool), Instant)> = None;
    tokio::pin!(future);
    let result = loop {
        tokio::select! {
            result = &mut future => break result,
            _ = ticks.tick() => {}
        }
        if let Some(bar) = &bar {
            bar.set_message(line(stream, progress, started.elapsed()));
            bar.tick();
            continue;
        }
        let stage = (progress.stage(), progress.pause_reason().is_some());
        let is_due = last.is_none_or(|(told, at)| told != stage || at.elapsed() >= LINE_INTERVAL);
        if is_due && !matches!(stage.0, Stage::Waiting | Stage::Done) {
            eprintln!("{}", line(stream, progress, started.elapsed()));
            last = Some((stage, Instant::now()));
        }
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    result
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {wide_msg}");
    let bar = ProgressBar::new_spinner();
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// One line: what the stream does, how far it is, how fast, and how long it may still take.
fn line(stream: &str, progress: &Progress, elapsed: Duration) -> String {
    let rows = progress.rows_read();
    let pause = progress.pause_reason();
    let pause = pause.map(|reason| format!("paused ({reason})"));
    let stage = match progress.stage() {
        Stage::Waiting => return format!("{stream}: waiting"),
        Stage::Comparing | Stage::Loading if pause.is_some() => {
            pause.as_deref().unwrap_or_default()
        }
        Stage::Comparing => "comparing",
        Stage::Loading => "loading",
        Stage::Publishing => "publishing",
        Stage::Done => "done",
    };
    if rows == 0 {
        return format!("{stream}: {stage}");
    }
    let mut line = format!(
        "{stream}: {stage}, {} rows, {}, {}",
        count(rows),
        rate(progress.bytes_read(), elapsed),
        Wait(elapsed)
    );
    let expected = progress
        .expected_rows()
        .filter(|_| matches!(progress.stage(), Stage::Comparing | Stage::Loading));
    if let Some(expected) = expected.filter(|&expected| rows > 0 && rows < expected) {
        let share = rows as f64 / expected as f64;
        // The first moments say little about the rest.
        if elapsed >= Duration::from_secs(1) {
            let left = elapsed.mul_f64((1.0 - share) / share);
            line.push_str(&format!(
                ", {:.0} %, about {} left",
                share * 100.0,
                Wait(left)
            ));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_rows_rate_and_rest() {
        let progress = Progress::default();
        assert_eq!(line("orders", &progress, Duration::ZERO), "orders: waiting");
        progress.enter(Stage::Loading);
        progress.expect_rows(4_000);
        progress.add_read(1_000, 50_000_000);
        assert_eq!(
            line("orders", &progress, Duration::from_secs(5)),
            "orders: loading, 1,000 rows, 10.0 MB/s, 5.00 s, 25 %, about 15.0 s left"
        );
        progress.enter(Stage::Publishing);
        assert_eq!(
            line("orders", &progress, Duration::from_secs(5)),
            "orders: publishing, 1,000 rows, 10.0 MB/s, 5.00 s"
        );
    }

    #[test]
    fn a_pause_is_told_with_its_reason() {
        let progress = Progress::default();
        progress.enter(Stage::Loading);
        progress.pause(Some("25 others are active".into()));
        let paused = "orders: paused (25 others are active)";
        assert_eq!(line("orders", &progress, Duration::ZERO), paused);
        progress.pause(None);
        assert_eq!(line("orders", &progress, Duration::ZERO), "orders: loading");
    }

    #[test]
    fn an_estimate_that_was_too_low_is_not_told() {
        let progress = Progress::default();
        progress.enter(Stage::Loading);
        progress.expect_rows(10);
        progress.add_read(1_000, 0);
        assert_eq!(
            line("orders", &progress, Duration::from_secs(5)),
            "orders: loading, 1,000 rows, 0.0 MB/s, 5.00 s"
        );
    }
}

//! When reading pauses, and what is told of it: no clock and no waiting.

use std::fmt;
use std::time::{Duration, Instant};

use super::SourceLimits;
use crate::postgres::catalog::Pressure;

/// The pauses of one stream.
#[derive(Debug)]
pub(super) struct Pauses {
    limits: SourceLimits,
    /// When the pause began that goes on.
    since: Option<Instant>,
    total: Duration,
    count: usize,
    /// The most that was seen during pauses.
    worst: Pressure,
}

/// What a look at the source changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// Reading pauses, for this reason.
    Pause(String),
    /// Reading goes on, after this time.
    Resume(Duration),
}

impl Pauses {
    /// None so far.
    pub(super) fn new(limits: SourceLimits) -> Self {
        Self {
            limits,
            since: None,
            total: Duration::ZERO,
            count: 0,
            worst: Pressure::default(),
        }
    }

    /// Takes note of what was seen at `now`.
    pub(super) fn see(&mut self, pressure: Pressure, now: Instant) -> Change {
        let excess = Excess::of(pressure, self.limits);
        if excess.is_none() {
            return match self.since.take() {
                None => Change::None,
                Some(since) => {
                    let lasted = now.saturating_duration_since(since);
                    self.total += lasted;
                    Change::Resume(lasted)
                }
            };
        }
        let Pressure {
            active_sessions,
            replica_lag,
        } = &mut self.worst;
        if let Some((sessions, _)) = excess.sessions {
            *active_sessions = sessions.max(*active_sessions);
        }
        if let Some((lag, _)) = excess.lag {
            *replica_lag = lag.max(*replica_lag);
        }
        if self.since.is_some() {
            return Change::None;
        }
        self.since = Some(now);
        self.count += 1;
        Change::Pause(excess.to_string())
    }

    /// All pauses together, until `now`.
    pub(super) fn total(&self, now: Instant) -> Duration {
        let current = self.since.map(|since| now.saturating_duration_since(since));
        self.total + current.unwrap_or_default()
    }

    /// What a person should know; `None` if there was no pause.
    pub(super) fn note(&self, now: Instant) -> Option<String> {
        let times = match self.count {
            0 => return None,
            1 => String::new(),
            count => format!(" in {count} pauses"),
        };
        let worst = Excess::of(self.worst, self.limits);
        let total = seconds(self.total(now));
        Some(format!("reading paused for {total}{times}: {worst}"))
    }
}

/// What is above its limit, each with the limit.
struct Excess {
    sessions: Option<(u64, u64)>,
    lag: Option<(Duration, Duration)>,
}

impl Excess {
    fn of(pressure: Pressure, limits: SourceLimits) -> Self {
        let sessions = limits.active_sessions;
        let lag = limits.replica_lag;
        Self {
            sessions: sessions
                .map(|limit| (pressure.active_sessions, limit))
                .filter(|(found, limit)| found > limit),
            lag: lag
                .map(|limit| (pressure.replica_lag, limit))
                .filter(|(found, limit)| found > limit),
        }
    }

    fn is_none(&self) -> bool {
        self.sessions.is_none() && self.lag.is_none()
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sessions = self.sessions.map(|(found, limit)| {
            format!("{found} other sessions were active at the source, above {limit}")
        });
        let lag = self.lag.map(|(found, limit)| {
            let (found, limit) = (seconds(found), seconds(limit));
            format!("a replica was {found} behind, above {limit}")
        });
        let parts: Vec<String> = sessions.into_iter().chain(lag).collect();
        f.write_str(&parts.join(", and "))
    }
}

/// `0.3 s`, `42 s`: tenths only where they are most of it.
fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: SourceLimits = SourceLimits {
        max_connections: None,
        max_bytes_per_second: None,
        active_sessions: Some(20),
        replica_lag: Some(Duration::from_secs(10)),
    };

    #[test]
    fn a_limit_that_is_reached_is_not_passed() {
        let mut pauses = Pauses::new(LIMITS);
        assert_eq!(pauses.see(pressure(20, 10), Instant::now()), Change::None);
        assert_eq!(pauses.note(Instant::now()), None);
    }

    #[test]
    fn a_pause_lasts_until_nothing_is_above_its_limit() {
        let mut pauses = Pauses::new(LIMITS);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let reason = "25 other sessions were active at the source, above 20".to_owned();
        assert_eq!(pauses.see(pressure(25, 0), at(0)), Change::Pause(reason));
        assert_eq!(pauses.see(pressure(5, 31), at(5)), Change::None);
        assert_eq!(pauses.total(at(7)), Duration::from_secs(7));
        let lasted = Duration::from_secs(12);
        assert_eq!(pauses.see(pressure(5, 0), at(12)), Change::Resume(lasted));
        assert_eq!(pauses.total(at(100)), lasted);
        assert_eq!(
            pauses.note(at(100)).unwrap(),
            "reading paused for 12 s: 25 other sessions were active at the source, above 20, and a \
             replica was 31 s behind, above 10 s"
        );
    }

    #[test]
    fn pauses_add_up() {
        let mut pauses = Pauses::new(LIMITS);
        let start = Instant::now();
        for begin in [0, 100] {
            pauses.see(pressure(21, 0), start + Duration::from_secs(begin));
            pauses.see(pressure(0, 0), start + Duration::from_secs(begin + 2));
        }
        assert_eq!(
            pauses.note(start).unwrap(),
            "reading paused for 4.0 s in 2 pauses: 21 other sessions were active at the source, \
             above 20"
        );
    }

    #[test]
    fn what_has_no_limit_does_not_pause() {
        let mut pauses = Pauses::new(SourceLimits {
            active_sessions: None,
            ..LIMITS
        });
        let now = Instant::now();
        assert_eq!(pauses.see(pressure(1_000, 1), now), Change::None);
        let reason = "a replica was 60 s behind, above 10 s".to_owned();
        assert_eq!(pauses.see(pressure(1_000, 60), now), Change::Pause(reason));
    }

    fn pressure(active_sessions: u64, lag_seconds: u64) -> Pressure {
        Pressure {
            active_sessions,
            replica_lag: Duration::from_secs(lag_seconds),
        }
    }
}

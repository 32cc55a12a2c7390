//! Where the time of a stream goes.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// What a connection, or the engine, spends time on while rows move and are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Waiting for the source to send.
    SourceWait,
    /// Finding tuples, and decoding their values.
    Decode,
    /// The operators of the transform.
    Transform,
    /// Encoding values, or hashing tuples that are compared.
    Encode,
    /// Waiting until the destination can take more, or has taken all.
    DestinationWait,
    /// Statements of the publishing transaction that move rows.
    Merge,
    /// Building the key and other indexes.
    IndexBuild,
}

/// Sums of time, added to while a stream runs.
#[derive(Debug, Default)]
pub struct Clock {
    nanoseconds: [AtomicU64; 7],
}

impl Clock {
    /// Adds `elapsed` to what `step` took.
    pub fn add(&self, step: Step, elapsed: Duration) {
        let nanoseconds = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds[step as usize].fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// What each step took so far.
    pub fn profile(&self) -> Profile {
        let ms = |step: Step| self.nanoseconds[step as usize].load(Ordering::Relaxed) / 1_000_000;
        Profile {
            source_wait_ms: ms(Step::SourceWait),
            decode_ms: ms(Step::Decode),
            transform_ms: ms(Step::Transform),
            encode_ms: ms(Step::Encode),
            destination_wait_ms: ms(Step::DestinationWait),
            merge_ms: ms(Step::Merge),
            index_build_ms: ms(Step::IndexBuild),
        }
    }
}

/// Where the time of a stream went, in milliseconds. The first five steps happen on several
/// connections at the same time, and their times are sums over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Waiting for the source to send.
    pub source_wait_ms: u64,
    /// Finding tuples, and decoding their values.
    pub decode_ms: u64,
    /// The operators of the transform.
    pub transform_ms: u64,
    /// Encoding values, or hashing tuples that are compared.
    pub encode_ms: u64,
    /// Waiting until the destination can take more, or has taken all.
    pub destination_wait_ms: u64,
    /// Statements of the publishing transaction that move rows, and its commit.
    pub merge_ms: u64,
    /// Building the key and other indexes.
    pub index_build_ms: u64,
}

/// What a stream would have to do faster to be faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bottleneck {
    /// Both catalogues answer no faster.
    Plan,
    /// The source sends rows no faster.
    Source,
    /// The engine decodes, transforms and encodes no faster.
    Engine,
    /// The destination takes rows no faster.
    Destination,
    /// The destination merges rows no faster.
    Merge,
    /// The destination builds indexes no faster.
    IndexBuild,
}

impl Profile {
    /// The bottleneck of a stream that was planned for `plan_ms` and whose rows moved for `moving_ms` by
    /// the clock on the wall; `None` if nothing took time.
    pub fn bottleneck(&self, plan_ms: u64, moving_ms: u64) -> Option<Bottleneck> {
        let engine = self.decode_ms + self.transform_ms + self.encode_ms;
        let moving = [
            (self.source_wait_ms, Bottleneck::Source),
            (engine, Bottleneck::Engine),
            (self.destination_wait_ms, Bottleneck::Destination),
        ];
        let (_, slowest) = moving.into_iter().max_by_key(|(ms, _)| *ms)?;
        let phases = [
            (plan_ms, Bottleneck::Plan),
            (moving_ms, slowest),
            (self.merge_ms, Bottleneck::Merge),
            (self.index_build_ms, Bottleneck::IndexBuild),
        ];
        let (ms, bottleneck) = phases.into_iter().max_by_key(|(ms, _)| *ms)?;
        (ms > 0).then_some(bottleneck)
    }
}

impl fmt::Display for Bottleneck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "the plan, for which both catalogues are asked",
            Self::Source => "the source, which sends rows no faster",
            Self::Engine => "the engine, which decodes, transforms and encodes no faster",
            Self::Destination => "the destination, which takes rows no faster",
            Self::Merge => "the destination, which merges rows no faster",
            Self::IndexBuild => "the destination, which builds indexes no faster",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_one_step_add_up() {
        let clock = Clock::default();
        clock.add(Step::Decode, Duration::from_millis(3));
        clock.add(Step::Decode, Duration::from_millis(4));
        clock.add(Step::IndexBuild, Duration::from_millis(5));
        let profile = clock.profile();
        assert_eq!((profile.decode_ms, profile.index_build_ms), (7, 5));
        assert_eq!(profile.source_wait_ms, 0);
    }

    #[test]
    fn the_bottleneck_is_the_longest_step_of_the_longest_phase() {
        let profile = Profile {
            source_wait_ms: 900,
            decode_ms: 500,
            encode_ms: 500,
            destination_wait_ms: 300,
            merge_ms: 600,
            ..Profile::default()
        };
        assert_eq!(profile.bottleneck(40, 1_100), Some(Bottleneck::Engine));
        assert_eq!(profile.bottleneck(40, 500), Some(Bottleneck::Merge));
        let waiting = Profile {
            source_wait_ms: 1_500,
            ..profile
        };
        assert_eq!(waiting.bottleneck(40, 1_100), Some(Bottleneck::Source));
        assert_eq!(
            Profile::default().bottleneck(40, 10),
            Some(Bottleneck::Plan)
        );
        assert_eq!(Profile::default().bottleneck(0, 0), None);
    }
}

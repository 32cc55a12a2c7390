//! Bytes per second, as arithmetic: no clock and no waiting.

use std::time::{Duration, Instant};

/// Time whose bytes may come at once after a rest: what timers sleep too long is caught up, and the
/// source sees no more than an eighth of a second's worth above the rate.
const BURST: Duration = Duration::from_millis(125);

/// Bytes between two looks at the bucket, at most: what a few messages have together.
const MAX_SHARE: u64 = 16 << 10;

/// A bucket that tokens fall into at a steady rate; whoever takes more than there are waits until
/// they have come.
///
/// Several readers share one, and each waits for all that has been taken before it: none starves.
/// The rate is exceeded by what is in flight when it is told: a message of each reader.
///
/// Source: ITU-T I.371, "Generic cell rate algorithm", virtual scheduling.
#[derive(Debug)]
pub(super) struct TokenBucket {
    bytes_per_second: u64,
    /// When all that has been taken is paid for.
    paid_at: Option<Instant>,
}

impl TokenBucket {
    /// A full bucket.
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: bytes_per_second.max(1),
            paid_at: None,
        }
    }

    /// Takes `bytes` at `now`; nothing more may be taken before the time that it returns, which
    /// may be past.
    pub(super) fn take(&mut self, bytes: u64, now: Instant) -> Instant {
        let rested = now.checked_sub(BURST).unwrap_or(now);
        let from = self.paid_at.map_or(rested, |paid_at| paid_at.max(rested));
        let seconds = bytes as f64 / self.bytes_per_second as f64;
        let price = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let paid_at = from.checked_add(price).unwrap_or(from);
        self.paid_at = Some(paid_at);
        paid_at
    }

    /// Bytes that a reader takes at once, if messages are no longer: few enough for a low rate to be as
    /// smooth as a high one.
    pub(super) fn share(&self) -> u64 {
        (self.bytes_per_second / 64).clamp(1, MAX_SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_reader_that_waits_gets_the_rate() {
        let (bytes, elapsed) = read(&mut TokenBucket::new(1_000_000), 1, 10 * SECOND);
        check_rate(1_000_000, bytes, elapsed);
    }

    #[test]
    fn readers_share_the_rate_and_none_starves() {
        let mut bucket = TokenBucket::new(50_000_000);
        let start = Instant::now();
        let mut readers = vec![(start, 0); 8];
        // Whoever may read next does.
        while let Some(reader) = readers.iter_mut().min_by_key(|(at, _)| *at)
            && reader.0 < start + 10 * SECOND
        {
            let share = bucket.share();
            *reader = (bucket.take(share, reader.0), reader.1 + share);
        }
        let total: u64 = readers.iter().map(|(_, bytes)| bytes).sum();
        check_rate(50_000_000, total, 10 * SECOND);
        let least = readers.iter().map(|(_, bytes)| *bytes).min().unwrap();
        assert!(least > total / 16, "{readers:?}");
    }

    #[test]
    fn a_timer_that_sleeps_too_long_does_not_slow_it_down() {
        let mut bucket = TokenBucket::new(100_000_000);
        let start = Instant::now();
        let (mut now, mut bytes) = (start, 0);
        while now < start + 10 * SECOND {
            let share = bucket.share();
            let until = bucket.take(share, now);
            bytes += share;
            if until > now {
                now = until + Duration::from_millis(2);
            }
        }
        check_rate(100_000_000, bytes, now - start);
    }

    #[test]
    fn a_rest_saves_up_no_more_than_a_burst() {
        let mut bucket = TokenBucket::new(1_000);
        let start = Instant::now();
        bucket.take(1, start);
        let later = start + 3600 * SECOND;
        assert_eq!(bucket.take(125, later), later);
        assert_eq!(bucket.take(1_000, later), later + SECOND);
    }

    #[test]
    fn a_row_that_is_larger_than_the_rate_is_waited_for() {
        let mut bucket = TokenBucket::new(1_000);
        let now = Instant::now();
        assert_eq!(bucket.take(10_125, now), now + 10 * SECOND);
    }

    #[test]
    fn rates_at_the_ends_of_their_range_work() {
        let now = Instant::now();
        assert!(TokenBucket::new(u64::MAX).take(u64::MAX, now) <= now + SECOND);
        assert!(TokenBucket::new(1).take(1 << 40, now) > now);
        TokenBucket::new(1).take(u64::MAX, now);
        assert_eq!(TokenBucket::new(0).share(), 1);
    }

    /// Reads for `time` with `readers` that begin at the same moment and wait as they are told.
    fn read(bucket: &mut TokenBucket, readers: u64, time: Duration) -> (u64, Duration) {
        let start = Instant::now();
        let (mut now, mut bytes) = (start, 0);
        while now < start + time {
            let share = bucket.share() * readers;
            now = now.max(bucket.take(share, now));
            bytes += share;
        }
        (bytes, now - start)
    }

    /// Fails unless the bytes are those of the rate, and of no more than one burst.
    fn check_rate(rate: u64, bytes: u64, elapsed: Duration) {
        let expected = rate as f64 * elapsed.as_secs_f64();
        let burst = rate as f64 * BURST.as_secs_f64();
        let above = bytes as f64 - expected;
        assert!(
            (-0.01 * expected..=1.1 * burst).contains(&above),
            "{bytes} of {expected}"
        );
    }
}

//! One connection's messages, no faster than allowed.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::time::sleep_until;

use super::{Governor, locked};

/// The messages of one COPY under a [`Governor`].
///
/// Where one has to wait, nothing is read from the socket: its buffers fill, and then the server
/// stops reading its disks.
pub struct Governed<S> {
    stream: Pin<Box<S>>,
    governor: Arc<Governor>,
    /// Bytes after which the bucket is told; `None` if there is no bucket.
    share: Option<u64>,
    /// Bytes that the bucket has not been told of.
    untold: u64,
    /// When the next message may be read.
    until: Option<Instant>,
}

impl<S> Governed<S> {
    pub(super) fn new(stream: S, governor: Arc<Governor>) -> Self {
        let share = governor
            .bucket
            .as_ref()
            .map(|bucket| locked(bucket).share());
        Self {
            stream: Box::pin(stream),
            governor,
            share,
            untold: 0,
            until: None,
        }
    }

    /// Counts a message, and finds out when the next may be read.
    fn count(&mut self, bytes: usize) {
        let (Some(share), Some(bucket)) = (self.share, &self.governor.bucket) else {
            return;
        };
        self.untold += bytes as u64;
        if self.untold >= share {
            let now = Instant::now();
            let until = locked(bucket).take(std::mem::take(&mut self.untold), now);
            self.until = Some(until).filter(|until| *until > now);
        }
    }
}

impl<S: Stream<Item = Result<Bytes, E>>, E> Governed<S> {
    /// The next message, once it may be read; `None` at the end. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Bytes, E>> {
        if let Some(until) = self.until {
            sleep_until(until.into()).await;
            self.until = None;
        }
        self.governor.ready().await;
        let message = self.stream.next().await;
        if let Some(Ok(bytes)) = &message {
            self.count(bytes.len());
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use futures::{FutureExt, stream};

    use super::*;
    use crate::report::Progress;
    use crate::source::SourceLimits;

    #[tokio::test]
    async fn without_limits_nothing_waits() {
        let mut governed = governed(SourceLimits::default());
        let mut bytes = 0;
        while let Some(message) = governed.next().now_or_never().expect("it waits") {
            bytes += message.unwrap().len();
        }
        assert_eq!(bytes, 100 * 1000);
    }

    #[tokio::test]
    async fn what_is_above_the_rate_waits() {
        let mut governed = governed(SourceLimits {
            max_bytes_per_second: Some(1),
            ..SourceLimits::default()
        });
        assert!(governed.next().now_or_never().is_some());
        // The message is paid for in a quarter of an hour.
        assert!(governed.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_pause_holds_back_what_follows_until_it_ends() {
        let mut governed = governed(SourceLimits::default());
        let governor = Arc::clone(&governed.governor);
        assert!(governed.next().now_or_never().is_some());
        governor.is_paused.store(true, Ordering::Release);
        let mut next = Box::pin(governed.next());
        assert!((&mut next).now_or_never().is_none());
        governor.resume(&Progress::default());
        assert!(next.await.is_some());
    }

    /// A hundred messages of a thousand bytes.
    fn governed(
        limits: SourceLimits,
    ) -> Governed<impl Stream<Item = Result<Bytes, std::convert::Infallible>>> {
        let messages = (0..100).map(|_| Ok(Bytes::from_static(&[0; 1000])));
        Arc::new(Governor::new(limits)).govern(stream::iter(messages))
    }
}

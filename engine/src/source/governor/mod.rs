//! Keeps a run from harming the source that it reads: how many connections, how many bytes a
//! second, and pauses while the source is busy with others.
//!
//! ```text
//! limits ─┬─ bucket ──────────────┬─ governed (waits, and so does the server behind the socket)
//!         └─ pauses ─ governor ───┘
//! ```

mod bucket;
mod governed;
mod limits;
mod pauses;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::{info, warn};

pub use governed::Governed;
pub use limits::SourceLimits;

use bucket::TokenBucket;
use pauses::{Change, Pauses};

use crate::error::{Error, ErrorKind, Result};
use crate::postgres::{Connection, ConnectionConfig, catalog, own_backends};
use crate::report::Progress;
use crate::table::ident;

/// Between two looks at how busy the source is: a query of a millisecond.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long a connection may be refused for want of a free one: sessions that were closed before
/// it take a moment to end at the server.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all connections to one source have in common under its [limits](SourceLimits).
#[derive(Debug, Default)]
pub struct Governor {
    limits: SourceLimits,
    bucket: Option<Mutex<TokenBucket>>,
    is_paused: AtomicBool,
    resumed: Notify,
}

/// What pauses there were while rows moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PauseReport {
    /// All of them together.
    pub total: Duration,
    /// How long and why, for people; `None` if there were none.
    pub note: Option<String>,
}

impl Governor {
    /// A governor of a source that nothing has been asked of.
    pub fn new(limits: SourceLimits) -> Self {
        let rate = limits.max_bytes_per_second;
        Self {
            limits,
            bucket: rate.map(|rate| Mutex::new(TokenBucket::new(rate))),
            is_paused: AtomicBool::new(false),
            resumed: Notify::new(),
        }
    }

    /// What the source may be asked for.
    pub fn limits(&self) -> SourceLimits {
        self.limits
    }

    /// `config` for the connections to the source: under a limit of connections, a server that has
    /// none left is asked again.
    pub fn configure(&self, config: &ConnectionConfig) -> ConnectionConfig {
        match self.limits.max_connections {
            None => config.clone(),
            Some(_) => config.clone().with_patience(PATIENCE),
        }
    }

    /// Checks that the role of `client` sees what the limits are about.
    ///
    /// # Errors
    /// `Config`, naming the privilege that it lacks.
    pub async fn check(&self, client: &Connection, config: &ConnectionConfig) -> Result<()> {
        if !self.limits.may_pause() || catalog::sees_others(client).await? {
            return Ok(());
        }
        let message = format!("{config} does not see what other sessions and replicas do");
        let hint = format!(
            "pausing for them needs a privilege, as superuser: GRANT pg_monitor TO {}",
            ident(config.user())
        );
        Err(Error::new(ErrorKind::Config, message).with_hint(hint))
    }

    /// Does `work`, which reads the source, and pauses its reading whenever `client` says that the
    /// source is busier than allowed.
    ///
    /// # Errors
    /// Those of `work`; `Read`, if the source does not say how busy it is.
    pub async fn watch<T>(
        &self,
        client: &Connection,
        progress: &Progress,
        work: impl Future<Output = Result<T>>,
    ) -> Result<(T, PauseReport)> {
        if !self.limits.may_pause() {
            return Ok((work.await?, PauseReport::default()));
        }
        let mut pauses = Pauses::new(self.limits);
        // Before anything is read, so that a source that is busy is not touched.
        self.look(client, progress, &mut pauses).await?;
        let watch = async {
            loop {
                sleep(LOOK_INTERVAL).await;
                if let Err(err) = self.look(client, progress, &mut pauses).await {
                    return err;
                }
            }
        };
        let result = tokio::select! {
            result = work => result,
            err = watch => Err(err),
        };
        self.resume(progress);
        let now = Instant::now();
        let report = PauseReport {
            total: pauses.total(now),
            note: pauses.note(now),
        };
        Ok((result?, report))
    }

    /// Waits while reading is paused.
    pub async fn ready(&self) {
        while self.is_paused.load(Ordering::Acquire) {
            let resumed = self.resumed.notified();
            // It may have been resumed in between.
            if self.is_paused.load(Ordering::Acquire) {
                resumed.await;
            }
        }
    }

    /// The messages of `stream`, no faster than allowed.
    pub fn govern<S>(self: &Arc<Self>, stream: S) -> Governed<S> {
        Governed::new(stream, Arc::clone(self))
    }

    /// Asks how busy the source is, and pauses or resumes.
    async fn look(
        &self,
        client: &Connection,
        progress: &Progress,
        pauses: &mut Pauses,
    ) -> Result<()> {
        let pressure = catalog::pressure(client, &own_backends()).await?;
        match pauses.see(pressure, Instant::now()) {
            Change::None => {}
            Change::Pause(reason) => {
                warn!(%reason, "reading pauses");
                progress.pause(Some(reason));
                self.is_paused.store(true, Ordering::Release);
            }
            Change::Resume(lasted) => {
                info!(elapsed_ms = lasted.as_millis() as u64, "reading goes on");
                self.resume(progress);
            }
        }
        Ok(())
    }

    fn resume(&self, progress: &Progress) {
        progress.pause(None);
        self.is_paused.store(false, Ordering::Release);
        self.resumed.notify_waiters();
    }
}

/// What `mutex` holds; nothing that panics leaves it half changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

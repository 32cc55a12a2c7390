//! Merging staged rows while others are still on their way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::debug;

use super::LoadPlan;
use super::publish::{Changed, Publication};
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::{Canceller, PooledConnection, server_error};
use crate::report::{Progress, Step};
use crate::table::TableName;

/// The publishing transaction holds locks on the rows that it has written. It waits for others no
/// longer than it has been merging, and this much.
const PATIENCE: Duration = Duration::from_secs(2);

/// Merges the parts of a load, each from a staging table of its own, in the publishing transaction,
/// which begins with the first of them.
///
/// Where rows come much slower than they are merged, the transaction is rolled back, and begins
/// again when the last part is there. Dropping the merger ends what it is doing.
pub(super) struct Merger {
    merging: Mutex<Option<Merging>>,
    canceller: Canceller,
}

/// Merging that is under way.
struct Merging {
    queue: PartQueue,
    task: JoinSet<Result<Merged>>,
}

/// Where writers leave the parts that they have staged.
#[derive(Clone)]
pub(super) struct PartQueue {
    parts: UnboundedSender<TableName>,
    is_waiting: Arc<AtomicBool>,
}

/// What merging all parts has done.
pub(super) struct Merged {
    /// Rows of the destination.
    pub(super) changed: Changed,
    /// The staging tables.
    pub(super) parts: Vec<TableName>,
}

impl PartQueue {
    /// Whether a part would be merged at once.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_waiting.load(Ordering::Relaxed)
    }

    /// Leaves a part to be merged. If merging has failed, nobody takes it:
    /// [`Merger::finish`] tells why.
    pub(super) fn push(&self, part: TableName) {
        let _ = self.parts.send(part);
    }
}

impl Merger {
    /// A merger into the table of `plan`, which is there, by a transaction of `publisher`.
    pub(super) fn start(
        publisher: &Arc<PooledConnection>,
        plan: &Arc<LoadPlan>,
        progress: &Arc<Progress>,
    ) -> Self {
        let (sender, receiver) = unbounded_channel();
        let canceller = publisher.canceller();
        let queue = PartQueue {
            parts: sender,
            is_waiting: Arc::new(AtomicBool::new(true)),
        };
        let work = Work {
            publisher: publisher.clone(),
            plan: plan.clone(),
            progress: progress.clone(),
            parts: receiver,
            is_waiting: queue.is_waiting.clone(),
            staged: Vec::new(),
            transaction: None,
            merges_early: true,
        };
        let mut task = JoinSet::new();
        task.spawn(work.run());
        Self {
            merging: Mutex::new(Some(Merging { queue, task })),
            canceller,
        }
    }

    /// Where parts are left until [`finish`](Self::finish).
    pub(super) fn queue(&self) -> Result<PartQueue> {
        let merging = self.merging.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = merging.as_ref().map(|merging| merging.queue.clone());
        queue.ok_or_else(|| Error::new(ErrorKind::Internal, "merging has ended"))
    }

    /// Waits until all parts are merged. No writer may be left. The transaction stays open.
    ///
    /// # Errors
    /// `Load`, if the destination refuses the rows; `Schema`, if it has changed.
    pub(super) async fn finish(&self) -> Result<Merged> {
        let merging = {
            let mut merging = self.merging.lock().unwrap_or_else(PoisonError::into_inner);
            merging.take()
        };
        let failed = || Error::new(ErrorKind::Internal, "merging did not end");
        let Merging { queue, mut task } = merging.ok_or_else(failed)?;
        drop(queue);
        match task.join_next().await {
            Some(Ok(merged)) => merged,
            Some(Err(err)) => Err(failed().with_source(err)),
            None => Err(failed()),
        }
    }
}

impl Drop for Merger {
    /// Stops the statement that is running: the server would notice only after it that nobody
    /// waits for it, and hold its locks until then.
    fn drop(&mut self) {
        let merging = self.merging.get_mut();
        let is_running = merging.unwrap_or_else(PoisonError::into_inner).is_some();
        if let (true, Ok(runtime)) = (is_running, Handle::try_current()) {
            let canceller = self.canceller.clone();
            runtime.spawn(async move {
                if let Err(error) = canceller.cancel().await {
                    debug!(%error, "a merge ends by itself");
                }
            });
        }
    }
}

/// The task that merges.
struct Work {
    publisher: Arc<PooledConnection>,
    plan: Arc<LoadPlan>,
    progress: Arc<Progress>,
    parts: UnboundedReceiver<TableName>,
    is_waiting: Arc<AtomicBool>,
    /// The parts that have come.
    staged: Vec<TableName>,
    transaction: Option<Transaction>,
    /// Whether parts are merged before the last has come.
    merges_early: bool,
}

/// The open transaction.
#[derive(Default)]
struct Transaction {
    changed: Changed,
    /// How many of the staged parts it has merged.
    merged: usize,
    /// Time spent merging them.
    merging: Duration,
    /// Time spent waiting for more.
    waiting: Duration,
}

impl Transaction {
    /// How much longer it may wait.
    fn patience(&self) -> Duration {
        (PATIENCE + self.merging).saturating_sub(self.waiting)
    }
}

impl Work {
    async fn run(mut self) -> Result<Merged> {
        while let Some(part) = self.next().await? {
            self.staged.push(part);
            if self.merges_early {
                self.merge().await?;
            }
        }
        let changed = self.merge().await?;
        Ok(Merged {
            changed,
            parts: self.staged,
        })
    }

    /// The next part; `None` after the last.
    async fn next(&mut self) -> Result<Option<TableName>> {
        let Some(transaction) = &mut self.transaction else {
            return Ok(self.parts.recv().await);
        };
        let began = Instant::now();
        self.is_waiting.store(true, Ordering::Relaxed);
        let next = timeout(transaction.patience(), self.parts.recv()).await;
        transaction.waiting += began.elapsed();
        match next {
            Ok(part) => Ok(part),
            Err(_) => {
                self.give_up().await?;
                Ok(self.parts.recv().await)
            }
        }
    }

    /// Merges the parts that have come; gives what all of them have done.
    async fn merge(&mut self) -> Result<Changed> {
        self.is_waiting.store(false, Ordering::Relaxed);
        let publication = Publication {
            publisher: &self.publisher,
            plan: &self.plan,
            clock: &self.progress.clock,
        };
        let transaction = match &mut self.transaction {
            Some(transaction) => transaction,
            None => {
                publication.begin().await?;
                publication.lock().await?;
                self.transaction.insert(Transaction::default())
            }
        };
        for part in &self.staged[transaction.merged..] {
            let began = Instant::now();
            let changed = publication.merge(&part.to_string()).await?;
            transaction.changed += changed;
            transaction.merged += 1;
            transaction.merging += began.elapsed();
            self.progress.clock.add(Step::Merge, began.elapsed());
        }
        Ok(transaction.changed)
    }

    /// Releases what the transaction has locked. All parts are merged again when the last has come.
    async fn give_up(&mut self) -> Result<()> {
        debug!(table = %self.plan.destination, "rows come slowly: merging waits for the last");
        self.is_waiting.store(false, Ordering::Relaxed);
        self.merges_early = false;
        self.transaction = None;
        let rolled_back = self.publisher.batch_execute("ROLLBACK").await;
        rolled_back.map_err(|err| server_error(ErrorKind::Load, "cannot wait for rows", err))
    }
}

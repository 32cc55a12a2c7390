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
    /// Taken to finish.
    running: Mutex<Option<Running>>,
}

/// Merging that is under way. Dropping it stops the statement that is running: the server would
/// notice only after it that nobody waits for it, and hold its locks until then.
struct Running {
    queue: Option<PartQueue>,
    task: JoinSet<Result<Merged>>,
    canceller: Canceller,
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
        // It holds names of tables, of which a load has some hundred at most.
        let (sender, receiver) = unbounded_channel();
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
        let running = Running {
            queue: Some(queue),
            task,
            canceller: publisher.canceller(),
        };
        Self {
            running: Mutex::new(Some(running)),
        }
    }

    /// Where parts are left until [`finish`](Self::finish).
    ///
    /// # Errors
    /// `Internal`, after that.
    pub(super) fn queue(&self) -> Result<PartQueue> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = running.as_ref().and_then(|running| running.queue.clone());
        queue.ok_or_else(|| Error::new(ErrorKind::Internal, "merging has ended"))
    }

    /// Waits until all parts are merged. No writer may be left. The transaction stays open.
    ///
    /// # Errors
    /// `Load`, if the destination refuses the rows; `Schema`, if it has changed.
    pub(super) async fn finish(&self) -> Result<Merged> {
        let running = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.take()
        };
        let failed = || Error::new(ErrorKind::Internal, "merging did not end");
        let mut running = running.ok_or_else(failed)?;
        running.queue = None;
        match running.task.join_next().await {
            Some(Ok(merged)) => merged,
            Some(Err(err)) => Err(failed().with_source(err)),
            None => Err(failed()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let is_done = self.task.is_empty();
        if let (false, Ok(runtime)) = (is_done, Handle::try_current()) {
            let canceller = self.canceller.clone();
            // Nobody waits for the answer: what asks for it is being dropped.
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
    /// Time spent merging them, and waiting for rows that others have locked.
    time_merging: Duration,
    /// Time spent waiting for more.
    time_waiting: Duration,
}

impl Transaction {
    /// How much longer it may wait.
    fn patience(&self) -> Duration {
        (PATIENCE + self.time_merging).saturating_sub(self.time_waiting)
    }
}

impl Work {
    async fn run(mut self) -> Result<Merged> {
        let merged = self.merge_all().await;
        if merged.is_err() {
            // Others may want what the transaction has locked, long before the last row has come.
            let _ = self.publisher.batch_execute("ROLLBACK").await;
        }
        let changed = merged?;
        Ok(Merged {
            changed,
            parts: self.staged,
        })
    }

    async fn merge_all(&mut self) -> Result<Changed> {
        while let Some(part) = self.next().await? {
            self.staged.push(part);
            if self.merges_early {
                self.merge().await?;
            }
        }
        self.merge().await
    }

    /// The next part; `None` after the last.
    async fn next(&mut self) -> Result<Option<TableName>> {
        let Some(transaction) = &mut self.transaction else {
            return Ok(self.parts.recv().await);
        };
        let began = Instant::now();
        self.is_waiting.store(true, Ordering::Relaxed);
        let next = timeout(transaction.patience(), self.parts.recv()).await;
        transaction.time_waiting += began.elapsed();
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
            transaction.time_merging += began.elapsed();
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
        rolled_back.map_err(|err| {
            let message = format!("cannot release rows of {}", self.plan.destination);
            server_error(ErrorKind::Load, message, err)
        })
    }
}

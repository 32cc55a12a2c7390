//! Batches on their way from streams to writers.

use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use crate::error::{Error, ErrorKind, Result};
use crate::sink::{BatchWriter, Sink};
use crate::source::BatchStream;

/// Batches between the readers of a writer and the writer: one to be sent, one to be read.
const CHANNEL_BATCHES: usize = 2;

/// Moves every batch of `streams` into writers of `sink`, and finishes them.
///
/// Streams are spread over at most as many writers as the sink allows; where one writer has
/// several streams, they run at the same time and meet in a bounded channel. The first error ends
/// everything. Dropping the future does so too.
///
/// # Errors
/// Those of the streams and the writers.
pub(super) async fn move_batches(streams: Vec<BatchStream>, sink: Arc<dyn Sink>) -> Result<()> {
    let writers = sink.writer_limit().min(streams.len()).max(1);
    let mut groups: Vec<Vec<BatchStream>> = (0..writers).map(|_| Vec::new()).collect();
    for (index, stream) in streams.into_iter().enumerate() {
        groups[index % writers].push(stream);
    }
    let mut tasks = JoinSet::new();
    for group in groups {
        let sink = sink.clone();
        tasks.spawn(async move { move_group(group, sink.writer().await?).await });
    }
    join_all(&mut tasks).await
}

async fn move_group(mut group: Vec<BatchStream>, mut writer: Box<dyn BatchWriter>) -> Result<()> {
    if group.len() == 1
        && let Some(mut stream) = group.pop()
    {
        while let Some(batch) = stream.next().await {
            writer.write(&batch?).await?;
        }
        return writer.finish().await;
    }
    let (sender, mut receiver) = mpsc::channel::<RecordBatch>(CHANNEL_BATCHES);
    let mut readers = JoinSet::new();
    for mut stream in group {
        let sender = sender.clone();
        readers.spawn(async move {
            while let Some(batch) = stream.next().await {
                if sender.send(batch?).await.is_err() {
                    // The writer failed; its error is the one that counts.
                    break;
                }
            }
            Ok(())
        });
    }
    drop(sender);
    loop {
        tokio::select! {
            batch = receiver.recv() => match batch {
                Some(batch) => writer.write(&batch).await?,
                None => break,
            },
            Some(joined) = readers.join_next() => flatten(joined)?,
        }
    }
    join_all(&mut readers).await?;
    writer.finish().await
}

/// Waits for all tasks; the first error ends the others.
async fn join_all(tasks: &mut JoinSet<Result<()>>) -> Result<()> {
    while let Some(joined) = tasks.join_next().await {
        flatten(joined)?;
    }
    Ok(())
}

fn flatten(joined: Result<Result<()>, JoinError>) -> Result<()> {
    joined.map_err(|err| {
        Error::new(ErrorKind::Internal, "a task of the run panicked").with_source(err)
    })?
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow_array::Int32Array;
    use async_trait::async_trait;
    use futures::stream;

    use super::*;
    use crate::report::StreamReport;
    use crate::sink::NullSink;

    #[tokio::test]
    async fn every_batch_reaches_a_writer() {
        let sink = Arc::new(NullSink::default());
        let streams = (0..5).map(|_| batches(3)).collect();
        move_batches(streams, sink.clone()).await.unwrap();
        assert_eq!(sink.rows(), 30);
    }

    #[tokio::test]
    async fn one_writer_takes_the_batches_of_all_streams() {
        let sink = Arc::new(SingleWriter::default());
        let streams = (0..5).map(|_| batches(3)).collect();
        move_batches(streams, sink.clone()).await.unwrap();
        assert_eq!(sink.inner.rows(), 30);
        assert_eq!(sink.opened.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_error_of_one_stream_ends_the_run() {
        let failing = stream::iter([Err(Error::new(ErrorKind::Read, "gone"))]).boxed();
        let endless = stream::repeat_with(|| Ok(batch())).boxed();
        let sink = Arc::new(SingleWriter {
            fails_after: 1000,
            ..SingleWriter::default()
        });
        let err = move_batches(vec![endless, failing], sink)
            .await
            .unwrap_err();
        assert!(["gone", "full"].contains(&&*err.to_string()));
    }

    #[tokio::test]
    async fn an_error_of_the_writer_ends_endless_streams() {
        let streams = (0..3)
            .map(|_| stream::repeat_with(|| Ok(batch())).boxed())
            .collect();
        let sink = Arc::new(SingleWriter {
            fails_after: 10,
            ..SingleWriter::default()
        });
        let err = move_batches(streams, sink).await.unwrap_err();
        assert_eq!(err.to_string(), "full");
    }

    fn batches(count: usize) -> BatchStream {
        stream::iter((0..count).map(|_| Ok(batch()))).boxed()
    }

    fn batch() -> RecordBatch {
        let ids = Arc::new(Int32Array::from(vec![1, 2]));
        RecordBatch::try_from_iter([("id", ids as _)]).unwrap()
    }

    /// A sink of one writer, which fails after some batches.
    struct SingleWriter {
        inner: NullSink,
        opened: AtomicUsize,
        fails_after: usize,
    }

    impl Default for SingleWriter {
        fn default() -> Self {
            let opened = AtomicUsize::new(0);
            Self {
                inner: NullSink::default(),
                opened,
                fails_after: usize::MAX,
            }
        }
    }

    #[async_trait]
    impl Sink for SingleWriter {
        fn writer_limit(&self) -> usize {
            1
        }

        async fn writer(&self) -> Result<Box<dyn BatchWriter>> {
            self.opened.fetch_add(1, Ordering::Relaxed);
            let left = self.fails_after;
            Ok(Box::new(FailingWriter {
                inner: self.inner.writer().await?,
                left,
            }))
        }

        async fn commit(&self, report: StreamReport) -> Result<StreamReport> {
            self.inner.commit(report).await
        }
    }

    struct FailingWriter {
        inner: Box<dyn BatchWriter>,
        left: usize,
    }

    #[async_trait]
    impl BatchWriter for FailingWriter {
        async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
            self.left = self
                .left
                .checked_sub(1)
                .ok_or_else(|| Error::new(ErrorKind::Load, "full"))?;
            self.inner.write(batch).await
        }

        async fn finish(self: Box<Self>) -> Result<()> {
            self.inner.finish().await
        }
    }
}

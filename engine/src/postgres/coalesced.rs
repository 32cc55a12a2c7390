//! A connection's bytes, with the rows of a COPY put together.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes asked of the stream at a time.
const READ_BYTES: usize = 128 << 10;

/// Bytes of a message that rows are added to, at most: what the driver reads at a time.
const MESSAGE_BYTES: usize = 8 << 10;

/// The type of the messages that hold the rows of a COPY.
const COPY_DATA: u8 = b'd';

/// Bytes of the length of a message, which counts itself, but not the type before it.
const LENGTH_BYTES: usize = 4;

/// Bytes before what a message says.
const HEADER_BYTES: usize = 1 + LENGTH_BYTES;

/// A server's messages, with several rows of a COPY in one.
///
/// Servers send each row as a message of its own, and for each message the driver does more than some
/// rows need. Where `COPY … TO` is cut into messages means nothing (in replication it would), so that
/// rows are put together here, and a long one comes in several messages. All other messages pass as
/// they are, and so does what is written.
///
/// # Errors
/// Those of the stream.
///
/// Source: PostgreSQL documentation, "Message Flow", "COPY Operations", and "Message Formats",
/// CopyData.
pub(super) struct Coalesced<S> {
    stream: S,
    /// Begins with room for one header.
    buffer: Box<[u8]>,
    /// What has not been passed on of the messages put together.
    ready: Range<usize>,
    /// The beginning of a header of which the rest has not come.
    cut: Range<usize>,
    message: Incoming,
}

/// The message that is being read.
#[derive(Default)]
struct Incoming {
    has_rows: bool,
    /// Bytes that are to come.
    left: usize,
}

impl<S> Coalesced<S> {
    /// The messages of `stream`, whose next byte is the first one of a message.
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: vec![0; HEADER_BYTES + READ_BYTES].into(),
            ready: 0..0,
            cut: 0..0,
            message: Incoming::default(),
        }
    }

    /// The stream itself.
    pub(super) fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Puts the rows together that are in the buffer up to `end`, behind the room for a header, so that
    /// they can be passed on.
    ///
    /// Each header written stands for one that was read, or in the room at the beginning for that of a
    /// message of which a part was passed on: what is written never overtakes what is read.
    fn coalesce(&mut self, end: usize) {
        let (mut read, mut written) = (HEADER_BYTES, 0);
        // Where the message begins that rows are added to.
        let mut open = None;
        while read < end {
            if self.message.left > 0 {
                if self.message.has_rows && open.is_none() {
                    open = Some(written);
                    written += HEADER_BYTES;
                }
                let count = self.message.left.min(end - read);
                self.buffer.copy_within(read..read + count, written);
                (read, written) = (read + count, written + count);
                self.message.left -= count;
                continue;
            }
            let Some(&header) = self.buffer[read..end].first_chunk::<HEADER_BYTES>() else {
                break;
            };
            self.message = Incoming::new(header);
            let has_room = |begin| written - begin + self.message.left <= MESSAGE_BYTES;
            if !(self.message.has_rows && open.is_some_and(has_room)) {
                self.close(open, written);
                open = self.message.has_rows.then_some(written);
                self.buffer[written..written + HEADER_BYTES].copy_from_slice(&header);
                written += HEADER_BYTES;
            }
            read += HEADER_BYTES;
        }
        self.close(open, written);
        self.ready = 0..written;
        self.cut = read..end;
    }

    /// Gives the message from `open` to `end` its header.
    fn close(&mut self, open: Option<usize>, end: usize) {
        let Some(begin) = open else { return };
        let length = (end - begin - 1) as u32;
        self.buffer[begin] = COPY_DATA;
        self.buffer[begin + 1..begin + HEADER_BYTES].copy_from_slice(&length.to_be_bytes());
    }
}

impl Incoming {
    /// What a header says. A length that cannot be is left to the driver to refuse.
    fn new([kind, length @ ..]: [u8; HEADER_BYTES]) -> Self {
        let length = usize::try_from(i32::from_be_bytes(length)).ok();
        let left = length.and_then(|length| length.checked_sub(LENGTH_BYTES));
        Self {
            has_rows: kind == COPY_DATA && left.is_some(),
            left: left.unwrap_or(0),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Coalesced<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.ready.is_empty() {
            let begin = HEADER_BYTES + this.cut.len();
            this.buffer.copy_within(this.cut.clone(), HEADER_BYTES);
            this.cut = HEADER_BYTES..begin;
            let mut free = ReadBuf::new(&mut this.buffer[begin..]);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut free))?;
            let count = free.filled().len();
            if count == 0 {
                return Poll::Ready(Ok(()));
            }
            this.coalesce(begin + count);
        }
        let count = this.ready.len().min(into.remaining());
        let end = this.ready.start + count;
        into.put_slice(&this.buffer[this.ready.start..end]);
        this.ready.start = end;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Coalesced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;

    use super::*;

    /// Gives its bytes in parts of these sizes, one each time it is read, and the last part for ever.
    struct Parts {
        bytes: VecDeque<u8>,
        sizes: Vec<usize>,
        reads: usize,
    }

    impl AsyncRead for Parts {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            into: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let size = self.sizes[self.reads.min(self.sizes.len() - 1)];
            self.reads += 1;
            let count = size.min(into.remaining()).min(self.bytes.len());
            let part: Vec<u8> = self.bytes.drain(..count).collect();
            into.put_slice(&part);
            Poll::Ready(Ok(()))
        }
    }

    proptest! {
        #[test]
        fn rows_are_put_together_and_nothing_else(
            messages in prop::collection::vec((prop::sample::select(&b"dddddcZT"[..]), lengths()), 0..60),
            sizes in prop::collection::vec(prop_oneof![1..9000_usize, 1..2 * READ_BYTES], 1..20),
            room in 1..9000_usize,
        ) {
            let sent = stream(&messages);
            let came = through(&sent, &sizes, room);
            prop_assert_eq!(meaning(&came), meaning(&sent));
        }
    }

    #[test]
    fn neighbouring_rows_are_one_message() {
        let sent = stream(&[(b'H', 7), (b'd', 3), (b'd', 0), (b'd', 2), (b'c', 0)]);
        let came = through(&sent, &[READ_BYTES], READ_BYTES);
        let lengths: Vec<(u8, usize)> = split(&came)
            .map(|(kind, body)| (kind, body.len()))
            .collect();
        assert_eq!(lengths, [(b'H', 7), (b'd', 5), (b'c', 0)]);
    }

    #[test]
    fn a_message_of_rows_is_no_longer_than_the_driver_reads() {
        let sent = stream(&[(b'd', 100); 1000]);
        let came = through(&sent, &[READ_BYTES], READ_BYTES);
        let lengths: Vec<usize> = split(&came).map(|(_, body)| body.len()).collect();
        assert!(
            lengths
                .iter()
                .all(|&length| length + HEADER_BYTES <= MESSAGE_BYTES)
        );
        assert_eq!(lengths.len(), 13);
    }

    #[test]
    fn a_long_row_is_passed_on_before_it_is_whole() {
        let sent = stream(&[(b'd', 3 * READ_BYTES)]);
        let came = through(&sent, &[READ_BYTES], READ_BYTES);
        assert_eq!(split(&came).count(), 4);
        assert_eq!(meaning(&came), meaning(&sent));
    }

    #[test]
    fn a_length_that_cannot_be_is_left_to_the_driver() {
        for length in [[0, 0, 0, 3], [255, 255, 255, 255]] {
            let sent = [&b"d"[..], &length, b"Z\0\0\0\x04"].concat();
            assert_eq!(through(&sent, &[READ_BYTES], READ_BYTES), sent);
        }
    }

    #[test]
    fn what_is_cut_off_is_cut_off() {
        let sent = stream(&[(b'T', 10)]);
        assert_eq!(through(&sent[..9], &[2], 64), sent[..9]);
    }

    /// Lengths of messages: mostly of rows, sometimes longer than what is read at a time.
    fn lengths() -> impl Strategy<Value = usize> {
        prop_oneof![
            4 => 0..20_usize,
            4 => 0..3000_usize,
            1 => (READ_BYTES - 20)..(READ_BYTES + 20),
        ]
    }

    /// Messages of these types and lengths, with bytes that tell where they were.
    fn stream(messages: &[(u8, usize)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &(kind, length) in messages {
            bytes.push(kind);
            bytes.extend_from_slice(&((length + LENGTH_BYTES) as u32).to_be_bytes());
            let begin = bytes.len();
            bytes.extend((begin..begin + length).map(|at| at as u8));
        }
        bytes
    }

    /// What is read with so much room, of `bytes` that come in parts.
    fn through(bytes: &[u8], sizes: &[usize], room: usize) -> Vec<u8> {
        let parts = Parts {
            bytes: bytes.iter().copied().collect(),
            sizes: sizes.to_vec(),
            reads: 0,
        };
        let mut stream = Coalesced::new(parts);
        let mut came = Vec::new();
        let mut part = vec![0; room];
        let read = async {
            loop {
                match stream.read(&mut part).await.unwrap() {
                    0 => break,
                    count => came.extend_from_slice(&part[..count]),
                }
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(read);
        came
    }

    /// The messages, with all rows that follow one another together.
    fn meaning(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut together: Vec<(u8, Vec<u8>)> = Vec::new();
        for (kind, body) in split(bytes) {
            match together.last_mut() {
                Some((COPY_DATA, rows)) if kind == COPY_DATA => rows.extend_from_slice(body),
                _ => together.push((kind, body.to_vec())),
            }
        }
        together
    }

    /// Type and body of each message.
    fn split(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
        std::iter::from_fn(move || {
            let (&[kind, ref length @ ..], rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
            let length = u32::from_be_bytes(*length) as usize - LENGTH_BYTES;
            let (body, rest) = rest.split_at(length);
            bytes = rest;
            Some((kind, body))
        })
    }
}

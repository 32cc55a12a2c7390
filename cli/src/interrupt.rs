//! Ctrl-C and SIGTERM.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};
use towpath_engine::{Error, ErrorKind, Result};

/// Listens for signals that ask the program to end.
pub(crate) struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupt {
    /// Begins to listen; from then on those signals no longer end the process by themselves.
    ///
    /// # Errors
    /// `Internal`, if the system does not let us.
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| {
            signal(kind).map_err(|err| {
                Error::new(ErrorKind::Internal, "cannot listen for signals").with_source(err)
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// What `future` gives; `None` if a signal came first, and then the future is dropped.
    pub(crate) async fn guard<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => None,
            _ = self.terminate.recv() => None,
            output = future => Some(output),
        }
    }
}

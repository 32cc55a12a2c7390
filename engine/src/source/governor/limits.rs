//! What a source may be asked for.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// Sessions at the source beside those that read: one for the catalogue, one for the snapshot. One that
/// plans takes the place of one that reads.
const OTHER_CONNECTIONS: usize = 2;

/// How gently a source is treated. Without a limit nothing is asked or awaited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceLimits {
    /// Connections at the same time, all those of a run counted: readers, one for the catalogue,
    /// which also asks how busy the source is, and one for the snapshot. At least 3.
    pub max_connections: Option<usize>,
    /// Bytes of COPY data per second, over all connections together.
    pub max_bytes_per_second: Option<u64>,
    /// Other sessions that may be active; while there are more, nothing is read.
    pub active_sessions: Option<u64>,
    /// How far replicas of the source, or the source if it is one, may be behind; while one is
    /// farther, nothing is read.
    pub replica_lag: Option<Duration>,
}

impl SourceLimits {
    /// The connections that may read at the same time, of `wanted`.
    ///
    /// # Errors
    /// `Config`, if no connection is left to read with.
    pub fn readers(&self, wanted: usize) -> Result<usize> {
        match self.max_connections {
            None => Ok(wanted),
            Some(all) if all > OTHER_CONNECTIONS => Ok(wanted.min(all - OTHER_CONNECTIONS)),
            Some(all) => {
                let least = OTHER_CONNECTIONS + 1;
                let message =
                    format!("max_connections is {all}, and towpath needs {least} to the source");
                Err(Error::new(ErrorKind::Config, message).with_hint(
                    "one is for the catalogue, one keeps the snapshot, and one or more read",
                ))
            }
        }
    }

    /// Whether reading may have to pause.
    pub(super) fn may_pause(&self) -> bool {
        self.active_sessions.is_some() || self.replica_lag.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_connections_do_not_read() {
        assert_eq!(readers(None), Ok(4));
        assert_eq!(readers(Some(100)), Ok(4));
        assert_eq!(readers(Some(5)), Ok(3));
        assert_eq!(readers(Some(3)), Ok(1));
        let message = "max_connections is 2, and towpath needs 3 to the source";
        assert_eq!(readers(Some(2)), Err(message.to_owned()));
    }

    fn readers(max_connections: Option<usize>) -> Result<usize, String> {
        let limits = SourceLimits {
            max_connections,
            ..SourceLimits::default()
        };
        limits.readers(4).map_err(|err| err.to_string())
    }
}

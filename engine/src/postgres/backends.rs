//! The sessions of this process.

use std::sync::{Mutex, PoisonError};

/// `pg_stat_activity.pid` of each, on whatever server it is: who asks about one of them may take a
/// session of somebody else for ours if both happen to have one number.
static OWN: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// One session of this process, for as long as it is.
#[derive(Debug)]
pub(super) struct Backend(i32);

impl Backend {
    /// Counts the session as one of this process.
    pub(super) fn new(pid: i32) -> Self {
        OWN.lock().unwrap_or_else(PoisonError::into_inner).push(pid);
        Self(pid)
    }

    /// `pg_stat_activity.pid`.
    pub(super) fn pid(&self) -> i32 {
        self.0
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = own.iter().position(|&pid| pid == self.0) {
            own.swap_remove(at);
        }
    }
}

/// `pg_stat_activity.pid` of the sessions that this process has on all servers.
pub fn own_backends() -> Vec<i32> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

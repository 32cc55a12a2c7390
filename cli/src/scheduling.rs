//! How the operating system shares its processors between towpath and others.

/// Lets the calling thread wait for its turn when it becomes ready, in place of interrupting who runs; and
/// those that it starts from now on, processes too.
///
/// The source's process sends a few rows at a time. If each time it had to make way for the thread that
/// reads them, on a machine where both are busy, both would do little else than take turns. Threads of
/// the policy `SCHED_BATCH` wait a little, and find more rows when they run.
///
/// Nothing happens where another policy than the usual one has been chosen for towpath (as by `chrt`),
/// and elsewhere than on Linux.
///
/// Source: sched(7), "SCHED_BATCH: Scheduling batch processes".
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "no library that we use has these two calls")]
pub(crate) fn take_turns() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the first call takes a number; the second one reads `parameters`, which outlives it. The
    // number 0 is the calling thread. If they fail, the policy stays.
    unsafe {
        if libc::sched_getscheduler(0) == libc::SCHED_OTHER {
            libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameters);
        }
    }
}

/// As on Linux, where there is nothing of the kind.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn take_turns() {}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod tests {
    use std::{fs, thread};

    use super::*;

    #[test]
    fn a_thread_takes_turns_and_so_do_those_that_it_starts() {
        let policies = thread::spawn(|| {
            take_turns();
            [policy(), thread::spawn(policy).join().unwrap()]
        });
        let policies = policies.join().unwrap();
        assert_eq!(policies, [libc::SCHED_BATCH; 2]);
    }

    /// The calling thread's, field 41 of `stat`; the name, field 2, is in parentheses and may hold
    /// spaces.
    ///
    /// Source: proc_pid_stat(5).
    fn policy() -> i32 {
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, behind_name) = stat.rsplit_once(") ").unwrap();
        behind_name.split(' ').nth(38).unwrap().parse().unwrap()
    }
}

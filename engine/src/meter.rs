//! The CPU clock of guests' turns.
//!
//! Reading a thread's CPU clock is a system call, a few hundred nanoseconds where a whole call takes
//! a few thousand. So the end of one turn is the beginning of the next on the same thread, unless the
//! thread slept in between; the scheduler's own work in between counts to the next guest.

use std::cell::Cell;

use rustix::time::{ClockId, clock_gettime};

thread_local! {
    /// The clock at the end of this thread's last turn, in nanoseconds; 0 where there is none.
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// The clock at the beginning of a turn, in nanoseconds.
pub(crate) fn turn_begin() -> u64 {
    match LAST.take() {
        0 => now(),
        last => last,
    }
}

/// The clock at the end of a turn, in nanoseconds.
pub(crate) fn turn_end() -> u64 {
    let now = now();
    LAST.set(now);
    now
}

/// Forgets the last turn: the thread has slept.
pub(crate) fn slept() {
    LAST.set(0);
}

/// CPU time that the calling thread has used since it began, in nanoseconds.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

//! Ways not to end.

use wasip2::cli::stdout::get_stdout;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::io::poll::{Pollable, poll};

const HOUR: u64 = 3_600_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// Waits for many things at once, none of which comes.
pub(crate) fn poll_many(count: usize) {
    let pollables: Vec<Pollable> = (0..count).map(|_| subscribe_duration(HOUR)).collect();
    let all: Vec<&Pollable> = pollables.iter().collect();
    poll(&all);
}

/// Is in the host again and again, each time for nothing.
pub(crate) fn poll_ready() {
    loop {
        subscribe_duration(0).block();
    }
}

/// A byte now and then, as if it were alive.
pub(crate) fn drip() {
    let stdout = get_stdout();
    loop {
        let _ = stdout.blocking_write_and_flush(b".");
        subscribe_duration(MILLISECOND).block();
    }
}

/// Writes of no bytes, which no limit of bytes ever ends.
pub(crate) fn write_nothing() {
    let stdout = get_stdout();
    loop {
        let _ = stdout.write(b"");
    }
}

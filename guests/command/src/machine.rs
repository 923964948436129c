//! Time, chance, memory and processor.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::hint;
use std::thread;
use std::time::Duration;

use wasip2::clocks::{monotonic_clock, wall_clock};

use crate::{Failure, streams};

const MEBIBYTE: usize = 1 << 20;

pub(crate) fn sleep(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

/// Both clocks in nanoseconds; the wall clock counts from 1970. std's `Instant` hides its number.
pub(crate) fn clock() -> Result<(), Failure> {
    let wall = wall_clock::now();
    let since_1970 = Duration::new(wall.seconds, wall.nanoseconds);
    streams::line(&format!("monotonic {}", monotonic_clock::now()))?;
    Ok(streams::line(&format!("wall {}", since_1970.as_nanos()))?)
}

/// A hash under the random keys that std asks of the host: another one in each process.
pub(crate) fn random() -> Result<(), Failure> {
    let hash = RandomState::new().hash_one("skep");
    Ok(streams::line(&format!("{hash:016x}"))?)
}

/// A piece at a time, as a program that grows does it, and every byte written, so that each page is
/// really there.
pub(crate) fn allocate(mebibytes: usize) -> Result<(), Failure> {
    let pieces: Vec<Vec<u8>> = (0..mebibytes).map(|_| hint::black_box(vec![1; MEBIBYTE])).collect();
    hint::black_box(&pieces);
    Ok(streams::line("allocated")?)
}

pub(crate) fn spin() -> ! {
    loop {
        hint::spin_loop();
    }
}

//! How many jobs to have claimed at once.
//!
//! Claiming in large groups makes small jobs cheap to record. Claiming more than the threads get
//! through soon makes large ones wait in memory, their clocks running. So: as many as make a few
//! milliseconds of work, by what attempts cost lately.

use std::time::Duration;

/// Work that is kept in hand for each thread.
const WORK_IN_HAND: Duration = Duration::from_millis(25);
/// How much the last attempt weighs in the mean.
const SMOOTHING: f64 = 1.0 / 16.0;

/// An estimate that follows what attempts cost.
#[derive(Debug)]
pub struct Appetite {
    threads: u32,
    window: u32,
    mean_nanos: f64,
}

impl Appetite {
    /// For so many threads, and at most `window` jobs in hand.
    pub fn new(threads: u32, window: u32) -> Self {
        Self { threads: threads.max(1), window: window.max(1), mean_nanos: WORK_IN_HAND.as_nanos() as f64 }
    }

    /// An attempt took so much CPU time.
    pub fn observe(&mut self, cpu_nanos: u64) {
        self.mean_nanos += (cpu_nanos as f64 - self.mean_nanos) * SMOOTHING;
    }

    /// Jobs to have in hand: at least two a thread, so that none waits for a claim.
    pub fn wanted(&self) -> u32 {
        let each = WORK_IN_HAND.as_nanos() as f64 / self.mean_nanos.max(1000.0);
        let all = (each * f64::from(self.threads)) as u32;
        all.clamp(2 * self.threads, self.window.max(2 * self.threads))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_small_jobs_and_shrinks_with_large_ones() {
        let mut appetite = Appetite::new(2, 500);
        assert_eq!(appetite.wanted(), 4);
        (0..200).for_each(|_| appetite.observe(20_000));
        assert_eq!(appetite.wanted(), 500);
        (0..20).for_each(|_| appetite.observe(1_000_000_000));
        assert_eq!(appetite.wanted(), 4);
    }
}

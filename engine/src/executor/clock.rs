//! The thread that ends turns each millisecond, so that no guest keeps a thread longer. It rests while there are none.

use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use super::Shared;

/// How long a guest may run before it must let others: one epoch.
const TICK: Duration = Duration::from_millis(1);
/// Ticks without a guest after which the clock rests. To wake it costs whoever comes next as much as some ticks.
const IDLE_TICKS: u32 = 100;

impl Shared {
    /// The thread's life.
    pub(super) fn tick(&self, threads: usize) {
        let mut idle_ticks = 0;
        loop {
            thread::sleep(TICK);
            let mut state = self.lock();
            let is_idle = state.idle_threads == threads && state.queue.is_empty();
            idle_ticks = if is_idle { idle_ticks + 1 } else { 0 };
            if idle_ticks == IDLE_TICKS {
                state.clock_rests = true;
                while state.clock_rests && !state.stopped {
                    state = self.come.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                idle_ticks = 0;
            }
            if state.stopped {
                return;
            }
            drop(state);
            (self.end_turns)();
        }
    }
}

//! What time it is, as a guest may know it: no finer than the host says, because a fine clock is what tells a
//! guest how long the processor took for something that is not its own.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// A clock that moves in steps.
#[derive(Clone, Copy)]
pub(crate) struct Coarse {
    step: Duration,
    began: Instant,
}

impl Coarse {
    pub(crate) fn new(step: Duration) -> Self {
        Self { step: step.max(Duration::from_nanos(1)), began: Instant::now() }
    }

    /// The time of a file that is touched now.
    pub(crate) fn time(&self) -> SystemTime {
        UNIX_EPOCH + HostWallClock::now(self)
    }

    fn nanos(&self, since: Duration) -> u128 {
        let step = self.step.as_nanos();
        since.as_nanos() / step * step
    }
}

impl HostMonotonicClock for Coarse {
    fn resolution(&self) -> u64 {
        u64::try_from(self.step.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Nanoseconds since the guest began.
    fn now(&self) -> u64 {
        u64::try_from(self.nanos(self.began.elapsed())).unwrap_or(u64::MAX)
    }
}

impl HostWallClock for Coarse {
    fn resolution(&self) -> Duration {
        self.step
    }

    /// Since 1970; at its beginning, should the host's clock be before it.
    #[expect(clippy::disallowed_methods, reason = "it is the clock that guests see")]
    fn now(&self) -> Duration {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = self.nanos(since);
        let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        Duration::new(u64::try_from(seconds).unwrap_or(u64::MAX), nanos as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_move_in_steps() {
        let clock = Coarse::new(Duration::from_millis(7));
        for _ in 0..1000 {
            assert_eq!(HostMonotonicClock::now(&clock) % 7_000_000, 0);
            assert_eq!(HostWallClock::now(&clock).as_nanos() % 7_000_000, 0);
        }
        assert_eq!(HostMonotonicClock::resolution(&clock), 7_000_000);
        assert_eq!(HostWallClock::resolution(&clock), Duration::from_millis(7));
    }
}

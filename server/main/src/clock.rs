//! The only clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use skep_domain::model::time::Millis;
use skep_domain::port::clock::Clock;

/// The system's time and randomness.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        Millis(u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX))
    }

    fn nanos(&self) -> u64 {
        u64::try_from(since_1970().as_nanos()).unwrap_or(u64::MAX)
    }

    fn jitter(&self) -> f64 {
        // Without randomness retries bunch up, which is bearable.
        let bits = getrandom::u32().unwrap_or(0);
        f64::from(bits) / f64::from(u32::MAX)
    }
}

/// None, should the system's clock be before.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

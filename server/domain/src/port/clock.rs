//! The time, and chance.

use crate::model::time::Millis;

/// Only `main` owns a clock; services are given it, models are told the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Millis;

    /// The time now, in Unix nanoseconds.
    fn nanos(&self) -> u64;

    /// A number from 0 to 1, for jitter.
    fn jitter(&self) -> f64;
}

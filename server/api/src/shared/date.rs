//! Times, as dialects write them.

use jiff::Timestamp;
use skep_domain::model::time::Millis;

/// A time; one past all years is the first of all.
pub(crate) fn timestamp(at: Millis) -> Timestamp {
    i64::try_from(at.0).ok().and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or_default()
}

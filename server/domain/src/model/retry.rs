//! When a failed job gets another attempt.

use serde::{Deserialize, Serialize};

use super::attempt::FailureCode;
use crate::error::{Error, Result};

/// A retry policy. It counts guest failures within one round; a restart opens the next round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    /// Failures that are followed by another attempt; 0 to 10.
    pub limit: u32,
    /// The wait before the second attempt, in milliseconds. It doubles each time.
    pub backoff_ms: u64,
    /// The longest wait, in milliseconds.
    pub backoff_max_ms: u64,
    /// Failure codes that are tried again; empty means every guest failure.
    pub on: Vec<String>,
}

/// Retries that a policy may ask for.
pub const RETRIES_MAX: u32 = 10;
/// The longest wait that a policy may ask for: a day.
pub const BACKOFF_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Host failures and node deaths that one job survives in a round.
pub const HOST_FAILURES_MAX: u32 = 10;

impl Default for Policy {
    fn default() -> Self {
        Self { limit: 0, backoff_ms: 1000, backoff_max_ms: 60_000, on: Vec::new() }
    }
}

impl Policy {
    /// Checks a policy that somebody sent.
    ///
    /// # Errors
    /// Names the field that is out of bounds.
    pub fn check(&self) -> Result<()> {
        let out_of_bounds = |field: &str, max: u64| {
            Err(Error::invalid(format!("retry.{field} must be from 0 to {max}"))
                .field(format!("retry.{field}")))
        };
        if self.limit > RETRIES_MAX {
            return out_of_bounds("limit", RETRIES_MAX.into());
        }
        if self.backoff_ms > BACKOFF_MS_MAX {
            return out_of_bounds("backoffMs", BACKOFF_MS_MAX);
        }
        if self.backoff_max_ms > BACKOFF_MS_MAX {
            return out_of_bounds("backoffMaxMs", BACKOFF_MS_MAX);
        }
        if self.on.len() > FailureCode::ALL.len() {
            return Err(Error::invalid("retry.on names more codes than there are").field("retry.on"));
        }
        match self.on.iter().find(|name| !name.parse::<FailureCode>().is_ok_and(FailureCode::is_guests)) {
            None => Ok(()),
            Some(name) => {
                let names = FailureCode::ALL.iter().filter(|code| code.is_guests()).map(|code| code.name());
                let names: Vec<_> = names.collect();
                Err(Error::invalid(format!(
                    "retry.on: \"{name}\" is no guest failure; there are {}",
                    names.join(", ")
                ))
                .field("retry.on"))
            }
        }
    }

    /// The wait before the next attempt, if the failure is to be followed by one. `failures` counts
    /// this failure; `jitter` is from 0 to 1 and takes off up to half of the wait.
    pub fn backoff_after(&self, code: FailureCode, failures: u32, jitter: f64) -> Option<u64> {
        let chosen = self.on.is_empty() || self.on.iter().any(|name| name == code.name());
        if !code.is_guests() || !chosen || failures > self.limit {
            return None;
        }
        let doubled = self.backoff_ms.saturating_mul(1 << failures.saturating_sub(1).min(20));
        let wait = doubled.min(self.backoff_max_ms);
        Some(wait - (wait as f64 * 0.5 * jitter.clamp(0.0, 1.0)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_cap() {
        let policy = Policy { limit: 10, backoff_ms: 100, backoff_max_ms: 1000, on: vec![] };
        let waits: Vec<_> = (1..=6).map(|n| policy.backoff_after(FailureCode::Trap, n, 0.0)).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000].map(Some));
        assert_eq!(policy.backoff_after(FailureCode::Trap, 1, 1.0), Some(50));
    }

    #[test]
    fn only_chosen_guest_failures_are_tried_again() {
        let policy = Policy { limit: 2, on: vec!["trap".into()], ..Policy::default() };
        assert!(policy.backoff_after(FailureCode::Trap, 2, 0.0).is_some());
        assert!(policy.backoff_after(FailureCode::Trap, 3, 0.0).is_none());
        assert!(policy.backoff_after(FailureCode::Timeout, 1, 0.0).is_none());
        assert!(policy.backoff_after(FailureCode::Cancelled, 1, 0.0).is_none());
    }
}

//! A worker: a machine of an account's own that asks for jobs, runs them where it stands, and reports what came of them.
//!
//! It is given jobs of its own account only. What it reports is taken at its word, as what its owner could have
//! computed at home: see `docs/decisions/0019-workers-serve-their-own-account.md`.

use std::collections::BTreeSet;

use super::id::{AccountId, WorkerId};
use super::labels::Labels;
use super::money::Nanodollars;
use super::time::Millis;
use crate::error::{Error, Result};

/// Jobs that a worker may have at once.
pub const PLACES_MAX: u32 = 100;
/// Characters of a worker's name.
const NAME_LENGTH_MAX: usize = 100;
/// Things that a worker offers, or that a job requires.
const OFFERS_MAX: usize = 64;
/// Bytes of one of them.
const OFFER_BYTES_MAX: usize = 200;
/// How long a worker may have a job, in milliseconds, however often it says that it is there: a day.
pub const HELD_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// What its owner says about a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What it is called: 1 to 100 characters.
    pub name: String,
    /// The least that a job must bid for a minute.
    pub ask: Nanodollars,
    /// Jobs that it takes at once.
    pub places: u32,
    /// What it has: it is given the jobs that require nothing else.
    pub offers: BTreeSet<String>,
    /// What its owner keeps with it.
    pub labels: Labels,
}

impl Profile {
    /// Checks it.
    ///
    /// # Errors
    /// Invalid, with the field at fault.
    pub fn check(&self) -> Result<()> {
        let length = self.name.chars().count();
        if !(1..=NAME_LENGTH_MAX).contains(&length) || self.name.chars().any(char::is_control) {
            let message =
                format!("name must be 1 to {NAME_LENGTH_MAX} characters, none of them a control character");
            return Err(Error::invalid(message).field("name"));
        }
        if !(1..=PLACES_MAX).contains(&self.places) {
            return Err(Error::invalid(format!("places must be 1 to {PLACES_MAX}")).field("places"));
        }
        let is_long = |offer: &String| offer.len() > OFFER_BYTES_MAX;
        if self.offers.len() > OFFERS_MAX || self.offers.iter().any(is_long) {
            let message =
                format!("a worker may offer {OFFERS_MAX} things of {OFFER_BYTES_MAX} bytes each at most");
            return Err(Error::invalid(message).field("offers"));
        }
        super::labels::check(&self.labels, "labels")
    }
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its id.
    pub id: WorkerId,
    /// Whose it is.
    pub account: AccountId,
    /// What its owner says about it.
    pub profile: Profile,
    /// Whether it wants jobs.
    pub is_open: bool,
    /// When it was last heard of.
    pub seen_at: Option<Millis>,
    /// Jobs that it has.
    pub running: u32,
    /// When it was made.
    pub created_at: Millis,
    /// When its owner said something else about it.
    pub updated_at: Millis,
}

/// How long a worker may say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Milliseconds while it has no job: then nobody counts on it.
    pub idle_ms: u64,
    /// Milliseconds while it has jobs: then they go to others.
    pub busy_ms: u64,
}

impl Default for Patience {
    /// sharedcloud's client asks every five seconds; while it has jobs it may be busy for half an hour.
    fn default() -> Self {
        Self { idle_ms: 60_000, busy_ms: 35 * 60_000 }
    }
}

impl Worker {
    /// Whether it can be counted on for a job.
    pub fn is_available(&self, patience: Patience, now: Millis) -> bool {
        let silence = if self.running > 0 { patience.busy_ms } else { patience.idle_ms };
        self.is_open && self.seen_at.is_some_and(|seen_at| seen_at.plus(silence) > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker() -> Worker {
        Worker {
            id: WorkerId::from_bytes([1; 16]),
            account: AccountId::from_bytes([2; 16]),
            profile: Profile {
                name: "Ada's box".into(),
                ask: Nanodollars(1),
                places: 3,
                offers: BTreeSet::new(),
                labels: Labels::new(),
            },
            is_open: true,
            seen_at: Some(Millis(1000)),
            running: 0,
            created_at: Millis(0),
            updated_at: Millis(0),
        }
    }

    #[test]
    fn a_worker_that_is_silent_is_not_counted_on_and_a_busy_one_may_be_silent_for_longer() {
        let patience = Patience { idle_ms: 10, busy_ms: 100 };
        let one = worker();
        assert!(one.is_available(patience, Millis(1009)) && !one.is_available(patience, Millis(1010)));
        let busy = Worker { running: 1, ..one.clone() };
        assert!(busy.is_available(patience, Millis(1099)) && !busy.is_available(patience, Millis(1100)));
        assert!(!Worker { is_open: false, ..one.clone() }.is_available(patience, Millis(1001)));
        assert!(!Worker { seen_at: None, ..one }.is_available(patience, Millis(1001)));
    }

    #[test]
    fn a_profile_has_a_name_and_places() {
        let usual = worker().profile;
        assert!(usual.check().is_ok());
        for bad in [
            Profile { name: String::new(), ..usual.clone() },
            Profile { name: "a\nb".into(), ..usual.clone() },
            Profile { places: 0, ..usual.clone() },
            Profile { places: PLACES_MAX + 1, ..usual.clone() },
            Profile { offers: ["x".repeat(201)].into(), ..usual },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}

//! What an account used, and what it cost.

use std::sync::Arc;

use crate::base::Base;
use crate::error::{Error, Result};
use crate::model::account::Caller;
use crate::model::page::{Listed, Page};
use crate::model::time::Millis;
use crate::model::usage::{By, DAY_MS, Reported};
use crate::port::store::UsageFilter;

/// Usage.
#[derive(Clone)]
pub struct Usage {
    base: Arc<Base>,
}

/// Days of a report where nobody says from when.
const DAYS_DEFAULT: u64 = 30;
/// Days of a report at most.
const DAYS_MAX: u64 = 366;

impl Usage {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// What the caller's account used: where no dates are named, in the last 30 days.
    ///
    /// # Errors
    /// Invalid for more than 366 days.
    pub async fn list(
        &self,
        caller: &Caller,
        by: By,
        (from, to): (Option<Millis>, Option<Millis>),
        page: Page,
    ) -> Result<Listed<Reported>> {
        let date_to = to.unwrap_or(self.base.clock.now());
        let date_from = from.unwrap_or(Millis(date_to.0.saturating_sub((DAYS_DEFAULT - 1) * DAY_MS)));
        if date_to.0.saturating_sub(date_from.0) > DAYS_MAX * DAY_MS {
            return Err(Error::invalid(format!("a report covers {DAYS_MAX} days at most")).field("dateFrom"));
        }
        let filter = UsageFilter { by, date_from, date_to };
        self.base.store.usage_list(caller.account(), filter, page).await
    }
}

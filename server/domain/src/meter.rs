//! What HTTP functions used and is not written yet.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::id::{AccountId, FunctionId};
use crate::model::money::{Nanodollars, Picodollars};
use crate::model::time::Millis;
use crate::model::usage::{DAY_MS, Totals, Usage};
use crate::port::store::Metered;

/// What was used and is not written yet: a line for each function and day.
#[derive(Default)]
pub struct Meter {
    lines: Mutex<HashMap<(AccountId, FunctionId, u64), Metered>>,
}

impl Meter {
    /// Adds what a request used.
    pub fn add(
        &self,
        account: AccountId,
        function: FunctionId,
        at: Millis,
        usage: &Usage,
        amount: Picodollars,
    ) {
        let mut lines = self.lock();
        let line = lines.entry((account, function, at.0 / DAY_MS)).or_insert_with(|| Metered {
            account,
            function,
            at,
            totals: Totals::default(),
            amount: Picodollars(0),
        });
        line.totals.add(usage, Nanodollars(0));
        line.amount.0 = line.amount.0.saturating_add(amount.0);
    }

    /// Takes all that there is.
    pub(crate) fn take(&self) -> Vec<Metered> {
        std::mem::take(&mut *self.lock()).into_values().collect()
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&self, lines: Vec<Metered>) {
        let mut now = self.lock();
        for line in lines {
            match now.entry((line.account, line.function, line.at.0 / DAY_MS)) {
                Entry::Vacant(entry) => drop(entry.insert(line)),
                Entry::Occupied(mut entry) => {
                    let known = entry.get_mut();
                    known.totals.join(&line.totals);
                    known.amount.0 = known.amount.0.saturating_add(line.amount.0);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(AccountId, FunctionId, u64), Metered>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

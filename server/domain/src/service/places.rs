//! Places for calls that are under way: so many of one account, so many of all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Code, Error, Result};
use crate::model::id::AccountId;

/// The calls that are under way. Cheap to clone.
#[derive(Clone)]
pub(super) struct Places {
    taken: Arc<Mutex<HashMap<AccountId, usize>>>,
    of_account_max: usize,
}

/// How many times what one account may have, all may have together.
const ACCOUNTS_AT_ONCE: usize = 16;

/// A place that is taken, until it is dropped.
pub(super) struct Place {
    places: Places,
    account: AccountId,
}

impl Places {
    pub(super) fn new(of_account_max: usize) -> Self {
        Self { taken: Arc::default(), of_account_max }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// Too many, of the account or of all.
    pub(super) fn take(&self, account: AccountId) -> Result<Place> {
        let mut taken = self.lock();
        let (all, max) = (taken.values().sum::<usize>(), self.of_account_max);
        let of_account = taken.entry(account).or_default();
        if *of_account >= max || all >= max * ACCOUNTS_AT_ONCE {
            let whose = if *of_account >= max { "of this account" } else { "of this server" };
            let count = if *of_account >= max { *of_account } else { all };
            if *of_account == 0 {
                taken.remove(&account);
            }
            let message = format!("{count} calls {whose} are under way; wait for one to end");
            return Err(Error::new(Code::TooMany, message));
        }
        *of_account += 1;
        drop(taken);
        Ok(Place { places: self.clone(), account })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(count) = taken.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_calls_are_in_anothers_way() {
        let (one, other) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
        let places = Places::new(2);
        let held: Vec<_> = (0..2).map(|_| places.take(one).expect("there is room")).collect();
        assert_eq!(places.take(one).err().map(|error| error.code()), Some(Code::TooMany));
        assert!(places.take(other).is_ok());
        drop(held);
        assert!(places.take(one).is_ok());
        assert!(places.lock().is_empty());
    }
}

//! Which deliveries are under way, so that none is made twice at once and no account has all places.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::id::{AccountId, DeliveryId};

/// Deliveries that are under way, and whose they are.
#[derive(Default)]
pub(super) struct UnderWay {
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    deliveries: HashMap<DeliveryId, AccountId>,
    /// Those that ended since somebody looked: what was read before may still have them.
    ended: HashSet<DeliveryId>,
}

/// A place of one; dropping it gives it back.
pub(super) struct Place {
    id: DeliveryId,
    of: Arc<UnderWay>,
}

impl UnderWay {
    /// Somebody is going to read what is due.
    pub(super) fn look(&self) {
        self.lock().ended.clear();
    }

    /// A place for a delivery: none where it has one, or there is none left for its account or at all.
    pub(super) fn begin(
        self: &Arc<Self>,
        id: DeliveryId,
        account: AccountId,
        of_account_max: u32,
        max: u32,
    ) -> Option<Place> {
        let mut now = self.lock();
        let of_account = now.deliveries.values().filter(|of| **of == account).count();
        let is_full = now.deliveries.len() >= max as usize || of_account >= of_account_max as usize;
        if is_full || now.deliveries.contains_key(&id) || now.ended.contains(&id) {
            return None;
        }
        now.deliveries.insert(id, account);
        Some(Place { id, of: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut now = self.of.lock();
        now.deliveries.remove(&self.id);
        now.ended.insert(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_each_account_and_for_all() {
        let under_way = Arc::new(UnderWay::default());
        let begin = |id: u8, account: u8| {
            let (id, account) = (DeliveryId::from_bytes([id; 16]), AccountId::from_bytes([account; 16]));
            under_way.begin(id, account, 2, 3)
        };
        let first = begin(1, 1).expect("a place");
        let second = begin(2, 1).expect("a place");
        assert!(begin(1, 1).is_none() && begin(3, 1).is_none(), "it has its own two");
        let third = begin(4, 2).expect("a place");
        assert!(begin(5, 3).is_none(), "all three are taken");
        drop((first, second));
        assert!(begin(1, 1).is_none(), "it was read before it ended");
        under_way.look();
        assert!(begin(1, 1).is_some());
        drop(third);
    }
}

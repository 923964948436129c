//! Rows that nearly every request needs, kept in memory as long as they are true.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A small cache that a write empties. An entry that was read before a write and arrives after it
/// is not kept: it may be old.
pub(super) struct Cached<K, V> {
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    entries: HashMap<K, V>,
    writes: u64,
}

/// Entries at most; one more empties the cache.
const ENTRIES_MAX: usize = 4096;

impl<K, V> Default for Cached<K, V> {
    fn default() -> Self {
        Self { state: Mutex::new(State { entries: HashMap::new(), writes: 0 }) }
    }
}

impl<K: Eq + Hash, V: Clone> Cached<K, V> {
    /// The entry, or else the count of writes that a later [`Cached::keep`] must name.
    pub(super) fn get(&self, key: &K) -> Result<V, u64> {
        let state = self.lock();
        state.entries.get(key).cloned().ok_or(state.writes)
    }

    /// Keeps what was read after [`Cached::get`] named that count.
    pub(super) fn keep(&self, key: K, value: V, writes: u64) {
        let mut state = self.lock();
        if state.writes == writes {
            if state.entries.len() >= ENTRIES_MAX {
                state.entries.clear();
            }
            state.entries.insert(key, value);
        }
    }

    /// Forgets everything: something was written.
    pub(super) fn written(&self) {
        let mut state = self.lock();
        state.entries.clear();
        state.writes += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_write_is_not_kept_after_it() {
        let cached = Cached::default();
        let writes = cached.get(&1).expect_err("empty");
        cached.written();
        cached.keep(1, "old", writes);
        assert!(cached.get(&1).is_err());
        cached.keep(1, "new", cached.get(&1).expect_err("still empty"));
        assert_eq!(cached.get(&1), Ok("new"));
    }
}

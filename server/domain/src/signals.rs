//! Tells those who watch a run or a job that there is news of it. A signal is a hint: whoever is told reads
//! the store, and looks there now and then without being told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::{Code, Error, Result};

/// Who watches what. Cheap to clone.
#[derive(Clone)]
pub struct Signals {
    inner: Arc<Inner>,
}

struct Inner {
    /// Without any, telling costs one read.
    watching: AtomicUsize,
    state: Mutex<State>,
    watchers_max: usize,
}

#[derive(Default)]
struct State {
    /// By what is watched, an id.
    about: HashMap<u128, Vec<Arc<Notify>>>,
    /// By who watches, an id.
    by: HashMap<u128, usize>,
}

/// What part of all watchers one account may have.
const ACCOUNT_PART: usize = 4;

/// A watcher. Dropping it ends the watching.
pub struct Watching {
    signals: Signals,
    about: u128,
    by: u128,
    notify: Arc<Notify>,
}

impl Signals {
    /// Signals for so many watchers at once.
    pub fn new(watchers_max: usize) -> Self {
        let inner = Inner { watching: AtomicUsize::new(0), state: Mutex::default(), watchers_max };
        Self { inner: Arc::new(inner) }
    }

    /// Watches a run or job, for an account.
    ///
    /// # Errors
    /// Too many where the server, or the account, watches too much already.
    pub fn watch(&self, about: u128, by: u128) -> Result<Watching> {
        let mut state = self.lock();
        let (all, own) = (self.inner.watchers_max, (self.inner.watchers_max / ACCOUNT_PART).max(1));
        let too_many = |max: usize, who: &str| {
            Error::new(
                Code::TooMany,
                format!("{max} streams of {who} are open; close one, or ask again later"),
            )
        };
        if self.inner.watching.load(Ordering::Relaxed) >= all {
            return Err(too_many(all, "this server"));
        }
        let count = state.by.entry(by).or_default();
        if *count >= own {
            return Err(too_many(own, "this account"));
        }
        *count += 1;
        let notify = Arc::new(Notify::new());
        state.about.entry(about).or_default().push(notify.clone());
        self.inner.watching.fetch_add(1, Ordering::Relaxed);
        Ok(Watching { signals: self.clone(), about, by, notify })
    }

    /// Tells whoever watches it that there is news.
    pub fn tell(&self, about: u128) {
        if self.inner.watching.load(Ordering::Relaxed) > 0 {
            self.lock().about.get(&about).into_iter().flatten().for_each(|watcher| watcher.notify_one());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watching {
    /// Waits for news since this was last waited for.
    pub async fn news(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut state = self.signals.lock();
        if let Some(watchers) = state.about.get_mut(&self.about) {
            watchers.retain(|watcher| !Arc::ptr_eq(watcher, &self.notify));
            if watchers.is_empty() {
                state.about.remove(&self.about);
            }
        }
        if let Some(count) = state.by.get_mut(&self.by) {
            *count -= 1;
            if *count == 0 {
                state.by.remove(&self.by);
            }
        }
        self.signals.inner.watching.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn news_that_came_before_the_waiting_is_not_lost() {
        let signals = Signals::new(8);
        let watching = signals.watch(1, 10).expect("there is room");
        signals.tell(2);
        signals.tell(1);
        watching.news().await;
        let other = tokio::time::timeout(std::time::Duration::ZERO, watching.news()).await;
        assert!(other.is_err(), "there was no more");
    }

    #[test]
    fn nobody_takes_every_place() {
        let signals = Signals::new(8);
        let held: Vec<_> = (0..2).map(|_| signals.watch(1, 10).expect("a quarter")).collect();
        assert_eq!(signals.watch(1, 10).err().map(|error| error.code()), Some(Code::TooMany));
        assert!(signals.watch(1, 11).is_ok());
        drop(held);
        assert!(signals.watch(1, 10).is_ok());
        assert!(signals.lock().about.len() <= 1);
    }
}

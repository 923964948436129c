//! Instances that have served and wait for the next request of the same function under the same plan.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Store;
use wasmtime_wasi_http::handler::Proxy;

use super::HttpPlan;
use crate::capability::logs::Capture;
use crate::compile::Program;
use crate::control::Control;
use crate::sandbox::Sandbox;

/// An instance between two requests. It keeps its place in the pool.
pub(crate) struct Warm {
    pub(super) store: Store<Sandbox>,
    pub(super) proxy: Proxy,
    pub(super) control: Arc<Control>,
    pub(super) capture: Arc<Capture>,
    /// Requests that it has served.
    pub(super) served: u32,
    /// Since when it has waited.
    pub(super) since: Instant,
    pub(super) program: Program,
    pub(super) plan: Arc<HttpPlan>,
    /// The last to go.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// Those that wait. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct WarmPool {
    waiting: Arc<Mutex<HashMap<Key, Vec<Warm>>>>,
}

/// A program and a plan, by where they lie: whoever waits holds on to them.
type Key = (usize, usize);

fn key(program: &Program, plan: &Arc<HttpPlan>) -> Key {
    (Arc::as_ptr(&program.ready).addr(), Arc::as_ptr(plan).addr())
}

impl Warm {
    /// Whether it may serve again. Where the pool is full it may not: somebody may wait for its place.
    pub(super) fn may_serve(&self) -> bool {
        let has_room = self.place.as_ref().is_some_and(|place| place.semaphore().available_permits() > 0);
        has_room && self.plan.reuse.is_some_and(|reuse| self.served < reuse.requests_max)
    }
}

impl WarmPool {
    /// The instance that has waited least, as new as an instance that has served can be.
    pub(super) fn take(&self, program: &Program, plan: &Arc<HttpPlan>) -> Option<Warm> {
        plan.reuse?;
        let warm = self.lock().get_mut(&key(program, plan))?.pop()?;
        warm.control.renew();
        warm.capture.renew();
        Some(warm)
    }

    /// Keeps an instance for the next request, unless somebody has come to wait for its place meanwhile.
    pub(super) fn keep(&self, mut warm: Warm) {
        if !warm.may_serve() {
            return;
        }
        warm.since = Instant::now();
        self.lock().entry(key(&warm.program, &warm.plan)).or_default().push(warm);
    }

    /// Lets the one go that has waited longest, for its place. Says whether there was one.
    pub(crate) fn evict(&self) -> bool {
        let mut waiting = self.lock();
        let oldest = waiting.iter().filter_map(|(key, warm)| warm.first().map(|first| (first.since, *key)));
        let oldest = oldest.min();
        let Some((_, key)) = oldest else { return false };
        let evicted = waiting.get_mut(&key).map(|warm| warm.remove(0));
        drop(waiting);
        evicted.is_some()
    }

    /// Lets those go that have waited for too long.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut gone = Vec::new();
        self.lock().retain(|_, warm| {
            let is_old = |warm: &mut Warm| {
                let idle_max = warm.plan.reuse.map_or_else(Default::default, |reuse| reuse.idle_max);
                now.saturating_duration_since(warm.since) > idle_max
            };
            gone.extend(warm.extract_if(.., is_old));
            !warm.is_empty()
        });
        // Taking instances down takes a moment, in which nobody should wait for the lock.
        drop(gone);
    }

    /// Lets all go.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.lock());
        drop(all);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<Warm>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Models in memory: each loaded once, shared by all that use it, let go when others need the room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::Graph;
use crate::batch::Batching;
use crate::failure::{Code, Failure};
use crate::signature::Signature;

/// What a model is kept under: what its file holds, and how it is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The hash of its file.
    pub(crate) hash: [u8; 32],
    /// The device that runs it.
    pub(crate) device: usize,
    pub(crate) batching: Option<Batching>,
}

/// A model that is in memory. Whoever holds one pins it.
pub(crate) struct Loaded {
    graph: Box<dyn Graph>,
    backend: &'static str,
    batching: Option<Batching>,
    pub(crate) device: usize,
}

impl Loaded {
    pub(crate) fn new(graph: Box<dyn Graph>, backend: &'static str, key: Key) -> Self {
        Self { graph, backend, batching: key.batching, device: key.device }
    }

    pub(crate) fn graph(&self) -> &dyn Graph {
        self.graph.as_ref()
    }

    pub(crate) fn signature(&self) -> &Signature {
        self.graph.signature()
    }

    pub(crate) fn backend(&self) -> &'static str {
        self.backend
    }

    pub(crate) fn batching(&self) -> Option<Batching> {
        self.batching
    }
}

/// What is in memory, and what is on its way there.
pub(crate) struct Models {
    bytes_max: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    places: HashMap<Key, Place>,
    /// Counts uses, for who was used last.
    clock: u64,
}

#[derive(Default)]
struct Place {
    /// One loads at a time; whoever comes meanwhile waits for it.
    turn: Arc<tokio::sync::Mutex<()>>,
    loaded: Option<Arc<Loaded>>,
    used: u64,
}

impl Models {
    pub(crate) fn new(bytes_max: u64) -> Self {
        Self { bytes_max, state: Mutex::default() }
    }

    /// The model, if it is in memory.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Loaded>> {
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        let place = state.places.get_mut(key)?;
        place.used = now;
        place.loaded.clone()
    }

    /// The turn to load a model.
    pub(crate) fn turn(&self, key: Key) -> Arc<tokio::sync::Mutex<()>> {
        self.lock().places.entry(key).or_default().turn.clone()
    }

    /// Keeps a model that was loaded, and lets go of others for it: those that nobody uses, the least recently used
    /// first.
    ///
    /// # Errors
    /// [`Code::TooLarge`] if those in use leave no room for it.
    pub(crate) fn keep(&self, key: Key, loaded: Arc<Loaded>) -> Result<(), Failure> {
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        // What failed to load has left its place behind.
        state.places.retain(|_, place| place.loaded.is_some() || Arc::strong_count(&place.turn) > 1);
        while state.bytes().saturating_add(loaded.graph.bytes()) > self.bytes_max {
            if !state.let_go() {
                let (needed, most) = (loaded.graph.bytes(), self.bytes_max);
                let message = format!(
                    "this model takes {needed} bytes of memory, and of the {most} for models those in use leave less"
                );
                return Err(Failure::new(Code::TooLarge, message));
            }
        }
        let place = state.places.entry(key).or_default();
        (place.loaded, place.used) = (Some(loaded), now);
        Ok(())
    }

    /// Models in memory, and the bytes that they take.
    pub(crate) fn held(&self) -> (usize, u64) {
        let state = self.lock();
        (state.places.values().filter(|place| place.loaded.is_some()).count(), state.bytes())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bytes(&self) -> u64 {
        self.places
            .values()
            .filter_map(|place| place.loaded.as_ref())
            .map(|loaded| loaded.graph.bytes())
            .sum()
    }

    fn let_go(&mut self) -> bool {
        let unused = self
            .places
            .iter()
            .filter(|(_, place)| place.loaded.as_ref().is_some_and(|loaded| Arc::strong_count(loaded) == 1));
        let oldest = unused.min_by_key(|(_, place)| place.used).map(|(key, _)| *key);
        oldest.is_some_and(|key| self.places.remove(&key).is_some())
    }
}

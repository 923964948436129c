//! The two runtimes that guests run on.
//!
//! What a component of WASI 0.3 may do, to have several calls under way in one instance, costs every
//! instance of a runtime that allows it some two microseconds of book-keeping, a third of a small call.
//! Components that do not ask for it run on a runtime without it. See
//! `docs/decisions/0006-two-runtimes.md`.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, InstancePre, Linker};

use crate::accept::composition;
use crate::cache::Cache;
use crate::capability::files::{self, Disk};
use crate::capability::http::Network;
use crate::capability::nn::{self, Models};
use crate::capability::{http, wasi};
use crate::error::{Error, Rejected};
use crate::limits::STACK_BYTES_MAX;
use crate::pool::{self, Config};
use crate::sandbox::Sandbox;

/// What the guests of both share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) disk: Option<Arc<Disk>>,
    pub(crate) network: Arc<Network>,
    pub(crate) models: Option<Arc<Models>>,
}

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One call an instance: WASI 0.2, and functions without WASI.
    Plain,
    /// Calls that wait side by side: WASI 0.3.
    Concurrent,
}

impl Kind {
    /// What machine code depends on: the same where it is made and where it runs.
    pub(crate) fn code_config(self) -> wasmtime::Config {
        let mut config = wasmtime::Config::new();
        config
            .epoch_interruption(true)
            .max_wasm_stack(STACK_BYTES_MAX)
            // A shared memory would let one guest keep two threads.
            .shared_memory(false);
        match self {
            Self::Plain => config.concurrency_support(false),
            Self::Concurrent => config.wasm_component_model_async(true),
        };
        config
    }
}

/// A runtime with its pool, what it links, and its compiled code on disk.
pub(crate) struct Runtime {
    pub(crate) engine: wasmtime::Engine,
    /// Where scratch files go, if guests have them.
    pub(crate) disk: Option<Arc<Disk>>,
    /// Where requests of guests go out.
    pub(crate) network: Arc<Network>,
    /// What guests compute models with, if there is anything.
    pub(crate) models: Option<Arc<Models>>,
    /// In which steps guests' clocks move.
    pub(crate) clock_resolution: Duration,
    kind: Kind,
    /// Places for guests.
    instances: u32,
    linker: Linker<Sandbox>,
    cache: Option<Cache>,
}

impl Runtime {
    pub(crate) fn start(config: &Config, kind: Kind, shared: Shared) -> Result<Self, Error> {
        let Shared { disk, network, models } = shared;
        let engine = wasmtime::Engine::new(&config.runtime(kind)?).map_err(Error::runtime("starting"))?;
        let mut linker = Linker::new(&engine);
        wasi::link(&mut linker, kind).map_err(Error::runtime("linking WASI"))?;
        http::link(&mut linker, kind).map_err(Error::runtime("linking HTTP"))?;
        if disk.is_some() {
            files::link(&mut linker, kind).map_err(Error::runtime("linking scratch files"))?;
        }
        if models.is_some() {
            nn::link(&mut linker).map_err(Error::runtime("linking inference"))?;
        }
        let cache = config.cache.as_ref().map(|directory| Cache::open(directory, &engine)).transpose()?;
        let clock_resolution = config.clock_resolution;
        let instances = config.instances;
        Ok(Self { engine, disk, network, models, clock_resolution, kind, instances, linker, cache })
    }

    /// The compiled form of a component, if it is kept.
    pub(crate) fn kept(&self, bytes: &[u8]) -> Option<Component> {
        self.cache.as_ref()?.load(&self.engine, bytes)
    }

    /// Keeps the machine code of a component that can run here.
    pub(crate) fn keep(&self, bytes: &[u8], code: &[u8]) {
        if let Some(cache) = &self.cache {
            cache.save(bytes, code);
        }
    }

    /// Loads machine code that our compiler has just made.
    pub(crate) fn load(&self, code: &[u8]) -> Result<Component, Rejected> {
        #[expect(
            unsafe_code,
            reason = "it comes from our own compiler: from this process or over a child's pipe"
        )]
        let loaded = unsafe { Component::deserialize(&self.engine, code) };
        loaded.map_err(|error| Rejected(format!("what was compiled cannot be loaded: {error:#}")))
    }

    /// Places that an instance of a component takes.
    pub(crate) fn places_of(&self, bytes: &[u8], component: &Component) -> u32 {
        let is_composition = self.kind == Kind::Concurrent && composition::has_parts(bytes);
        pool::places_of(component, is_composition, self.instances)
    }

    /// Links a component that was compiled here.
    pub(crate) fn link(&self, component: &Component) -> Result<InstancePre<Sandbox>, Rejected> {
        let linked = self.linker.instantiate_pre(component);
        linked.map_err(|error| Rejected(format!("this component needs what is not here: {error:#}")))
    }
}

/// Whether a component names an interface of WASI 0.3. One that only happens to contain these letters
/// loses two microseconds a call, nothing else.
pub(crate) fn names_wasi_0_3(component: &[u8]) -> bool {
    const VERSION: &[u8] = b"@0.3.";
    component.windows(VERSION.len()).any(|window| window == VERSION)
}

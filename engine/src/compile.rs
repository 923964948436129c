//! The engine, and components made ready to run.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::accept;
use crate::cache::Cache;
use crate::capability::wasi;
use crate::error::{Error, Rejected};
use crate::executor::Executor;
use crate::interface::{Entries, Interface, inspect};
use crate::invoke::{Call, Invocation, Running};
use crate::pool::Config;
use crate::sandbox::Sandbox;
use crate::{ticker, wit};

/// The runtime, its threads and its pool. Cheap to clone; the last clone stops the threads.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) executor: Executor,
    pub(crate) runtime: wasmtime::Engine,
    /// One for each place in the pool.
    pub(crate) places: Arc<Semaphore>,
    linker: Linker<Sandbox>,
    cache: Option<Cache>,
    /// Timers and file work of host functions; `None` only while it is dropped.
    io: Option<Runtime>,
}

/// A component made ready: compiled, linked, its exports found.
#[derive(Clone)]
pub struct Program {
    pub(crate) ready: Arc<Ready>,
}

pub(crate) struct Ready {
    pub(crate) instance: InstancePre<Sandbox>,
    pub(crate) entries: Entries,
    interface: Interface,
}

impl Engine {
    /// Starts an engine.
    ///
    /// # Errors
    /// [`Error::Machine`] if this machine cannot hold so many instances, with what to change.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let runtime = wasmtime::Engine::new(&config.runtime()?).map_err(Error::runtime("starting"))?;
        ticker::start(runtime.weak())?;
        let mut linker = Linker::new(&runtime);
        wasi::link(&mut linker).map_err(Error::runtime("linking WASI"))?;
        let io = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("skep-guest-io")
            .enable_all()
            .build()
            .map_err(Error::files("starting its I/O thread"))?;
        let cache = config.cache.as_ref().map(|directory| Cache::open(directory, &runtime)).transpose()?;
        let inner = Inner {
            executor: Executor::start(config.threads, io.handle())?,
            runtime,
            places: Arc::new(Semaphore::new(config.instances as usize)),
            linker,
            cache,
            io: Some(io),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes a component of uploaded bytes: a component as it is, a core module, or text of these.
    ///
    /// # Errors
    /// What the bytes are instead, and what to do.
    pub fn accept(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Rejected> {
        accept::accept(bytes)
    }

    /// The WIT text of a component.
    ///
    /// # Errors
    /// If the bytes are no component.
    pub fn wit(component: &[u8]) -> Result<String, Rejected> {
        wit::print(component)
    }

    /// Compiles a component, or takes its compiled form from the cache. Blocks for milliseconds to
    /// seconds: not for a thread that serves others.
    ///
    /// # Errors
    /// Outer: the host failed. Inner: the component asks for what there is not.
    pub fn compile(&self, component: &[u8]) -> Result<Result<Program, Rejected>, Error> {
        let runtime = &self.inner.runtime;
        let cached = self.inner.cache.as_ref().and_then(|cache| cache.load(runtime, component));
        let mut fresh = false;
        let compiled = match cached {
            Some(compiled) => compiled,
            None => {
                let compiled = match Component::from_binary(runtime, component) {
                    Ok(compiled) => compiled,
                    Err(error) => {
                        return Ok(Err(Rejected(format!("this component cannot be compiled: {error:#}"))));
                    }
                };
                fresh = true;
                compiled
            }
        };
        let (interface, entries) = inspect(runtime, &compiled);
        let instance = match self.inner.linker.instantiate_pre(&compiled) {
            Ok(instance) => instance,
            Err(error) => {
                return Ok(Err(Rejected(format!("this component needs what is not here: {error:#}"))));
            }
        };
        if let Some(cache) = self.inner.cache.as_ref().filter(|_| fresh) {
            cache.save(component, &compiled);
        }
        Ok(Ok(Program { ready: Arc::new(Ready { instance, entries, interface }) }))
    }

    /// Runs a call in a fresh sandbox. It begins at once, or when a place in the pool is free.
    pub fn invoke(&self, invocation: Invocation) -> Running {
        Running::start(self, invocation)
    }

    /// Guests that could run now but for want of a thread, by share group: how busy the engine is, and
    /// with whom. Groups with none are left out.
    pub fn backlogs(&self) -> Vec<(u128, u32)> {
        self.inner.executor.backlogs()
    }

    pub(crate) fn io(&self) -> &tokio::runtime::Handle {
        self.inner.io.as_ref().expect("present until the engine is dropped").handle()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Guests first: what they wait for must not be taken from under them.
        self.executor.stop();
        // Waiting for it would be wrong on an async thread, and there is nothing to wait for.
        if let Some(io) = self.io.take() {
            io.shutdown_background();
        }
    }
}

impl Program {
    /// What the component offers.
    pub fn interface(&self) -> &Interface {
        &self.ready.interface
    }

    /// Checks a call before it is made: the export and each argument against its type. With no
    /// export named: the command, or else the only export.
    ///
    /// # Errors
    /// Names the export or the argument that does not fit, and what would.
    pub fn call(&self, export: Option<&str>, arguments: &[Value]) -> Result<Call, Rejected> {
        Call::check(&self.ready, export, arguments)
    }
}

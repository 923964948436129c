//! The engine, and components made ready to run.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use skep_inference::{Batching, Inspected};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, InstancePre};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

use crate::accept;
use crate::capability::files::Disk;
use crate::capability::http::Network;
use crate::capability::nn::Models;
use crate::compiler::{Compiled, Compiler, Task, interruptible};
use crate::error::{Error, Rejected};
use crate::executor::Executor;
use crate::interface::{self, Command, Entries, HttpVersion, Interface, inspect};
use crate::invoke::serve::warm::WarmPool;
use crate::invoke::{Call, Invocation, Running, preview1};
use crate::pool::{Config, Filesystem};
use crate::runtime::{Kind, Runtime, Shared};
use crate::sandbox::Sandbox;
use crate::script::bindings::RuntimePre;
use crate::script::{Script, Source};
use crate::wit;

/// The runtimes, their threads and pools. Cheap to clone; the last clone stops the threads.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) executor: Executor,
    /// Places for guests, in the pools of both runtimes together.
    pub(crate) places: Arc<Semaphore>,
    /// Instances that wait for the next request.
    pub(crate) warm: WarmPool,
    compiler: Compiler,
    plain: Arc<Runtime>,
    concurrent: Arc<Runtime>,
    /// Timers and file work of host functions; `None` only while it is dropped.
    io: Option<tokio::runtime::Runtime>,
}

/// A component made ready: compiled, linked, its exports found.
#[derive(Clone)]
pub struct Program {
    pub(crate) ready: Arc<Ready>,
    /// What it is given in each instance, where it is a runtime.
    pub(crate) script: Option<Arc<Script>>,
}

pub(crate) struct Ready {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) code: Code,
    pub(crate) entries: Entries,
    /// How requests are handed to it, if it is an HTTP function.
    pub(crate) http: Option<ProxyPre<Sandbox>>,
    /// How source and scripts are handed to it, if it is a runtime.
    pub(crate) guest: Option<RuntimePre<Sandbox>>,
    /// Places that an instance takes.
    pub(crate) places: u32,
    interface: Interface,
}

/// What is instantiated for each call.
pub(crate) enum Code {
    Component(InstancePre<Sandbox>),
    /// A command of preview1, as it is.
    Module(wasmtime::InstancePre<Sandbox>),
}

/// How often it is looked for instances that have waited for too long.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// How requests are handed to a component.
fn handler(version: HttpVersion, instance: &InstancePre<Sandbox>) -> Result<ProxyPre<Sandbox>, Rejected> {
    let handler = match version {
        HttpVersion::V0_2 => p2::bindings::ProxyPre::new(instance.clone()).map(ProxyPre::P2),
        HttpVersion::V0_3 => p3::bindings::ServicePre::new(instance.clone()).map(ProxyPre::P3),
    };
    handler.map_err(|error| Rejected(format!("this component cannot serve HTTP as it says: {error:#}")))
}

/// Links a compiled component and finds what it exports.
fn ready(runtime: &Arc<Runtime>, bytes: &[u8], compiled: &Component) -> Result<Program, Rejected> {
    let instance = runtime.link(compiled)?;
    let (interface, entries) = inspect(&runtime.engine, compiled);
    interface.check()?;
    let http = entries.http.map(|version| handler(version, &instance)).transpose()?;
    let guest = entries.is_runtime.then(|| RuntimePre::new(instance.clone())).transpose();
    let guest =
        guest.map_err(|error| Rejected(format!("this component is no runtime as it says: {error:#}")))?;
    let places = runtime.places_of(bytes, compiled);
    let code = Code::Component(instance);
    let ready = Ready { runtime: runtime.clone(), code, entries, http, guest, places, interface };
    Ok(Program { ready: Arc::new(ready), script: None })
}

impl Engine {
    /// Starts an engine.
    ///
    /// # Errors
    /// [`Error::Machine`] if this machine cannot hold so many instances, with what to change.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let disk = match &config.files {
            Filesystem::Scratch { directory, disk_bytes_max } => {
                Some(Arc::new(Disk::open(directory, *disk_bytes_max)?))
            }
            Filesystem::Host => None,
        };
        let network = Arc::new(Network::new(config.egress_blocks.clone()));
        let models =
            config.inference.clone().map(|inference| Models::new(inference, config.compiler.clone()));
        let shared = Shared { disk, network, models: models.map(Arc::new) };
        let plain = Arc::new(Runtime::start(config, Kind::Plain, shared.clone())?);
        let concurrent = Arc::new(Runtime::start(config, Kind::Concurrent, shared)?);
        let io = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("skep-guest-io")
            .enable_all()
            .build()
            .map_err(Error::files("starting its I/O thread"))?;
        let clocks = [plain.engine.weak(), concurrent.engine.weak()];
        let end_turns =
            move || clocks.iter().filter_map(|clock| clock.upgrade()).for_each(|e| e.increment_epoch());
        let inner = Inner {
            executor: Executor::start(config.threads, io.handle(), end_turns)?,
            places: Arc::new(Semaphore::new(config.instances as usize)),
            warm: WarmPool::default(),
            compiler: config.compiler.clone(),
            plain,
            concurrent,
            io: Some(io),
        };
        let engine = Self { inner: Arc::new(inner) };
        engine.sweep_warm();
        Ok(engine)
    }

    /// Lets instances go that have waited for too long, once a second, as long as the engine lives.
    fn sweep_warm(&self) {
        let engine = Arc::downgrade(&self.inner);
        #[expect(clippy::disallowed_methods, reason = "the engine has an I/O thread of its own")]
        self.io().spawn(async move {
            loop {
                tokio::time::sleep(SWEEP_INTERVAL).await;
                let Some(inner) = engine.upgrade() else { return };
                inner.warm.sweep(Instant::now());
            }
        });
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
    /// What the component asks for that there is not.
    pub fn compile(&self, component: &[u8]) -> Result<Program, Rejected> {
        if let Some(program) = self.kept(component) {
            return Ok(program);
        }
        let compiled = self.inner.compiler.compile(Task::Component, component)?;
        self.load(component, &compiled)
    }

    /// What a file holds, as a program. A command of preview1 stays the module that it is where guests have the
    /// host's directories: behind the adapter an exit code is 0 or 1, and a page of its memory is taken.
    ///
    /// # Errors
    /// What the bytes are instead, or what the component asks for that there is not.
    pub fn open(&self, bytes: &[u8]) -> Result<Program, Rejected> {
        let runtime = &self.inner.plain;
        let module = accept::preview1_command(bytes)?.filter(|_| runtime.disk.is_none());
        let Some(module) = module else { return self.compile(&accept::accept(bytes)?) };
        let linked = preview1::link(runtime, &interruptible(&module)?);
        let linked = linked.map_err(|error| Rejected(format!("this module cannot be run: {error:#}")))?;
        let entries = Entries { command: Some(Command::Start), ..Entries::default() };
        let interface = Interface { kinds: vec![interface::Kind::Command], ..Interface::default() };
        let code = Code::Module(linked);
        let runtime = runtime.clone();
        let ready = Ready { runtime, code, entries, http: None, guest: None, places: 1, interface };
        Ok(Program { ready: Arc::new(ready), script: None })
    }

    /// The program of a component whose machine code is kept. Blocks for as long as reading it takes.
    pub fn kept(&self, component: &[u8]) -> Option<Program> {
        [&self.inner.plain, &self.inner.concurrent]
            .into_iter()
            .find_map(|runtime| ready(runtime, component, &runtime.kept(component)?).ok())
    }

    /// Makes a component of what somebody uploaded, and compiles it: [`Engine::accept`] and
    /// [`Engine::compile`] in one, both where the compiler is. Returns the component as well.
    ///
    /// # Errors
    /// What the bytes are instead, or what the component asks for that there is not.
    pub fn prepare(&self, upload: &[u8]) -> Result<(Program, Vec<u8>), Rejected> {
        self.prepare_by(Task::Upload, upload)
    }

    /// [`Engine::prepare`] for what the operator uploads: compiling it may take more.
    ///
    /// # Errors
    /// What the bytes are instead, or what the component asks for that there is not.
    pub fn prepare_runtime(&self, upload: &[u8]) -> Result<(Program, Vec<u8>), Rejected> {
        self.prepare_by(Task::Runtime, upload)
    }

    fn prepare_by(&self, task: Task, upload: &[u8]) -> Result<(Program, Vec<u8>), Rejected> {
        // Only what was compiled before is kept under its hash.
        if let Some(program) = self.kept(upload) {
            return Ok((program, upload.to_vec()));
        }
        let mut compiled = self.inner.compiler.compile(task, upload)?;
        let component = compiled.component.take().unwrap_or_else(|| upload.to_vec());
        Ok((self.load(&component, &compiled)?, component))
    }

    fn load(&self, component: &[u8], compiled: &Compiled) -> Result<Program, Rejected> {
        let runtime = match compiled.kind {
            Kind::Plain => &self.inner.plain,
            Kind::Concurrent => &self.inner.concurrent,
        };
        let program = ready(runtime, component, &runtime.load(&compiled.code)?)?;
        // Only what can run here is kept.
        runtime.keep(component, &compiled.code);
        Ok(program)
    }

    /// Looks through a model that somebody uploads, where the compiler is, and proves that it may be batched if it is
    /// to be. Blocks for milliseconds to seconds.
    ///
    /// # Errors
    /// Why it is no model, or one that cannot be computed so.
    pub fn inspect_model(
        &self,
        file: &Bytes,
        batching: Option<Batching>,
    ) -> Result<Inspected, skep_inference::Failure> {
        self.inner.compiler.inspect(file, batching)
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
        self.warm.clear();
        // Waiting for it would be wrong on an async thread, and there is nothing to wait for.
        if let Some(io) = self.io.take() {
            io.shutdown_background();
        }
    }
}

impl Program {
    /// What the component offers, or the script.
    pub fn interface(&self) -> &Interface {
        self.script.as_ref().map_or(&self.ready.interface, |script| script.interface())
    }

    /// Bytes of its script that are in memory; none of a component.
    pub fn script_bytes(&self) -> usize {
        self.script.as_ref().map_or(0, |script| script.content().len())
    }

    /// The script as a program, on the compiled code of this runtime.
    ///
    /// # Errors
    /// If this is no runtime, or not one that serves HTTP where the script does.
    pub fn with_script(&self, script: Script) -> Result<Self, Rejected> {
        self.check_runtime()?;
        let serves = matches!(self.ready.entries.http, Some(HttpVersion::V0_2));
        if script.interface().kinds.contains(&interface::Kind::Http) && !serves {
            return Err(Rejected("this runtime exports no wasi:http/incoming-handler".into()));
        }
        Ok(Self { ready: self.ready.clone(), script: Some(Arc::new(script)) })
    }

    /// A call that builds source.
    ///
    /// # Errors
    /// If this is no runtime.
    pub fn build(&self, source: Source) -> Result<Call, Rejected> {
        self.check_runtime()?;
        Ok(Call::build(source))
    }

    fn check_runtime(&self) -> Result<(), Rejected> {
        match self.ready.guest {
            Some(_) => Ok(()),
            None => {
                Err(Rejected("this component is no runtime: it does not export skep:runtime/guest".into()))
            }
        }
    }

    /// Checks which export a call means, as [`Program::call`] does, and nothing else.
    ///
    /// # Errors
    /// Names what there is instead.
    pub fn export(&self, export: Option<&str>) -> Result<(), Rejected> {
        match &self.script {
            Some(script) => Call::check_script_export(script, export),
            None => Call::check_export(&self.ready, export),
        }
    }

    /// Checks a call before it is made: the export and each argument against its type. With no
    /// export named: the command, or else the only export.
    ///
    /// # Errors
    /// Names the export or the argument that does not fit, and what would.
    pub fn call(&self, export: Option<&str>, arguments: &[Value]) -> Result<Call, Rejected> {
        match &self.script {
            Some(script) => Call::check_script(script, export, arguments),
            None => Call::check(&self.ready, export, arguments),
        }
    }
}

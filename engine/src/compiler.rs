//! Uploaded bytes to machine code: in this process, or in a child that has nothing but a pipe.
//!
//! A compiler does much work on what a stranger made, and may be led to do too much of it, or to crash. In a
//! child, that fails one upload. Models are looked through there for the same reason.

mod child;
mod confine;
mod frame;
mod interruptible;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use skep_inference::{Batching, Inspected};

pub(crate) use self::interruptible::interruptible;
pub use self::worker::compile_worker;
use crate::accept;
use crate::error::Rejected;
use crate::runtime::{Kind, names_wasi_0_3};

/// Where components are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// Here. For components that are trusted, and for tools that do nothing else.
    InProcess,
    /// In a child process each.
    Child(Worker),
}

/// A child that compiles, and what it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// A program that calls [`compile_worker`].
    pub program: PathBuf,
    /// With these arguments.
    pub arguments: Vec<String>,
    /// And this environment, nothing of the server's.
    pub env: Vec<(String, String)>,
    /// Bytes of memory.
    pub memory_bytes_max: u64,
    /// CPU time of all its threads together, in whole seconds.
    pub cpu: Duration,
    /// Time from its start to its end.
    pub wall: Duration,
}

impl Worker {
    /// A worker with limits that any honest component is well below.
    pub fn new(program: PathBuf, arguments: Vec<String>) -> Self {
        let (cpu, wall) = (Duration::from_secs(120), Duration::from_secs(120));
        Self { program, arguments, env: Vec::new(), memory_bytes_max: 2 << 30, cpu, wall }
    }

    /// The same for what the operator has brought, or was compiled before: LLVM takes 2.6 GiB.
    fn generous(&self) -> Self {
        Self {
            memory_bytes_max: self.memory_bytes_max.saturating_mul(2),
            cpu: self.cpu.saturating_mul(4),
            wall: self.wall.saturating_mul(4),
            ..self.clone()
        }
    }

    /// The same for what a guest brings while it runs, which waits for it.
    fn hasty(&self) -> Self {
        let (cpu, wall) = (self.cpu.min(HASTY_CPU_MAX), self.wall.min(HASTY_WALL_MAX));
        Self { cpu, wall, ..self.clone() }
    }
}

/// Time that looking through a model takes which a guest brings.
const HASTY_CPU_MAX: Duration = Duration::from_secs(10);
const HASTY_WALL_MAX: Duration = Duration::from_secs(20);

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// What somebody uploaded: to be made a component first.
    Upload,
    /// The same of the operator, who may bring more.
    Runtime,
    /// A component that was taken before: its compilation is not to fail now.
    Component,
    /// A model to look through, and to prove that it may be batched so.
    Model(Option<Batching>),
}

/// What came of it.
pub(crate) enum Done {
    Compiled(Compiled),
    Inspected(Result<Inspected, skep_inference::Failure>),
}

/// What compiling came to.
pub(crate) struct Compiled {
    /// The component, if it was not one before.
    pub(crate) component: Option<Vec<u8>>,
    /// Which runtime it is for.
    pub(crate) kind: Kind,
    /// Machine code, as wasmtime serializes it.
    pub(crate) code: Vec<u8>,
}

impl Compiler {
    pub(crate) fn compile(&self, task: Task, bytes: &[u8]) -> Result<Compiled, Rejected> {
        match self {
            Self::InProcess => compile(task, bytes),
            Self::Child(worker) => {
                let done = match task {
                    Task::Upload | Task::Model(_) => child::work(worker, task, bytes),
                    Task::Runtime | Task::Component => child::work(&worker.generous(), task, bytes),
                };
                match done? {
                    Done::Compiled(compiled) => Ok(compiled),
                    Done::Inspected(_) => Err(Rejected("the compiler answered something else".into())),
                }
            }
        }
    }

    /// Looks through a model that somebody uploads.
    pub(crate) fn inspect(
        &self,
        file: &Bytes,
        batching: Option<Batching>,
    ) -> Result<Inspected, skep_inference::Failure> {
        match self {
            Self::InProcess => skep_inference::inspect(file, batching),
            Self::Child(worker) => inspect(worker, file, batching),
        }
    }

    /// Looks through a model that a guest brings, unless all code here is trusted.
    pub(crate) fn check_model(&self, file: &Bytes) -> Result<(), skep_inference::Failure> {
        match self {
            Self::InProcess => Ok(()),
            Self::Child(worker) => inspect(&worker.hasty(), file, None).map(drop),
        }
    }
}

fn inspect(
    worker: &Worker,
    file: &Bytes,
    batching: Option<Batching>,
) -> Result<Inspected, skep_inference::Failure> {
    // A model on which the child dies is one that takes too much, as far as anybody can tell.
    let failed = |why: String| skep_inference::Failure::new(skep_inference::Code::TooLarge, why);
    match child::work(worker, Task::Model(batching), file) {
        Ok(Done::Inspected(inspected)) => inspected,
        Ok(Done::Compiled(_)) => Err(failed("the compiler answered something else".into())),
        Err(Rejected(why)) => Err(failed(why)),
    }
}

/// The work itself.
fn work(task: Task, bytes: Vec<u8>) -> Result<Done, Rejected> {
    match task {
        Task::Model(batching) => Ok(Done::Inspected(skep_inference::inspect(&bytes.into(), batching))),
        Task::Upload | Task::Runtime | Task::Component => compile(task, &bytes).map(Done::Compiled),
    }
}

fn compile(task: Task, bytes: &[u8]) -> Result<Compiled, Rejected> {
    let component = match task {
        Task::Upload | Task::Runtime => accept::accept(bytes)?,
        Task::Component | Task::Model(_) => bytes.into(),
    };
    let first = if names_wasi_0_3(&component) { Kind::Concurrent } else { Kind::Plain };
    let interruptible = interruptible(&component)?;
    let code = |kind: Kind| {
        let engine = wasmtime::Engine::new(&kind.code_config());
        let code = engine.and_then(|engine| engine.precompile_component(&interruptible));
        code.map_err(|error| Rejected(format!("this component cannot be compiled: {error:#}")))
    };
    let (kind, code) = match (first, code(first)) {
        // What the plain runtime does not compile, the other one may; if not, it says why.
        (Kind::Plain, Err(_)) => (Kind::Concurrent, code(Kind::Concurrent)?),
        (kind, code) => (kind, code?),
    };
    let component = (*component != *bytes).then(|| component.into_owned());
    Ok(Compiled { component, kind, code })
}

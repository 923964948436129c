//! Inference for guests: `wasi:nn` 0.2.0-rc-2024-10-28.
//!
//! A guest holds tensors and models by handle. Tensors count as its memory; a model that it loads by name is shared
//! with all that use the same file. While it waits for a device, it takes no thread. What is wrong with a model or a
//! tensor is an error of `wasi:nn`, with a code and a sentence, and the guest goes on.

mod host;
mod limits;
mod meter;
mod tensor;

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use skep_inference::{Batching, Code, DeviceKind, Failure, Graph, Inference, Model, ShareGroup};
use tokio::sync::Semaphore;
use wasmtime::component::{HasData, Linker, ResourceTable};

pub(crate) use self::meter::Inferred;
use self::tensor::Held;
use super::grants::Grants;
use crate::compiler::Compiler;
use crate::control::Control;
use crate::sandbox::Sandbox;

mod bindings {
    //! Types and traits of the interfaces, from their WIT.
    wasmtime::component::bindgen!({
        path: "../guests/wit/deps/wasi-nn/wasi-nn.wit",
        world: "ml",
        imports: {
            "wasi:nn/graph.load": async | trappable,
            "wasi:nn/graph.load-by-name": async | trappable,
            "wasi:nn/inference.[method]graph-execution-context.compute": async | trappable,
            default: trappable,
        },
        with: {
            "wasi:nn/tensor.tensor": super::tensor::Tensor,
            "wasi:nn/graph.graph": super::LoadedGraph,
            "wasi:nn/inference.graph-execution-context": super::Context,
            "wasi:nn/errors.error": skep_inference::Failure,
        },
    });
}

use self::bindings::wasi::nn::{errors, graph, inference, tensor as tensors};

/// Models that guests bring themselves which are looked through at once: each takes a process.
const CHECKS_MAX: usize = 2;

/// What all guests share: the devices, the models on them, and who looks through what guests bring.
pub(crate) struct Models {
    inference: Inference,
    compiler: Compiler,
    checks: Semaphore,
}

/// One guest's inference.
pub(crate) struct Nn {
    models: Arc<Models>,
    grants: Arc<Grants>,
    control: Arc<Control>,
    group: ShareGroup,
}

/// A model that a guest has loaded, and the room that it takes of the guest's memory, if nobody shares it.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the bindings export it, as far as they go")]
pub struct LoadedGraph {
    graph: Graph,
    _held: Option<Arc<Held>>,
}

/// What computes with a model.
#[expect(unreachable_pub, reason = "the bindings export it, as far as they go")]
pub struct Context(LoadedGraph);

/// One guest's inference and its table, during a host call.
pub(crate) struct View<'a> {
    pub(crate) nn: &'a Nn,
    pub(crate) table: &'a mut ResourceTable,
}

/// What the bindings know this host by.
struct Host;

impl HasData for Host {
    type Data<'a> = View<'a>;
}

/// Links the interfaces; without a grant there is no model but what a guest brings itself.
pub(crate) fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    tensors::add_to_linker::<_, Host>(linker, Sandbox::nn)?;
    graph::add_to_linker::<_, Host>(linker, Sandbox::nn)?;
    inference::add_to_linker::<_, Host>(linker, Sandbox::nn)?;
    errors::add_to_linker::<_, Host>(linker, Sandbox::nn)
}

impl Models {
    pub(crate) fn new(inference: Inference, compiler: Compiler) -> Self {
        Self { inference, compiler, checks: Semaphore::new(CHECKS_MAX) }
    }

    /// Looks through a model in the compiler's child.
    async fn check(&self, file: Bytes) -> Result<Bytes, Failure> {
        let stopped = |_| Failure::new(Code::RuntimeError, "the server stops");
        let _turn = self.checks.acquire().await.map_err(stopped)?;
        let (compiler, checked) = (self.compiler.clone(), file.clone());
        let work = tokio::task::spawn_blocking(move || compiler.check_model(&checked));
        work.await.map_err(|_| Failure::new(Code::RuntimeError, "looking through it failed"))??;
        Ok(file)
    }
}

impl Nn {
    pub(crate) fn new(
        models: Arc<Models>,
        grants: Arc<Grants>,
        control: Arc<Control>,
        group: ShareGroup,
    ) -> Self {
        Self { models, grants, control, group }
    }

    /// Loads what the guest brings.
    async fn load(&self, file: Vec<u8>) -> Result<LoadedGraph, Failure> {
        let file = Bytes::from(file);
        let model = Model { hash: Sha256::digest(&file).into(), batching: NO_BATCHING, scope: self.group.id };
        let graph = self.models.inference.load(&model, self.group, self.models.check(file)).await?;
        let held = Held::take(&self.control, graph.bytes()).ok_or_else(|| {
            let message =
                format!("this model takes {} bytes of memory, more than this call has left", graph.bytes());
            Failure::new(Code::TooLarge, message)
        })?;
        Ok(self.loaded(graph, Some(Arc::new(held))))
    }

    async fn load_by_name(&self, name: &str) -> Result<LoadedGraph, Failure> {
        let granted = self.grants.models.iter().find(|model| model.name == name);
        let granted = granted.ok_or_else(|| {
            let names: Vec<&str> = self.grants.models.iter().map(|model| model.name.as_str()).collect();
            let granted = if names.is_empty() {
                "none is".to_owned()
            } else {
                format!("these are: {}", names.join(", "))
            };
            Failure::new(Code::NotFound, format!("no model {name:?} is granted to this function; {granted}"))
        })?;
        let model = Model { hash: granted.hash, batching: granted.batching, scope: granted.scope };
        let file = async {
            let read = tokio::fs::read(&granted.file).await;
            read.map(Bytes::from).map_err(|error| {
                tracing::error!(%error, file = %granted.file.display(), "a model's file cannot be read");
                Failure::new(Code::RuntimeError, format!("the file of {name:?} cannot be read"))
            })
        };
        let graph = self.models.inference.load(&model, self.group, file).await?;
        Ok(self.loaded(graph, None))
    }

    fn loaded(&self, graph: Graph, held: Option<Arc<Held>>) -> LoadedGraph {
        self.control.inferred().loaded(&graph);
        self.spend(&graph, graph.load_nanos());
        LoadedGraph { graph, _held: held }
    }

    /// Time on the processor is the guest's CPU time, whichever thread spends it.
    fn spend(&self, graph: &Graph, nanos: u64) {
        if graph.device().kind == DeviceKind::Cpu {
            self.control.spend_cpu(nanos);
        }
    }
}

/// Nobody has said whether the rows of a model that a guest brings are independent.
const NO_BATCHING: Option<Batching> = None;

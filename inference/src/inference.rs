//! What whoever has guests asks: devices, models, inferences.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use skep_fair::ShareGroup;
use tokio::sync::oneshot;

use crate::backend::Backend;
use crate::backend::tract::Tract;
use crate::batch::Batching;
use crate::device::Device;
use crate::failure::{Code, Failure};
use crate::lane::{Lane, Request, nanos};
use crate::models::{Key, Loaded, Models};
use crate::onnx::Onnx;
use crate::signature::Signature;
use crate::tensor::Tensor;

/// What inference takes of a machine.
#[derive(Debug, Clone)]
pub struct Config {
    /// Threads that compute on the processor.
    pub threads: usize,
    /// Bytes of the models in memory.
    pub models_bytes_max: u64,
    /// Bytes of what one inference computes, at any time.
    pub inference_bytes_max: u64,
}

impl Default for Config {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { threads, models_bytes_max: 4 << 30, inference_bytes_max: 1 << 30 }
    }
}

/// The models and devices of this process. Cheap to clone; the last clone stops their threads.
#[derive(Clone)]
pub struct Inference {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    models: Models,
    devices: Vec<(Arc<Device>, Lane)>,
}

/// A model that may be asked for.
pub struct Model {
    /// The hash of its file: one file is loaded once, whoever asks for it.
    pub hash: [u8; 32],
    /// How its inferences may be computed together; none where they may not.
    pub batching: Option<Batching>,
    /// Whose inferences of it may be computed together: those that say the same.
    pub scope: u128,
}

/// A model in memory. Holding one keeps it there.
#[derive(Clone)]
pub struct Graph {
    loaded: Arc<Loaded>,
    scope: u128,
    device: Arc<Device>,
    load_nanos: u64,
}

/// What an inference came to, and what it took.
#[derive(Debug, Clone)]
pub struct Computed {
    /// The outputs, with the names that the model has for them.
    pub outputs: Vec<(String, Tensor)>,
    /// What the inference took.
    pub served: Served,
}

/// An inference that came to nothing.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Why.
    pub failure: Failure,
    /// What it took, if it was begun.
    pub served: Option<Served>,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { failure, served: None }
    }
}

/// What an inference took, of which device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The device.
    pub device: Arc<Device>,
    /// The time that it took of the device, in nanoseconds; of a batch its share, by rows.
    pub nanos: u64,
    /// Inferences that were computed together, this one with them.
    pub together: usize,
}

impl Inference {
    /// Finds the devices, and starts their threads.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn start(config: Config) -> std::io::Result<Self> {
        let device = Arc::new(Device::processor(config.threads.max(1)));
        let lane = Lane::start(&device.name, device.lanes)?;
        let models = Models::new(config.models_bytes_max);
        Ok(Self { inner: Arc::new(Inner { config, models, devices: vec![(device, lane)] }) })
    }

    /// The devices of this machine.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.inner.devices.iter().map(|(device, _)| device.as_ref())
    }

    /// Models in memory, and the bytes that they take.
    pub fn held(&self) -> (usize, u64) {
        self.inner.models.held()
    }

    /// Loads a model, or finds it loaded. Its file is fetched only if it is not.
    ///
    /// # Errors
    /// Why the file is no model, or none that can be computed here.
    pub async fn load(
        &self,
        model: &Model,
        group: ShareGroup,
        file: impl Future<Output = Result<Bytes, Failure>>,
    ) -> Result<Graph, Failure> {
        let key = Key { hash: model.hash, device: CPU, batching: model.batching };
        let scope = model.scope;
        let device = &self.inner.devices[key.device].0;
        let known = || {
            let loaded = self.inner.models.get(&key)?;
            Some(Graph { loaded, scope, device: device.clone(), load_nanos: 0 })
        };
        if let Some(graph) = known() {
            return Ok(graph);
        }
        let turn = self.inner.models.turn(key);
        let _turn = turn.lock().await;
        // Whoever was first may have loaded it.
        if let Some(graph) = known() {
            return Ok(graph);
        }
        let file = file.await?;
        let (sender, receiver) = oneshot::channel();
        self.inner.devices[key.device].1.other(group, move || {
            if !sender.is_closed() {
                let began = Instant::now();
                let _ = sender.send(read(&file, key).map(|loaded| (loaded, nanos(began.elapsed()))));
            }
        });
        let gave_up = || Failure::new(Code::RuntimeError, "loading it was given up");
        let (loaded, load_nanos) = receiver.await.map_err(|_| gave_up())??;
        let loaded = Arc::new(loaded);
        self.inner.models.keep(key, loaded.clone())?;
        Ok(Graph { loaded, scope, device: device.clone(), load_nanos })
    }

    /// Computes a model's outputs from named inputs.
    ///
    /// # Errors
    /// What does not fit the model, what is too large or too late, or what went wrong.
    pub async fn compute(
        &self,
        graph: &Graph,
        inputs: Vec<(String, Tensor)>,
        group: ShareGroup,
        deadline: Instant,
    ) -> Result<Computed, Failed> {
        let loaded = &graph.loaded;
        let inputs = loaded.signature().arrange(inputs)?;
        let (_, lane) = &self.inner.devices[loaded.device];
        let memory_bytes_max = self.inner.config.inference_bytes_max;
        let (reply, answer) = oneshot::channel();
        let model = loaded.clone();
        lane.compute(Request {
            model,
            inputs,
            group,
            scope: graph.scope,
            memory_bytes_max,
            deadline,
            reply,
        })?;
        let gave_up = || Failure::new(Code::RuntimeError, "the inference was given up");
        let answer = answer.await.map_err(|_| gave_up())?;
        let device = graph.device.clone();
        let served = Served { device, nanos: answer.nanos, together: answer.together };
        let outputs = match answer.outputs {
            Ok(outputs) => outputs,
            Err(failure) => return Err(Failed { failure, served: Some(served) }),
        };
        let names = loaded.signature().outputs.iter().map(|port| port.name.clone());
        Ok(Computed { outputs: names.zip(outputs).collect(), served })
    }
}

impl std::fmt::Debug for Inference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.devices()).finish()
    }
}

impl Graph {
    /// What it takes and gives.
    pub fn signature(&self) -> &Signature {
        self.loaded.signature()
    }

    /// The backend that computes it.
    pub fn backend(&self) -> &'static str {
        self.loaded.backend()
    }

    /// The device that computes it.
    pub fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// Bytes of memory that it takes, about.
    pub fn bytes(&self) -> u64 {
        self.loaded.graph().bytes()
    }

    /// The time that loading it took of the device, in nanoseconds; 0 where it was loaded already.
    pub fn load_nanos(&self) -> u64 {
        self.load_nanos
    }
}

/// The processor's place among the devices.
const CPU: usize = 0;

fn read(file: &Bytes, key: Key) -> Result<Loaded, Failure> {
    let backend = Tract;
    let graph = backend.load(file, Onnx::read(file)?)?;
    Ok(Loaded::new(graph, backend.name(), key))
}

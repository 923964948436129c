//! The functions of `wasi:nn`, each as thin as it can be.

use bytes::Bytes;
use skep_inference::{Code, Failure, Graph};
use wasmtime::component::Resource;
use wasmtime::format_err;

use super::errors::{self, ErrorCode};
use super::graph::{self, ExecutionTarget, GraphEncoding};
use super::inference::{self, NamedTensor};
use super::tensor::Tensor;
use super::tensors::{self, TensorType};
use super::{Context, LoadedGraph, View};

type Told<T> = wasmtime::Result<Result<T, Resource<Failure>>>;

impl View<'_> {
    /// Gives the guest a handle on what it asked for, or on why it does not have it.
    fn told<T: Send + 'static>(&mut self, made: Result<T, Failure>) -> Told<Resource<T>> {
        Ok(match made {
            Ok(made) => Ok(self.table.push(made)?),
            Err(failure) => Err(self.table.push(failure)?),
        })
    }

    async fn infer(
        &mut self,
        graph: Graph,
        given: Vec<(String, Tensor)>,
    ) -> Result<Vec<(String, Tensor)>, Failure> {
        let (nn, control) = (self.nn, &self.nn.control);
        let deadline = nn.permit(&graph, &given)?;
        let tensor = |(name, tensor): &(String, Tensor)| Ok((name.clone(), tensor.given()?));
        let inputs = given.iter().map(tensor).collect::<Result<_, Failure>>()?;
        let computed = nn.models.inference.compute(&graph, inputs, nn.group, deadline).await;
        let mut bytes: u64 = given.iter().map(|(_, tensor)| tensor.data.len() as u64).sum();
        // What it was given is not needed any more, and leaves its room to what it is given back.
        drop(given);
        let (outputs, served) = match computed {
            Ok(computed) => (Ok(computed.outputs), Some(computed.served)),
            Err(failed) => (Err(failed.failure), failed.served),
        };
        bytes += outputs.iter().flatten().map(|(_, tensor)| tensor.data().len() as u64).sum::<u64>();
        if let Some(served) = served {
            control.inferred().computed(&served, bytes);
            nn.spend(&graph, served.nanos);
        }
        outputs?.into_iter().map(|(name, tensor)| Ok((name, Tensor::of(&tensor, control)?))).collect()
    }
}

impl graph::Host for View<'_> {
    async fn load(
        &mut self,
        builder: Vec<Vec<u8>>,
        encoding: GraphEncoding,
        target: ExecutionTarget,
    ) -> Told<Resource<LoadedGraph>> {
        let loaded = match one_file(builder, encoding, target) {
            Ok(file) => self.nn.load(file).await,
            Err(failure) => Err(failure),
        };
        self.told(loaded)
    }

    async fn load_by_name(&mut self, name: String) -> Told<Resource<LoadedGraph>> {
        let loaded = self.nn.load_by_name(&name).await;
        self.told(loaded)
    }
}

/// Checks what a guest asks for against what there is.
fn one_file(
    builder: Vec<Vec<u8>>,
    encoding: GraphEncoding,
    target: ExecutionTarget,
) -> Result<Vec<u8>, Failure> {
    let unsupported = |message: String| Err(Failure::new(Code::UnsupportedOperation, message));
    match encoding {
        GraphEncoding::Onnx | GraphEncoding::Autodetect => {}
        other => return unsupported(format!("this server loads ONNX files, not {other:?}")),
    }
    match target {
        ExecutionTarget::Cpu => {}
        ExecutionTarget::Gpu => return unsupported("this server has no GPU".into()),
        ExecutionTarget::Tpu => return unsupported("this server has no TPU".into()),
    }
    <[Vec<u8>; 1]>::try_from(builder).map(|[file]| file).map_err(|builder| {
        let message = format!("an ONNX model is one list of bytes, not {}", builder.len());
        Failure::new(Code::InvalidArgument, message)
    })
}

impl graph::HostGraph for View<'_> {
    fn init_execution_context(&mut self, graph: Resource<LoadedGraph>) -> Told<Resource<Context>> {
        let loaded = self.table.get(&graph)?.clone();
        self.told(Ok(Context(loaded)))
    }

    fn drop(&mut self, graph: Resource<LoadedGraph>) -> wasmtime::Result<()> {
        self.table.delete(graph)?;
        Ok(())
    }
}

impl inference::Host for View<'_> {}

impl inference::HostGraphExecutionContext for View<'_> {
    async fn compute(
        &mut self,
        context: Resource<Context>,
        inputs: Vec<NamedTensor>,
    ) -> Told<Vec<NamedTensor>> {
        let graph = self.table.get(&context)?.0.graph.clone();
        let mut given = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            given.push((name, self.table.delete(tensor)?));
        }
        Ok(match self.infer(graph, given).await {
            Ok(outputs) => {
                let mut named = Vec::with_capacity(outputs.len());
                for (name, tensor) in outputs {
                    named.push((name, self.table.push(tensor)?));
                }
                Ok(named)
            }
            Err(failure) => Err(self.table.push(failure)?),
        })
    }

    fn drop(&mut self, context: Resource<Context>) -> wasmtime::Result<()> {
        self.table.delete(context)?;
        Ok(())
    }
}

impl tensors::Host for View<'_> {}

impl tensors::HostTensor for View<'_> {
    fn new(&mut self, dims: Vec<u32>, ty: TensorType, data: Vec<u8>) -> wasmtime::Result<Resource<Tensor>> {
        let bytes = data.len();
        match Tensor::new(dims, ty, Bytes::from(data), &self.nn.control) {
            Some(tensor) => Ok(self.table.push(tensor)?),
            None => {
                // This call cannot fail otherwise, and the guest is told why it ended.
                self.nn.control.memory_refuse();
                Err(format_err!("a tensor of {bytes} bytes is more memory than it may use"))
            }
        }
    }

    fn dimensions(&mut self, tensor: Resource<Tensor>) -> wasmtime::Result<Vec<u32>> {
        Ok(self.table.get(&tensor)?.dims.clone())
    }

    fn ty(&mut self, tensor: Resource<Tensor>) -> wasmtime::Result<TensorType> {
        Ok(self.table.get(&tensor)?.ty)
    }

    fn data(&mut self, tensor: Resource<Tensor>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.table.get(&tensor)?.data.to_vec())
    }

    fn drop(&mut self, tensor: Resource<Tensor>) -> wasmtime::Result<()> {
        self.table.delete(tensor)?;
        Ok(())
    }
}

impl errors::Host for View<'_> {}

impl errors::HostError for View<'_> {
    fn code(&mut self, failure: Resource<Failure>) -> wasmtime::Result<ErrorCode> {
        Ok(match self.table.get(&failure)?.code {
            Code::InvalidArgument => ErrorCode::InvalidArgument,
            Code::InvalidEncoding => ErrorCode::InvalidEncoding,
            Code::Timeout => ErrorCode::Timeout,
            Code::RuntimeError => ErrorCode::RuntimeError,
            Code::UnsupportedOperation => ErrorCode::UnsupportedOperation,
            Code::TooLarge => ErrorCode::TooLarge,
            Code::NotFound => ErrorCode::NotFound,
            Code::Security => ErrorCode::Security,
        })
    }

    fn data(&mut self, failure: Resource<Failure>) -> wasmtime::Result<String> {
        Ok(self.table.get(&failure)?.message.clone())
    }

    fn drop(&mut self, failure: Resource<Failure>) -> wasmtime::Result<()> {
        self.table.delete(failure)?;
        Ok(())
    }
}

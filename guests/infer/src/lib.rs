//! Computes models with wasi:nn: whatever a test asks of it, it asks of the host.

wit_bindgen::generate!({ path: "../wit", world: "infer", generate_all });

use crate::wasi::nn::errors::Error;
use crate::wasi::nn::graph::{ExecutionTarget, Graph, GraphEncoding, load, load_by_name};
use crate::wasi::nn::tensor::{Tensor, TensorType};

struct Infer;

export!(Infer);

impl Guest for Infer {
    fn by_name(model: String, inputs: Vec<Named>) -> Result<Vec<Named>, String> {
        compute(&load_by_name(&model).map_err(said)?, &inputs)
    }

    fn brought(
        files: Vec<Vec<u8>>,
        encoding: String,
        target: String,
        inputs: Vec<Named>,
    ) -> Result<Vec<Named>, String> {
        let encoding = match encoding.as_str() {
            "onnx" => GraphEncoding::Onnx,
            "autodetect" => GraphEncoding::Autodetect,
            "ggml" => GraphEncoding::Ggml,
            _ => GraphEncoding::Openvino,
        };
        let target = match target.as_str() {
            "cpu" => ExecutionTarget::Cpu,
            "gpu" => ExecutionTarget::Gpu,
            _ => ExecutionTarget::Tpu,
        };
        compute(&load(&files, encoding, target).map_err(said)?, &inputs)
    }

    fn repeat(model: String, inputs: Vec<Named>, times: u32) -> Result<u32, String> {
        let graph = load_by_name(&model).map_err(said)?;
        for _ in 0..times {
            compute(&graph, &inputs)?;
        }
        Ok(times)
    }

    fn hoard(tensors: u32, bytes: u32) -> u32 {
        let data = vec![0; bytes as usize];
        let kept: Vec<Tensor> = (0..tensors).map(|_| Tensor::new(&[bytes], TensorType::U8, &data)).collect();
        kept.len() as u32
    }
}

fn compute(graph: &Graph, inputs: &[Named]) -> Result<Vec<Named>, String> {
    let context = graph.init_execution_context().map_err(said)?;
    let given = inputs.iter().map(|input| {
        let ty = TYPES.iter().find(|(name, _)| *name == input.ty).map_or(TensorType::U8, |(_, ty)| *ty);
        (input.name.clone(), Tensor::new(&input.dims, ty, &input.data))
    });
    let computed = context.compute(given.collect()).map_err(said)?;
    let named = computed.into_iter().map(|(name, tensor)| Named {
        name,
        dims: tensor.dimensions(),
        ty: TYPES.iter().find(|(_, ty)| *ty == tensor.ty()).map_or("", |(name, _)| name).to_owned(),
        data: tensor.data(),
    });
    Ok(named.collect())
}

const TYPES: [(&str, TensorType); 7] = [
    ("fp16", TensorType::Fp16),
    ("fp32", TensorType::Fp32),
    ("fp64", TensorType::Fp64),
    ("bf16", TensorType::Bf16),
    ("u8", TensorType::U8),
    ("i32", TensorType::I32),
    ("i64", TensorType::I64),
];

/// An error as the test reads it.
fn said(error: Error) -> String {
    format!("{:?}: {}", error.code(), error.data())
}

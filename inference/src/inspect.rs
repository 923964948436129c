//! What a file holds, and whether its rows are as independent as its owner says: asked once, when it is uploaded.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::backend::tract::Tract;
use crate::backend::{Backend, Bound, Graph};
use crate::batch::Batching;
use crate::compare;
use crate::failure::{Code, Failure};
use crate::onnx::Onnx;
use crate::signature::{Dim, Signature};
use crate::tensor::{ElementType, Tensor};

/// What a model was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// What it takes and gives.
    pub signature: Signature,
    /// The backend that loaded it.
    pub backend: String,
    /// Bytes of memory that it takes once it is loaded, about.
    pub memory_bytes: u64,
}

/// Bytes of what an inference of the proof computes, and how long it may take.
const PROOF_BYTES_MAX: u64 = 1 << 30;
const PROOF_TIME_MAX: Duration = Duration::from_secs(20);
/// How long dimensions are that are free, but for the rows: short, and no two alike.
const FREE_LENGTHS: [usize; 4] = [4, 6, 8, 10];
/// Rows of the inferences that are computed together: each with itself alone in one of them.
const TRIALS: [&[usize]; 3] = [&[1, 1], &[2, 3], &[1, 4, 2]];

/// Loads a model as the server will, and proves that its rows are independent of each other where somebody says so.
///
/// # Errors
/// Why it is no model, or its rows are not independent.
pub fn inspect(file: &Bytes, batching: Option<Batching>) -> Result<Inspected, Failure> {
    let backend = Tract;
    let graph = backend.load(file, Onnx::read(file)?)?;
    if let Some(batching) = batching {
        prove(graph.as_ref(), batching)?;
    }
    let (signature, backend) = (graph.signature().clone(), backend.name().to_owned());
    Ok(Inspected { signature, backend, memory_bytes: graph.bytes() })
}

/// Shows on examples that what is computed of rows together is what is computed of each alone.
fn prove(graph: &dyn Graph, batching: Batching) -> Result<(), Failure> {
    let refused = |message| Err(Failure::new(Code::InvalidArgument, message));
    let signature = graph.signature();
    for port in signature.inputs.iter().chain(&signature.outputs) {
        match port.dims.as_ref().and_then(|dims| dims.get(batching.axis)) {
            Some(Dim::Named(_) | Dim::Free) => {}
            Some(Dim::Fixed(length)) => {
                let message =
                    format!("{port} cannot be batched: axis {} is always {length} long", batching.axis);
                return refused(message);
            }
            None => return refused(format!("{port} cannot be batched: it has no axis {}", batching.axis)),
        }
    }
    let bound = Bound {
        memory_bytes_max: PROOF_BYTES_MAX,
        deadline: Instant::now() + PROOF_TIME_MAX,
        is_wanted: &|| true,
    };
    let mut examples = Examples { state: 0x9e37_79b9_7f4a_7c15 };
    for (trial, rows) in TRIALS.iter().enumerate() {
        let parts: Vec<Vec<Tensor>> = rows
            .iter()
            .map(|rows| examples.of(signature, batching, *rows, trial))
            .collect::<Result<_, _>>()?;
        let together = graph.run(batching.join(&parts)?, &bound)?;
        for (together, inputs) in batching.cut(&together, rows)?.iter().zip(parts) {
            let alone = graph.run(inputs, &bound)?;
            for ((together, alone), port) in together.iter().zip(&alone).zip(&signature.outputs) {
                if let Some(difference) = compare::difference(together, alone) {
                    let message = format!(
                        "its rows depend on each other: {port} differs by {difference} between a row computed with \
                         others and the same row alone"
                    );
                    return refused(message);
                }
            }
        }
    }
    Ok(())
}

/// Tensors that look like what a model is given: a generator of numbers, the same at each start.
struct Examples {
    state: u64,
}

impl Examples {
    fn of(
        &mut self,
        signature: &Signature,
        batching: Batching,
        rows: usize,
        trial: usize,
    ) -> Result<Vec<Tensor>, Failure> {
        let mut lengths: HashMap<&str, usize> = HashMap::new();
        let mut tensors = Vec::with_capacity(signature.inputs.len());
        for port in &signature.inputs {
            let mut dims = Vec::new();
            for (index, dim) in port.dims.iter().flatten().enumerate() {
                let new = FREE_LENGTHS[(trial + lengths.len()) % FREE_LENGTHS.len()];
                dims.push(match dim {
                    _ if index == batching.axis => rows,
                    Dim::Fixed(length) => *length,
                    Dim::Named(name) => *lengths.entry(name).or_insert(new),
                    Dim::Free => FREE_LENGTHS[trial],
                });
            }
            let count: usize = dims.iter().product();
            let data: Vec<u8> = (0..count).flat_map(|_| self.element(port.ty)).collect();
            tensors.push(Tensor::new(port.ty, dims, data.into())?);
        }
        Ok(tensors)
    }

    /// Integers are 0 or 1: masks, or indices that any table has. Other numbers are between -1 and 1.
    fn element(&mut self, ty: ElementType) -> Vec<u8> {
        // splitmix64
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = mixed ^ (mixed >> 27);
        let float = (bits >> 40) as f32 / (1 << 23) as f32 - 1.0;
        match ty {
            ElementType::F32 => float.to_le_bytes().to_vec(),
            ElementType::F64 => f64::from(float).to_le_bytes().to_vec(),
            // The upper half of a float is one of fewer digits; a half of 16 bits has its exponent elsewhere.
            ElementType::Bf16 => float.to_le_bytes()[2..].to_vec(),
            ElementType::F16 => {
                let magnitude = 0x3000 | (bits >> 50) as u16 & 0x07ff;
                (magnitude | if float < 0.0 { 0x8000 } else { 0 }).to_le_bytes().to_vec()
            }
            ElementType::U8 => vec![(bits >> 63) as u8],
            ElementType::I32 => ((bits >> 63) as i32).to_le_bytes().to_vec(),
            ElementType::I64 => ((bits >> 63) as i64).to_le_bytes().to_vec(),
        }
    }
}

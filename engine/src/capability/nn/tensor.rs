//! Tensors as a guest holds them: bytes that count as its memory.

use std::sync::Arc;

use bytes::Bytes;
use skep_inference::{Code, ElementType, Failure};

use super::tensors::TensorType;
use crate::control::Control;

/// A tensor. Whether its bytes are as many as its elements take is seen when it is computed with: the interface has no
/// way to say no before.
#[expect(unreachable_pub, reason = "the bindings export it, as far as they go")]
pub struct Tensor {
    pub(super) dims: Vec<u32>,
    pub(super) ty: TensorType,
    pub(super) data: Bytes,
    _held: Held,
}

/// Bytes that a tensor costs beside its elements.
const COST: u64 = 200;

impl Tensor {
    /// Counts the bytes as the guest's, or says that they are too many.
    pub(super) fn new(dims: Vec<u32>, ty: TensorType, data: Bytes, control: &Arc<Control>) -> Option<Self> {
        let bytes = data.len() + dims.len() * size_of::<u32>();
        let held = Held::take(control, bytes as u64 + COST)?;
        Some(Self { dims, ty, data, _held: held })
    }

    /// What was computed, as the guest's.
    pub(super) fn of(tensor: &skep_inference::Tensor, control: &Arc<Control>) -> Result<Self, Failure> {
        let dims: Result<Vec<u32>, _> = tensor.dims().iter().map(|dim| u32::try_from(*dim)).collect();
        let too_large = |what: &str| Failure::new(Code::TooLarge, format!("an output {what}"));
        let mut dims = dims.map_err(|_| too_large("is longer than wasi:nn can say"))?;
        // A single value is a list of one there.
        if dims.is_empty() {
            dims.push(1);
        }
        let (ty, data) = (tensor_type(tensor.ty()), tensor.data().clone());
        let bytes = data.len();
        Self::new(dims, ty, data, control)
            .ok_or_else(|| too_large(&format!("takes {bytes} bytes, more memory than this call has left")))
    }

    /// The tensor as a model takes it.
    pub(super) fn given(&self) -> Result<skep_inference::Tensor, Failure> {
        let dims = self.dims.iter().map(|dim| *dim as usize).collect();
        skep_inference::Tensor::new(element_type(self.ty), dims, self.data.clone())
    }
}

fn element_type(ty: TensorType) -> ElementType {
    match ty {
        TensorType::Fp16 => ElementType::F16,
        TensorType::Fp32 => ElementType::F32,
        TensorType::Fp64 => ElementType::F64,
        TensorType::Bf16 => ElementType::Bf16,
        TensorType::U8 => ElementType::U8,
        TensorType::I32 => ElementType::I32,
        TensorType::I64 => ElementType::I64,
    }
}

fn tensor_type(ty: ElementType) -> TensorType {
    match ty {
        ElementType::F16 => TensorType::Fp16,
        ElementType::F32 => TensorType::Fp32,
        ElementType::F64 => TensorType::Fp64,
        ElementType::Bf16 => TensorType::Bf16,
        ElementType::U8 => TensorType::U8,
        ElementType::I32 => TensorType::I32,
        ElementType::I64 => TensorType::I64,
    }
}

/// Bytes that the host keeps for a guest, counted as its memory for as long as this lives.
pub(super) struct Held {
    control: Arc<Control>,
    bytes: u64,
}

impl Held {
    pub(super) fn take(control: &Arc<Control>, bytes: u64) -> Option<Self> {
        control.memory_spare(bytes).then(|| Self { control: control.clone(), bytes })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.control.memory_shrink(self.bytes);
    }
}

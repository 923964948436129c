//! What computes a model. A registry of backends imports them; none knows another.

pub(crate) mod tract;

use std::time::Instant;

use bytes::Bytes;

use crate::failure::{Code, Failure};
use crate::onnx::Onnx;
use crate::signature::Signature;
use crate::tensor::Tensor;

/// Turns a model into something that computes.
pub(crate) trait Backend: Send + Sync {
    /// As configurations and usage name it.
    fn name(&self) -> &'static str;

    /// Makes a model ready. Blocks for milliseconds to seconds.
    fn load(&self, file: &Bytes, onnx: Onnx) -> Result<Box<dyn Graph>, Failure>;
}

/// A model that is ready. Any number of threads may use it at once.
pub(crate) trait Graph: Send + Sync {
    /// What it takes and gives, as its backend knows it.
    fn signature(&self) -> &Signature;

    /// Bytes of memory that it takes, about.
    fn bytes(&self) -> u64;

    /// Computes its outputs from its inputs, both in its own order. Blocks for as long as that takes.
    fn run(&self, inputs: Vec<Tensor>, bound: &Bound<'_>) -> Result<Vec<Tensor>, Failure>;
}

/// What one inference may use.
pub(crate) struct Bound<'a> {
    /// Bytes of what it computes, at any time.
    pub(crate) memory_bytes_max: u64,
    /// When it is given up.
    pub(crate) deadline: Instant,
    /// Whether anybody still waits for it.
    pub(crate) is_wanted: &'a dyn Fn() -> bool,
}

impl Bound<'_> {
    /// Asked in the middle, as often as a backend can: whether to go on.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if Instant::now() >= self.deadline {
            return Err(Failure::new(Code::Timeout, "the inference took longer than it may"));
        }
        if !(self.is_wanted)() {
            return Err(Failure::new(Code::RuntimeError, "the inference was given up"));
        }
        Ok(())
    }
}

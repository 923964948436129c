//! Inference: models loaded once, shared by all that may use them, computed on the devices of this machine.
//!
//! [`Inference::load`] turns a file into a [`Graph`], [`Inference::compute`] its inputs into its outputs. What a
//! stranger's model or tensors lead to is a [`Failure`], which the guest is told and goes on.
//!
//! This crate knows tensors, models, devices and backends. It knows no WebAssembly, no account and no job; whoever
//! asks is an opaque number, so that devices are shared fairly.
#![warn(missing_docs)]

mod backend;
mod batch;
mod compare;
mod device;
mod failure;
mod inference;
mod inspect;
mod lane;
mod models;
mod onnx;
mod signature;
mod tensor;

pub use batch::Batching;
pub use device::{Device, DeviceKind};
pub use failure::{Code, Failure};
pub use inference::{Computed, Config, Failed, Graph, Inference, Model, Served};
pub use inspect::{Inspected, inspect};
pub use signature::{Dim, Port, Signature};
pub use skep_fair::ShareGroup;
pub use tensor::{ElementType, RANK_MAX, Tensor};

//! Tensors to tract's and back. tract's are aligned for its kernels, so each way is a copy.

use bytes::Bytes;
use tract_onnx::prelude::*;

use crate::failure::{Code, Failure};
use crate::tensor::{ElementType, Tensor as Given};

/// A guest's tensor as tract's, of the type that the model has.
pub(super) fn value(given: &Given, ty: DatumType) -> Result<TValue, Failure> {
    let failed =
        |error: TractError| Failure::new(Code::RuntimeError, format!("no room for a tensor: {error}"));
    let mut tensor = Tensor::zero_dt(ty, given.dims()).map_err(failed)?;
    let room = tensor.as_bytes_mut();
    if room.len() != given.data().len() {
        let message = format!("{} elements are not what the model's {ty:?} are", given.ty().name());
        return Err(Failure::new(Code::InvalidArgument, message));
    }
    if ty == DatumType::Bool {
        // A boolean that is neither 0 nor 1 is none that Rust may see.
        room.iter_mut().zip(given.data()).for_each(|(room, byte)| *room = u8::from(*byte != 0));
    } else {
        room.copy_from_slice(given.data());
    }
    Ok(tensor.into_tvalue())
}

/// What tract has computed, as a guest reads it.
pub(super) fn tensor(value: &TValue, ty: ElementType) -> Result<Given, Failure> {
    let shape = value.shape().to_vec();
    // Lengths that the model computes are symbols for tract until they are numbers.
    if value.datum_type() == TDim::datum_type() {
        let cast = value.cast_to::<i64>();
        let cast = cast.map_err(|error| Failure::new(Code::RuntimeError, format!("an output: {error}")))?;
        return Given::new(ty, shape, Bytes::copy_from_slice(cast.as_bytes()));
    }
    Given::new(ty, shape, Bytes::copy_from_slice(value.as_bytes()))
}

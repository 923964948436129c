//! Tensors as a guest and a backend exchange them: a type, dimensions, and the elements' bytes.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure};

/// What a tensor's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementType {
    /// IEEE 754, 16 bits.
    #[serde(rename = "fp16")]
    F16,
    /// IEEE 754, 32 bits.
    #[serde(rename = "fp32")]
    F32,
    /// IEEE 754, 64 bits.
    #[serde(rename = "fp64")]
    F64,
    /// The upper half of a 32-bit float.
    Bf16,
    /// A byte. A model's booleans (0 or 1) and signed bytes are passed as these too.
    U8,
    /// 32 bits, signed.
    I32,
    /// 64 bits, signed.
    I64,
}

impl ElementType {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 | Self::Bf16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// As wasi:nn writes it, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "fp16",
            Self::F32 => "fp32",
            Self::F64 => "fp64",
            Self::Bf16 => "bf16",
            Self::U8 => "u8",
            Self::I32 => "i32",
            Self::I64 => "i64",
        }
    }
}

/// A tensor: elements in row-major order, little-endian, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    ty: ElementType,
    dims: Vec<usize>,
    data: Bytes,
}

/// Dimensions of a tensor: more than any operator of a network has.
pub const RANK_MAX: usize = 8;

impl Tensor {
    /// A tensor of this type and these dimensions.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`] if there are not as many bytes as its elements take, or too many dimensions.
    pub fn new(ty: ElementType, dims: Vec<usize>, data: Bytes) -> Result<Self, Failure> {
        if dims.len() > RANK_MAX {
            let message = format!("a tensor of {} dimensions, {RANK_MAX} are allowed", dims.len());
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        let bytes = dims.iter().try_fold(ty.size(), |bytes, dim| bytes.checked_mul(*dim));
        if bytes != Some(data.len()) {
            let message = match bytes {
                Some(bytes) => {
                    format!("{dims:?} elements of {} take {bytes} bytes, not {}", ty.name(), data.len())
                }
                None => format!("a tensor of {dims:?} elements is larger than any memory"),
            };
            return Err(Failure::new(Code::InvalidArgument, message));
        }
        Ok(Self { ty, dims, data })
    }

    /// The only value of a list of one, as that value.
    pub(crate) fn single(self) -> Self {
        Self { dims: Vec::new(), ..self }
    }

    /// What its elements are.
    pub fn ty(&self) -> ElementType {
        self.ty
    }

    /// Its dimensions; none for a single value.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Its elements' bytes.
    pub fn data(&self) -> &Bytes {
        &self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_has_as_many_bytes_as_its_elements_take() {
        let tensor =
            |dims: &[usize], bytes| Tensor::new(ElementType::F32, dims.to_vec(), vec![0; bytes].into());
        assert!(tensor(&[2, 3], 24).is_ok() && tensor(&[], 4).is_ok() && tensor(&[0, 7], 0).is_ok());
        let refused = tensor(&[2, 3], 23).expect_err("a byte is missing");
        assert_eq!(refused.message, "[2, 3] elements of fp32 take 24 bytes, not 23");
        let refused = tensor(&[usize::MAX, 2], 0).expect_err("it cannot be");
        assert_eq!(refused.code, Code::InvalidArgument);
        assert!(tensor(&[1; RANK_MAX + 1], 4).is_err());
    }
}

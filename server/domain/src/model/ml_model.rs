//! Models: ML graphs that functions compute with, each under a name, each upload a version that never changes.

use serde::{Deserialize, Serialize};

use super::function::Name;
use super::id::{AccountId, Sha256};
use super::time::Millis;
use crate::error::{Error, Result};

/// Models of an account: each is a name with its versions.
pub const MODELS_MAX: usize = 100;
/// Versions of one model.
pub const MODEL_VERSIONS_MAX: u32 = 100;

/// One version of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlModel {
    /// Whose it is.
    pub account: AccountId,
    /// Its name.
    pub name: Name,
    /// The version's number, from 1.
    pub number: u32,
    /// The hash of its file.
    pub sha256: Sha256,
    /// Bytes of its file.
    pub size_bytes: u64,
    /// What was found in it.
    pub found: Found,
    /// How its inferences may be computed together, if they may.
    pub batching: Option<Batching>,
    /// Whether all accounts may use it, and inferences of all of them be computed together.
    pub shared: bool,
    /// When it was uploaded.
    pub created_at: Millis,
}

/// What was found in a model's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// What it takes.
    pub inputs: Vec<Port>,
    /// What it gives.
    pub outputs: Vec<Port>,
    /// What computes it: `tract`.
    pub backend: String,
    /// Bytes of memory that it takes once it is loaded, about.
    pub memory_bytes: u64,
}

/// An input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Port {
    /// Its name in the model.
    pub name: String,
    /// What its elements are: `fp16`, `fp32`, `fp64`, `bf16`, `u8`, `i32`, `i64`.
    #[serde(rename = "type")]
    pub ty: String,
    /// Its dimensions; null where the model does not say how many.
    pub dims: Option<Vec<Dim>>,
}

/// A dimension: a number where it is always so long, a name where all of that name are equally long, null where it is as
/// long as the caller likes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Dim {
    /// Always this long.
    Fixed(u64),
    /// Those of the same name are equally long.
    Named(String),
    /// As long as the caller likes.
    Free,
}

/// How inferences may be computed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// The axis of each input and output along which rows are independent of each other.
    pub axis: u32,
    /// Rows of one batch.
    pub rows_max: u32,
}

/// The highest axis that there is.
const AXIS_MAX: u32 = 7;
/// Rows of one batch: more make nothing faster.
pub const BATCH_ROWS_MAX: u32 = 1024;

impl Batching {
    /// Checks what somebody asks for.
    ///
    /// # Errors
    /// Names what is out of bounds.
    pub fn check(self) -> Result<Self> {
        if self.axis > AXIS_MAX {
            return Err(Error::invalid(format!("batchAxis may be {AXIS_MAX} at most")).field("batchAxis"));
        }
        if !(2..=BATCH_ROWS_MAX).contains(&self.rows_max) {
            let message = format!("batchRows must be from 2 to {BATCH_ROWS_MAX}");
            return Err(Error::invalid(message).field("batchRows"));
        }
        Ok(self)
    }
}

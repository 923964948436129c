//! Models on the wire.

use serde::Serialize;
use skep_domain::model::ml_model::{MlModel, Port};
use utoipa::ToSchema;

/// The bytes of an ONNX file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bodies that are no JSON")]
pub(super) struct File(Vec<u8>);

/// A version of a model.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelView {
    name: String,
    version: u32,
    sha256: String,
    size_bytes: u64,
    /// Memory that it takes once it is loaded, about.
    memory_bytes: u64,
    /// What computes it.
    backend: String,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    /// How its inferences are computed together; null where each is computed alone.
    batching: Option<BatchingView>,
    /// Whether all accounts may use it.
    shared: bool,
    created_at: u64,
}

/// How inferences are computed together.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchingView {
    /// The axis along which rows are independent of each other.
    axis: u32,
    /// Rows of one batch.
    rows_max: u32,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ModelVersionsView {
    pub(super) name: String,
    /// The current one first, then the newest.
    pub(super) versions: Vec<ModelView>,
}

impl From<MlModel> for ModelView {
    fn from(model: MlModel) -> Self {
        let batching = model.batching.map(|how| BatchingView { axis: how.axis, rows_max: how.rows_max });
        Self {
            name: model.name.as_str().to_owned(),
            version: model.number,
            sha256: model.sha256.to_string(),
            size_bytes: model.size_bytes,
            memory_bytes: model.found.memory_bytes,
            backend: model.found.backend,
            inputs: model.found.inputs,
            outputs: model.found.outputs,
            batching,
            shared: model.shared,
            created_at: model.created_at.0,
        }
    }
}

//! What a no looks like in the document.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::{RefOr, Response};
use utoipa::{IntoResponses, ToSchema};

use crate::shared::refusals;

/// An error. Its schema is told; what is sent is made in `error`.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorResponse {
    #[schema(example = "3.0")]
    api_version: &'static str,
    #[schema(example = "ERROR")]
    kind: &'static str,
    error: ErrorBody,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// The HTTP status.
    code: u16,
    message: String,
    errors: Vec<ErrorItem>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorItem {
    /// The kind of the error.
    reason: String,
    message: String,
    help: String,
}

/// The refusals that any request may get.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals::responses("ErrorResponse", &[409, 413])
    }
}

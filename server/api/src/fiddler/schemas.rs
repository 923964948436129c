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

const REFUSALS: [(&str, &str); 8] = [
    ("400", "the request makes no sense"),
    ("401", "no key or token, or one that is unknown or has ended"),
    ("403", "the key or token lacks a scope"),
    ("404", "not there, or not the caller's"),
    ("405", "the path does not take this method"),
    ("429", "too many at once; later it may do"),
    ("500", "the server failed"),
    ("503", "the server cannot take it now"),
];

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals::responses("ErrorResponse", &REFUSALS)
    }
}

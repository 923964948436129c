//! Schemas that no handler returns: refusals.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::{RefOr, Response};
use utoipa::{IntoResponses, ToSchema};

use crate::shared::refusals;

/// A refusal: `detail`, or texts by the name of the field that does not fit (`non_field_errors` where none is to
/// blame). Its schema is told; what is sent is made in `error`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Detail {
    detail: Option<String>,
    non_field_errors: Option<Vec<String>>,
}

/// The refusals that any request may get.
pub(super) struct Refusals;

const REFUSALS: [(&str, &str); 10] = [
    ("400", "the request makes no sense"),
    ("401", "no token, or one that is unknown or has ended"),
    ("403", "the token lacks a permission"),
    ("404", "not there, or not the caller's"),
    ("405", "the path does not take this method"),
    ("409", "the present state does not allow it"),
    ("413", "larger than a limit allows"),
    ("429", "too many at once; later it may do"),
    ("500", "the server failed"),
    ("503", "the server cannot take it now"),
];

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals::responses("Detail", &REFUSALS)
    }
}

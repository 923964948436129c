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

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals::responses("Detail", &[])
    }
}

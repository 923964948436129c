//! The refusals that any request may get, as a document lists them.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// A response for each status, of what it says, all of one schema.
pub(crate) fn responses(schema: &str, refusals: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let response = |description: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
        ResponseBuilder::new().description(description).content("application/json", content).build()
    };
    refusals.iter().map(|(status, says)| ((*status).to_owned(), response(says).into())).collect()
}

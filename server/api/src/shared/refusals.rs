//! The refusals that any request may get, as a document lists them.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// Each status, and what it says.
const REFUSALS: [(u16, &str); 10] = [
    (400, "the request makes no sense; the body says where"),
    (401, "no key or token, or one that is unknown or has ended"),
    (403, "the key or token lacks a scope"),
    (404, "not there, or not the caller's"),
    (405, "the path does not take this method"),
    (409, "the present state does not allow it"),
    (413, "larger than a limit allows"),
    (429, "too many at once; later it may do"),
    (500, "the server failed"),
    (503, "the server cannot take it now"),
];

/// A response of one schema for each refusal, but for those that an API never gives.
pub(crate) fn responses(schema: &str, never: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    let response = |description: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
        ResponseBuilder::new().description(description).content("application/json", content).build()
    };
    let given = REFUSALS.iter().filter(|(status, _)| !never.contains(status));
    given.map(|(status, says)| (status.to_string(), response(says).into())).collect()
}

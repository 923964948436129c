//! HTTP: what scripts send, and what they answer.

mod incoming;
pub(crate) mod outgoing;
mod streams;

use rquickjs::{Function, Object};

/// The export that answers requests, also as a property of the default export.
pub(crate) const FETCH: &str = "fetch";

/// The function that answers requests, and what it is called on.
pub(crate) fn handler<'js>(exports: &Object<'js>) -> Option<(Function<'js>, Object<'js>)> {
    if let Ok(function) = exports.get::<_, Function<'js>>(FETCH) {
        return Some((function, exports.clone()));
    }
    let default: Object<'js> = exports.get("default").ok()?;
    let function = default.get::<_, Function<'js>>(FETCH).ok()?;
    Some((function, default))
}

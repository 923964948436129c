//! The head of a request on its way to a function.

use http::header::{AUTHORIZATION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use skep_domain::model::trace::Trace;
use skep_domain::{Error, Result};

/// What a caller shows, if it is a key or token of ours: a bearer token.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The request as the function sees it: below its own root, at the host that the caller named, and without
/// keys of ours.
pub(super) fn for_guest<B>(
    request: http::Request<B>,
    within: usize,
    trace: Trace,
) -> Result<http::Request<B>> {
    const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let (prefix, path) = path.split_at(within.min(path.len()));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let authority = match parts.uri.authority() {
        Some(authority) => authority.clone(),
        None => host(&parts.headers)?,
    };
    let prefix = HeaderValue::from_str(prefix).map_err(|_| Error::invalid("the path is none"))?;
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path).build();
    parts.uri = uri.map_err(|_| Error::invalid("the path is none"))?;
    if token(&parts.headers).is_some_and(is_ours) {
        parts.headers.remove(AUTHORIZATION);
    }
    // A header of the caller's that says so is a lie.
    parts.headers.insert(PREFIX, prefix);
    if let Ok(trace) = HeaderValue::from_str(&trace.traceparent()) {
        parts.headers.insert(HeaderName::from_static("traceparent"), trace);
    }
    Ok(http::Request::from_parts(parts, body))
}

fn host(headers: &HeaderMap) -> Result<Authority> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    host.ok_or_else(|| Error::invalid("the request names no host"))
}

/// Whether it may be a key of ours, or a token, which a function must not have.
fn is_ours(token: &str) -> bool {
    let is_key = token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_key || token.split('.').count() == 3
}

//! The head of a request on its way to a function.

use std::net::SocketAddr;

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
    peer: SocketAddr,
) -> Result<http::Request<B>> {
    const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
    const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    const FORWARDED: [&str; 5] =
        ["forwarded", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip"];
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
    let has_key = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.split_whitespace().any(is_key));
    if parts.headers.get_all(AUTHORIZATION).iter().any(has_key) {
        parts.headers.remove(AUTHORIZATION);
    }
    // What the caller says of where it is may be a lie.
    for name in FORWARDED {
        parts.headers.remove(name);
    }
    let peer = HeaderValue::from_str(&peer.ip().to_canonical().to_string());
    parts.headers.insert(FOR, peer.map_err(Error::internal)?);
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

/// Whether it may be a key of ours, which no function must have.
fn is_key(word: &str) -> bool {
    word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

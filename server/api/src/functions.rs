//! HTTP functions, `/f/{account}/{function}/…`: the path behind the function's name is the function's own.
//!
//! A failure of the server's is `{"statusCode","code","message"}`, as in the native API; one of the function
//! is 502 (`FUNCTION_FAILED`) where it failed before it answered, 504 (`FUNCTION_TIMEOUT`) where its time was
//! up, 503 where too many requests are under way. One that fails in the middle of its answer breaks it off.

mod head;

use std::net::SocketAddr;

use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use skep_domain::model::attempt::{Failure, FailureCode};
use skep_domain::model::trace::Trace;
use skep_domain::port::http_guest::Body;
use skep_domain::service::Services;
use skep_domain::service::web::Refused;
use skep_domain::{Code, Error};

use crate::shared::status::status_of;

/// Where HTTP functions are.
pub(crate) const PREFIX: &str = "/f/";

/// Answers a request to a function.
pub(crate) async fn serve(
    services: &Services,
    request: http::Request<Incoming>,
    peer: SocketAddr,
) -> http::Response<Body> {
    let base = services.base();
    let parent: Option<Trace> =
        request.headers().get("traceparent").and_then(|value| value.to_str().ok()?.parse().ok());
    let trace = base.trace(parent);
    let began = base.clock.nanos();
    let mut response = match answer(services, request, trace, peer).await {
        Ok(response) => response,
        Err(Refused::No(error)) => no(&error),
        Err(Refused::Failed(failure)) => failed(&failure),
    };
    if let Ok(id) = HeaderValue::from_str(&trace.to_string()) {
        response.headers_mut().insert(HeaderName::from_static("trace-id"), id);
    }
    let seconds = base.clock.nanos().saturating_sub(began) as f64 / 1e9;
    metrics::histogram!("skep_http_function_response_seconds").record(seconds);
    tracing::debug!(trace.id = %trace, http.status = response.status().as_u16(), duration_ms = seconds * 1e3, "function request");
    response
}

async fn answer(
    services: &Services,
    request: http::Request<Incoming>,
    trace: Trace,
    peer: SocketAddr,
) -> Result<http::Response<Body>, Refused> {
    let path = request.uri().path().to_owned();
    let (account, rest) = path[PREFIX.len()..].split_once('/').ok_or_else(no_function)?;
    let function = rest.split('/').next().unwrap_or_default();
    let token = head::token(request.headers()).map(str::to_owned);
    let within = PREFIX.len() + account.len() + 1 + function.len();
    let request = head::for_guest(request, within, trace, peer)?;
    let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
    services.web.serve((account, function), token.as_deref(), request).await
}

fn no_function() -> Error {
    Error::not_found("function")
}

/// The server's own no.
fn no(error: &Error) -> http::Response<Body> {
    let status =
        StatusCode::from_u16(status_of(error.code()).as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (number, code) = (status.as_u16(), error.code());
    let body = match code {
        Code::Unauthenticated => json!({"statusCode": number, "message": error.message()}),
        _ => json!({"statusCode": number, "code": code.name(), "message": error.message()}),
    };
    let mut response = json_response(status, &body);
    if error.code() == Code::Unauthenticated {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if status.is_server_error() && error.code() != Code::Unavailable {
        tracing::error!(error = error.chain(), "a function request failed");
    }
    response
}

/// A function that gave no response. What it said is its owner's business, not the caller's.
fn failed(failure: &Failure) -> http::Response<Body> {
    let (status, code, message) = match failure.code {
        FailureCode::Timeout => {
            (StatusCode::GATEWAY_TIMEOUT, "FUNCTION_TIMEOUT", "the function did not answer in time")
        }
        FailureCode::Host | FailureCode::Interrupted => {
            (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "the function could not be run")
        }
        FailureCode::GuestError
        | FailureCode::ExitCode
        | FailureCode::Trap
        | FailureCode::OutOfMemory
        | FailureCode::CpuLimit
        | FailureCode::StackOverflow
        | FailureCode::OutputTooLarge
        | FailureCode::Denied
        | FailureCode::Cancelled => {
            (StatusCode::BAD_GATEWAY, "FUNCTION_FAILED", "the function failed before it answered")
        }
    };
    json_response(status, &json!({"statusCode": status.as_u16(), "code": code, "message": message}))
}

fn json_response(status: StatusCode, body: &Value) -> http::Response<Body> {
    let body = Full::new(body.to_string().into()).map_err(|never| match never {}).boxed_unsync();
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

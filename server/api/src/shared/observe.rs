//! Tells of each request: a metric, a line of the log, a span.

use std::future::{Ready, ready};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use skep_domain::base::Base;
use skep_domain::model::trace::Trace;
use skep_domain::port::telemetry::{Span, SpanKind};
use skep_domain::service::Services;

use super::failure::Blame;

/// Says which trace an answer belongs to.
const TRACE_ID: HeaderName = HeaderName::from_static("trace-id");

/// The trace of a request, for what it makes.
pub(crate) struct Traced(pub(crate) Option<Trace>);

impl FromRequest for Traced {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.extensions().get::<Trace>().copied())))
    }
}

/// A middleware that observes.
pub(crate) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let Some(services) = request.app_data::<web::Data<Services>>().cloned() else {
        return next.call(request).await;
    };
    let base = services.base();
    let header = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let parent: Option<Trace> = header.and_then(|header| header.parse().ok());
    let trace = base.trace(parent);
    request.extensions_mut().insert(trace);
    let began = base.clock.nanos();
    let mut response = next.call(request).await?;
    if let Ok(id) = HeaderValue::from_str(&trace.to_string()) {
        response.headers_mut().insert(TRACE_ID, id);
    }
    tell(base, &response, trace, parent, began);
    Ok(response)
}

fn tell<B>(base: &Base, response: &ServiceResponse<B>, trace: Trace, parent: Option<Trace>, began: u64) {
    let (request, status) = (response.request(), response.status());
    let ended = base.clock.nanos();
    let seconds = ended.saturating_sub(began) as f64 / 1e9;
    // The route's pattern, not the path: a stranger chooses paths.
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let method = method_name(request);
    metrics::counter!("skep_http_requests_total", "method" => method, "route" => route.clone(), "status" => status.as_str().to_owned()).increment(1);
    metrics::histogram!("skep_http_request_duration_seconds", "method" => method, "route" => route.clone())
        .record(seconds);
    tracing::debug!(trace.id = %trace, http.method = method, http.route = route, http.status = status.as_u16(), duration_ms = seconds * 1e3, "request");
    // Logged once, here, where it is known which trace it belongs to.
    if let Some(Blame(why)) = response.response().extensions().get() {
        tracing::error!(trace.id = %trace, http.method = method, http.route = route, error = why, "a request failed");
    }
    if base.telemetry.wants_spans() {
        base.telemetry.span(Span {
            at: trace,
            parent: parent.map(|parent| parent.span),
            name: format!("{method} {route}"),
            kind: SpanKind::Server,
            started_nanos: began,
            ended_nanos: ended,
            attributes: vec![
                ("http.request.method", method.to_owned()),
                ("http.route", route),
                ("http.response.status_code", status.as_u16().to_string()),
            ],
            failure: status.is_server_error().then(|| status.to_string()),
        });
    }
}

/// Methods that anybody can make up are all the same.
fn method_name(request: &HttpRequest) -> &'static str {
    match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

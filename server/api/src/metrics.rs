//! `/metrics`: two products have it at the same place. What a scraper takes decides.

use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, ResponseError, get, web};
use skep_domain::service::Services;

use crate::tork::schemas::Metrics;
use crate::v1::error::Native;
use crate::{tork, v1};

/// What asks for the text format.
const TEXTS: [&str; 2] = ["text/plain", "application/openmetrics-text"];

/// What the server tells of itself in the text format of Prometheus, to whoever asks for text first (needs the scope
/// `admin`); else what the caller has under way, as Tork's clients ask for it.
#[utoipa::path(
    tag = "health",
    params(("Accept" = Option<String>, Header, nullable = false, description = "`text/plain` or `application/openmetrics-text` for the text format")),
    responses((status = 200, description = "metrics", content(
        (Metrics = "application/json"),
        (String = "text/plain"),
    )), v1::schemas::Refusals),
    security(("bearer" = ["admin"])),
)]
#[get("/metrics")]
pub(crate) async fn metrics_get(request: HttpRequest, services: web::Data<Services>) -> HttpResponse {
    let accepts = request.headers().get(ACCEPT).and_then(|accepts| accepts.to_str().ok()).unwrap_or_default();
    if TEXTS.iter().any(|text| accepts.trim_start().starts_with(text)) {
        return v1::metrics::metrics(&request, &services).await.unwrap_or_else(|no| no.error_response());
    }
    tork::metrics(&request, &services).await.unwrap_or_else(|no| no.said_by::<Native>().error_response())
}

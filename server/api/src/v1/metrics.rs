//! `/metrics`, in the text format of Prometheus. It tells of all tenants together: it is for the operator.

use actix_web::{HttpResponse, get, web};
use skep_domain::service::Services;

use super::Allowed;
use super::error::Failure;
use super::schemas::Refusals;
use crate::shared::allowed::Admin;

/// The server's metrics, in the text format of Prometheus.
#[utoipa::path(
    tag = "health",
    responses((status = 200, description = "metrics", content_type = "text/plain", body = String), Refusals),
    security(("bearer" = ["admin"])),
)]
#[get("/metrics")]
pub(super) async fn metrics_get(
    _allowed: Allowed<Admin>,
    services: web::Data<Services>,
) -> Result<HttpResponse, Failure> {
    let text = services.base().telemetry.metrics();
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

//! What the server tells of itself, in the text format of Prometheus. It tells of all tenants together: it is for the
//! operator.

use actix_web::{FromRequest, HttpRequest, HttpResponse};
use skep_domain::service::Services;

use super::Allowed;
use super::error::Failure;
use crate::shared::allowed::Admin;

pub(crate) async fn metrics(request: &HttpRequest, services: &Services) -> Result<HttpResponse, Failure> {
    let _: Allowed<Admin> = Allowed::extract(request).await?;
    let text = services.base().telemetry.metrics();
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

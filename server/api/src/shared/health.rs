//! Whether the server lives, and whether it is ready. The port answers only when it is.

use actix_web::{HttpResponse, web};
use serde_json::json;

pub(crate) const ROUTES: &[(&str, &str)] = &[("GET", "/health"), ("GET", "/health/live")];

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route("/health", web::get().to(health)).route("/health/live", web::get().to(health));
}

async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "UP", "version": env!("CARGO_PKG_VERSION")}))
}

//! Whether the server lives, and whether it is ready. The port answers only when it is.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// How the server is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `UP`.
    status: &'static str,
    /// The server's release.
    version: &'static str,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(health_ready).service(health_live);
}

/// Whether the server is ready.
#[utoipa::path(tag = "health", responses((status = 200, description = "it is", body = Health)), security(()))]
#[get("/health")]
async fn health_ready() -> HttpResponse {
    up()
}

/// Whether the server lives.
#[utoipa::path(tag = "health", responses((status = 200, description = "it does", body = Health)), security(()))]
#[get("/health/live")]
async fn health_live() -> HttpResponse {
    up()
}

fn up() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "UP", version: env!("CARGO_PKG_VERSION") })
}

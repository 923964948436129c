//! What a client asks before it asks for jobs.

use actix_web::{HttpResponse, get, web};
use serde_json::json;
use skep_domain::service::Services;

use super::error::Failure;
use super::model::{Compatible, Normal, ServerInfo};
use super::schemas::Refusals;
use super::{Allowed, map};
use crate::shared::allowed::RunsRead;

/// A client refuses a server before 24.4.0; of this release it is known what it asks for.
const SERVER_VERSION: &str = "25.2.0";

/// The release whose API this is, and who the caller is.
#[utoipa::path(
    tag = "server",
    responses((status = 200, description = "the server", body = Normal<ServerInfo>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/server-info")]
pub(super) async fn server_info(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
) -> Result<HttpResponse, Failure> {
    let account = services.accounts.own(&allowed.caller).await?;
    let organization = map::organization(&account);
    let info = ServerInfo { feature_flags: json!({}), server_version: SERVER_VERSION, organization };
    Ok(HttpResponse::Ok().json(Normal::new(info)))
}

/// Whether a client of this version may go on: every one may.
#[utoipa::path(
    tag = "server",
    params(("client_version" = Option<String>, Query, description = "its version"), ("client_name" = Option<String>, Query, description = "its name")),
    responses((status = 200, description = "it may", body = Normal<Compatible>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/version-compatibility")]
pub(super) async fn version_compatibility(_allowed: Allowed<RunsRead>) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(Normal::new(Compatible {})))
}

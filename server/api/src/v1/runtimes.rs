//! `/v1/runtimes`: what makes functions of source. They are the server's: all may see them, and whoever
//! may manage accounts may change them.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, put, web};
use skep_domain::port::store::Uploaded;
use skep_domain::service::Services;

use super::error::Failure;
use super::map;
use super::model::{Component, List, Nothing, RuntimeVersionsView, RuntimeView, Success};
use super::schemas::Refusals;
use super::{Allowed, Body};
use crate::shared::allowed::{Admin, FunctionsRead};

type Answer = Result<HttpResponse, Failure>;

#[utoipa::path(
    tag = "runtimes",
    responses((status = 200, description = "all of them, by name: of each the version that builds", body = Success<List<RuntimeView>>), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/runtimes")]
pub(super) async fn runtime_list(_allowed: Allowed<FunctionsRead>, services: web::Data<Services>) -> Answer {
    let items: Vec<_> = services.runtimes.list().await?.into_iter().map(map::runtime).collect();
    let list = List { count: items.len(), items, last_evaluated_key: None };
    Ok(map::success(StatusCode::OK, list, "runtimes"))
}

#[utoipa::path(
    tag = "runtimes",
    params(("name" = String, Path, description = "the runtime's name")),
    responses((status = 200, description = "its versions, the one that builds first", body = Success<RuntimeVersionsView>), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/runtimes/{name}")]
pub(super) async fn runtime_get(
    _allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    let versions = services.runtimes.get(&name).await?;
    let view = RuntimeVersionsView {
        name: name.into_inner(),
        versions: versions.into_iter().map(map::runtime).collect(),
    };
    Ok(map::success(StatusCode::OK, view, "runtime"))
}

#[utoipa::path(
    tag = "runtimes",
    params(("name" = String, Path, description = "the runtime's name")),
    request_body(content = inline(Component), content_type = "application/wasm"),
    responses((status = 201, description = "a new version, which builds from now on", body = Success<RuntimeView>), (status = 200, description = "a component that the runtime had: its version builds from now on", body = Success<RuntimeView>), Refusals),
    security(("bearer" = ["admin"])),
)]
#[put("/runtimes/{name}")]
pub(super) async fn runtime_add(
    _allowed: Allowed<Admin>,
    services: web::Data<Services>,
    name: web::Path<String>,
    body: Body,
) -> Answer {
    let bytes = body.runtime().await?;
    let (runtime, uploaded) = services.runtimes.add(&name, bytes).await?;
    let (status, message) = match uploaded {
        Uploaded::New => (StatusCode::CREATED, "runtime added"),
        Uploaded::Known => (StatusCode::OK, "version known; it builds from now on"),
    };
    Ok(map::success(status, map::runtime(runtime), message))
}

#[utoipa::path(
    tag = "runtimes",
    params(("name" = String, Path, description = "the runtime's name")),
    responses((status = 200, description = "removed; what was built with it goes on", body = Success<Nothing>), Refusals),
    security(("bearer" = ["admin"])),
)]
#[delete("/runtimes/{name}")]
pub(super) async fn runtime_remove(
    _allowed: Allowed<Admin>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    services.runtimes.remove(&name).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "runtime removed"))
}

//! `/v1/functions`

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, put, web};
use skep_domain::Error;
use skep_domain::model::settings::Settings;
use skep_domain::service::Services;

use super::error::Failure;
use super::map;
use super::model::{
    Component, FunctionBody, FunctionView, List, Nothing, Success, UploadedView, VersionView,
};
use super::query::PageQuery;
use super::schemas::Refusals;
use super::{Allowed, Body};
use crate::shared::allowed::{FunctionsRead, FunctionsWrite};
use crate::shared::params::Params;

type Answer = Result<HttpResponse, Failure>;

#[utoipa::path(
    tag = "functions",
    params(PageQuery),
    responses((status = 200, description = "a page, newest first", body = Success<List<FunctionView>>), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/functions")]
pub(super) async fn function_list(
    allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let page = params.page()?;
    let cursors = params.finish()?;
    let listed = services.functions.list(&allowed.caller, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, map::function), "functions"))
}

#[utoipa::path(
    tag = "functions",
    params(("name" = String, Path, description = "the function's name")),
    responses((status = 200, description = "the function", body = Success<FunctionView>), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/functions/{name}")]
pub(super) async fn function_get(
    allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    let function = services.functions.get(&allowed.caller, &name).await?;
    Ok(map::success(StatusCode::OK, map::function(function), "function"))
}

#[utoipa::path(
    tag = "functions",
    params(("name" = String, Path, description = "the function's name")),
    request_body(content = inline(Component), content_type = "application/wasm"),
    responses((status = 201, description = "a new version", body = Success<UploadedView>), (status = 200, description = "bytes that the function has already: their version is the current one now", body = Success<UploadedView>), Refusals),
    security(("bearer" = ["functions:write"])),
)]
#[put("/functions/{name}")]
pub(super) async fn function_upload(
    allowed: Allowed<FunctionsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
    body: Body,
) -> Answer {
    let bytes = body.upload().await?;
    let uploaded = services.functions.upload(&allowed.caller, &name, bytes).await?;
    let (status, message) = match uploaded.created {
        true => (StatusCode::CREATED, "version created"),
        false => (StatusCode::OK, "version known; it is the current one now"),
    };
    let view =
        UploadedView { function: map::function(uploaded.function), version: map::version(uploaded.version) };
    Ok(map::success(status, view, message))
}

#[utoipa::path(
    tag = "functions",
    params(("name" = String, Path, description = "the function's name")),
    request_body = FunctionBody,
    responses((status = 200, description = "the function as it is now", body = Success<FunctionView>), Refusals),
    security(("bearer" = ["functions:write"])),
)]
#[patch("/functions/{name}")]
pub(super) async fn function_configure(
    allowed: Allowed<FunctionsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
    body: Body,
) -> Answer {
    let body = body.json::<FunctionBody>().await?.value;
    let change = |settings: &Settings| map::patched(settings, body.settings);
    let function = services.functions.configure(&allowed.caller, &name, change).await?;
    Ok(map::success(StatusCode::OK, map::function(function), "function changed"))
}

#[utoipa::path(
    tag = "functions",
    params(("name" = String, Path, description = "the function's name")),
    responses((status = 200, description = "deleted, with its runs", body = Success<Nothing>), Refusals),
    security(("bearer" = ["functions:write"])),
)]
#[delete("/functions/{name}")]
pub(super) async fn function_delete(
    allowed: Allowed<FunctionsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    services.functions.delete(&allowed.caller, &name).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "function deleted"))
}

#[utoipa::path(
    tag = "functions",
    params(("name" = String, Path, description = "the function's name"), PageQuery),
    responses((status = 200, description = "a page, newest first", body = Success<List<VersionView>>), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/functions/{name}/versions")]
pub(super) async fn version_list(
    allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    name: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let page = params.page()?;
    let cursors = params.finish()?;
    let listed = services.functions.versions(&allowed.caller, &name, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, map::version), "versions"))
}

#[utoipa::path(
    tag = "functions",
    params(("name" = String, Path, description = "the function's name"), ("version" = String, Path, description = "the version's number")),
    responses((status = 200, description = "the version", body = Success<VersionView>), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/functions/{name}/versions/{version}")]
pub(super) async fn version_get(
    allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    path: web::Path<(String, String)>,
) -> Answer {
    let (name, number) = path.into_inner();
    let version = services.functions.version(&allowed.caller, &name, version_number(&number)?).await?;
    Ok(map::success(StatusCode::OK, map::version(version), "version"))
}

#[utoipa::path(
    tag = "functions",
    params(("name" = String, Path, description = "the function's name"), ("version" = String, Path, description = "the version's number")),
    responses((status = 200, description = "the component", content_type = "application/wasm", body = inline(Component)), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/functions/{name}/versions/{version}/component")]
pub(super) async fn version_component(
    allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    path: web::Path<(String, String)>,
) -> Answer {
    let (name, number) = path.into_inner();
    let component = services.functions.component(&allowed.caller, &name, version_number(&number)?).await?;
    Ok(HttpResponse::Ok().content_type("application/wasm").body(component))
}

/// What is no number is the number of no version.
fn version_number(text: &str) -> Result<u32, Error> {
    text.parse().map_err(|_| Error::not_found("version"))
}

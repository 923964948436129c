//! `/v1/functions`

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, put, web};
use skep_domain::Error;
use skep_domain::model::function::{Name, State};
use skep_domain::model::settings::Settings;
use skep_domain::service::Services;
use skep_domain::service::builds::NewSource;
use skep_domain::service::functions::Uploaded;

use super::error::Failure;
use super::map;
use super::model::{
    Component, FunctionBody, FunctionView, List, Nothing, SourceView, Success, UploadedView, VersionView,
};
use super::query::{PageQuery, UploadQuery};
use super::schemas::Refusals;
use super::sources::Described;
use super::{Allowed, Body};
use crate::shared::allowed::{FunctionsRead, FunctionsWrite};
use crate::shared::observe::Traced;
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
    params(("name" = String, Path, description = "the function's name"), UploadQuery),
    request_body(content = inline(Component), content_type = "application/wasm", description = "a component; or source: a file with its media type (text/javascript, text/x-python, application/x-sh) or with runtime=…, or files as multipart/form-data, each named by its path, with the fields runtime and main"),
    responses((status = 201, description = "a new version; of source, its state says whether something came of it", body = Success<UploadedView>), (status = 200, description = "what the function has already: that version is the current one now, if it is ready", body = Success<UploadedView>), (status = 202, description = "the build goes on", body = Success<UploadedView>), Refusals),
    security(("bearer" = ["functions:write"])),
)]
#[put("/functions/{name}")]
pub(super) async fn function_upload(
    allowed: Allowed<FunctionsWrite>,
    services: web::Data<Services>,
    Traced(trace): Traced,
    name: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Answer {
    let mut params = Params::of(&request)?;
    let described = Described::of(&request, &mut params);
    let wait = params.wait_ms()?;
    params.finish()?;
    // What has no name of its own, a file of source, is called after the function.
    Name::parse(&name)?;
    let uploaded = if described.is_source() {
        let bytes = body.source().await?;
        let read = described.read(&name, bytes, services.limits()).await?;
        let new = NewSource { runtime: read.runtime, source: read.source, trace };
        services.builds.upload(&allowed.caller, &name, new, wait).await?
    } else {
        let bytes = body.upload().await?;
        services.functions.upload(&allowed.caller, &name, bytes).await?
    };
    let Uploaded { function, version, created } = uploaded;
    let (status, message) = match (version.state, created) {
        (State::Building, _) => (StatusCode::ACCEPTED, "version is being built; ask for it"),
        (State::Failed, true) => {
            (StatusCode::CREATED, "version created; its build failed, buildLogs say why")
        }
        (State::Failed, false) => (StatusCode::OK, "version known; its build failed, buildLogs say why"),
        (State::Ready, true) => (StatusCode::CREATED, "version created"),
        (State::Ready, false) => (StatusCode::OK, "version known; it is the current one now"),
    };
    let build_logs = services.functions.build_logs(&function, &version).await?;
    let version = VersionView { build_logs, ..map::version(version) };
    Ok(map::success(status, UploadedView { function: map::function(function), version }, message))
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
    let (version, build_logs) =
        services.functions.version_with_logs(&allowed.caller, &name, version_number(&number)?).await?;
    let view = VersionView { build_logs, ..map::version(version) };
    Ok(map::success(StatusCode::OK, view, "version"))
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

#[utoipa::path(
    tag = "functions",
    params(("name" = String, Path, description = "the function's name"), ("version" = String, Path, description = "the version's number")),
    responses((status = 200, description = "the files of the source", body = SourceView), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/functions/{name}/versions/{version}/source")]
pub(super) async fn version_source(
    allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    path: web::Path<(String, String)>,
) -> Answer {
    let (name, number) = path.into_inner();
    let source = services.functions.source(&allowed.caller, &name, version_number(&number)?).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(source))
}

/// What is no number is the number of no version.
fn version_number(text: &str) -> Result<u32, Error> {
    text.parse().map_err(|_| Error::not_found("version"))
}

//! `/v1/models`: what functions compute with. They are the account's; whoever may manage accounts may share some with
//! all.

mod views;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use skep_domain::model::ml_model::Batching;
use skep_domain::port::store::Uploaded;
use skep_domain::service::Services;
use skep_domain::service::models::Upload;
use skep_domain::{Error, Result};

use self::views::{File, ModelVersionsView, ModelView};
use super::error::Failure;
use super::map;
use super::model::{List, Nothing, Success};
use super::query::ModelQuery;
use super::schemas::Refusals;
use super::{Allowed, Body};
use crate::shared::allowed::{ModelsRead, ModelsWrite};
use crate::shared::params::Params;

type Answer = Result<HttpResponse, Failure>;

#[utoipa::path(
    tag = "models",
    responses((status = 200, description = "the account's own and those that are shared, by name: of each the current version", body = Success<List<ModelView>>), Refusals),
    security(("bearer" = ["models:read"])),
)]
#[get("/models")]
pub(super) async fn model_list(allowed: Allowed<ModelsRead>, services: web::Data<Services>) -> Answer {
    let models = services.models.list(&allowed.caller).await?;
    let items: Vec<ModelView> = models.into_iter().map(ModelView::from).collect();
    let list = List { count: items.len(), items, last_evaluated_key: None };
    Ok(map::success(StatusCode::OK, list, "models"))
}

#[utoipa::path(
    tag = "models",
    params(("name" = String, Path, description = "the model's name")),
    responses((status = 200, description = "its versions, the current one first; of a model that another account shares, that one alone", body = Success<ModelVersionsView>), Refusals),
    security(("bearer" = ["models:read"])),
)]
#[get("/models/{name}")]
pub(super) async fn model_get(
    allowed: Allowed<ModelsRead>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    let versions = services.models.get(&allowed.caller, &name).await?;
    let versions = versions.into_iter().map(ModelView::from).collect();
    let view = ModelVersionsView { name: name.into_inner(), versions };
    Ok(map::success(StatusCode::OK, view, "model"))
}

#[utoipa::path(
    tag = "models",
    params(("name" = String, Path, description = "the model's name"), ModelQuery),
    request_body(content = inline(File), content_type = "application/octet-stream"),
    responses((status = 201, description = "a new version, which is the current one from now on", body = Success<ModelView>), (status = 200, description = "the model had this version: it is the current one from now on", body = Success<ModelView>), Refusals),
    security(("bearer" = ["models:write"])),
)]
#[put("/models/{name}")]
pub(super) async fn model_put(
    allowed: Allowed<ModelsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
    request: HttpRequest,
    body: Body,
) -> Answer {
    let upload = upload(name.into_inner(), Params::of(&request)?)?;
    let place = services.models.place()?;
    let bytes = body.model().await?;
    let (model, uploaded) = services.models.put(&allowed.caller, upload, bytes, place).await?;
    let (status, message) = match uploaded {
        Uploaded::New => (StatusCode::CREATED, "model uploaded"),
        Uploaded::Known => (StatusCode::OK, "version known; it is the current one from now on"),
    };
    Ok(map::success(status, ModelView::from(model), message))
}

fn upload(name: String, mut params: Params) -> Result<Upload> {
    let number = |name: &'static str, text: Option<String>| {
        let refused = || Error::invalid(format!("{name} must be a whole number")).field(name);
        text.map(|text| text.parse::<u32>().map_err(|_| refused())).transpose()
    };
    let axis = number("batchAxis", params.take("batchAxis"))?;
    let rows_max = number("batchRows", params.take("batchRows"))?;
    let shared = match params.take("shared").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Error::invalid("shared must be true or false").field("shared")),
    };
    params.finish()?;
    let batching = match (axis, rows_max) {
        (None, None) => None,
        (axis, rows_max) => {
            Some(Batching { axis: axis.unwrap_or(0), rows_max: rows_max.unwrap_or(BATCH_ROWS) })
        }
    };
    Ok(Upload { name, batching, shared })
}

/// Rows of a batch where nobody says: enough for what batches gain on most devices.
const BATCH_ROWS: u32 = 32;

#[utoipa::path(
    tag = "models",
    params(("name" = String, Path, description = "the model's name")),
    responses((status = 200, description = "removed with its versions; calls that have loaded it go on", body = Success<Nothing>), Refusals),
    security(("bearer" = ["models:write"])),
)]
#[delete("/models/{name}")]
pub(super) async fn model_remove(
    allowed: Allowed<ModelsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    services.models.remove(&allowed.caller, &name).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "model removed"))
}

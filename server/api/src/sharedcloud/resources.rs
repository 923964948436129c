//! Images and models of GPU.

use actix_web::{HttpResponse, get, web};
use skep_domain::Error;
use skep_domain::service::Services;

use super::catalog::{self, GPUS, Image};
use super::error::Failure;
use super::schemas::Refusals;
use super::{Allowed, map, model};
use crate::shared::allowed::{FunctionsRead, RunsRead};

type Answer = Result<HttpResponse, Failure>;

/// What the runtimes of this server are as images.
pub(super) async fn images(services: &Services) -> Result<Vec<Image>, Error> {
    Ok(catalog::images(&services.runtimes.list().await?))
}

/// The images: the runtimes that there are.
#[utoipa::path(
    tag = "images",
    responses((status = 200, description = "the images", body = Vec<model::Image>), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/images")]
pub(super) async fn image_list(_allowed: Allowed<FunctionsRead>, services: web::Data<Services>) -> Answer {
    let now = services.base().clock.now();
    let images: Vec<_> = images(&services).await?.into_iter().map(|image| map::image(image, now)).collect();
    Ok(HttpResponse::Ok().json(images))
}

#[utoipa::path(
    tag = "images",
    params(("uuid" = String, Path, format = "uuid", description = "the image's id")),
    responses((status = 200, description = "the image", body = model::Image), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/images/{uuid}")]
pub(super) async fn image_get(
    _allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let images = images(&services).await?;
    let image = images.into_iter().find(|image| catalog::is_same(&image.uuid, &uuid));
    Ok(HttpResponse::Ok()
        .json(map::image(image.ok_or_else(|| Error::not_found("image"))?, services.base().clock.now())))
}

/// The models of GPU that the product knows, by their cores.
#[utoipa::path(
    tag = "gpus",
    responses((status = 200, description = "the models", body = Vec<model::Gpu>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/gpus")]
pub(super) async fn gpu_list(_allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    let now = services.base().clock.now();
    Ok(HttpResponse::Ok().json(GPUS.map(|gpu| map::gpu(gpu, now))))
}

#[utoipa::path(
    tag = "gpus",
    params(("uuid" = String, Path, format = "uuid", description = "the model's id")),
    responses((status = 200, description = "the model", body = model::Gpu), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/gpus/{uuid}")]
pub(super) async fn gpu_get(
    _allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let gpu = catalog::gpu_by_id(&uuid).ok_or_else(|| Error::not_found("gpu"))?;
    Ok(HttpResponse::Ok().json(map::gpu(gpu, services.base().clock.now())))
}

//! Images and models of GPU.

use actix_web::{HttpRequest, HttpResponse, get, web};
use skep_domain::Error;
use skep_domain::model::worker::Worker;
use skep_domain::service::Services;

use super::catalog::{self, GPUS, Image};
use super::error::Failure;
use super::schemas::Refusals;
use super::{Allowed, map, model};
use crate::shared::allowed::{FunctionsRead, RunsRead};
use crate::shared::params::Params;

type Answer = Result<HttpResponse, Failure>;

/// What the runtimes of this server are as images.
pub(super) async fn images(services: &Services) -> Result<Vec<Image>, Error> {
    Ok(catalog::images(&services.runtimes.list().await?))
}

/// The images: the runtimes that there are.
#[utoipa::path(
    tag = "images",
    params(("instance" = Option<String>, Query, format = "uuid", description = "only those that this instance has")),
    responses((status = 200, description = "the images", body = Vec<model::Image>), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/images")]
pub(super) async fn image_list(
    allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let (now, workers) = (services.base().clock.now(), services.workers.list(&allowed.caller).await?);
    let mut images = images(&services).await?;
    if let Some(id) = Params::of(&request)?.take("instance") {
        let instance = workers.iter().find(|worker| catalog::is_same(&worker.id.to_string(), &id));
        let offers = &instance.ok_or_else(|| Error::not_found("instance"))?.profile.offers;
        images.retain(|image| offers.contains(&map::requires_image(&image.uuid)));
    }
    let views =
        images.into_iter().map(|image| map::image(image.clone(), installations(&workers, &image), now));
    Ok(HttpResponse::Ok().json(views.collect::<Vec<_>>()))
}

/// How many workers have an image.
fn installations(workers: &[Worker], image: &Image) -> usize {
    let offer = map::requires_image(&image.uuid);
    workers.iter().filter(|worker| worker.profile.offers.contains(&offer)).count()
}

#[utoipa::path(
    tag = "images",
    params(("uuid" = String, Path, format = "uuid", description = "the image's id")),
    responses((status = 200, description = "the image", body = model::Image), Refusals),
    security(("bearer" = ["functions:read"])),
)]
#[get("/images/{uuid}")]
pub(super) async fn image_get(
    allowed: Allowed<FunctionsRead>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let (now, workers) = (services.base().clock.now(), services.workers.list(&allowed.caller).await?);
    let found = images(&services).await?.into_iter().find(|image| catalog::is_same(&image.uuid, &uuid));
    let image = found.ok_or_else(|| Error::not_found("image"))?;
    Ok(HttpResponse::Ok().json(map::image(image.clone(), installations(&workers, &image), now)))
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

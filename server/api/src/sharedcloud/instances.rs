//! Instances: machines of the caller's own that take jobs. They are workers, which offer the images that they have
//! downloaded and the models of GPU that theirs can stand for.

mod said;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use skep_domain::Error;
use skep_domain::model::account::Caller;
use skep_domain::model::id::WorkerId;
use skep_domain::model::price::CPU;
use skep_domain::model::worker::{Profile, Worker};
use skep_domain::service::Services;
use skep_domain::service::workers::Given;

use self::said::{Said, in_its_words};
use super::body::{Body, fields, some_fields};
use super::catalog::Image;
use super::error::{Failure, wrong};
use super::functions::text_of;
use super::model::{ImageBody, InstanceBody, NewInstanceBody};
use super::resources::images;
use super::schemas::Refusals;
use super::{Allowed, map, model, slash, wrapped};
use crate::shared::allowed::{RunsRead, RunsWrite};

type Answer = Result<HttpResponse, Failure>;

/// The caller's instances, newest first.
#[utoipa::path(
    tag = "instances",
    responses((status = 200, description = "the instances", body = Vec<model::Instance>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/instances")]
pub(super) async fn instance_list(allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    let workers = services.workers.list(&allowed.caller).await?;
    let views: Vec<_> = workers.into_iter().map(|worker| shown(&services, worker)).collect();
    Ok(HttpResponse::Ok().json(views))
}

/// Makes an instance. It takes jobs once it is started.
#[utoipa::path(
    tag = "instances",
    request_body(content = NewInstanceBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "the instance; 200 where the path has no slash at its end", body = model::Instance), (status = 200, description = "the instance", body = model::Instance), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/instances")]
pub(super) async fn instance_create(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: Body,
) -> Answer {
    let mut fields = fields(body).await?;
    let profile = Said::read(&mut fields)?.of_one_that_is_new()?;
    let made = services.workers.create(&allowed.caller, profile).await.map_err(in_its_words)?;
    Ok(slash::made(&request, shown(&services, made)))
}

#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, format = "uuid", description = "the instance's id")),
    responses((status = 200, description = "the instance", body = model::Instance), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/instances/{uuid}")]
pub(super) async fn instance_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let worker = services.workers.get(&allowed.caller, id(&uuid)?).await?;
    Ok(HttpResponse::Ok().json(shown(&services, worker)))
}

/// Changes an instance.
#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, format = "uuid", description = "the instance's id")),
    request_body(content = InstanceBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the instance", body = model::Instance), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[patch("/instances/{uuid}")]
pub(super) async fn instance_change(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
    body: Body,
) -> Answer {
    change(&services, &allowed.caller, &uuid, body).await
}

/// The same as PATCH.
#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, format = "uuid", description = "the instance's id")),
    request_body(content = InstanceBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the instance", body = model::Instance), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[put("/instances/{uuid}")]
pub(super) async fn instance_replace(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
    body: Body,
) -> Answer {
    change(&services, &allowed.caller, &uuid, body).await
}

async fn change(services: &Services, caller: &Caller, uuid: &str, body: Body) -> Answer {
    let given = Said::read(&mut some_fields(body).await?)?;
    let images = images(services).await?;
    let changed =
        services.workers.change(caller, id(uuid)?, |profile| given.applied_to(profile, &images)).await;
    Ok(HttpResponse::Ok().json(shown(services, changed.map_err(in_its_words)?)))
}

/// Deletes an instance. The jobs that it has go to others.
#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, format = "uuid", description = "the instance's id")),
    responses((status = 204, description = "deleted; 200 where the path has no slash at its end"), (status = 200, description = "deleted"), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[delete("/instances/{uuid}")]
pub(super) async fn instance_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    services.workers.delete(&allowed.caller, id(&uuid)?).await?;
    Ok(slash::deleted(&request))
}

/// Says that an instance wants jobs. Those that it had before go to others.
#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, format = "uuid", description = "the instance's id")),
    responses((status = 200, description = "the instance", body = model::Instance), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[patch("/instances/{uuid}/start")]
pub(super) async fn instance_start(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let worker = services.workers.open(&allowed.caller, id(&uuid)?, true).await?;
    Ok(HttpResponse::Ok().json(shown(&services, worker)))
}

/// Says that an instance wants no more jobs. Those that it has go to others.
#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, format = "uuid", description = "the instance's id")),
    responses((status = 200, description = "the instance", body = model::Instance), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[patch("/instances/{uuid}/stop")]
pub(super) async fn instance_stop(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let worker = services.workers.open(&allowed.caller, id(&uuid)?, false).await?;
    Ok(HttpResponse::Ok().json(shown(&services, worker)))
}

/// Says that an instance has downloaded an image.
#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, format = "uuid", description = "the instance's id")),
    request_body(content = ImageBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the instance", body = model::Instance), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[patch("/instances/{uuid}/add-image")]
pub(super) async fn instance_image_add(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
    body: Body,
) -> Answer {
    let image = image_named(&services, body).await?;
    let add = |profile: &Profile| {
        let word = |requires_gpu| if requires_gpu { "GPU" } else { "CPU" };
        let (own, its) = (map::gpu_of(profile).is_some(), image.requires_gpu);
        if own != its {
            let (own, its) = (word(own), word(its));
            let message =
                format!("your instance is type {own}, but this image is only supported by type {its}");
            return Err(wrong("image_registry_path", message));
        }
        let mut profile = profile.clone();
        profile.offers.insert(map::requires_image(&image.uuid));
        Ok(profile)
    };
    let worker = services.workers.change(&allowed.caller, id(&uuid)?, add).await?;
    Ok(HttpResponse::Ok().json(shown(&services, worker)))
}

/// Says that an instance has an image no more.
#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, format = "uuid", description = "the instance's id")),
    request_body(content = ImageBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "the instance", body = model::Instance), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[patch("/instances/{uuid}/delete-image")]
pub(super) async fn instance_image_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
    body: Body,
) -> Answer {
    let image = image_named(&services, body).await?;
    let remove = |profile: &Profile| {
        let mut profile = profile.clone();
        profile.offers.remove(&map::requires_image(&image.uuid));
        Ok(profile)
    };
    let worker = services.workers.change(&allowed.caller, id(&uuid)?, remove).await?;
    Ok(HttpResponse::Ok().json(shown(&services, worker)))
}

/// Gives an instance that is started as many jobs as it has places for: jobs of the caller's own whose bids are not
/// below what it asks, and whose image it has.
#[utoipa::path(
    tag = "instances",
    params(("uuid" = String, Path, format = "uuid", description = "the instance's id")),
    responses((status = 200, description = "the jobs", body = Vec<model::GivenJob>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[get("/instances/{uuid}/get-jobs")]
pub(super) async fn instance_jobs(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let caller = &allowed.caller;
    let images = images(&services).await?;
    let mut views = Vec::new();
    for given in services.workers.take(caller, id(&uuid)?).await? {
        let image = images.iter().find(|image| given.requires.contains(&map::requires_image(&image.uuid)));
        match image {
            Some(image) => views.push(handed_over(given, image)?),
            None => {
                let why = "its image is not there any more";
                services.workers.fail(caller, (given.job, given.attempt), why).await?;
            }
        }
    }
    Ok(HttpResponse::Ok().json(views))
}

fn handed_over(given: Given, image: &Image) -> Result<model::GivenJob, Error> {
    let job_uuid = wrapped::attempt_name((given.job, given.attempt));
    Ok(model::GivenJob {
        requires_gpu: image.requires_gpu,
        image_registry_path: image.registry_path.clone(),
        wrapped_code: wrapped::program(image, &text_of(&given.source), &given.arguments, &job_uuid)?,
        job_uuid,
    })
}

/// The caller's instances that are available, as buyers see them, and this server itself.
#[utoipa::path(
    tag = "instances",
    responses((status = 200, description = "the offers", body = Vec<model::Offer>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/offers")]
pub(super) async fn offer_list(allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    let (now, patience) = (services.base().clock.now(), services.limits().worker_patience);
    let mut workers = services.workers.list(&allowed.caller).await?;
    workers.retain(|worker| worker.is_available(patience, now));
    let node = map::node(services.base().prices.ask(CPU), now);
    let offers = workers.into_iter().map(|worker| map::offer(worker, now)).chain([node]);
    Ok(HttpResponse::Ok().json(offers.collect::<Vec<_>>()))
}

fn id(text: &str) -> Result<WorkerId, Error> {
    text.parse().map_err(|_| Error::not_found("instance"))
}

fn shown(services: &Services, worker: Worker) -> model::Instance {
    map::instance(worker, services.limits().worker_patience, services.base().clock.now())
}

async fn image_named(services: &Services, body: Body) -> Result<Image, Failure> {
    let path = fields(body).await?.required("image_registry_path")?;
    let found = images(services).await?.into_iter().find(|image| image.registry_path == path);
    let message = || format!("Invalid path \"{path}\" - object does not exist.");
    Ok(found.ok_or_else(|| wrong("image_registry_path", message()))?)
}

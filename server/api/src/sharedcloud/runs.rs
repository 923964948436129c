//! Runs.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use skep_domain::model::account::Caller;
use skep_domain::model::function::Function;
use skep_domain::model::id::RunId;
use skep_domain::model::job::Status;
use skep_domain::model::labels::{LABELS_BYTES_MAX, Labels};
use skep_domain::model::receipt::Answered;
use skep_domain::model::run::Common;
use skep_domain::port::store::RunFilter;
use skep_domain::service::Services;
use skep_domain::service::input::Request;
use skep_domain::service::runs::Submission;
use skep_domain::{Code, Error};

use super::body::{Body, fields};
use super::catalog::{self, Gpu, Image};
use super::error::{Failure, or_wait, wrong};
use super::list::{self, Room};
use super::model::RunBody;
use super::resources::images;
use super::schemas::Refusals;
use super::{Allowed, literal, map, model, slash, wrapped};
use crate::shared::allowed::{RunsRead, RunsWrite};
use crate::shared::observe::Traced;

type Answer = Result<HttpResponse, Failure>;

/// Bytes of labels beside the text of the parameters.
const OTHER_LABELS_BYTES: usize = 256;

/// The caller's runs, newest first: 1,000 of them.
#[utoipa::path(
    tag = "runs",
    responses((status = 200, description = "the runs", body = Vec<model::Run>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/runs")]
pub(super) async fn run_list(allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    let (caller, now) = (&allowed.caller, services.base().clock.now());
    let (mut views, mut room) = (Vec::new(), Room::new());
    let read = async |page| services.runs.list(caller, RunFilter::default(), page).await;
    let show = async |run| {
        let has_room = room.take(0);
        if has_room.is_continue() {
            views.push(map::run(run, now));
        }
        Ok(has_room)
    };
    let _ = list::each(read, show).await?;
    Ok(HttpResponse::Ok().json(views))
}

#[utoipa::path(
    tag = "runs",
    params(("uuid" = String, Path, format = "uuid", description = "the run's id")),
    responses((status = 200, description = "the run", body = model::Run), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/runs/{uuid}")]
pub(super) async fn run_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
) -> Answer {
    let run = services.runs.get(&allowed.caller, id(&uuid)?).await?;
    Ok(HttpResponse::Ok().json(map::run(run, services.base().clock.now())))
}

/// Makes a run: a job for each inner tuple, which is the event of the handler.
#[utoipa::path(
    tag = "runs",
    request_body(content = RunBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "the run; 200 where the path has no slash at its end", body = model::Run), (status = 200, description = "the run", body = model::Run), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/runs")]
pub(super) async fn run_create(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    Traced(trace): Traced,
    request: HttpRequest,
    body: Body,
) -> Answer {
    let mut fields = fields(body).await?;
    let function = function(&services, &allowed.caller, &fields.required("function")?).await?;
    let parameters = fields.required("parameters")?;
    let tuples = literal::tuples(&parameters, services.limits().run_jobs_max)?;
    let bid = fields.price("bid_price")?.ok_or_else(|| wrong("bid_price", "This field is required."))?;
    let images = images(&services).await?;
    let image = images.iter().find(|one| function.settings.labels.get(map::IMAGE) == Some(&one.uuid));
    let gpu = base_gpu(image, fields.take("base_gpu"))?;
    let mut labels = Labels::new();
    labels.extend(gpu.map(|gpu| (map::BASE_GPU.to_owned(), gpu.uuid.to_owned())));
    // A longer text is written anew from the arguments when it is shown.
    if parameters.len() <= LABELS_BYTES_MAX - OTHER_LABELS_BYTES {
        labels.insert(map::PARAMETERS.to_owned(), parameters);
    }
    // What an instance must have for it; this server runs it as well.
    let image =
        image.filter(|image| wrapped::is_runnable(image)).map(|image| map::requires_image(&image.uuid));
    let gpu = gpu.filter(|_| image.is_some()).map(|gpu| map::requires_gpu(gpu.uuid));
    let requires = image.into_iter().chain(gpu).collect();
    let common = Common { labels, requires, ..Common::default() };
    let name = function.name.as_str().to_owned();
    let run = Request { function: name, version: None, common, tuples, trace };
    let submission = Submission { request: run, bid: Some(bid), run_at: None };
    let made = services.runs.create(&allowed.caller, submission, None).await;
    let made = made.map_err(|error| match (error.code(), error.field_at_fault()) {
        (Code::Invalid, Some(field)) if field.starts_with("parameters") => {
            wrong("parameters", error.to_string())
        }
        _ => error,
    })?;
    match made {
        Answered::Made(run) => Ok(slash::made(&request, map::run(run, services.base().clock.now()))),
        Answered::Kept(_) | Answered::Replayed(_) => Err(Error::internal("it was asked for once").into()),
    }
}

#[utoipa::path(
    tag = "runs",
    params(("uuid" = String, Path, format = "uuid", description = "the run's id")),
    responses((status = 204, description = "deleted, with its jobs; 200 where the path has no slash at its end"), (status = 200, description = "deleted"), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[delete("/runs/{uuid}")]
pub(super) async fn run_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    uuid: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let (caller, id) = (&allowed.caller, id(&uuid)?);
    let run = services.runs.get(caller, id).await?;
    let begun = [Status::Running, Status::Retrying].map(|status| run.counts.of(status));
    if run.counts.of(Status::Queued) > 0 && begun == [0, 0] {
        // Its client cannot cancel, and what waits for a lower price may wait for ever.
        services.runs.cancel(caller, id).await.map_err(or_wait)?;
    }
    services.runs.delete(caller, id).await.map_err(or_wait)?;
    Ok(slash::deleted(&request))
}

fn id(text: &str) -> Result<RunId, Error> {
    text.parse().map_err(|_| Error::not_found("run"))
}

/// A function by its id, or by its name.
async fn function(services: &Services, caller: &Caller, text: &str) -> Result<Function, Error> {
    let found = match text.parse() {
        Ok(id) => services.functions.find_by_id(caller, id).await,
        Err(_) => services.functions.get(caller, text).await,
    };
    found.map_err(|error| match error.code() {
        // What cannot be a name names nothing.
        Code::NotFound | Code::Invalid => {
            wrong("function", format!("Invalid pk \"{text}\" - object does not exist."))
        }
        _ => error,
    })
}

/// The model of GPU of a run: wanted where the function's image requires one, and only there.
fn base_gpu(image: Option<&Image>, given: Option<String>) -> Result<Option<Gpu>, Error> {
    match (image.is_some_and(|image| image.requires_gpu), given) {
        (false, None) => Ok(None),
        (true, None) => Err(wrong(
            "base_gpu",
            "this run uses an image that requires GPU. Therefore this field is mandatory",
        )),
        (false, Some(_)) => Err(wrong(
            "base_gpu",
            "base_gpu is unnecessary because the function is not using an image that requires GPU",
        )),
        (true, Some(id)) => match catalog::gpu_by_id(&id) {
            Some(gpu) if gpu.is_available => Ok(Some(gpu)),
            Some(_) => Err(wrong("base_gpu", "this GPU model is currently not available")),
            None => Err(wrong("base_gpu", format!("Invalid pk \"{id}\" - object does not exist."))),
        },
    }
}

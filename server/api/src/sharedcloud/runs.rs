//! Runs.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use skep_domain::model::account::Caller;
use skep_domain::model::function::Function;
use skep_domain::model::id::RunId;
use skep_domain::model::job::Status;
use skep_domain::model::labels::{LABELS_BYTES_MAX, Labels};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::receipt::Answered;
use skep_domain::model::run::Common;
use skep_domain::port::store::RunFilter;
use skep_domain::service::Services;
use skep_domain::service::input::Request;
use skep_domain::service::runs::Submission;
use skep_domain::{Code, Error};

use super::body::{Body, fields};
use super::error::{Failure, or_wait, wrong};
use super::model::RunBody;
use super::resources::images;
use super::schemas::Refusals;
use super::{Allowed, FIRST, LIST_MAX, catalog, literal, map, model, slash};
use crate::shared::allowed::{RunsRead, RunsWrite};
use crate::shared::observe::Traced;

type Answer = Result<HttpResponse, Failure>;

/// The least that may be bid, a thousandth of a dollar.
const BID_MIN: Nanodollars = Nanodollars(1_000_000);
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
    let (mut views, mut page) = (Vec::new(), FIRST);
    loop {
        let listed = services.runs.list(&allowed.caller, RunFilter::default(), page).await?;
        let now = services.base().clock.now();
        views.extend(listed.items.into_iter().map(|run| map::run(run, now)));
        page.after = listed.next;
        if listed.next.is_none() || views.len() >= LIST_MAX {
            return Ok(HttpResponse::Ok().json(views));
        }
    }
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
    let bid = bid(&fields.required("bid_price")?)?;
    let mut labels = Labels::new();
    if let Some(gpu) = base_gpu(&services, &function, fields.take("base_gpu")).await? {
        labels.insert(map::BASE_GPU.to_owned(), gpu);
    }
    // A longer text is written anew from the arguments when it is shown.
    if parameters.len() <= LABELS_BYTES_MAX - OTHER_LABELS_BYTES {
        labels.insert(map::PARAMETERS.to_owned(), parameters);
    }
    let common = Common { labels, ..Common::default() };
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
        // What cannot be a name names nothing.
        Err(_) => services.functions.get(caller, text).await,
    };
    found.map_err(|error| match error.code() {
        Code::NotFound => wrong("function", format!("Invalid pk \"{text}\" - object does not exist.")),
        _ => error,
    })
}

fn bid(text: &str) -> Result<Nanodollars, Error> {
    let number: f64 = text.parse().map_err(|_| wrong("bid_price", "A valid number is required."))?;
    if number.is_nan() || number < 0.001 {
        return Err(wrong("bid_price", "bid_price cannot be smaller than $0.001"));
    }
    // Its client sends a float as text, which may have more places than are kept.
    let bid = Nanodollars::parse("bid_price", text)
        .or_else(|_| Nanodollars::parse("bid_price", &format!("{number:.9}")));
    bid.map(|bid| bid.max(BID_MIN))
}

/// The model of GPU of a run: wanted where the function's image requires one, and only there.
async fn base_gpu(
    services: &Services,
    function: &Function,
    given: Option<String>,
) -> Result<Option<String>, Error> {
    let image = function.settings.labels.get(map::IMAGE);
    let images = images(services).await?;
    let requires_gpu = images.iter().any(|one| Some(&one.uuid) == image && one.requires_gpu);
    match (requires_gpu, given) {
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
            Some(gpu) if gpu.is_available => Ok(Some(gpu.uuid.to_owned())),
            Some(_) => Err(wrong("base_gpu", "this GPU model is currently not available")),
            None => Err(wrong("base_gpu", format!("Invalid pk \"{id}\" - object does not exist."))),
        },
    }
}

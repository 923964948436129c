//! `/v1/jobs`, exactly as seed 002 has it, and what Skep adds below it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use skep_domain::model::id::RunId;
use skep_domain::model::job::Job;
use skep_domain::model::page::{Order, PAGE_DEFAULT, PAGE_MAX, Page};
use skep_domain::model::receipt;
use skep_domain::port::store::JobFilter;
use skep_domain::service::Services;
use skep_domain::service::input::Request;
use skep_domain::{Error, Result};

use super::error::Failure;
use super::map;
use super::model::{AttemptView, JobBody, JobView, List, Success};
use super::query::{DateQuery, IdempotencyHeader, JobQuery, OrderQuery, PageQuery};
use super::runs::no_arguments;
use super::schemas::Refusals;
use super::{Allowed, Body};
use crate::shared::allowed::{JobsRead, JobsWrite, RunsRead};
use crate::shared::observe::Traced;
use crate::shared::once::respond;
use crate::shared::params::Params;

type Answer = Result<HttpResponse, Failure>;

#[utoipa::path(
    tag = "jobs",
    params(IdempotencyHeader),
    request_body = JobBody,
    responses((status = 201, description = "the job", body = Success<JobView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/jobs")]
pub(super) async fn job_create(
    allowed: Allowed<JobsWrite>,
    services: web::Data<Services>,
    Traced(trace): Traced,
    body: Body,
) -> Answer {
    let mut json = body.json::<JobBody>().await?;
    let once = json.once(created);
    let JobBody { job_type, payload } = json.value;
    let request = Request {
        function: job_type,
        version: None,
        common: map::common(payload.export, payload.stdin, payload.env),
        tuples: vec![payload.arguments.unwrap_or_else(no_arguments)],
        trace,
    };
    let made = services.jobs.create(&allowed.caller, request, once).await.map_err(as_job_type)?;
    Ok(respond(made, created))
}

fn created(job: &Job) -> receipt::Answer {
    map::answer(StatusCode::CREATED, map::job(job.clone(), None), "job created")
}

/// Here the function is a field of the body, so a wrong one is a bad request, and has its name.
fn as_job_type(error: Error) -> Error {
    match error.field_at_fault() {
        Some("function") => Error::invalid("jobType names no function").field("jobType"),
        _ => error,
    }
}

#[utoipa::path(
    tag = "jobs",
    params(("limit" = u32, Query, description = "items of the page", minimum = 1, maximum = 100), ("lastEvaluatedKey" = Option<String>, Query, description = "where the page before ended"), ("runId" = Option<String>, Query, description = "a run's id"), JobQuery, DateQuery, OrderQuery),
    responses((status = 200, description = "a page", body = Success<List<JobView>>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/jobs")]
pub(super) async fn job_list(
    allowed: Allowed<JobsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let run: Option<RunId> = params.take("runId").map(|id| run_id(&id)).transpose()?;
    let limit = params.limit(PAGE_MAX)?;
    let limit = limit.ok_or_else(|| {
        Error::invalid(format!("limit is required: a whole number from 1 to {PAGE_MAX}")).field("limit")
    })?;
    list(&allowed.caller, &services, params, run, limit, Order::Descending).await
}

/// The jobs of a run, in their order.
#[utoipa::path(
    tag = "runs",
    params(("run_id" = String, Path, description = "the run's id"), PageQuery, JobQuery, DateQuery, OrderQuery),
    responses((status = 200, description = "a page, in the order of the parameters", body = Success<List<JobView>>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/runs/{run_id}/jobs")]
pub(super) async fn run_job_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let run = services.runs.get(&allowed.caller, id.parse()?).await?;
    let mut params = Params::of(&request)?;
    let limit = params.limit(PAGE_MAX)?.unwrap_or(PAGE_DEFAULT);
    list(&allowed.caller, &services, params, Some(run.id), limit, Order::Ascending).await
}

async fn list(
    caller: &skep_domain::model::account::Caller,
    services: &Services,
    mut params: Params,
    run: Option<RunId>,
    limit: u32,
    order: Order,
) -> Answer {
    let (date_from, date_to) = params.dates()?;
    let filter = JobFilter {
        run,
        job_type: params.take("jobType"),
        status: params.parse("status")?,
        result_type: params.parse("resultType")?,
        date_from,
        date_to,
        sort_by: params.sort_by()?,
        order: params.order(order)?,
    };
    let page = Page { limit, after: params.after()? };
    let cursors = params.finish()?;
    let listed = services.jobs.list(caller, filter, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, |job| view(services, job)), "jobs"))
}

fn view(services: &Services, job: Job) -> JobView {
    let waiting_for = services.jobs.waiting_for(&job);
    map::job(job, waiting_for)
}

/// As a filter, what is no id is a mistake, not something that is not there.
fn run_id(text: &str) -> Result<RunId> {
    text.parse().map_err(|_| Error::invalid("runId must be the id of a run").field("runId"))
}

#[utoipa::path(
    tag = "jobs",
    params(("job_id" = String, Path, description = "the job's id")),
    responses((status = 200, description = "the job", body = Success<JobView>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/jobs/{job_id}")]
pub(super) async fn job_get(
    allowed: Allowed<JobsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let job = services.jobs.get(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, view(&services, job), "job"))
}

#[utoipa::path(
    tag = "jobs",
    params(("job_id" = String, Path, description = "the job's id")),
    responses((status = 200, description = "cancelled, or told to end", body = Success<JobView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/jobs/{job_id}/cancel")]
pub(super) async fn job_cancel(
    allowed: Allowed<JobsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let job = services.jobs.cancel(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, view(&services, job), "job is being cancelled"))
}

#[utoipa::path(
    tag = "jobs",
    params(("job_id" = String, Path, description = "the job's id")),
    responses((status = 200, description = "queued again", body = Success<JobView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/jobs/{job_id}/restart")]
pub(super) async fn job_restart(
    allowed: Allowed<JobsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let job = services.jobs.restart(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, view(&services, job), "job restarted"))
}

#[utoipa::path(
    tag = "jobs",
    params(("job_id" = String, Path, description = "the job's id")),
    responses((status = 200, description = "all that are over, oldest first", body = Success<List<AttemptView>>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/jobs/{job_id}/attempts")]
pub(super) async fn attempt_list(
    allowed: Allowed<JobsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let attempts = services.jobs.attempts(&allowed.caller, id.parse()?).await?;
    let items: Vec<_> = attempts.into_iter().map(map::attempt).collect();
    let list = List { count: items.len(), items, last_evaluated_key: None };
    Ok(map::success(StatusCode::OK, list, "attempts"))
}

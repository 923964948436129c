//! `/v1/jobs`, exactly as seed 002 has it, and what Skep adds below it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use skep_domain::model::id::RunId;
use skep_domain::model::page::{Listed, Order, PAGE_DEFAULT, PAGE_MAX, Page, Position};
use skep_domain::model::time::Millis;
use skep_domain::port::store::JobFilter;
use skep_domain::service::Services;
use skep_domain::service::input::Request;
use skep_domain::{Error, Result};

use super::error::Failure;
use super::map;
use super::model::{JobBody, List};
use super::runs::no_arguments;
use super::{Allowed, Json};
use crate::shared::allowed::{JobsRead, JobsWrite, RunsRead};
use crate::shared::params::Params;

type Answer = Result<HttpResponse, Failure>;

/// Lines of one page of a log at most, and where none are asked for.
const LINES_MAX: u32 = 1000;

pub(super) async fn job_create(
    allowed: Allowed<JobsWrite>,
    services: web::Data<Services>,
    Json { value: body, .. }: Json<JobBody>,
) -> Answer {
    let payload = body.payload;
    let request = Request {
        function: body.job_type,
        version: None,
        common: map::common(payload.export, payload.stdin, payload.env),
        tuples: vec![payload.arguments.unwrap_or_else(no_arguments)],
    };
    let job = services.jobs.create(&allowed.caller, request).await.map_err(as_job_type)?;
    Ok(map::success(StatusCode::CREATED, map::job(job), "job created"))
}

/// Here the function is a field of the body, so a wrong one is a bad request, and has its name.
fn as_job_type(error: Error) -> Error {
    match error.field_at_fault() {
        Some("function") => Error::invalid("jobType names no function").field("jobType"),
        _ => error,
    }
}

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
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, map::job), "jobs"))
}

/// As a filter, what is no id is a mistake, not something that is not there.
fn run_id(text: &str) -> Result<RunId> {
    text.parse().map_err(|_| Error::invalid("runId must be the id of a run").field("runId"))
}

pub(super) async fn job_get(
    allowed: Allowed<JobsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let job = services.jobs.get(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, map::job(job), "job"))
}

pub(super) async fn job_cancel(
    allowed: Allowed<JobsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let job = services.jobs.cancel(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, map::job(job), "job is being cancelled"))
}

pub(super) async fn job_restart(
    allowed: Allowed<JobsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let job = services.jobs.restart(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, map::job(job), "job restarted"))
}

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

/// A page of a log, oldest line first. A running job's log has what it wrote until a moment ago.
pub(super) async fn log_list(
    allowed: Allowed<JobsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let limit = params.limit(LINES_MAX)?.unwrap_or(LINES_MAX);
    let from = params.after()?.map_or(0, |after| after.row + 1);
    let cursors = params.finish()?;
    let mut entries = services.jobs.logs(&allowed.caller, id.parse()?, from, limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| more).map(|last| Position { at: Millis(0), row: last.seq });
    let list = map::list(Listed { items: entries, next }, &cursors, map::line);
    Ok(map::success(StatusCode::OK, list, "log"))
}

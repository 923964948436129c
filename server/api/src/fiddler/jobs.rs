//! `/v3/jobs`.

use actix_web::{HttpRequest, HttpResponse, get, web};
use skep_domain::model::id::JobId;
use skep_domain::model::page::Order;
use skep_domain::model::selection::{Condition, Key, Moment, Selection};
use skep_domain::service::Services;
use skep_domain::{Code, Error};

use super::error::Failure;
use super::model::{Job, JobItem, Normal};
use super::page::{Page, Paginated};
use super::schemas::Refusals;
use super::{Allowed, filter, map, select};
use crate::shared::allowed::RunsRead;
use crate::shared::params::Params;

/// The caller's jobs. Newest first, where no other order is asked for.
#[utoipa::path(
    tag = "jobs",
    params(
        ("filter" = Option<String>, Query, description = "a rule `{\"field\", \"operator\", \"value\"}`, or `{\"condition\": \"AND\" | \"OR\", \"rules\": [\u{2026}]}` of such, as JSON"),
        ("search" = Option<String>, Query, description = "what is in a name, a status, a type or the project's name, whatever its case, or is an id"),
        ("ordering" = Option<String>, Query, description = "name, status, created_at, updated_at, started_at, completed_at: with commas between them, `-` before those that fall"),
        Page,
    ),
    responses((status = 200, description = "the jobs", body = Paginated<JobItem>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/jobs")]
pub(super) async fn job_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let mut params = Params::with_repeated(&request, "ordering")?;
    let page = Page::of(&mut params)?;
    let account = services.accounts.own(&allowed.caller).await?;
    let mut all = Vec::new();
    if let Some(text) = params.take("filter").filter(|text| !text.is_empty()) {
        all.push(select::condition(&filter::parse(&text)?, &account)?);
    }
    if let Some(text) = params.take("search") {
        all.push(select::searched(&text, &account)?);
    }
    let mut order = select::ordering(&params.take_all("ordering"))?;
    if order.is_empty() {
        order.push((Key::Moment(Moment::Created), Order::Descending));
    }
    let condition = Condition::All(all);
    let selection = Selection { condition, order, limit: page.limit, offset: page.offset };
    let selected = services.jobs.select(&allowed.caller, selection).await?;
    let items = selected.jobs.into_iter().map(|job| map::item(job, &account)).collect();
    Ok(HttpResponse::Ok().json(Paginated::new(items, selected.total, page)))
}

/// A job, by its id: dashed, or 32 hex digits.
#[utoipa::path(
    tag = "jobs",
    params(("job_id" = String, Path, format = "uuid", description = "the job's id"), ("verbose" = Option<bool>, Query, description = "whether `extras` are to be there")),
    responses((status = 200, description = "the job", body = Normal<Job>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/jobs/{job_id}")]
pub(super) async fn job_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let mut params = Params::of(&request)?;
    let verbose = verbose(params.take("verbose"))?;
    let id: JobId = id.parse().map_err(|_| no_job())?;
    let job = services.jobs.get(&allowed.caller, id).await.map_err(as_job)?;
    let account = services.accounts.own(&allowed.caller).await?;
    let function = match services.functions.get(&allowed.caller, &job.job_type).await {
        Ok(function) => Some(function),
        // It is being deleted, and its jobs with it.
        Err(error) if error.code() == Code::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    Ok(HttpResponse::Ok().json(Normal::new(map::job(job, function.as_ref(), &account, verbose))))
}

/// Python writes `True`.
fn verbose(text: Option<String>) -> Result<bool, Error> {
    match text.map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Error::invalid("verbose must be true or false")),
    }
}

fn as_job(error: Error) -> Error {
    if error.code() == Code::NotFound { no_job() } else { error }
}

fn no_job() -> Error {
    Error::new(Code::NotFound, "Job not found for the given identifier")
}

//! `/v1/runs`

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde_json::value::RawValue;
use skep_domain::Error;
use skep_domain::model::money::Nanodollars;
use skep_domain::model::page::Order;
use skep_domain::model::receipt;
use skep_domain::model::run::{Common, Run};
use skep_domain::model::search::Search;
use skep_domain::model::time::Millis;
use skep_domain::model::trace::Trace;
use skep_domain::port::store::RunFilter;
use skep_domain::service::Services;
use skep_domain::service::input::Request;
use skep_domain::service::runs::Submission;

use super::error::Failure;
use super::map;
use super::model::{List, Nothing, RunBody, RunView, Success};
use super::query::{DateQuery, IdempotencyHeader, OrderQuery, PageQuery};
use super::schemas::Refusals;
use super::{Allowed, Body};
use crate::shared::allowed::{RunsRead, RunsWrite};
use crate::shared::observe::Traced;
use crate::shared::once::respond;
use crate::shared::params::Params;

type Answer = Result<HttpResponse, Failure>;

#[utoipa::path(
    tag = "runs",
    params(IdempotencyHeader),
    request_body = RunBody,
    responses((status = 201, description = "the run", body = Success<RunView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/runs")]
pub(super) async fn run_create(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    Traced(trace): Traced,
    body: Body,
) -> Answer {
    let mut json = body.json::<RunBody>().await?;
    let once = json.once(created);
    let submission = submission(json.value, trace)?;
    Ok(respond(services.runs.create(&allowed.caller, submission, once).await?, created))
}

/// What a body asks for.
pub(super) fn submission(body: RunBody, trace: Option<Trace>) -> Result<Submission, Error> {
    if let Some(device) = body.device.as_deref().filter(|device| *device != "cpu") {
        let message = format!("this server has no device \"{device}\"; it has cpu");
        return Err(Error::invalid(message).field("device"));
    }
    let price = body.bid_price.as_ref().map(|price| price.get()).filter(|price| *price != "null");
    let bid = price.map(|price| Nanodollars::parse("bidPrice", price.trim_matches('"'))).transpose()?;
    let request = Request {
        function: body.function,
        version: body.version,
        common: Common {
            timeout_ms: body.timeout_ms,
            retry: body.retry,
            labels: body.labels.unwrap_or_default(),
            name: body.name,
            tags: body.tags.unwrap_or_default(),
            concurrency: body.concurrency,
            priority: body.priority.unwrap_or(0),
            ..map::common(body.export, body.stdin, body.env)
        },
        tuples: body.parameters,
        trace,
    };
    Ok(Submission { request, bid, run_at: body.run_at.map(Millis) })
}

fn created(run: &Run) -> receipt::Answer {
    map::answer(StatusCode::CREATED, map::run(run.clone()), "run created")
}

#[utoipa::path(
    tag = "runs",
    params(("source" = Option<String>, Query, description = "what made it: `run`, `job`, `schedule`, `plan`, `invoke` or `http`; where it is not named, all but `plan`, `invoke` and `http`"), ("function" = Option<String>, Query, description = "a function's name"), ("q" = Option<String>, Query, description = "words of its name, `tag:nightly`, `tags:a,b` for one of them: all of it must be there"), DateQuery, OrderQuery, PageQuery),
    responses((status = 200, description = "a page", body = Success<List<RunView>>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/runs")]
pub(super) async fn run_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let mut params = Params::of(&request)?;
    let (date_from, date_to) = params.dates()?;
    let filter = RunFilter {
        source: params.parse("source")?,
        function: params.take("function"),
        search: params.take("q").map(|text| Search::parse(&text)).transpose()?,
        date_from,
        date_to,
        order: params.order(Order::Descending)?,
    };
    let page = params.page()?;
    let cursors = params.finish()?;
    let listed = services.runs.list(&allowed.caller, filter, page).await?;
    Ok(map::success(StatusCode::OK, map::list(listed, &cursors, map::run), "runs"))
}

#[utoipa::path(
    tag = "runs",
    params(("run_id" = String, Path, description = "the run's id")),
    responses((status = 200, description = "the run", body = Success<RunView>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/runs/{run_id}")]
pub(super) async fn run_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let run = services.runs.get(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, map::run(run), "run"))
}

#[utoipa::path(
    tag = "runs",
    params(("run_id" = String, Path, description = "the run's id")),
    responses((status = 200, description = "what waited is cancelled, what runs is told to end", body = Success<RunView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[post("/runs/{run_id}/cancel")]
pub(super) async fn run_cancel(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let run = services.runs.cancel(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, map::run(run), "run cancelled"))
}

#[utoipa::path(
    tag = "runs",
    params(("run_id" = String, Path, description = "the run's id")),
    responses((status = 200, description = "deleted, with its jobs and logs", body = Success<Nothing>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[delete("/runs/{run_id}")]
pub(super) async fn run_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    services.runs.delete(&allowed.caller, id.parse()?).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "run deleted"))
}

/// The tuple of a call without arguments.
pub(super) fn no_arguments() -> Box<RawValue> {
    RawValue::from_string("[]".to_owned()).expect("an empty array is JSON")
}

//! `/v1/schedules`: runs that are submitted again and again.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, patch, put, web};
use skep_domain::Error;
use skep_domain::model::schedule::{Missed, Planned, Schedule, Timing, UTC};
use skep_domain::service::Services;
use skep_domain::service::schedules::NewSchedule;

use super::error::Failure;
use super::map;
use super::model::schedules::{PlannedView, ScheduleBody, ScheduleChangeBody, ScheduleView};
use super::model::{List, Nothing, Success};
use super::runs::submission;
use super::schemas::Refusals;
use super::{Allowed, Body};
use crate::shared::allowed::{RunsRead, RunsWrite};

type Answer = Result<HttpResponse, Failure>;

#[utoipa::path(
    tag = "schedules",
    responses((status = 200, description = "all of them, by name", body = Success<List<ScheduleView>>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/schedules")]
pub(super) async fn schedule_list(allowed: Allowed<RunsRead>, services: web::Data<Services>) -> Answer {
    let schedules = services.schedules.list(&allowed.caller).await?;
    let items: Vec<_> = schedules.into_iter().map(view).collect();
    let list = List { count: items.len(), items, last_evaluated_key: None };
    Ok(map::success(StatusCode::OK, list, "schedules"))
}

#[utoipa::path(
    tag = "schedules",
    params(("name" = String, Path, description = "the schedule's name")),
    responses((status = 200, description = "the schedule", body = Success<ScheduleView>), Refusals),
    security(("bearer" = ["runs:read"])),
)]
#[get("/schedules/{name}")]
pub(super) async fn schedule_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    let schedule = services.schedules.get(&allowed.caller, &name).await?;
    Ok(map::success(StatusCode::OK, view(schedule), "schedule"))
}

/// Makes a schedule, or puts it in the place of the one with its name. Its run is checked as if it were submitted now.
#[utoipa::path(
    tag = "schedules",
    params(("name" = String, Path, description = "the schedule's name")),
    request_body = ScheduleBody,
    responses((status = 201, description = "the schedule", body = Success<ScheduleView>), (status = 200, description = "the schedule, which was there", body = Success<ScheduleView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[put("/schedules/{name}")]
pub(super) async fn schedule_put(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
    body: Body,
) -> Answer {
    let body = body.json::<ScheduleBody>().await?.value;
    let timing = Timing::parse(&body.cron, body.time_zone.as_deref().unwrap_or(UTC))?;
    let missed = body.missed.map_or(Ok(Missed::Skip), |name| name.parse())?;
    let submission = submission(body.run, None)?;
    if submission.run_at.is_some() {
        let message = "a schedule says itself when its runs are made: leave runAt out";
        return Err(Error::invalid(message).field("run.runAt").into());
    }
    let request = submission.request;
    let planned = Planned {
        function: request.function,
        version: request.version,
        tuples: request.tuples,
        common: request.common,
        bid: submission.bid,
    };
    let new = NewSchedule { timing, missed, is_paused: body.paused.unwrap_or(false), planned };
    let (schedule, is_new) = services.schedules.put(&allowed.caller, &name, new).await?;
    let (status, message) = match is_new {
        true => (StatusCode::CREATED, "schedule created"),
        false => (StatusCode::OK, "schedule changed"),
    };
    Ok(map::success(status, view(schedule), message))
}

/// Pauses or resumes a schedule. What it misses while it is paused is left out.
#[utoipa::path(
    tag = "schedules",
    params(("name" = String, Path, description = "the schedule's name")),
    request_body = ScheduleChangeBody,
    responses((status = 200, description = "the schedule", body = Success<ScheduleView>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[patch("/schedules/{name}")]
pub(super) async fn schedule_change(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
    body: Body,
) -> Answer {
    let is_paused = body.json::<ScheduleChangeBody>().await?.value.paused;
    let schedule = services.schedules.turn(&allowed.caller, &name, is_paused).await?;
    let message = if is_paused { "schedule paused" } else { "schedule resumed" };
    Ok(map::success(StatusCode::OK, view(schedule), message))
}

#[utoipa::path(
    tag = "schedules",
    params(("name" = String, Path, description = "the schedule's name")),
    responses((status = 200, description = "deleted; its runs stay", body = Success<Nothing>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[delete("/schedules/{name}")]
pub(super) async fn schedule_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    services.schedules.delete(&allowed.caller, &name).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "schedule deleted"))
}

fn view(schedule: Schedule) -> ScheduleView {
    let Planned { function, version, tuples, common, bid } = schedule.planned;
    ScheduleView {
        schedule_id: schedule.id.to_string(),
        name: schedule.name.as_str().to_owned(),
        cron: schedule.timing.cron().to_owned(),
        time_zone: schedule.timing.zone().to_owned(),
        missed: schedule.missed.name(),
        paused: schedule.next_at.is_none(),
        run: PlannedView {
            function,
            version,
            parameters: tuples,
            export: common.export,
            stdin: common.stdin,
            env: common.env,
            bid_price: bid.map(|bid| bid.to_string()),
            timeout_ms: common.timeout_ms,
            retry: common.retry,
            labels: common.labels,
            name: common.name,
            tags: common.tags,
            concurrency: common.concurrency,
        },
        next_at: schedule.next_at.map(|at| at.0),
        last_at: schedule.last_at.map(|at| at.0),
        last_run_id: schedule.last_run.map(|id| id.to_string()),
        last_error: schedule.last_error,
        created_at: schedule.created_at.0,
        updated_at: schedule.updated_at.0,
    }
}

//! `/v1/schedules`: runs and plans that are submitted again and again.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, patch, put, web};
use skep_domain::Error;
use skep_domain::model::schedule::{Missed, Planned, PlannedPlan, Schedule, Timing, UTC, What};
use skep_domain::model::time::Millis;
use skep_domain::port::store::Past;
use skep_domain::service::Services;
use skep_domain::service::schedules::{New, NewSchedule};

use super::error::Failure;
use super::model::schedules::{PlannedPlanView, PlannedView, ScheduleBody, ScheduleChangeBody, ScheduleView};
use super::model::{List, Nothing, RunBody, Success};
use super::runs::submission;
use super::schemas::Refusals;
use super::{Allowed, Body, map, plans};
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

/// Makes a schedule, or puts it in the place of the one with its name. What it submits is checked as if it were submitted now.
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
    let what = match (body.run, body.plan) {
        (Some(run), None) => New::Run(Box::new(planned(run)?)),
        (None, Some(plan)) => {
            let submission = plans::submission(plan)?;
            check_run_at(submission.run_at, "plan.runAt")?;
            New::Plan(Box::new(submission.plan))
        }
        (Some(_), Some(_)) | (None, None) => {
            let message = "a schedule submits either a run or a plan: name exactly one of run and plan";
            return Err(Error::invalid(message).field("run").into());
        }
    };
    let new = NewSchedule { timing, missed, is_paused: body.paused.unwrap_or(false), what };
    let (schedule, is_new) = services.schedules.put(&allowed.caller, &name, new).await?;
    let (status, message) = match is_new {
        true => (StatusCode::CREATED, "schedule created"),
        false => (StatusCode::OK, "schedule changed"),
    };
    Ok(map::success(status, view(schedule), message))
}

fn planned(run: RunBody) -> Result<Planned, Error> {
    let submission = submission(run, None)?;
    check_run_at(submission.run_at, "run.runAt")?;
    let request = submission.request;
    Ok(Planned {
        function: request.function,
        version: request.version,
        tuples: request.tuples,
        common: request.common,
        bid: submission.bid,
    })
}

fn check_run_at(run_at: Option<Millis>, field: &str) -> Result<(), Error> {
    match run_at {
        None => Ok(()),
        Some(_) => {
            Err(Error::invalid("a schedule says itself when it submits: leave runAt out").field(field))
        }
    }
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
    responses((status = 200, description = "deleted; its runs and plans stay", body = Success<Nothing>), Refusals),
    security(("bearer" = ["runs:write"])),
)]
#[delete("/schedules/{name}")]
pub(super) async fn schedule_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    name: web::Path<String>,
) -> Answer {
    services.schedules.delete(&allowed.caller, &name, Past::Stays).await?;
    Ok(map::success(StatusCode::OK, Nothing {}, "schedule deleted"))
}

fn view(schedule: Schedule) -> ScheduleView {
    let last = schedule.last.map(|id| id.to_string());
    let (run, plan, last_run_id, last_plan_id) = match schedule.what {
        What::Run(planned) => (Some(run_view(*planned)), None, last, None),
        What::Plan(planned) => (None, Some(plan_view(*planned)), None, last),
    };
    ScheduleView {
        schedule_id: schedule.id.to_string(),
        name: schedule.name.as_str().to_owned(),
        cron: schedule.timing.cron().to_owned(),
        time_zone: schedule.timing.zone().to_owned(),
        missed: schedule.missed.name(),
        paused: schedule.next_at.is_none(),
        run,
        plan,
        next_at: schedule.next_at.map(|at| at.0),
        last_at: schedule.last_at.map(|at| at.0),
        last_run_id,
        last_plan_id,
        last_error: schedule.last_error,
        created_at: schedule.created_at.0,
        updated_at: schedule.updated_at.0,
    }
}

fn run_view(planned: Planned) -> PlannedView {
    let Planned { function, version, tuples, common, bid } = planned;
    PlannedView {
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
        priority: common.priority,
    }
}

fn plan_view(planned: PlannedPlan) -> PlannedPlanView {
    let PlannedPlan { head, secrets, sealed: _ } = planned;
    PlannedPlanView {
        name: head.name,
        description: head.description,
        tags: head.tags,
        labels: head.labels,
        inputs: head.inputs,
        secrets,
    }
}

//! `/scheduled-jobs`: jobs that are submitted again and again.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde_json::{Map, Value, json};
use skep_domain::model::account::Caller;
use skep_domain::model::id::ScheduleId;
use skep_domain::model::plan::Style;
use skep_domain::model::schedule::{Missed, PlannedPlan, Schedule, Timing, UTC, What};
use skep_domain::port::store::Past;
use skep_domain::service::Services;
use skep_domain::service::schedules::{New, NewSchedule};
use skep_domain::{Error, Result};

use super::auth::Allowed;
use super::definition::{self, Job};
use super::error::{Failure, missing, refused};
use super::page::{self, Asked};
use super::schemas::{Refusals, ScheduledJob, ScheduledJobSummary, Status};
use super::view::{self, REDACTED};
use super::{Body, jobs, plan};
use crate::shared::allowed::{RunsRead, RunsWrite};

type Answer = std::result::Result<HttpResponse, Failure>;

/// Jobs of a page where none are asked for, and at most.
const SIZES: (u64, u64) = (10, 20);

/// Schedules a job: it is submitted whenever its time comes.
#[utoipa::path(
    tag = "scheduled-jobs",
    request_body(content(
        (Object = "text/yaml", example = json!("name: hello\nschedule:\n  cron: '0 4 * * *'\ntasks:\n  - name: say hello\n    image: ubuntu:mantic\n    run: echo hello world\n")),
        (Object = "application/json"),
    )),
    responses((status = 200, description = "the scheduled job", body = ScheduledJobSummary), Refusals),
    security(("bearer" = ["runs:write"]), ("basic" = [])),
)]
#[post("")]
pub(super) async fn scheduled_job_create(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: Body,
) -> Answer {
    let (given, bytes) = jobs::typed(&request, body).await?;
    let read = match given.as_deref() {
        Some("application/json") => definition::scheduled_from_json(&bytes),
        Some("text/yaml") => definition::scheduled_from_yaml(&bytes),
        other => Err(format!("unknown content type: {}", other.unwrap_or_default())),
    };
    let (job, schedule) = read.map_err(Error::invalid)?;
    let cron = schedule.as_ref().map(|schedule| schedule.cron.as_str());
    let timing = cron.map(|cron| Timing::parse(cron, UTC));
    let fault = match (cron, &timing) {
        (None, _) => Some(("Schedule".to_owned(), "required")),
        (Some(""), _) => Some(("Schedule.Cron".to_owned(), "required")),
        (Some(_), Some(Err(_))) => Some(("Schedule.Cron".to_owned(), "cron")),
        (Some(_), _) => None,
    };
    jobs::check(&services, &allowed.caller, &job, ("ScheduledJob", fault)).await?;
    let Some(Ok(timing)) = timing else { return Err(Error::internal("the time was checked").into()) };
    let what = New::Plan(Box::new(plan::of_job(job)?));
    let new = NewSchedule { timing, missed: Missed::Skip, is_paused: false, what };
    let schedule = services.schedules.create(&allowed.caller, new).await?;
    Ok(HttpResponse::Ok().json(summary(&schedule)))
}

/// A page of the scheduled jobs, the newest first.
#[utoipa::path(
    tag = "scheduled-jobs",
    params(
        ("page" = Option<u64>, Query, description = "which, from 1", minimum = 1),
        ("size" = Option<i64>, Query, description = "jobs of a page: 10, and 20 at most"),
    ),
    responses((status = 200, description = "the page", body = page::Page), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("")]
pub(super) async fn scheduled_job_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let asked = Asked::of(&request, SIZES.0, SIZES.1)?;
    let mut found: Vec<Schedule> = services.schedules.list(&allowed.caller).await?;
    found.retain(|schedule| planned(schedule).is_some());
    found.sort_by_key(|schedule| std::cmp::Reverse(schedule.id));
    let total = found.len() as u64;
    let skipped = usize::try_from(asked.skipped()).unwrap_or(usize::MAX);
    let size = usize::try_from(asked.size).unwrap_or(usize::MAX);
    let items =
        found.iter().skip(skipped).take(size).map(|schedule| Value::Object(summary(schedule))).collect();
    Ok(HttpResponse::Ok().json(asked.filled(items, total)))
}

#[utoipa::path(
    tag = "scheduled-jobs",
    params(("id" = String, Path, description = "the scheduled job's id")),
    responses((status = 200, description = "the scheduled job, as it was defined", body = ScheduledJob), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("/{id}")]
pub(super) async fn scheduled_job_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    Ok(HttpResponse::Ok().json(whole(&find(&services, &allowed.caller, &id).await?)))
}

/// Deletes a scheduled job, with the jobs that it has submitted.
#[utoipa::path(
    tag = "scheduled-jobs",
    params(("id" = String, Path, description = "the scheduled job's id")),
    responses((status = 200, description = "deleted", body = Status), Refusals),
    security(("bearer" = ["runs:write"]), ("basic" = [])),
)]
#[delete("/{id}")]
pub(super) async fn scheduled_job_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let schedule = find(&services, &allowed.caller, &id).await?;
    let deleted = services.schedules.delete(&allowed.caller, schedule.name.as_str(), Past::Goes).await;
    deleted.map_err(|error| missing(error, "scheduled job"))?;
    Ok(jobs::ok())
}

#[utoipa::path(
    tag = "scheduled-jobs",
    params(("id" = String, Path, description = "the scheduled job's id")),
    responses((status = 200, description = "it submits nothing until it is resumed", body = Status), Refusals),
    security(("bearer" = ["runs:write"]), ("basic" = [])),
)]
#[put("/{id}/pause")]
pub(super) async fn scheduled_job_pause(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    turn(&services, &allowed.caller, &id, true).await
}

#[utoipa::path(
    tag = "scheduled-jobs",
    params(("id" = String, Path, description = "the scheduled job's id")),
    responses((status = 200, description = "it submits again; what was missed is left out", body = Status), Refusals),
    security(("bearer" = ["runs:write"]), ("basic" = [])),
)]
#[put("/{id}/resume")]
pub(super) async fn scheduled_job_resume(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    turn(&services, &allowed.caller, &id, false).await
}

async fn turn(services: &Services, caller: &Caller, id: &str, is_paused: bool) -> Answer {
    let schedule = find(services, caller, id).await?;
    let turned = services.schedules.turn(caller, schedule.name.as_str(), is_paused).await;
    let message = if is_paused { "scheduled job is not active" } else { "scheduled job is not paused" };
    turned.map_err(|error| refused(missing(error, "scheduled job"), message))?;
    Ok(jobs::ok())
}

async fn find(services: &Services, caller: &Caller, id: &str) -> Result<Schedule> {
    let id: ScheduleId = id.parse().map_err(|error| missing(error, "scheduled job"))?;
    let found = services.schedules.find(caller, id).await.map_err(|error| missing(error, "scheduled job"))?;
    match planned(&found) {
        Some(_) => Ok(found),
        None => Err(missing(Error::not_found("schedule"), "scheduled job")),
    }
}

/// The plan that a schedule submits, where that is one of this API.
fn planned(schedule: &Schedule) -> Option<&PlannedPlan> {
    match &schedule.what {
        What::Plan(planned) if planned.head.style == Style::Text => Some(planned),
        What::Plan(_) | What::Run(_) => None,
    }
}

fn defined(planned: &PlannedPlan) -> Job {
    planned.head.noted.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn summary(schedule: &Schedule) -> Map<String, Value> {
    let mut shown = Map::new();
    let Some(planned) = planned(schedule) else { return shown };
    let head = &planned.head;
    let mut inputs = head.inputs.clone();
    view::redact_names(&mut inputs);
    shown.insert("id".into(), json!(view::hex(schedule.id.to_u128())));
    view::set(&mut shown, "inputs", (!inputs.is_empty()).then_some(Value::Object(inputs)));
    let state = if schedule.next_at.is_some() { "ACTIVE" } else { "PAUSED" };
    shown.insert("state".into(), json!(state));
    shown.insert("name".into(), json!(head.name));
    view::set(&mut shown, "description", head.description.as_ref().map(|text| json!(text)));
    view::set(&mut shown, "tags", (!head.tags.is_empty()).then(|| json!(head.tags)));
    shown.insert("createdAt".into(), view::time(schedule.created_at));
    shown.insert("cron".into(), json!(schedule.timing.cron()));
    shown
}

/// What was defined, too.
fn whole(schedule: &Schedule) -> Map<String, Value> {
    let mut shown = summary(schedule);
    let Some(planned) = planned(schedule) else { return shown };
    let job = defined(planned);
    let tasks = job.tasks.iter().map(|task| Value::Object(view::defined(task))).collect();
    shown.insert("tasks".into(), tasks);
    let secrets: Map<String, Value> =
        planned.secrets.iter().map(|name| (name.clone(), json!(REDACTED))).collect();
    view::set(&mut shown, "secrets", (!secrets.is_empty()).then_some(Value::Object(secrets)));
    view::set(&mut shown, "output", planned.head.output.as_ref().map(|output| json!(output)));
    view::set(&mut shown, "defaults", job.defaults.map(|defaults| json!(defaults)));
    view::set(&mut shown, "webhooks", (!job.webhooks.is_empty()).then(|| json!(job.webhooks)));
    view::set(&mut shown, "permissions", (!job.permissions.is_empty()).then(|| json!(job.permissions)));
    view::set(&mut shown, "autoDelete", job.auto_delete.map(|auto_delete| json!(auto_delete)));
    shown
}

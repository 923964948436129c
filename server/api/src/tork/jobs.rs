//! `/jobs`.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde_json::{Map, Value, json};
use skep_domain::model::account::Caller;
use skep_domain::model::id::PlanId;
use skep_domain::model::job::Status as State;
use skep_domain::model::page::{Order, PAGE_MAX, Page};
use skep_domain::model::plan::Plan;
use skep_domain::model::receipt::Answered;
use skep_domain::model::search::Search;
use skep_domain::model::time::Millis;
use skep_domain::port::store::PlanFilter;
use skep_domain::service::Services;
use skep_domain::service::plans::Submission;
use skep_domain::{Error, Result};

use super::auth::Allowed;
use super::definition::{self, Fault, Job, Permission, duration};
use super::error::{Failure, missing, refused};
use super::page::{self, Asked};
use super::schemas::{self, Refusals, Status};
use super::view::{self, REDACTED};
use super::{Body, execution, plan};
use crate::shared::allowed::{RunsRead, RunsWrite};

type Answer = std::result::Result<HttpResponse, Failure>;

/// Jobs of a page where none are asked for, and at most.
const SIZES: (u64, u64) = (10, 20);
/// How long is waited for the end of a job at most.
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// How often is looked without being told.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Submits a job. With `wait`, answers when it is over.
#[utoipa::path(
    tag = "jobs",
    request_body(content(
        (Object = "text/yaml", example = json!("name: hello\ntasks:\n  - name: say hello\n    image: ubuntu:mantic\n    run: echo hello world\n")),
        (Object = "application/json"),
        (Object = "application/x-yaml"),
    )),
    responses((status = 200, description = "the job; all of it, if it was waited for", body = schemas::JobSummary), (status = 408, description = "it is not over yet; it goes on", body = schemas::Message), Refusals),
    security(("bearer" = ["runs:write"]), ("basic" = [])),
)]
#[post("")]
pub(super) async fn job_create(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    request: HttpRequest,
    body: Body,
) -> Answer {
    let job = read(&request, body).await?;
    let run_at = run_at(&job);
    check(&services, &allowed.caller, &job, ("Job", run_at.as_ref().err().cloned())).await?;
    let run_at = run_at.ok().flatten();
    let wait =
        job.wait.as_ref().map(|wait| duration::parse(&wait.timeout).map_err(Error::invalid)).transpose()?;
    let submission = Submission { plan: plan::of_job(job)?, run_at };
    let made = services.plans.create(&allowed.caller, submission, None).await?;
    let Answered::Made(made) = made else { return Err(Error::internal("it was to be made now").into()) };
    let Some(wait) = wait else { return Ok(HttpResponse::Ok().json(view::summary(&made))) };
    let wait = Duration::from_nanos(u64::try_from(wait).unwrap_or(0)).min(WAIT_MAX);
    match over(&services, &allowed.caller, made.id, wait).await? {
        Some(plan) => Ok(HttpResponse::Ok().json(whole(&services, &allowed.caller, &plan).await?)),
        None => {
            Ok(HttpResponse::RequestTimeout().json(json!({"message": "timeout waiting for job to complete"})))
        }
    }
}

/// A page of the jobs that are not of other jobs, the newest first.
#[utoipa::path(
    tag = "jobs",
    params(
        ("page" = Option<u64>, Query, description = "which, from 1", minimum = 1),
        ("size" = Option<i64>, Query, description = "jobs of a page: 10, and 20 at most"),
        ("q" = Option<String>, Query, description = "words of the name and description, `tag:nightly`, `tags:a,b` for one of them"),
    ),
    responses((status = 200, description = "the page", body = page::Page), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("")]
pub(super) async fn job_list(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    request: HttpRequest,
) -> Answer {
    let (caller, asked) = (&allowed.caller, Asked::of(&request, SIZES.0, SIZES.1)?);
    let search = asked.search.as_deref().map(Search::parse).transpose()?;
    let filter = || PlanFilter { search: search.clone(), status: None, order: Order::Descending };
    let total = services.plans.count(caller, filter()).await?;
    let (mut items, mut skip) = (Vec::new(), asked.skipped());
    let mut after = None;
    while skip < total && (items.len() as u64) < asked.size {
        let limit = if skip == 0 { asked.size - items.len() as u64 } else { skip.min(u64::from(PAGE_MAX)) };
        let limit = u32::try_from(limit).unwrap_or(PAGE_MAX);
        let listed = services.plans.list(caller, filter(), Page { limit, after }).await?;
        match skip {
            0 => items.extend(listed.items.iter().map(|plan| Value::Object(view::summary(plan)))),
            _ => skip -= u64::from(limit),
        }
        after = listed.next;
        if after.is_none() {
            break;
        }
    }
    Ok(HttpResponse::Ok().json(asked.filled(items, total)))
}

#[utoipa::path(
    tag = "jobs",
    params(("id" = String, Path, description = "the job's id")),
    responses((status = 200, description = "the job, with its first 1,000 tasks that have begun", body = schemas::Job), Refusals),
    security(("bearer" = ["runs:read"]), ("basic" = [])),
)]
#[get("/{id}")]
pub(super) async fn job_get(
    allowed: Allowed<RunsRead>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let plan = find(&services, &allowed.caller, &id).await?;
    Ok(HttpResponse::Ok().json(whole(&services, &allowed.caller, &plan).await?))
}

/// Deletes a job that is over, with its tasks and logs. The product has no such thing.
#[utoipa::path(
    tag = "jobs",
    params(("id" = String, Path, description = "the job's id")),
    responses((status = 200, description = "deleted", body = Status), Refusals),
    security(("bearer" = ["runs:write"]), ("basic" = [])),
)]
#[delete("/{id}")]
pub(super) async fn job_delete(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let plan = find(&services, &allowed.caller, &id).await?;
    let deleted = services.plans.delete(&allowed.caller, plan.id).await;
    let message = format!("job is {} and can not be deleted", view::job_state(plan.status));
    deleted.map_err(|error| refused(missing(error, "job"), message))?;
    Ok(ok())
}

#[utoipa::path(
    tag = "jobs",
    params(("id" = String, Path, description = "the job's id")),
    responses((status = 200, description = "cancelled, with its jobs, and the job that it is of", body = Status), Refusals),
    security(("bearer" = ["runs:write"]), ("basic" = [])),
)]
#[put("/{id}/cancel")]
pub(super) async fn job_cancel(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let plan = find(&services, &allowed.caller, &id).await?;
    let cancelled = services.plans.cancel(&allowed.caller, plan.id).await;
    cancelled.map_err(|error| refused(missing(error, "job"), "job is not running"))?;
    Ok(ok())
}

/// Goes on with a job that failed or was cancelled, with the task at which it ended.
#[utoipa::path(
    tag = "jobs",
    params(("id" = String, Path, description = "the job's id")),
    responses((status = 200, description = "it runs again", body = Status), Refusals),
    security(("bearer" = ["runs:write"]), ("basic" = [])),
)]
#[put("/{id}/restart")]
pub(super) async fn job_restart(
    allowed: Allowed<RunsWrite>,
    services: web::Data<Services>,
    id: web::Path<String>,
) -> Answer {
    let plan = find(&services, &allowed.caller, &id).await?;
    let message = match plan.status {
        State::Failed | State::Cancelled => "job has no more tasks to run".to_owned(),
        status => format!("job is {} and can not be restarted", view::job_state(status)),
    };
    let restarted = services.plans.restart(&allowed.caller, plan.id).await;
    restarted.map_err(|error| refused(missing(error, "job"), message))?;
    Ok(ok())
}

pub(super) fn ok() -> HttpResponse {
    HttpResponse::Ok().json(Status { status: "OK" })
}

pub(super) async fn find(services: &Services, caller: &Caller, id: &str) -> Result<Plan> {
    let id: PlanId = id.parse().map_err(|error| missing(error, "job"))?;
    services.plans.get(caller, id).await.map_err(|error| missing(error, "job"))
}

/// Not before when a job begins: a date and time with its zone. The product has no such thing.
fn run_at(job: &Job) -> std::result::Result<Option<Millis>, Fault> {
    if job.run_at.is_empty() {
        return Ok(None);
    }
    let at = job.run_at.parse::<jiff::Timestamp>().ok();
    let at = at.and_then(|at| u64::try_from(at.as_millisecond()).ok());
    at.map(|at| Some(Millis(at))).ok_or_else(|| ("RunAt".to_owned(), "datetime"))
}

/// Reads a definition, by what it is said to be.
async fn read(request: &HttpRequest, body: Body) -> std::result::Result<Job, Failure> {
    let (given, bytes) = typed(request, body).await?;
    let read = match given.as_deref() {
        Some("application/json") => definition::from_json(&bytes),
        Some("text/yaml" | "application/x-yaml") => definition::from_yaml(&bytes),
        None | Some("") => Err("missing content type".to_owned()),
        Some(other) => Err(format!("unknown content type: {other}")),
    };
    Ok(read.map_err(Error::invalid)?)
}

/// What a body is said to be, as it is said, and the body.
pub(super) async fn typed(
    request: &HttpRequest,
    body: Body,
) -> std::result::Result<(Option<String>, Vec<u8>), Failure> {
    let given = request.headers().get(CONTENT_TYPE);
    let given = given.map(|given| given.to_str().unwrap_or_default().to_owned());
    let (_, bytes) = body.typed().await?;
    Ok((given, bytes))
}

/// Whether a definition says what can be done; what it is called, and what else is wrong with it.
pub(super) async fn check(
    services: &Services,
    caller: &Caller,
    job: &Job,
    about: (&str, Option<Fault>),
) -> Result<()> {
    let texts = definition::expressions(job);
    let mut are: HashMap<String, bool> = HashMap::new();
    if !texts.is_empty() {
        let known = services.plans.are_expressions(caller, texts.clone()).await?;
        are.extend(texts.into_iter().zip(known));
    }
    let (what, fault) = about;
    let fault = match fault {
        Some(fault) => Some(fault),
        None => permission_fault(services, caller, &job.permissions).await?,
    };
    definition::check(job, (what, fault), |text| are.get(text).copied().unwrap_or_default())
        .map_err(Error::invalid)
}

/// Whom a job cannot let in: it is seen by its own account, and by nobody else whoever is named.
async fn permission_fault(
    services: &Services,
    caller: &Caller,
    permissions: &[Permission],
) -> Result<Option<Fault>> {
    if permissions.is_empty() {
        return Ok(None);
    }
    let own = services.accounts.own(caller).await?.name;
    let fault = permissions.iter().enumerate().find_map(|(index, permission)| {
        let tag = match (permission.user.as_str(), permission.role.as_str()) {
            // Which of the two it is, is the first question.
            ("", "") => return None,
            (user, "") if user == own.as_str() => return None,
            (_, "") => "invalidusername",
            ("", _) => "invalidrole",
            (_, _) => return None,
        };
        Some((format!("Permissions[{index}].perm"), tag))
    });
    Ok(fault)
}

/// Waits for the end of a job, at most so long.
async fn over(services: &Services, caller: &Caller, id: PlanId, wait: Duration) -> Result<Option<Plan>> {
    let watching = services.plans.watch(caller, id).await?;
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        let plan = services.plans.get(caller, id).await?;
        if plan.status.is_over() {
            return Ok(Some(plan));
        }
        tokio::select! {
            () = watching.news() => {}
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            () = tokio::time::sleep_until(deadline) => return Ok(None),
        }
    }
}

/// A job with everything: what was defined, what was run, what its expressions know.
async fn whole(services: &Services, caller: &Caller, plan: &Plan) -> Result<Map<String, Value>> {
    let definition = view::definition(plan);
    let begun = execution::of_plan(services, caller, plan.id).await?;
    let mut shown = view::summary(plan);
    shown.insert(
        "tasks".into(),
        definition.tasks.iter().map(|task| Value::Object(view::defined(task))).collect(),
    );
    // As its task says it, with the lines.
    let failed = begun.iter().find_map(|task| match task.view["state"].as_str() {
        Some("FAILED") => task.view.get("error").cloned(),
        _ => None,
    });
    if plan.error.is_some() {
        view::set(&mut shown, "error", failed);
    }
    shown.insert("execution".into(), begun.into_iter().map(|begun| Value::Object(begun.view)).collect());
    let variables = services.plans.variables(caller, plan.id).await?;
    let variables: Map<String, Value> =
        variables.iter().map(|(name, value)| (name.clone(), json!(view::text_of_json(value)))).collect();
    let secrets: Map<String, Value> =
        plan.secrets.iter().map(|name| (name.clone(), json!(REDACTED))).collect();
    let mut context = Map::new();
    context.insert("job".into(), json!({"id": view::hex(plan.id.to_u128()), "name": plan.head.name}));
    for (name, values) in [
        ("inputs", shown.get("inputs").cloned().unwrap_or_default()),
        ("secrets", json!(secrets)),
        ("tasks", json!(variables)),
    ] {
        let is_there = values.as_object().is_some_and(|values| !values.is_empty());
        view::set(&mut context, name, is_there.then_some(values));
    }
    shown.insert("context".into(), Value::Object(context));
    view::set(&mut shown, "secrets", (!secrets.is_empty()).then_some(Value::Object(secrets)));
    view::set(&mut shown, "webhooks", (!definition.webhooks.is_empty()).then(|| json!(definition.webhooks)));
    view::set(&mut shown, "output", plan.head.output.as_ref().map(|output| json!(output)));
    view::set(&mut shown, "defaults", definition.defaults.map(|defaults| json!(defaults)));
    view::set(
        &mut shown,
        "permissions",
        (!definition.permissions.is_empty()).then(|| json!(definition.permissions)),
    );
    view::set(&mut shown, "autoDelete", definition.auto_delete.map(|auto_delete| json!(auto_delete)));
    Ok(shown)
}

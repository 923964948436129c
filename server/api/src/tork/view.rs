//! Jobs and tasks as they are shown: what was defined, and what has become of it. What is empty is left out.

use serde_json::{Map, Value, json};
use skep_domain::model::attempt::{FailureCode, Outcome, Output};
use skep_domain::model::job::{self, Status};
use skep_domain::model::plan::{Kind, Plan, StageStatus, Staged};
use skep_domain::model::time::Millis;

use super::definition::{Job, Task};
use crate::shared::date::timestamp;

/// Stands where something was that is not shown.
pub(super) const REDACTED: &str = "[REDACTED]";
/// Values of names with one of these in them are not shown.
const SECRET_WORDS: [&str; 3] = ["SECRET", "PASSWORD", "ACCESS_KEY"];

/// An id as its clients know it.
pub(super) fn hex(id: u128) -> String {
    format!("{id:032x}")
}

pub(super) fn time(at: Millis) -> Value {
    json!(timestamp(at).to_string())
}

/// The state of a plan, as that of a job.
pub(super) fn job_state(status: Status) -> &'static str {
    match status {
        Status::Queued => "PENDING",
        Status::Running | Status::Retrying => "RUNNING",
        Status::Succeeded => "COMPLETED",
        Status::Failed | Status::TimedOut => "FAILED",
        Status::Cancelled => "CANCELLED",
    }
}

/// The state of a job, as that of a task.
pub(super) fn task_state(status: Status) -> &'static str {
    match status {
        Status::Queued | Status::Retrying => "PENDING",
        Status::Running => "RUNNING",
        Status::Succeeded => "COMPLETED",
        Status::Failed | Status::TimedOut => "FAILED",
        Status::Cancelled => "CANCELLED",
    }
}

/// The state of a stage, as that of a task; what a call does, its job says.
fn stage_state(status: StageStatus, job: Option<&job::Job>) -> &'static str {
    match (status, job) {
        (StageStatus::Waiting, _) => "PENDING",
        (StageStatus::Running, Some(job)) if !job.progress.status.is_over() => {
            task_state(job.progress.status)
        }
        (StageStatus::Running, _) => "RUNNING",
        (StageStatus::Skipped, _) => "SKIPPED",
        (StageStatus::Succeeded, _) => "COMPLETED",
        (StageStatus::Failed, _) => "FAILED",
        (StageStatus::Cancelled, _) => "CANCELLED",
    }
}

/// What was defined, as it is kept with a plan.
pub(super) fn definition(plan: &Plan) -> Job {
    plan.head.noted.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// A job, as lists show it.
pub(super) fn summary(plan: &Plan) -> Map<String, Value> {
    let mut view = Map::new();
    view.insert("id".into(), json!(hex(plan.id.to_u128())));
    set(&mut view, "parentId", plan.parent.map(|id| json!(hex(id.to_u128()))));
    view.insert("name".into(), json!(plan.head.name));
    set(&mut view, "schedule", plan.schedule.map(|id| json!({"id": hex(id.to_u128())})));
    set(&mut view, "description", plan.head.description.as_ref().map(|text| json!(text)));
    set(&mut view, "tags", (!plan.head.tags.is_empty()).then(|| json!(plan.head.tags)));
    let mut inputs = plan.head.inputs.clone();
    redact_names(&mut inputs);
    set(&mut view, "inputs", (!inputs.is_empty()).then_some(Value::Object(inputs)));
    view.insert("state".into(), json!(job_state(plan.status)));
    view.insert("createdAt".into(), time(plan.created_at));
    set(&mut view, "startedAt", plan.started_at.map(time));
    let (completed, failed) = match plan.status {
        Status::Failed => (None, plan.completed_at),
        _ => (plan.completed_at, None),
    };
    set(&mut view, "completedAt", completed.map(time));
    set(&mut view, "failedAt", failed.map(time));
    let position = if plan.started_at.is_some() { plan.over + 1 } else { 0 };
    view.insert("position".into(), json!(position));
    view.insert("taskCount".into(), json!(plan.total));
    set(&mut view, "result", plan.result.as_deref().map(|result| json!(text_of_json(result))));
    set(&mut view, "error", plan.error.as_ref().map(|error| json!(error)));
    let progress = f64::from(plan.over) * 100.0 / f64::from(plan.total.max(1));
    set(&mut view, "progress", (plan.over > 0).then(|| json!(progress)));
    view
}

/// A task that a stage is.
pub(super) fn task(
    plan: u128,
    definition: &Task,
    staged: &Staged,
    job: Option<&job::Job>,
) -> Map<String, Value> {
    let mut view = defined(definition);
    set(&mut view, "name", staged.name.as_ref().map(|name| json!(name)));
    begin(&mut view, staged.id.to_u128(), plan, staged.parent.map(|id| id.to_u128()));
    view.insert("position".into(), json!(staged.position + 1));
    view.insert("state".into(), json!(stage_state(staged.status, job)));
    let is_failed = staged.status == StageStatus::Failed;
    times(&mut view, staged.started_at, staged.started_at, staged.completed_at, is_failed);
    set(&mut view, "error", staged.error.as_ref().map(|error| json!(error)));
    let counts = json!({"size": staged.total, "completions": staged.over});
    match staged.kind {
        Kind::Each => merge(&mut view, "each", each_counts(staged).unwrap_or(counts)),
        Kind::Parallel => merge(&mut view, "parallel", json!({"completions": staged.over})),
        Kind::Plan => {
            merge(&mut view, "subjob", json!({"id": staged.plan.map(|id| hex(id.to_u128()))}));
        }
        Kind::Call | Kind::Sequence => {}
    }
    if let Some(job) = job {
        ran(&mut view, job);
    }
    view
}

/// A task that a job of an each is.
pub(super) fn item(plan: u128, definition: &Task, parent: &Staged, job: &job::Job) -> Map<String, Value> {
    let mut view = defined(definition);
    set(&mut view, "name", job.name.as_ref().map(|name| json!(name)));
    begin(&mut view, job.id.to_u128(), plan, Some(parent.id.to_u128()));
    view.insert("position".into(), json!(parent.position + 1));
    view.insert("state".into(), json!(task_state(job.progress.status)));
    let is_failed = matches!(job.progress.status, Status::Failed | Status::TimedOut);
    times(&mut view, Some(job.created_at), job.started_at, job.completed_at, is_failed);
    ran(&mut view, job);
    view
}

/// A task that is a job of no workflow: the id of its run stands for that of one.
pub(super) fn alone(run: u128, definition: &Task, job: &job::Job) -> Map<String, Value> {
    let mut view = defined(definition);
    begin(&mut view, job.id.to_u128(), run, None);
    view.insert("position".into(), json!(job.index + 1));
    view.insert("state".into(), json!(task_state(job.progress.status)));
    let is_failed = matches!(job.progress.status, Status::Failed | Status::TimedOut);
    times(&mut view, Some(job.created_at), job.started_at, job.completed_at, is_failed);
    ran(&mut view, job);
    view
}

/// The items of an each whose jobs are of runs.
fn each_counts(staged: &Staged) -> Option<Value> {
    (!staged.runs.is_empty()).then(|| {
        let of = |statuses: &[Status]| -> u32 {
            staged.runs.iter().flat_map(|(_, counts)| statuses.iter().map(|status| counts.of(*status))).sum()
        };
        let size: u32 = staged.runs.iter().map(|(_, counts)| counts.total()).sum();
        json!({"size": size, "completions": of(&[Status::Succeeded])})
    })
}

/// What was defined of a task, without what is secret by its name.
pub(super) fn defined(definition: &Task) -> Map<String, Value> {
    let Ok(Value::Object(mut view)) = serde_json::to_value(definition) else { return Map::new() };
    if let Some(Value::Object(env)) = view.get_mut("env") {
        redact_names(env);
    }
    view
}

fn begin(view: &mut Map<String, Value>, id: u128, plan: u128, parent: Option<u128>) {
    view.insert("id".into(), json!(hex(id)));
    view.insert("jobId".into(), json!(hex(plan)));
    set(view, "parentId", parent.map(|parent| json!(hex(parent))));
}

fn times(
    view: &mut Map<String, Value>,
    created: Option<Millis>,
    started: Option<Millis>,
    over: Option<Millis>,
    is_failed: bool,
) {
    for name in ["createdAt", "scheduledAt"] {
        set(view, name, created.map(time));
    }
    set(view, "startedAt", started.map(time));
    set(view, if is_failed { "failedAt" } else { "completedAt" }, over.map(time));
}

/// What a job came to.
fn ran(view: &mut Map<String, Value>, job: &job::Job) {
    set(view, "startedAt", job.started_at.map(time));
    set(view, "progress", job.percent.filter(|said| *said > 0).map(|said| json!(f64::from(said))));
    set(view, "nodeId", job.started_at.map(|_| json!(super::nodes::node_id())));
    view.entry("queue").or_insert_with(|| json!("default"));
    if let Some(retry) = view.get_mut("retry").and_then(Value::as_object_mut) {
        retry.insert("attempts".into(), json!(job.progress.attempts.saturating_sub(1)));
    }
    match job.last.as_ref().map(|last| (&last.outcome, last.exit_code)) {
        Some((Outcome::Succeeded(Output::Text(text) | Output::Json(text)), _)) if !text.is_empty() => {
            view.insert("result".into(), json!(text));
        }
        Some((Outcome::Succeeded(_), _)) | None => {}
        Some((Outcome::Failed(failure), exit_code)) => {
            let why = match (failure.code, exit_code) {
                (FailureCode::Timeout, _) => "context deadline exceeded".to_owned(),
                (FailureCode::ExitCode, Some(code)) => format!("exit code {code}"),
                _ => failure.message.clone(),
            };
            view.insert("error".into(), json!(why));
        }
    }
}

/// Sets what is there.
pub(super) fn set(view: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        view.insert(name.to_owned(), value);
    }
}

fn merge(view: &mut Map<String, Value>, name: &str, more: Value) {
    if let (Some(Value::Object(into)), Value::Object(more)) = (view.get_mut(name), more) {
        into.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
    }
}

/// Takes values out that are secret by their names.
pub(super) fn redact_names(values: &mut Map<String, Value>) {
    for (name, value) in values.iter_mut() {
        let name = name.to_uppercase();
        if SECRET_WORDS.iter().any(|word| name.contains(word)) {
            *value = json!(REDACTED);
        }
    }
}

/// What a text of JSON says, if it is one; else as it is.
pub(super) fn text_of_json(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(text)) => text,
        _ => json.to_owned(),
    }
}

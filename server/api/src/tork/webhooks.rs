//! Webhooks of jobs: what they ask for, and what they are told.

use serde_json::{Map, Value, json};
use skep_domain::Result;
use skep_domain::model::plan::Kind;
use skep_domain::model::webhook::{Event, Events, Hook};
use skep_domain::port::wording::{Telling, Told, Worded};

use super::definition::Webhook;
use super::execution::defined_as;
use super::view::{self, REDACTED};

/// What a summary of a task has.
const SUMMARY: [&str; 15] = [
    "id",
    "jobId",
    "position",
    "progress",
    "name",
    "description",
    "state",
    "createdAt",
    "scheduledAt",
    "startedAt",
    "completedAt",
    "error",
    "result",
    "var",
    "tags",
];
/// What may be large: left out where a body must be brief.
const LARGE: [&str; 2] = ["inputs", "result"];

/// A webhook as the plan has it.
///
/// # Errors
/// If its event is none.
pub(super) fn hook(webhook: &Webhook) -> Result<Option<Hook>> {
    let names: &[&str] = match webhook.event.as_str() {
        "" | "job.StateChange" => &["plan.started", "plan.succeeded", "plan.failed", "plan.cancelled"],
        "job.Progress" => &["plan.progressed"],
        "task.StateChange" => {
            &["stage.*", "job.started", "job.succeeded", "job.failed", "job.timed_out", "job.cancelled"]
        }
        "task.Progress" => &["job.progressed"],
        // Nothing ever is one of these, as in the product.
        _ => return Ok(None),
    };
    Ok(Some(Hook {
        url: webhook.url.clone(),
        events: Events::parse(names.iter().copied())?,
        headers: webhook.headers.clone(),
        when: (!webhook.when.is_empty()).then(|| webhook.when.clone()),
        ..Hook::default()
    }))
}

/// A webhook as it is kept beside the plan: what stands in a header as it is may be secret.
pub(super) fn hide(webhook: &mut Webhook) {
    for value in webhook.headers.values_mut().filter(|value| !value.contains("{{")) {
        REDACTED.clone_into(value);
    }
}

/// What happened, in this product's words: the summary of a job or of a task.
pub(crate) fn put(telling: &Telling, is_brief: bool) -> Option<Worded> {
    let (plan, mut body) = match &telling.told {
        Told::Run(_) | Told::Job(_) => return None,
        Told::Plan(plan) => (plan, view::summary(plan)),
        Told::Stage(plan, staged, job) => {
            let mut task = view::task(plan.id.to_u128(), &defined_as(staged), staged, job.as_ref());
            if telling.event == Event::StageStarted && staged.kind == Kind::Call {
                task.insert("state".into(), json!("SCHEDULED"));
            }
            (plan, summary(task))
        }
        Told::Item(plan, staged, job) if staged.kind == Kind::Each => {
            let definition = defined_as(staged).each?;
            (plan, summary(view::item(plan.id.to_u128(), &definition.task, staged, job)))
        }
        // How a call ends, its stage tells.
        Told::Item(plan, staged, job)
            if matches!(telling.event, Event::JobStarted | Event::JobProgressed) =>
        {
            let of_call = Some(job).filter(|_| telling.event == Event::JobProgressed);
            let mut task = view::task(plan.id.to_u128(), &defined_as(staged), staged, of_call);
            task.insert("state".into(), json!(view::task_state(job.progress.status)));
            task.remove("completedAt");
            (plan, summary(task))
        }
        Told::Item(..) => return None,
    };
    if is_brief {
        body.retain(|name, _| !LARGE.contains(&name.as_str()));
    }
    let mut known = Map::new();
    known.insert("job".into(), Value::Object(view::summary(plan)));
    if !matches!(telling.told, Told::Plan(_)) {
        known.insert("task".into(), Value::Object(body.clone()));
    }
    Some(Worded { body: Value::Object(body), known })
}

fn summary(mut task: Map<String, Value>) -> Map<String, Value> {
    task.retain(|name, _| SUMMARY.contains(&name.as_str()));
    task
}

//! What happened, as it was then, and the words for it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::base::Base;
use crate::error::{Error, Result};
use crate::model::account::Caller;
use crate::model::id::{JobId, PlanId, RunId, StageId};
use crate::model::job::{Job, Status};
use crate::model::page::{Order, Page};
use crate::model::plan::{Kind, Names, Plan, StageStatus, Staged};
use crate::model::webhook::{Event, is_header_value};
use crate::port::expressions::{Evaluation, Template};
use crate::port::store::{DueDelivery, JobFilter};
use crate::port::wording::{Telling, Told};
use crate::service::plans;

/// Bytes of a body. What would be larger is told without what may be large.
const BODY_BYTES_MAX: usize = 64 << 10;

/// The body and the headers; none where nobody wants to know.
pub(super) async fn worded(
    base: &Base,
    caller: &Caller,
    due: &DueDelivery,
    headers: BTreeMap<String, String>,
    has_templates: bool,
) -> Result<Option<(String, BTreeMap<String, String>)>> {
    let Some(told) = told(base, caller, due).await? else { return Ok(None) };
    let plan = match &told {
        Told::Plan(plan) | Told::Stage(plan, ..) | Told::Item(plan, ..) => Some(plan.clone()),
        Told::Run(_) | Told::Job(_) => None,
    };
    let telling = Telling { event: due.delivery.event, at: due.delivery.at, told };
    let style = due.webhook.style;
    let Some(mut worded) = base.wording.put(style, &telling, false) else { return Ok(None) };
    let mut body = worded.body.to_string();
    if body.len() > BODY_BYTES_MAX {
        let Some(brief) = base.wording.put(style, &telling, true) else { return Ok(None) };
        (body, worded) = (brief.body.to_string(), brief);
    }
    let when = due.webhook.when.clone().map(Template::Value);
    let texts = headers.values().filter(|_| has_templates).cloned().map(Template::Text);
    let templates: Vec<Template> = when.clone().into_iter().chain(texts).collect();
    let mut values = match templates.iter().all(Template::is_plain) {
        true => templates.into_iter().map(plain).collect::<Vec<_>>(),
        false => {
            let mut context = match &plan {
                Some(plan) => of_its_plan(base, plan, &templates).await?,
                None => Map::new(),
            };
            context.extend(worded.known);
            let evaluation = Evaluation { context, rounds: vec![Map::new()], templates, style };
            base.expressions.evaluate(caller, evaluation).await?.into_iter().flatten().collect()
        }
    }
    .into_iter();
    if when.is_some() {
        match values.next() {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Ok(None),
            other => {
                let came_to = other.unwrap_or_default();
                return Err(Error::invalid(format!("if came to {came_to}, neither true nor false")));
            }
        }
    }
    if !has_templates {
        return Ok(Some((body, headers)));
    }
    let filled = headers.into_keys().zip(values).map(|(name, value)| match value {
        Value::String(text) if is_header_value(&text) => Ok((name, text)),
        _ => Err(Error::invalid(format!("the header {name} came to what no header may have"))),
    });
    Ok(Some((body, filled.collect::<Result<_>>()?)))
}

fn plain(template: Template) -> Value {
    match template {
        Template::Text(text) | Template::Value(text) | Template::List(text) => Value::String(text),
        Template::Json(value) => value,
    }
}

/// What the expressions of a plan know.
async fn of_its_plan(base: &Base, plan: &Plan, templates: &[Template]) -> Result<Map<String, Value>> {
    let texts = templates.iter().map(|template| match template {
        Template::Text(text) | Template::Value(text) | Template::List(text) => text.as_str(),
        Template::Json(_) => "",
    });
    let names = Names::of(texts);
    let mut variables = Map::new();
    if !names.is_empty() {
        for (name, value) in base.store.plan_variables(plan.id, names).await? {
            variables.insert(name, serde_json::from_str(&value).map_err(Error::internal)?);
        }
    }
    let secrets = plans::opened(base, base.store.plan_sealed(plan.id).await?.as_ref())?;
    Ok(plans::known(plan, &secrets, variables))
}

/// What something happened to, as it was then; nothing where it is gone.
async fn told(base: &Base, caller: &Caller, due: &DueDelivery) -> Result<Option<Told>> {
    let (subject, account, event) = (due.delivery.subject.to_bytes(), caller.account(), due.delivery.event);
    match event {
        Event::RunSucceeded | Event::RunFailed | Event::RunCancelled => {
            let run = base.store.run_get(account, RunId::from_bytes(subject)).await?;
            Ok(run.map(Told::Run))
        }
        Event::JobStarted
        | Event::JobProgressed
        | Event::JobSucceeded
        | Event::JobFailed
        | Event::JobTimedOut
        | Event::JobCancelled => {
            let job = base.store.job_get(account, JobId::from_bytes(subject)).await?;
            let Some(job) = job else { return Ok(None) };
            of_job(base, caller, as_then(job, event)).await
        }
        Event::PlanStarted
        | Event::PlanProgressed
        | Event::PlanSucceeded
        | Event::PlanFailed
        | Event::PlanCancelled => {
            let plan = base.store.plan_get(account, PlanId::from_bytes(subject)).await?;
            Ok(plan.map(|plan| Told::Plan(plan_then(plan, event))))
        }
        Event::StageStarted
        | Event::StageSkipped
        | Event::StageSucceeded
        | Event::StageFailed
        | Event::StageCancelled => {
            let Some((plan, staged)) = base.store.stage_get(account, StageId::from_bytes(subject)).await?
            else {
                return Ok(None);
            };
            let Some(plan) = base.store.plan_get(account, plan).await? else { return Ok(None) };
            let staged = stage_then(staged, event);
            let is_over = event != Event::StageStarted;
            let job = if is_over { job_of(base, caller, &staged).await? } else { None };
            Ok(Some(Told::Stage(plan, staged, job)))
        }
    }
}

async fn of_job(base: &Base, caller: &Caller, job: Job) -> Result<Option<Told>> {
    let Some(run) = base.store.run_get(caller.account(), job.run).await? else { return Ok(None) };
    let Some(stage) = run.stage else { return Ok(Some(Told::Job(job))) };
    let Some((plan, staged)) = base.store.stage_get(caller.account(), stage).await? else { return Ok(None) };
    let plan = base.store.plan_get(caller.account(), plan).await?;
    Ok(plan.map(|plan| Told::Item(plan, staged, job)))
}

/// The job that a call is.
async fn job_of(base: &Base, caller: &Caller, staged: &Staged) -> Result<Option<Job>> {
    let Some((run, _)) = staged.runs.last().filter(|_| staged.kind == Kind::Call) else { return Ok(None) };
    let filter = JobFilter { run: Some(*run), order: Order::Ascending, ..JobFilter::default() };
    let listed = base.store.job_list(caller.account(), filter, Page { limit: 1, after: None }).await?;
    Ok(listed.items.into_iter().next())
}

/// A job as it was while its attempt ran: how that ended is told when it has.
fn as_then(mut job: Job, event: Event) -> Job {
    if matches!(event, Event::JobStarted | Event::JobProgressed) {
        job.progress.status = Status::Running;
        (job.last, job.completed_at) = (None, None);
    }
    job
}

fn plan_then(mut plan: Plan, event: Event) -> Plan {
    plan.status = match event {
        Event::PlanSucceeded => Status::Succeeded,
        Event::PlanFailed => Status::Failed,
        Event::PlanCancelled => Status::Cancelled,
        _ => Status::Running,
    };
    if !plan.status.is_over() {
        (plan.error, plan.result, plan.completed_at) = (None, None, None);
    }
    plan
}

fn stage_then(mut staged: Staged, event: Event) -> Staged {
    staged.status = match event {
        Event::StageSkipped => StageStatus::Skipped,
        Event::StageSucceeded => StageStatus::Succeeded,
        Event::StageFailed => StageStatus::Failed,
        Event::StageCancelled => StageStatus::Cancelled,
        _ => StageStatus::Running,
    };
    if !staged.status.is_over() {
        (staged.error, staged.completed_at) = (None, None);
    }
    staged
}

//! The tasks of a job that have begun: its stages, and the jobs of their runs.

use std::collections::HashMap;

use serde_json::{Map, Value};
use skep_domain::model::account::Caller;
use skep_domain::model::id::{JobId, PlanId, RunId, StageId};
use skep_domain::model::job::Job;
use skep_domain::model::page::{Order, PAGE_MAX, Page};
use skep_domain::model::plan::{Kind, Staged};
use skep_domain::port::store::JobFilter;
use skep_domain::service::Services;
use skep_domain::{Error, Result};

use super::definition::Task;
use super::{logs, view};

/// Tasks that one answer shows.
pub(super) const TASKS_MAX: usize = 1000;

/// A task that has begun.
pub(super) struct Begun {
    pub(super) view: Map<String, Value>,
    /// The job that it is, if it is one.
    pub(super) job: Option<JobId>,
}

/// The first tasks of a job that have begun, in the order of their making.
pub(super) async fn of_plan(services: &Services, caller: &Caller, plan: PlanId) -> Result<Vec<Begun>> {
    let mut begun = Vec::new();
    let mut definitions: HashMap<StageId, Task> = HashMap::new();
    let mut page = Page { limit: PAGE_MAX, after: None };
    loop {
        let listed = services.plans.stages(caller, plan, page).await?;
        for staged in &listed.items {
            if begun.len() >= TASKS_MAX {
                return Ok(begun);
            }
            let parent = staged.parent.and_then(|parent| definitions.get(&parent));
            let definition = definition(staged, parent);
            begun.extend(
                of_stage(services, caller, plan, staged, &definition, TASKS_MAX - begun.len()).await?,
            );
            definitions.insert(staged.id, definition);
        }
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(begun),
        }
    }
}

/// A stage as a task, and the jobs of an each behind it.
async fn of_stage(
    services: &Services,
    caller: &Caller,
    plan: PlanId,
    staged: &Staged,
    definition: &Task,
    max: usize,
) -> Result<Vec<Begun>> {
    let plan = plan.to_u128();
    if staged.kind == Kind::Call {
        let job = match staged.runs.last() {
            Some((run, _)) => jobs(services, caller, *run, 1).await?.pop(),
            None => None,
        };
        let view = view::task(plan, definition, staged, job.as_ref());
        return Ok(vec![match job {
            Some(job) => finished(services, caller, view, job.id).await?,
            None => Begun { view, job: None },
        }]);
    }
    let mut begun = vec![Begun { view: view::task(plan, definition, staged, None), job: None }];
    if let Some(each) = &definition.each {
        for (run, _) in &staged.runs {
            let items = jobs(services, caller, *run, max.saturating_sub(begun.len())).await?;
            for job in items {
                begun.push(
                    finished(services, caller, view::item(plan, &each.task, staged, &job), job.id).await?,
                );
            }
        }
    }
    Ok(begun)
}

/// The first jobs of a run.
async fn jobs(services: &Services, caller: &Caller, run: RunId, max: usize) -> Result<Vec<Job>> {
    let filter = || JobFilter { run: Some(run), order: Order::Ascending, ..JobFilter::default() };
    let (mut jobs, mut after) = (Vec::new(), None);
    while jobs.len() < max {
        let limit = u32::try_from(max - jobs.len()).unwrap_or(PAGE_MAX).min(PAGE_MAX);
        let listed = services.jobs.list(caller, filter(), Page { limit, after }).await?;
        jobs.extend(listed.items);
        after = listed.next;
        if after.is_none() {
            break;
        }
    }
    Ok(jobs)
}

/// What a stage was defined as, as far as it says itself.
pub(super) fn defined_as(staged: &Staged) -> Task {
    definition(staged, None)
}

/// What a stage was defined as; a part of an each has it there.
fn definition(staged: &Staged, parent: Option<&Task>) -> Task {
    let noted = staged.stage.as_ref().and_then(|stage| stage.noted.as_deref());
    match noted {
        Some(noted) => serde_json::from_str(noted).unwrap_or_default(),
        None => parent
            .and_then(|parent| parent.each.as_ref())
            .map(|each| (*each.task).clone())
            .unwrap_or_default(),
    }
}

/// One task: a stage, or a job of an each.
pub(super) async fn one(services: &Services, caller: &Caller, id: &str) -> Result<Begun> {
    let missing = || Error::not_found("task");
    if let Ok(stage) = id.parse::<StageId>()
        && let Ok((plan, staged)) = services.plans.stage(caller, stage).await
    {
        let parent = match (&staged.stage, staged.parent) {
            (None, Some(parent)) => {
                let (_, parent) = services.plans.stage(caller, parent).await?;
                Some(definition(&parent, None))
            }
            _ => None,
        };
        let definition = definition(&staged, parent.as_ref());
        return of_stage(services, caller, plan, &staged, &definition, 1)
            .await?
            .into_iter()
            .next()
            .ok_or_else(missing);
    }
    let job = services.jobs.get(caller, id.parse().map_err(|_| missing())?).await?;
    let run = services.runs.get(caller, job.run).await?;
    let Some(stage) = run.stage else {
        // Of no workflow: its run is what comes nearest to one.
        let definition = Task { name: job.job_type.clone(), ..Task::default() };
        return finished(services, caller, view::alone(run.id.to_u128(), &definition, &job), job.id).await;
    };
    let (plan, parent) = services.plans.stage(caller, stage).await?;
    let definition = definition(&parent, None);
    match &definition.each {
        Some(each) => {
            finished(services, caller, view::item(plan.to_u128(), &each.task, &parent, &job), job.id).await
        }
        None => {
            let view = view::task(plan.to_u128(), &definition, &parent, Some(&job));
            finished(services, caller, view, job.id).await
        }
    }
}

/// A task that is a job: the error of one that failed ends with the last lines of its log.
async fn finished(
    services: &Services,
    caller: &Caller,
    mut view: Map<String, Value>,
    job: JobId,
) -> Result<Begun> {
    let why = view.get("error").and_then(Value::as_str).filter(|why| why.starts_with("exit code"));
    if let Some(why) = why.map(str::to_owned) {
        let lines = logs::tail(services, caller, job).await?;
        if !lines.is_empty() {
            view.insert("error".into(), Value::String(format!("{why}: {lines}")));
        }
    }
    Ok(Begun { view, job: Some(job) })
}

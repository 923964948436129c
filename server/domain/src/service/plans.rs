//! Plans: submitted, shown, cancelled, gone on with.

mod images;
mod start;
mod turning;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::once::{Looked, Pending, replay};
use super::runs::check_run_at;
use super::webhooks;
use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::id::{PlanId, StageId};
use crate::model::job::Status;
use crate::model::page::{Listed, Page};
use crate::model::plan::{self, Does, Kind, Names, Nested, Plan, Stage, Staged};
use crate::model::receipt::{Answered, Once};
use crate::model::time::Millis;
use crate::port::store::{Begun, NewPlan, NewStage, PlanFilter};
use crate::signals::Watching;
use crate::tasks::Wake;

use self::turning::Turning;

/// Plans.
#[derive(Clone)]
pub struct Plans {
    base: Arc<Base>,
}

/// A plan to be submitted.
#[derive(Debug, Default)]
pub struct Submission {
    /// The plan.
    pub plan: Nested,
    /// Not before.
    pub run_at: Option<Millis>,
}

impl Plans {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Submits a plan: it is on disk when this answers, and begins at once or at its time.
    ///
    /// # Errors
    /// Invalid, with the stage and field at fault; too large for more stages than there may be.
    pub async fn create(
        &self,
        caller: &Caller,
        submission: Submission,
        once: Option<Once<Plan>>,
    ) -> Result<Answered<Plan>> {
        let pending = match Pending::look(&self.base, caller, once).await? {
            Looked::Todo(pending) => pending,
            Looked::Done(receipt) => return replay(&self.base, receipt),
        };
        let Submission { plan, run_at } = submission;
        check_run_at(&self.base, run_at)?;
        let plan = checked(&self.base, caller, plan).await?;
        let now = self.base.clock.now();
        let mut new = new_plan(&self.base, caller, plan, None, now)?;
        new.run_at = run_at.filter(|run_at| *run_at > now);
        let made = made(&new);
        new.receipt = pending.receipt(&made)?;
        let written = self.base.store.plan_create(new, self.base.limits.plans_max).await?;
        self.base.tasks.wake(Wake::Plans);
        pending.written(made, written)
    }

    /// A plan by id.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, caller: &Caller, id: PlanId) -> Result<Plan> {
        self.base.store.plan_get(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// The caller's plans that are no stages of others.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, caller: &Caller, filter: PlanFilter, page: Page) -> Result<Listed<Plan>> {
        self.base.store.plan_list(caller.account(), filter, page).await
    }

    /// How many they are, up to some thousands.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn count(&self, caller: &Caller, filter: PlanFilter) -> Result<u64> {
        self.base.store.plan_count(caller.account(), filter).await
    }

    /// Watches a plan for its end.
    ///
    /// # Errors
    /// Not found; too many where too much is watched.
    pub async fn watch(&self, caller: &Caller, id: PlanId) -> Result<Watching> {
        let plan = self.get(caller, id).await?;
        self.base.signals.watch(plan.id.to_u128(), caller.account().to_u128())
    }

    /// The variables of a plan so far, as JSON.
    ///
    /// # Errors
    /// Not found.
    pub async fn variables(&self, caller: &Caller, id: PlanId) -> Result<BTreeMap<String, String>> {
        let plan = self.get(caller, id).await?;
        self.base.store.plan_variables(plan.id, Names::All).await
    }

    /// Of each text, whether it is an expression.
    ///
    /// # Errors
    /// If they cannot be looked at in time.
    pub async fn are_expressions(&self, caller: &Caller, texts: Vec<String>) -> Result<Vec<bool>> {
        self.base.expressions.check(caller, texts).await
    }

    /// The stages of a plan that have begun, in the order of their making.
    ///
    /// # Errors
    /// Not found.
    pub async fn stages(&self, caller: &Caller, id: PlanId, page: Page) -> Result<Listed<Staged>> {
        self.base.store.plan_stages(caller.account(), id, page).await?.ok_or_else(not_found)
    }

    /// A stage by id, and the plan that it is of.
    ///
    /// # Errors
    /// Not found.
    pub async fn stage(&self, caller: &Caller, id: StageId) -> Result<(PlanId, Staged)> {
        let no_stage = || Error::not_found("stage");
        self.base.store.stage_get(caller.account(), id).await?.ok_or_else(no_stage)
    }

    /// Cancels a plan: its runs, the plans in it, and the plan that it is in.
    ///
    /// # Errors
    /// Not found; a conflict if it is over.
    pub async fn cancel(&self, caller: &Caller, id: PlanId) -> Result<Plan> {
        let now = self.base.clock.now();
        let plan = self.base.store.plan_cancel(caller.account(), id, now).await?.ok_or_else(not_found)?;
        for who in [Wake::Cancel, Wake::Reap, Wake::Plans, Wake::Webhooks] {
            self.base.tasks.wake(who);
        }
        self.base.signals.tell(id.to_u128());
        Ok(plan)
    }

    /// Goes on with a plan that failed or was cancelled: with the stage of the first level at which it ended, anew.
    ///
    /// # Errors
    /// Not found; a conflict if it neither failed nor was cancelled, or nothing is left of it.
    pub async fn restart(&self, caller: &Caller, id: PlanId) -> Result<Plan> {
        let now = self.base.clock.now();
        let stage = self.base.ids.next(now);
        let plan = self.base.store.plan_restart(caller.account(), id, stage, now).await?;
        self.base.tasks.wake(Wake::Plans);
        plan.ok_or_else(not_found)
    }

    /// Deletes a plan that is over, with its runs.
    ///
    /// # Errors
    /// Not found; a conflict if it is not over.
    pub async fn delete(&self, caller: &Caller, id: PlanId) -> Result<()> {
        let deleted = self.base.store.plan_delete(caller.account(), id).await?;
        self.base.tasks.wake(Wake::Purge);
        if deleted { Ok(()) } else { Err(not_found()) }
    }

    /// Goes on with a plan of which there is news. Says whether there may be more to do at once.
    ///
    /// # Errors
    /// Unavailable where it waits for something; else if the store fails. There is still news of it then.
    pub async fn go_on(&self, begun: Begun) -> Result<bool> {
        Turning::take(&self.base, begun).await
    }
}

/// A plan that can be made.
///
/// # Errors
/// Invalid, with the stage and field at fault; too large for more stages than there may be.
pub(super) async fn checked(base: &Base, caller: &Caller, mut plan: Nested) -> Result<Nested> {
    plan::check(&plan)?;
    let mut found = Vec::new();
    gather(&plan, "", plan.head.style, &mut found);
    if !found.is_empty() {
        let (fields, texts): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let are = base.expressions.check(caller, texts.clone()).await?;
        if let Some(index) = are.iter().position(|is_one| !is_one) {
            let (field, text) = (&fields[index], &texts[index]);
            return Err(Error::invalid(format!("{field} is no expression: {text}")).field(field.clone()));
        }
    }
    plan::hoist_secrets(&mut plan);
    Ok(plan)
}

/// The texts of a plan that must be expressions, with their fields.
fn gather(plan: &Nested, at: &str, style: plan::Style, found: &mut Vec<(String, String)>) {
    let dot = if at.is_empty() { "" } else { "." };
    if let Some(output) = plan.head.output.as_ref().filter(|output| output.contains("{{")) {
        found.push((format!("{at}{dot}output"), output.clone()));
    }
    for (index, hook) in plan.webhooks.iter().enumerate() {
        found.extend(hook.when.as_ref().map(|when| (format!("{at}{dot}webhooks[{index}].if"), when.clone())));
    }
    for (index, stage) in plan.stages.iter().enumerate() {
        gather_stage(stage, &format!("{at}{dot}stages[{index}]"), style, found);
    }
}

fn gather_stage(stage: &Stage, at: &str, style: plan::Style, found: &mut Vec<(String, String)>) {
    if let Some(when) = &stage.when {
        found.push((format!("{at}.if"), when.clone()));
    }
    let all = |stages: &[Stage], what: &str, found: &mut _| {
        for (index, stage) in stages.iter().enumerate() {
            gather_stage(stage, &format!("{at}.{what}[{index}]"), style, found);
        }
    };
    match &stage.does {
        Does::Call(_) => {}
        Does::Sequence(stages) => all(stages, "sequence", found),
        Does::Parallel(stages) => all(stages, "parallel", found),
        Does::Each(each) => {
            found.push((format!("{at}.each.list"), each.list.clone()));
            gather_stage(&each.stage, &format!("{at}.each.stage"), style, found);
        }
        Does::Plan(plan) => gather(plan, &format!("{at}.plan"), style, found),
    }
}

/// A plan with an id for itself and for the stage that goes through its stages.
pub(super) fn new_plan(
    base: &Base,
    caller: &Caller,
    plan: Nested,
    of: Option<StageId>,
    at: Millis,
) -> Result<NewPlan> {
    let names = plan.names_of_secrets();
    let Nested { head, secrets, webhooks, is_detached, stages } = plan;
    let sealed = match secrets.is_empty() {
        true => None,
        false => Some(base.credentials.seal(&serde_json::to_vec(&secrets).map_err(Error::internal)?)?),
    };
    let stage =
        Stage { name: head.name.clone(), when: None, var: None, noted: None, does: Does::Sequence(stages) };
    // What an outer plan has filled in is meant as it stands.
    let webhook = |hook| webhooks::new_webhook(base, hook, (head.style, of.is_none()), at);
    let webhooks = webhooks.into_iter().map(webhook).collect::<Result<_>>()?;
    Ok(NewPlan {
        id: base.ids.next(at),
        account: caller.account(),
        of,
        is_detached,
        head,
        secrets: names,
        sealed,
        root: NewStage {
            id: base.ids.next(at),
            parent: None,
            position: 0,
            kind: Kind::Sequence,
            stage: Some(stage),
            scope: None,
        },
        schedule: None,
        webhooks,
        run_at: None,
        at,
        receipt: None,
    })
}

/// A plan as it is shown once it is written.
fn made(new: &NewPlan) -> Plan {
    let total = match new.root.stage.as_ref().map(|stage| &stage.does) {
        Some(Does::Sequence(stages)) => stages.len() as u32,
        _ => 0,
    };
    Plan {
        id: new.id,
        account: new.account,
        parent: None,
        schedule: new.schedule,
        head: new.head.clone(),
        secrets: new.secrets.clone(),
        status: Status::Queued,
        total,
        begun: 0,
        over: 0,
        error: None,
        result: None,
        cost: crate::model::money::Nanodollars::default(),
        run_at: new.run_at,
        created_at: new.at,
        started_at: None,
        completed_at: None,
    }
}

/// What a plan's expressions know.
pub(super) fn known(
    plan: &Plan,
    secrets: &BTreeMap<String, String>,
    variables: Map<String, Value>,
) -> Map<String, Value> {
    let about = json!({"id": plan.id.to_string(), "name": plan.head.name});
    let mut known = Map::new();
    known.insert("inputs".into(), Value::Object(plan.head.inputs.clone()));
    known.insert("secrets".into(), json!(secrets));
    known.insert("job".into(), about.clone());
    known.insert("plan".into(), about);
    known.insert("tasks".into(), Value::Object(variables.clone()));
    known.insert("vars".into(), Value::Object(variables));
    known
}

/// What was sealed of a plan.
pub(super) fn opened(base: &Base, sealed: Option<&Vec<u8>>) -> Result<BTreeMap<String, String>> {
    sealed.map_or(Ok(BTreeMap::new()), |sealed| {
        serde_json::from_slice(&base.credentials.open(sealed)?).map_err(Error::internal)
    })
}

/// Whether an error is of what somebody wants, and not of the server.
pub(super) fn is_of_the_plan(error: &Error) -> bool {
    match error.code() {
        Code::Invalid | Code::NotFound | Code::Conflict | Code::TooLarge => true,
        Code::Unauthenticated | Code::ScopeRequired => true,
        Code::InFlight | Code::TooMany | Code::Unavailable | Code::Internal => false,
    }
}

fn not_found() -> Error {
    Error::not_found("plan")
}

//! Schedules: put, shown, paused, and what becomes of a time that has come.

use std::sync::Arc;

use super::input::{self, Place, Request};
use super::runs::new_run;
use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::function::Name;
use crate::model::id::ScheduleId;
use crate::model::plan::Nested;
use crate::model::run::Source;
use crate::model::schedule::{Missed, Planned, PlannedPlan, Schedule, Timing, What};
use crate::model::time::Millis;
use crate::port::store::{Fired, Past, Submitted};
use crate::service::{on_behalf_of, plans};
use crate::tasks::Wake;

/// Bytes of what a schedule submits, as JSON.
const PLANNED_BYTES_MAX: usize = 256 << 10;
/// Jobs of each of its runs.
const JOBS_MAX: usize = 1000;
/// Schedules whose times are looked at together.
const DUE_MAX: u32 = 100;

/// Schedules.
#[derive(Clone)]
pub struct Schedules {
    base: Arc<Base>,
}

/// A schedule, as it is to be.
#[derive(Debug)]
pub struct NewSchedule {
    /// When.
    pub timing: Timing,
    /// What becomes of what was missed.
    pub missed: Missed,
    /// Whether it waits to be resumed.
    pub is_paused: bool,
    /// What.
    pub what: New,
}

/// What a schedule is to submit.
#[derive(Debug)]
pub enum New {
    /// A run.
    Run(Box<Planned>),
    /// A plan.
    Plan(Box<Nested>),
}

impl Schedules {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Makes a schedule, or puts it in the place of the one with its name. Says whether it was made.
    ///
    /// # Errors
    /// As [`input::check`], for what it would submit now; invalid for a time that never comes.
    pub async fn put(&self, caller: &Caller, name: &str, new: NewSchedule) -> Result<(Schedule, bool)> {
        let name = Name::parse_of("schedule", name)?;
        self.put_as(caller, Some(name), new).await
    }

    /// Makes a schedule that is called by its id.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn create(&self, caller: &Caller, new: NewSchedule) -> Result<Schedule> {
        Ok(self.put_as(caller, None, new).await?.0)
    }

    async fn put_as(
        &self,
        caller: &Caller,
        name: Option<Name>,
        new: NewSchedule,
    ) -> Result<(Schedule, bool)> {
        let what = match new.what {
            New::Run(planned) => What::Run(self.checked_run(caller, planned).await?),
            New::Plan(plan) => What::Plan(self.checked_plan(caller, *plan).await?),
        };
        let now = self.base.clock.now();
        let next_at = next(&new.timing, now)?;
        let id: ScheduleId = self.base.ids.next(now);
        let schedule = Schedule {
            id,
            account: caller.account(),
            name: name.map_or_else(|| Name::parse_of("schedule", &id.to_string()), Ok)?,
            timing: new.timing,
            missed: new.missed,
            what,
            next_at: if new.is_paused { None } else { Some(next_at) },
            last_at: None,
            last: None,
            last_error: None,
            created_at: now,
            updated_at: now,
        };
        let put = self.base.store.schedule_put(schedule, self.base.limits.schedules_max).await?;
        self.base.tasks.wake(Wake::Schedule);
        Ok(put)
    }

    async fn checked_run(&self, caller: &Caller, planned: Box<Planned>) -> Result<Box<Planned>> {
        let bytes = serde_json::to_vec(&planned).map_err(Error::internal)?.len();
        let jobs = planned.tuples.len();
        if bytes > PLANNED_BYTES_MAX || jobs > JOBS_MAX {
            let message = format!(
                "a schedule may submit {JOBS_MAX} jobs at a time, and {PLANNED_BYTES_MAX} bytes, at most"
            );
            return Err(Error::new(Code::TooLarge, message).field("run"));
        }
        if jobs == 0 {
            let message = "parameters must have at least one tuple of arguments";
            return Err(Error::invalid(message).field("parameters"));
        }
        input::check(&self.base, caller, request(&planned), Place::Parameters).await?;
        Ok(planned)
    }

    async fn checked_plan(&self, caller: &Caller, plan: Nested) -> Result<Box<PlannedPlan>> {
        let plan = plans::checked(&self.base, caller, plan).await?;
        let bytes = serde_json::to_vec(&plan).map_err(Error::internal)?;
        if bytes.len() > PLANNED_BYTES_MAX {
            let message = format!("a schedule may submit a plan of {PLANNED_BYTES_MAX} bytes at most");
            return Err(Error::new(Code::TooLarge, message).field("plan"));
        }
        let secrets = plan.names_of_secrets();
        Ok(Box::new(PlannedPlan { sealed: self.base.credentials.seal(&bytes)?, head: plan.head, secrets }))
    }

    /// A schedule by name.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, caller: &Caller, name: &str) -> Result<Schedule> {
        self.base.store.schedule_get(caller.account(), &parse(name)?).await?.ok_or_else(not_found)
    }

    /// A schedule by id.
    ///
    /// # Errors
    /// Not found.
    pub async fn find(&self, caller: &Caller, id: ScheduleId) -> Result<Schedule> {
        self.base.store.schedule_find(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// The caller's schedules, by name.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Schedule>> {
        self.base.store.schedule_list(caller.account()).await
    }

    /// Pauses a schedule: no run is made until it is resumed. Or resumes one: what was missed meanwhile is left out.
    ///
    /// # Errors
    /// Not found; a conflict where it is so already.
    pub async fn turn(&self, caller: &Caller, name: &str, is_paused: bool) -> Result<Schedule> {
        let (schedule, now) = (self.get(caller, name).await?, self.base.clock.now());
        let next_at = match (is_paused, schedule.next_at) {
            (true, Some(_)) => None,
            (false, None) => Some(next(&schedule.timing, now)?),
            (true, None) => return Err(Error::conflict("the schedule is paused already")),
            (false, Some(_)) => return Err(Error::conflict("the schedule is not paused")),
        };
        let store = &self.base.store;
        let turned = store.schedule_turn(caller.account(), &schedule.name, next_at, now).await?;
        self.base.tasks.wake(Wake::Schedule);
        turned.ok_or_else(not_found)
    }

    /// Deletes a schedule, and what it has made where that is to go too.
    ///
    /// # Errors
    /// Not found.
    pub async fn delete(&self, caller: &Caller, name: &str, past: Past) -> Result<()> {
        let (name, now) = (parse(name)?, self.base.clock.now());
        let deleted = self.base.store.schedule_delete(caller.account(), &name, past, now).await?;
        for who in [Wake::Cancel, Wake::Reap, Wake::Purge] {
            self.base.tasks.wake(who);
        }
        if deleted { Ok(()) } else { Err(not_found()) }
    }

    /// Makes the runs whose times have come. Says when the next time comes.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn tick(&self, now: Millis) -> Result<Option<Millis>> {
        let due = self.base.store.schedule_due(DUE_MAX, now).await?;
        let mut is_more = due.schedules.len() >= DUE_MAX as usize;
        for schedule in due.schedules {
            let id = schedule.id;
            // What keeps one from its run must not keep the others; it stays due.
            if let Err(error) = self.fire(schedule, now).await {
                tracing::error!(schedule.id = %id, error = error.chain(), "a schedule could not be looked at");
                is_more = false;
            }
        }
        Ok(if is_more { Some(now) } else { due.next })
    }

    async fn fire(&self, schedule: Schedule, now: Millis) -> Result<()> {
        let Some(due) = schedule.next_at else { return Ok(()) };
        let made = match schedule.is_made(due, now) {
            true => self.made(&schedule).await.map(Some),
            false => Ok(None),
        };
        let (made, error) = match made {
            Ok(made) => (made, None),
            // The store, not what it would submit: the time stays due.
            Err(error) if matches!(error.code(), Code::Unavailable | Code::Internal) => return Err(error),
            Err(error) => (None, Some(error.to_string())),
        };
        if let Some(error) = &error {
            tracing::info!(schedule.id = %schedule.id, error, "a schedule could not submit what it should");
        }
        let next = schedule.timing.next(due, now);
        let fired = Fired { id: schedule.id, due, next, made, error };
        if self.base.store.schedule_fire(fired).await? {
            self.base.tasks.wake(Wake::Dispatch);
            self.base.tasks.wake(Wake::Plans);
        }
        Ok(())
    }

    /// What a schedule makes, by its account as it is now.
    async fn made(&self, schedule: &Schedule) -> Result<Submitted> {
        let found = on_behalf_of(&self.base, schedule.account).await?;
        let caller = found.ok_or_else(|| Error::not_found("account"))?;
        match &schedule.what {
            What::Run(planned) => {
                let checked = input::check(&self.base, &caller, request(planned), Place::Parameters).await?;
                let run = new_run(&self.base, &caller, Source::Schedule, checked, planned.bid, None);
                Ok(Submitted::Run(Box::new(run)))
            }
            What::Plan(planned) => {
                let plan = self.base.credentials.open(&planned.sealed)?;
                let plan: Nested = serde_json::from_slice(&plan).map_err(Error::internal)?;
                let mut new = plans::new_plan(&self.base, &caller, plan, None, self.base.clock.now())?;
                new.schedule = Some(schedule.id);
                Ok(Submitted::Plan(Box::new(new), self.base.limits.plans_max))
            }
        }
    }
}

fn request(planned: &Planned) -> Request {
    Request {
        function: planned.function.clone(),
        version: planned.version,
        common: planned.common.clone(),
        tuples: planned.tuples.clone(),
        trace: None,
    }
}

fn next(timing: &Timing, now: Millis) -> Result<Millis> {
    let never = || Error::invalid(format!("the time {:?} never comes", timing.cron())).field("cron");
    timing.next(now, now).ok_or_else(never)
}

/// What cannot be a name names nothing.
fn parse(name: &str) -> Result<Name> {
    Name::parse_of("schedule", name).map_err(|_| not_found())
}

fn not_found() -> Error {
    Error::not_found("schedule")
}

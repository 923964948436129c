//! Schedules: put, shown, paused, and what becomes of a time that has come.

use std::sync::Arc;

use super::input::{self, Place, Request};
use super::runs::new_run;
use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::function::Name;
use crate::model::run::Source;
use crate::model::schedule::{Missed, Planned, Schedule, Timing};
use crate::model::time::Millis;
use crate::port::store::{Fired, NewRun};
use crate::service::on_behalf_of;
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
    pub planned: Planned,
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
        let bytes = serde_json::to_vec(&new.planned).map_err(Error::internal)?.len();
        let jobs = new.planned.tuples.len();
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
        input::check(&self.base, caller, request(&new.planned), Place::Parameters).await?;
        let now = self.base.clock.now();
        let next_at = next(&new.timing, now)?;
        let schedule = Schedule {
            id: self.base.ids.next(now),
            account: caller.account(),
            name,
            timing: new.timing,
            missed: new.missed,
            planned: new.planned,
            next_at: if new.is_paused { None } else { Some(next_at) },
            last_at: None,
            last_run: None,
            last_error: None,
            created_at: now,
            updated_at: now,
        };
        let put = self.base.store.schedule_put(schedule, self.base.limits.schedules_max).await?;
        self.base.tasks.wake(Wake::Schedule);
        Ok(put)
    }

    /// A schedule by name.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, caller: &Caller, name: &str) -> Result<Schedule> {
        self.base.store.schedule_get(caller.account(), &parse(name)?).await?.ok_or_else(not_found)
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

    /// Deletes a schedule. Its runs stay.
    ///
    /// # Errors
    /// Not found.
    pub async fn delete(&self, caller: &Caller, name: &str) -> Result<()> {
        let deleted = self.base.store.schedule_delete(caller.account(), &parse(name)?).await?;
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
            true => self.run(&schedule).await.map(Some),
            false => Ok(None),
        };
        let (run, error) = match made {
            Ok(run) => (run, None),
            // The store, not what it would submit: the time stays due.
            Err(error) if matches!(error.code(), Code::Unavailable | Code::Internal) => return Err(error),
            Err(error) => (None, Some(error.to_string())),
        };
        if let Some(error) = &error {
            tracing::info!(schedule.id = %schedule.id, error, "a schedule could not make its run");
        }
        let next = schedule.timing.next(due, now);
        let fired = Fired { id: schedule.id, due, next, run, error };
        if self.base.store.schedule_fire(fired).await? {
            self.base.tasks.wake(Wake::Dispatch);
        }
        Ok(())
    }

    /// The run of a schedule, by its account as it is now.
    async fn run(&self, schedule: &Schedule) -> Result<NewRun> {
        let found = on_behalf_of(&self.base, schedule.account).await?;
        let caller = found.ok_or_else(|| Error::not_found("account"))?;
        let checked =
            input::check(&self.base, &caller, request(&schedule.planned), Place::Parameters).await?;
        Ok(new_run(&self.base, &caller, Source::Schedule, checked, schedule.planned.bid, None))
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

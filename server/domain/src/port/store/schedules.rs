//! Schedules, as the store keeps them.

use async_trait::async_trait;

use super::{NewPlan, NewRun};
use crate::error::Result;
use crate::model::function::Name;
use crate::model::id::{AccountId, ScheduleId};
use crate::model::schedule::Schedule;
use crate::model::time::Millis;

/// What became of a time that has come.
#[derive(Debug, Clone)]
pub struct Fired {
    /// The schedule.
    pub id: ScheduleId,
    /// The time that has come: it must still be the next.
    pub due: Millis,
    /// The next one.
    pub next: Option<Millis>,
    /// What is made; nothing where it was left out.
    pub made: Option<Submitted>,
    /// Why there is none, where one should be.
    pub error: Option<String>,
}

/// What a schedule makes.
#[derive(Debug, Clone)]
pub enum Submitted {
    /// A run.
    Run(Box<NewRun>),
    /// A plan. There is none, but the reason, where the account has this many.
    Plan(Box<NewPlan>, usize),
}

/// What becomes of what a schedule has made, when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// It stays.
    Stays,
    /// Its plans go too; those that are not over are cancelled.
    Goes,
}

/// Schedules whose time has come.
#[derive(Debug, Clone, Default)]
pub struct Due {
    /// Them, those first that have waited longest.
    pub schedules: Vec<Schedule>,
    /// When the next one's time comes.
    pub next: Option<Millis>,
}

/// Schedules.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Makes a schedule, or puts it in the place of the one with its name, whose id and past stay. Says whether it was
    /// made.
    async fn schedule_put(&self, schedule: Schedule, schedules_max: usize) -> Result<(Schedule, bool)>;

    /// A schedule by name.
    async fn schedule_get(&self, account: AccountId, name: &Name) -> Result<Option<Schedule>>;

    /// A schedule by id.
    async fn schedule_find(&self, account: AccountId, id: ScheduleId) -> Result<Option<Schedule>>;

    /// An account's schedules, by name.
    async fn schedule_list(&self, account: AccountId) -> Result<Vec<Schedule>>;

    /// Sets when the next run is made; none pauses it.
    async fn schedule_turn(
        &self,
        account: AccountId,
        name: &Name,
        next: Option<Millis>,
        now: Millis,
    ) -> Result<Option<Schedule>>;

    /// Deletes a schedule.
    async fn schedule_delete(&self, account: AccountId, name: &Name, past: Past, now: Millis)
    -> Result<bool>;

    /// Schedules whose time has come, of all accounts.
    async fn schedule_due(&self, limit: u32, now: Millis) -> Result<Due>;

    /// Writes what became of a time, with its run: all of it, or nothing where that was done before, or the schedule has
    /// been changed meanwhile.
    async fn schedule_fire(&self, fired: Fired) -> Result<bool>;
}

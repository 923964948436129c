//! Plans and their stages, as the store keeps them.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;

use super::{NewRun, NewWebhook, Written};
use crate::error::Result;
use crate::model::attempt::Output;
use crate::model::id::{AccountId, PlanId, ScheduleId, StageId};
use crate::model::job::Status;
use crate::model::page::{Listed, Order, Page};
use crate::model::plan::{Head, Kind, Names, Plan, Stage, StageStatus, Staged};
use crate::model::receipt::Receipt;
use crate::model::search::Search;
use crate::model::time::Millis;

/// A plan to be made.
#[derive(Debug, Clone)]
pub struct NewPlan {
    /// Its id.
    pub id: PlanId,
    /// Whose it is.
    pub account: AccountId,
    /// The stage that makes it; none where somebody submits it.
    pub of: Option<StageId>,
    /// Whether neither it nor what makes it ends with the other.
    pub is_detached: bool,
    /// What it is.
    pub head: Head,
    /// The names of its secrets.
    pub secrets: Vec<String>,
    /// Its secrets, sealed; none where it has none.
    pub sealed: Option<Vec<u8>>,
    /// Its stages, as one that goes through them.
    pub root: NewStage,
    /// The schedule that makes it, if one does.
    pub schedule: Option<ScheduleId>,
    /// Who is told of what happens to it.
    pub webhooks: Vec<NewWebhook>,
    /// Not before this.
    pub run_at: Option<Millis>,
    /// When it is made.
    pub at: Millis,
    /// What is kept of the request, if it is to be done once.
    pub receipt: Option<Receipt>,
}

/// A stage to be made. It waits for its turn.
#[derive(Debug, Clone)]
pub struct NewStage {
    /// Its id.
    pub id: StageId,
    /// What it is a part of; none for the first of a plan.
    pub parent: Option<StageId>,
    /// Its place among its parent's parts, from 0.
    pub position: u32,
    /// What it does.
    pub kind: Kind,
    /// What it is; none where it is as the stage of the each that it is a part of.
    pub stage: Option<Stage>,
    /// What its expressions know beside what all know, as a JSON object.
    pub scope: Option<String>,
}

/// A plan, as far as going on with it needs to know it.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The plan.
    pub plan: Plan,
    /// Its secrets, sealed.
    pub sealed: Option<Vec<u8>>,
    /// Goes up with each turn of it: what was read before is void then.
    pub revision: u64,
    /// Bytes of its variables.
    pub variables_bytes: u64,
    /// Its variables as JSON, where they are few.
    pub variables: Option<BTreeMap<String, String>>,
    /// Stages of which there is news.
    pub news: Vec<StageState>,
    /// What has become of what those made.
    pub came: Vec<(StageId, Came)>,
    /// The stages that those are parts of.
    pub parents: Vec<StageState>,
    /// Of each such sequence the part whose turn comes next, with what it is, if it is made already.
    pub next: Vec<(StageState, Option<Stage>)>,
}

/// Which news to read.
#[derive(Debug, Clone, Default)]
pub struct NewsAsk {
    /// Of how many plans at most.
    pub plans_max: u32,
    /// Of how many stages of each at most.
    pub stages_max: u32,
    /// Not of these.
    pub except: HashSet<PlanId>,
}

/// Plans of which there is news.
#[derive(Debug, Default)]
pub struct News {
    /// The plans, as far as they can be read.
    pub plans: Vec<(PlanId, Result<Begun>)>,
    /// Whether there may be news of others, those that were excepted among them.
    pub has_more: bool,
    /// When the time of the next one comes that waits for it.
    pub next_due: Option<Millis>,
}

/// Where a stage is, as far as going on needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageState {
    /// Its id.
    pub id: StageId,
    /// What it is a part of.
    pub parent: Option<StageId>,
    /// Its place among its parent's parts.
    pub position: u32,
    /// What it does.
    pub kind: Kind,
    /// Where it is.
    pub status: StageStatus,
    /// Its parts.
    pub total: u32,
    /// How many of them have had their turn.
    pub begun: u32,
    /// How many of them are over.
    pub over: u32,
    /// Parts at once; 0 where there is no bound.
    pub concurrency: u32,
    /// What expressions after it know its result as.
    pub var: Option<String>,
    /// What its expressions know beside what all know, as a JSON object.
    pub scope: Option<String>,
    /// How much news of it there is.
    pub news: u32,
}

/// What has become of what a stage made: its runs, or its plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Came {
    /// Nothing yet.
    Nothing,
    /// It ended well: the result, where it is one.
    Well(Option<Output>),
    /// It failed, and why.
    Failed(String),
    /// It was cancelled.
    Cancelled,
}

/// One turn of a plan: written as a whole, or not at all where the plan has gone on meanwhile.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The plan.
    pub plan: PlanId,
    /// It must still be here.
    pub revision: u64,
    /// When it was decided.
    pub at: Millis,
    /// Stages that changed, with the news that was looked at.
    pub stages: Vec<Changed>,
    /// Parts of them that are made.
    pub parts: Vec<NewStage>,
    /// Runs that are made, each of a stage.
    pub runs: Vec<NewRun>,
    /// Plans that are made, each of a stage.
    pub plans: Vec<NewPlan>,
    /// Variables that are set, as JSON.
    pub variables: Vec<(String, String)>,
    /// Stages of which each job has a variable of its own, that are set.
    pub collected: Vec<StageId>,
    /// How the plan ended, if it did.
    pub end: Option<End>,
}

/// A stage that changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The stage, as it is now. Of its `news`, so many were looked at.
    pub state: StageState,
    /// What it is called, if its turn came now.
    pub name: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Whether it is to be looked at again.
    pub again: bool,
}

/// The end of a plan.
#[derive(Debug, Clone)]
pub struct End {
    /// How it ended.
    pub status: Status,
    /// Why it failed.
    pub error: Option<String>,
    /// What it came to, as JSON.
    pub result: Option<String>,
}

/// Which plans to list: those that are no stages of others.
#[derive(Debug, Clone, Default)]
pub struct PlanFilter {
    /// Only those that are found.
    pub search: Option<Search>,
    /// Only in this status.
    pub status: Option<Status>,
    /// Which way.
    pub order: Order,
}

/// Plans.
#[async_trait]
pub trait Plans: Send + Sync {
    /// Makes a plan. A conflict where the account has so many that are not over.
    async fn plan_create(&self, plan: NewPlan, plans_max: usize) -> Result<Written>;

    /// A plan by id.
    async fn plan_get(&self, account: AccountId, id: PlanId) -> Result<Option<Plan>>;

    /// An account's plans.
    async fn plan_list(&self, account: AccountId, filter: PlanFilter, page: Page) -> Result<Listed<Plan>>;

    /// How many plans a filter finds, up to some thousands.
    async fn plan_count(&self, account: AccountId, filter: PlanFilter) -> Result<u64>;

    /// Stages of a plan that have begun, in the order of their making.
    async fn plan_stages(&self, account: AccountId, id: PlanId, page: Page)
    -> Result<Option<Listed<Staged>>>;

    /// A stage by id, with its plan.
    async fn stage_get(&self, account: AccountId, id: StageId) -> Result<Option<(PlanId, Staged)>>;

    /// The variables of a plan, as JSON.
    async fn plan_variables(&self, id: PlanId, names: Names) -> Result<BTreeMap<String, String>>;

    /// Cancels a plan: its stages, their runs, the plans in it, and the plan that it is in.
    async fn plan_cancel(&self, account: AccountId, id: PlanId, now: Millis) -> Result<Option<Plan>>;

    /// Goes on with a plan that failed or was cancelled, with the stage at which it ended.
    async fn plan_restart(
        &self,
        account: AccountId,
        id: PlanId,
        stage: StageId,
        now: Millis,
    ) -> Result<Option<Plan>>;

    /// Deletes a plan that is over, with its runs. A conflict if it is not over.
    async fn plan_delete(&self, account: AccountId, id: PlanId) -> Result<bool>;

    /// Plans of which there is news, of all accounts, each in its turn.
    async fn plan_news(&self, ask: NewsAsk, now: Millis) -> Result<News>;

    /// A stage of a plan.
    async fn stage_state(&self, id: StageId) -> Result<Option<StageState>>;

    /// The part of a stage at a place: of those that were made again, the last.
    async fn stage_part(&self, parent: StageId, position: u32) -> Result<Option<StageState>>;

    /// What a stage is.
    async fn stage_definition(&self, id: StageId) -> Result<Option<Stage>>;

    /// What has become of what a stage made.
    async fn stage_came(&self, id: StageId) -> Result<Came>;

    /// Writes a turn. Says whether it did. What the store is asked for after this was first polled finds it written.
    async fn plan_turn(&self, turn: Turn) -> Result<bool>;
}

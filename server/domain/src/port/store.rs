//! The store, as intentions: one method, one transaction. Each answers when its change is on disk.
//!
//! Every read and write but the node's own work names the account; what is another's is not there.

mod functions;
mod models;
mod plans;
mod schedules;
mod webhooks;
mod workers;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::model::account::{Account, AccountName, Key};
use crate::model::attempt::Charged;
use crate::model::function::Made;
use crate::model::id::{AccountId, FunctionId, JobId, KeyId, RunId, Sha256, StageId};
use crate::model::job::{Ended, Job, Progress, ResultType, Resulted, Status};
use crate::model::log::{Entry, Line, Start};
use crate::model::money::{Nanodollars, Picodollars};
use crate::model::page::{Listed, Order, Page, SortBy};
use crate::model::price::Price;
use crate::model::receipt::{Receipt, RequestName};
use crate::model::run::{Common, Place, Run, Source};
use crate::model::scope::Scopes;
use crate::model::search::Search;
use crate::model::selection::{Selected, Selection};
use crate::model::step::Step;
use crate::model::time::Millis;
use crate::model::token::Subject;
use crate::model::trace::Trace;
use crate::model::usage::{By, Reported, Totals};
use crate::port::sandbox::Assignment;

pub use self::functions::{Functions, NewBuild, NewVersion, Runtimes, Uploaded};
pub use self::models::{Models, NewModel};
pub use self::plans::{
    Begun, Came, Changed, End, NewPlan, NewStage, News, NewsAsk, PlanFilter, Plans, StageState, Turn,
};
pub use self::schedules::{Due, Fired, Past, Schedules, Submitted};
pub use self::webhooks::{DueDelivery, NewWebhook, Tried, Webhooks};
pub use self::workers::{Held, Lost, Returned, Taken, Workers};

/// What a key or token says about whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The hash of a key.
    KeyHash(Sha256),
    /// The id of the key that a token was given for.
    Key(KeyId),
    /// The account that a token names.
    Subject(Subject),
}

/// What is changed of an account; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// Its weight.
    pub weight: Option<u32>,
    /// What it may do at most.
    pub scopes: Option<Scopes>,
    /// The hash of its password.
    pub password: Option<String>,
}

/// Accounts and keys.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Whether there is any account yet.
    async fn account_any(&self) -> Result<bool>;

    /// Makes an account with its first key. A conflict where the name is taken.
    async fn account_create(
        &self,
        account: Account,
        key: Key,
        accounts_max: usize,
        receipt: Option<Receipt>,
    ) -> Result<Written>;

    /// An account by name.
    async fn account_get(&self, name: &AccountName) -> Result<Option<Account>>;

    /// All accounts, newest first.
    async fn account_list(&self, page: Page) -> Result<Listed<Account>>;

    /// Changes an account.
    async fn account_change(&self, name: &AccountName, change: AccountChange) -> Result<Option<Account>>;

    /// Deletes an account: from now on it is not there, nor is anything of it; what it had is purged later.
    async fn account_delete(&self, name: &AccountName) -> Result<bool>;

    /// The account, and the key if one is named. Asked by every request, so answered from memory.
    async fn identity_find(&self, identity: Identity) -> Result<Option<(Account, Option<Key>)>>;

    /// Makes a key.
    async fn key_create(&self, key: Key, keys_max: usize, receipt: Option<Receipt>) -> Result<Written>;

    /// Makes a key for a login, and takes the oldest of these away where there are so many. Says no where the
    /// account's password has another hash by now.
    async fn key_login(&self, key: Key, password: String, logins_max: u32) -> Result<bool>;

    /// An account's keys, newest first.
    async fn key_list(&self, account: AccountId, page: Page) -> Result<Listed<Key>>;

    /// Revokes a key, at once.
    async fn key_delete(&self, account: AccountId, id: KeyId) -> Result<bool>;
}

/// Whether something was written, or had been before under the same idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Written now.
    Now,
    /// Written before, and nothing now.
    Before(Receipt),
}

/// Receipts.
#[async_trait]
pub trait Receipts: Send + Sync {
    /// The receipt of a request that was done.
    async fn receipt_find(&self, request: &RequestName) -> Result<Option<Receipt>>;

    /// Forgets some of the receipts from before a time. Returns how many.
    async fn receipt_purge(&self, before: Millis) -> Result<usize>;
}

/// A run to be made, with its jobs.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// Whose it is.
    pub account: AccountId,
    /// What makes it.
    pub source: Source,
    /// The function.
    pub function: FunctionId,
    /// The pinned version.
    pub version: u32,
    /// What its jobs have in common.
    pub common: Common,
    /// The most that is paid for a job-minute.
    pub bid: Option<Nanodollars>,
    /// The jobs: id and arguments.
    pub jobs: Vec<NewJob>,
    /// When they may be claimed, if not at once.
    pub run_at: Option<Millis>,
    /// When it is made.
    pub at: Millis,
    /// What is kept of the request, if it is to be done once.
    pub receipt: Option<Receipt>,
    /// The trace of the request.
    pub trace: Option<Trace>,
    /// The stage of a plan that it is made for.
    pub stage: Option<StageId>,
}

/// A job of a run to be made.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Its arguments, as a JSON array.
    pub arguments: String,
    /// What it has for itself; see [`crate::model::own::Own`].
    pub own: Option<Vec<u8>>,
    /// What it is called, where it is one item of a stage.
    pub name: Option<String>,
    /// What a plan knows its result as, where it is one item of a stage.
    pub var: Option<String>,
}

impl NewJob {
    /// A job that has nothing but its arguments.
    pub fn new(id: JobId, arguments: String) -> Self {
        Self { id, arguments, own: None, name: None, var: None }
    }
}

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only of this source; where none is named, all but invokes.
    pub source: Option<Source>,
    /// Only of this function.
    pub function: Option<String>,
    /// Only those that are found.
    pub search: Option<Search>,
    /// Only made at or after.
    pub date_from: Option<Millis>,
    /// Only made at or before.
    pub date_to: Option<Millis>,
    /// Which way.
    pub order: Order,
}

/// Runs.
#[async_trait]
pub trait Runs: Send + Sync {
    /// Makes a run and all its jobs.
    async fn run_create(&self, run: NewRun) -> Result<Written>;

    /// A run by id.
    async fn run_get(&self, account: AccountId, id: RunId) -> Result<Option<Run>>;

    /// Jobs of a run that ended after a place in the order in which their ends were written.
    async fn run_ended(
        &self,
        account: AccountId,
        id: RunId,
        after: Place,
        limit: u32,
    ) -> Result<Option<Vec<Ended>>>;

    /// Jobs of a run from a place on: so many, or fewer once their results have so many bytes.
    async fn run_results(
        &self,
        account: AccountId,
        id: RunId,
        from_index: u32,
        limit: u32,
        bytes_max: usize,
    ) -> Result<Option<Vec<Resulted>>>;

    /// An account's runs.
    async fn run_list(&self, account: AccountId, filter: RunFilter, page: Page) -> Result<Listed<Run>>;

    /// How many runs of a function there are in lists, up to some thousands.
    async fn run_count(&self, account: AccountId, function: FunctionId) -> Result<u64>;

    /// Cancels every job of a run that is not over, and marks the run.
    async fn run_cancel(&self, account: AccountId, id: RunId, now: Millis) -> Result<Option<Run>>;

    /// Deletes a run that is over: from now on it is not there, and is purged later. A conflict if it is
    /// not over.
    async fn run_delete(&self, account: AccountId, id: RunId) -> Result<bool>;
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only of this run.
    pub run: Option<RunId>,
    /// Only of this function.
    pub job_type: Option<String>,
    /// Only in this status.
    pub status: Option<Status>,
    /// Only with this kind of result.
    pub result_type: Option<ResultType>,
    /// Only made at or after.
    pub date_from: Option<Millis>,
    /// Only made at or before.
    pub date_to: Option<Millis>,
    /// By what.
    pub sort_by: SortBy,
    /// Which way.
    pub order: Order,
}

/// A claimed job: what to run, and what its end will need.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// What to run.
    pub assignment: Assignment,
    /// Where the job is now.
    pub progress: Progress,
    /// The most that its owner pays for a minute.
    pub bid: Option<Nanodollars>,
}

/// What a claim came to.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    /// The jobs, now running.
    pub jobs: Vec<Claimed>,
    /// Whether ready jobs were left, for want of room.
    pub left: bool,
    /// When the next job that waits for a time is due.
    pub next_due: Option<Millis>,
}

/// The end of an attempt, to be written.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The job's run.
    pub run: RunId,
    /// The job.
    pub job: JobId,
    /// The decided move.
    pub step: Step,
    /// What the attempt costs.
    pub price: Price,
    /// The last lines of its log.
    pub lines: Vec<Line>,
    /// Whether it was a build: a version ends with it.
    pub is_build: bool,
    /// Whether it is of a stage of a plan, which goes on with it.
    pub is_staged: bool,
    /// What was made, if it was a build and ended well.
    pub made: Option<Made>,
}

/// What has become of ends that were to be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many were written.
    pub written: usize,
    /// Whether jobs can be claimed with it, now or after a pause, that could not be before.
    pub frees: bool,
}

/// How many jobs a claim may take.
#[derive(Debug, Clone, Default)]
pub struct ClaimLimits {
    /// In all.
    pub free: u32,
    /// Running at once, of one account.
    pub account_running_max: u32,
    /// Wanting a thread at once, of one account.
    pub account_backlog_max: u32,
    /// Guests that want a thread now, by account; none for who is not here.
    pub backlogs: HashMap<AccountId, u32>,
    /// What is asked for a job-minute: a job with a lower bid waits.
    pub ask: Nanodollars,
}

/// Jobs, their attempts and logs.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// A job by id.
    async fn job_get(&self, account: AccountId, id: JobId) -> Result<Option<Job>>;

    /// An account's jobs.
    async fn job_list(&self, account: AccountId, filter: JobFilter, page: Page) -> Result<Listed<Job>>;

    /// Jobs of an account that are selected freely, and how many they are. Invalid where that takes too long.
    async fn job_select(&self, account: AccountId, selection: Selection) -> Result<Selected>;

    /// Takes ready jobs, fairly between accounts, and marks them as running.
    async fn job_claim(&self, limits: ClaimLimits, now: Millis) -> Result<Claim>;

    /// Writes the ends of attempts. A job that has moved on meanwhile is left alone.
    async fn job_finish(&self, finished: Arc<[Finished]>) -> Result<Settled>;

    /// Writes a call that is over, as a run of one job, in one go. Returns what was charged.
    async fn job_record(&self, run: NewRun, finished: Finished) -> Result<Nanodollars>;

    /// Writes a call that still runs, as a run of one running job.
    async fn job_record_running(&self, run: NewRun, progress: Progress) -> Result<Written>;

    /// Cancels a job: at once if it waits; by a mark if it runs.
    async fn job_cancel(&self, account: AccountId, id: JobId, now: Millis) -> Result<Option<Job>>;

    /// Opens the next round of a job that did not succeed.
    async fn job_restart(&self, account: AccountId, id: JobId, now: Millis) -> Result<Option<Job>>;

    /// Jobs that run here and are marked for cancelling.
    async fn job_cancel_requested(&self) -> Result<Vec<JobId>>;

    /// Returns the jobs that ran here when this node's earlier life ended. Returns how many.
    async fn job_recover(&self, now: Millis) -> Result<usize>;

    /// Writes how far an attempt is, in percent, while it runs. Not found where the job has no row yet, or has moved on.
    async fn job_progress(&self, job: JobId, attempt: u32, percent: u8, now: Millis) -> Result<()>;

    /// Returns the jobs that run here and are not held: what a claim took whose answer was lost. Calls are left
    /// alone, for they hold themselves. Returns how many.
    async fn job_release(&self, held: HashSet<JobId>, now: Millis) -> Result<usize>;

    /// A job's attempts that are over, oldest first.
    async fn attempt_list(&self, account: AccountId, id: JobId) -> Result<Option<Vec<Charged>>>;

    /// Appends lines to an attempt's log.
    async fn log_append(&self, job: JobId, attempt: u32, lines: Vec<Line>) -> Result<()>;

    /// How many lines a job's log has.
    async fn log_length(&self, account: AccountId, id: JobId) -> Result<Option<u64>>;

    /// A job's log from somewhere on.
    async fn log_list(
        &self,
        account: AccountId,
        id: JobId,
        from: Start,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>>;
}

/// What a usage report covers.
#[derive(Debug, Clone, Copy)]
pub struct UsageFilter {
    /// What it is added up by.
    pub by: By,
    /// From the day on which this is; of runs, those made at or after it.
    pub date_from: Millis,
    /// To the day on which this is; of runs, those made at or before it.
    pub date_to: Millis,
}

/// What accounts used.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// What an account used: days newest first, functions in the order of their first use, runs newest
    /// first.
    async fn usage_list(
        &self,
        account: AccountId,
        filter: UsageFilter,
        page: Page,
    ) -> Result<Listed<Reported>>;

    /// Adds what was used without a run. Functions that are gone are left out.
    async fn usage_add(&self, metered: Vec<Metered>) -> Result<()>;
}

/// What HTTP requests used that are not written one by one.
#[derive(Debug, Clone)]
pub struct Metered {
    /// Whose it is.
    pub account: AccountId,
    /// The function.
    pub function: FunctionId,
    /// A time of the day that it belongs to.
    pub at: Millis,
    /// What was used; each request counts as an attempt.
    pub totals: Totals,
    /// What it costs.
    pub amount: Picodollars,
}

/// What is left to purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purged {
    /// There may be more.
    Some,
    /// Nothing more now.
    Nothing,
}

/// What goes without being asked for.
#[async_trait]
pub trait Purge: Send + Sync {
    /// Takes away a part of what was deleted, or was over before a time: as much as one transaction should.
    async fn purge(&self, over_before: Option<Millis>, now: Millis) -> Result<Purged>;
}

/// Everything that a store is.
pub trait Store:
    Accounts
    + Receipts
    + Runtimes
    + Functions
    + Models
    + Runs
    + Jobs
    + Plans
    + Schedules
    + Webhooks
    + Workers
    + Ledger
    + Purge
{
}

impl<T> Store for T where
    T: Accounts
        + Receipts
        + Runtimes
        + Functions
        + Models
        + Runs
        + Jobs
        + Plans
        + Schedules
        + Webhooks
        + Workers
        + Ledger
        + Purge
{
}

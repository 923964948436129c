//! The store, as intentions: one method, one transaction. Each answers when its change is on disk.
//!
//! Every read and write but the node's own work names the account; what is another's is not there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::model::account::{Account, Key};
use crate::model::attempt::Attempt;
use crate::model::function::{Function, Interface, Name, Settings, Version};
use crate::model::id::{AccountId, FunctionId, JobId, RunId, Sha256};
use crate::model::job::{Job, Progress, ResultType, Status};
use crate::model::log::{Entry, Line};
use crate::model::page::{Listed, Order, Page, SortBy};
use crate::model::run::{Common, Run, Source};
use crate::model::step::Step;
use crate::model::time::Millis;
use crate::port::sandbox::Assignment;

/// Accounts and keys.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Whether there is any account yet.
    async fn account_any(&self) -> Result<bool>;

    /// Makes an account with its first key.
    async fn account_create(&self, account: Account, key: Key) -> Result<()>;

    /// The key with this hash, and its account.
    async fn key_find(&self, hash: Sha256) -> Result<Option<(Account, Key)>>;
}

/// A new version, as it was uploaded.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The function's id, should it be the first version.
    pub function: FunctionId,
    /// The function's name.
    pub name: Name,
    /// The hash of the upload.
    pub sha256: Sha256,
    /// Its size.
    pub size_bytes: u64,
    /// The hash of its component.
    pub component: Sha256,
    /// What it offers.
    pub interface: Interface,
}

/// Functions and their versions.
#[async_trait]
pub trait Functions: Send + Sync {
    /// Makes the version with this hash the current one, if the function has it.
    async fn version_select(
        &self,
        account: AccountId,
        name: &Name,
        sha256: Sha256,
        now: Millis,
    ) -> Result<Option<(Function, Version)>>;

    /// Adds a version and makes it the current one; makes the function if it is the first. The same
    /// hash again selects the version that is there. Conflicts where a limit is reached.
    async fn version_create(
        &self,
        account: AccountId,
        new: NewVersion,
        functions_max: usize,
        versions_max: u32,
        now: Millis,
    ) -> Result<(Function, Version)>;

    /// A version by number.
    async fn version_get(&self, function: FunctionId, number: u32) -> Result<Option<Version>>;

    /// A function's versions, newest first.
    async fn version_list(&self, function: FunctionId, page: Page) -> Result<Listed<Version>>;

    /// A function by name.
    async fn function_get(&self, account: AccountId, name: &Name) -> Result<Option<Function>>;

    /// An account's functions, newest first.
    async fn function_list(&self, account: AccountId, page: Page) -> Result<Listed<Function>>;

    /// Changes a function's settings from what the caller saw. A conflict if they are others now.
    async fn function_configure(
        &self,
        account: AccountId,
        name: &Name,
        from: Settings,
        to: Settings,
        now: Millis,
    ) -> Result<Option<Function>>;

    /// Deletes a function, its runs and jobs. A conflict while any of them is not over.
    async fn function_delete(&self, account: AccountId, name: &Name) -> Result<bool>;
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
    /// The bid.
    pub bid_nanodollars: Option<u64>,
    /// The jobs: id and arguments.
    pub jobs: Vec<NewJob>,
    /// When they may be claimed, if not at once.
    pub run_at: Option<Millis>,
    /// When it is made.
    pub at: Millis,
}

/// A job of a run to be made.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Its arguments, as a JSON array.
    pub arguments: String,
}

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only of this source; where none is named, all but invokes.
    pub source: Option<Source>,
    /// Only of this function.
    pub function: Option<String>,
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
    async fn run_create(&self, run: NewRun) -> Result<()>;

    /// A run by id.
    async fn run_get(&self, account: AccountId, id: RunId) -> Result<Option<Run>>;

    /// An account's runs.
    async fn run_list(&self, account: AccountId, filter: RunFilter, page: Page) -> Result<Listed<Run>>;

    /// Cancels every job of a run that is not over, and marks the run.
    async fn run_cancel(&self, account: AccountId, id: RunId, now: Millis) -> Result<Option<Run>>;

    /// Deletes a run that is over. A conflict if it is not.
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
    /// The job.
    pub job: JobId,
    /// The decided move.
    pub step: Step,
    /// The last lines of its log.
    pub lines: Vec<Line>,
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
}

/// Jobs, their attempts and logs.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// A job by id.
    async fn job_get(&self, account: AccountId, id: JobId) -> Result<Option<Job>>;

    /// An account's jobs.
    async fn job_list(&self, account: AccountId, filter: JobFilter, page: Page) -> Result<Listed<Job>>;

    /// Takes ready jobs, fairly between accounts, and marks them as running.
    async fn job_claim(&self, limits: ClaimLimits, now: Millis) -> Result<Claim>;

    /// Writes the ends of attempts. A job that has moved on meanwhile is left alone; returns how
    /// many were written.
    async fn job_finish(&self, finished: Arc<[Finished]>) -> Result<usize>;

    /// Writes a call that is over, as a run of one job, in one go.
    async fn job_record(&self, run: NewRun, finished: Finished) -> Result<()>;

    /// Writes a call that still runs, as a run of one running job.
    async fn job_record_running(&self, run: NewRun, progress: Progress) -> Result<()>;

    /// Cancels a job: at once if it waits; by a mark if it runs.
    async fn job_cancel(&self, account: AccountId, id: JobId, now: Millis) -> Result<Option<Job>>;

    /// Opens the next round of a job that did not succeed.
    async fn job_restart(&self, account: AccountId, id: JobId, now: Millis) -> Result<Option<Job>>;

    /// Running jobs that are marked for cancelling.
    async fn job_cancel_requested(&self) -> Result<Vec<JobId>>;

    /// Returns the jobs that ran when this node's earlier life ended. Returns how many.
    async fn job_recover(&self, now: Millis) -> Result<usize>;

    /// Returns the running jobs that are not held: what a claim took whose answer was lost. Calls are left
    /// alone, for they hold themselves. Returns how many.
    async fn job_release(&self, held: HashSet<JobId>, now: Millis) -> Result<usize>;

    /// A job's attempts that are over, oldest first.
    async fn attempt_list(&self, account: AccountId, id: JobId) -> Result<Option<Vec<Attempt>>>;

    /// Appends lines to an attempt's log.
    async fn log_append(&self, job: JobId, attempt: u32, lines: Vec<Line>) -> Result<()>;

    /// A job's log from a place on.
    async fn log_list(
        &self,
        account: AccountId,
        id: JobId,
        from_seq: u64,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>>;
}

/// Everything that a store is.
pub trait Store: Accounts + Functions + Runs + Jobs {}

impl<T: Accounts + Functions + Runs + Jobs> Store for T {}

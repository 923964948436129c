//! Workers, as the store keeps them.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::error::Result;
use crate::model::id::{AccountId, JobId, RunId, Sha256, WorkerId};
use crate::model::job::Progress;
use crate::model::money::Nanodollars;
use crate::model::retry::Policy;
use crate::model::time::Millis;
use crate::model::worker::{Profile, Worker};

/// A job that a worker has.
#[derive(Debug, Clone)]
pub struct Held {
    /// The job.
    pub job: JobId,
    /// Its run.
    pub run: RunId,
    /// Where it is.
    pub progress: Progress,
    /// The most that its owner pays for a minute.
    pub bid: Option<Nanodollars>,
    /// When the worker took it.
    pub assigned_at: Millis,
    /// How often it is tried again.
    pub retry: Policy,
}

/// A job that a worker took just now.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The job, as it is held.
    pub held: Held,
    /// The hash of the source of its version.
    pub source: Sha256,
    /// What it requires.
    pub requires: BTreeSet<String>,
    /// Its arguments, as a JSON array.
    pub arguments: String,
}

/// Which jobs go back to the queue.
#[derive(Debug, Clone, Copy)]
pub struct Lost {
    /// Those of which their workers said nothing since then.
    pub heard_before: Millis,
    /// Those that were taken before this.
    pub taken_before: Millis,
}

/// A job that its worker has lost, and its run.
pub type Returned = (JobId, RunId);

/// Workers and the jobs that they have.
#[async_trait]
pub trait Workers: Send + Sync {
    /// Makes a worker.
    async fn worker_create(&self, worker: Worker, workers_max: usize) -> Result<()>;

    /// A worker by id.
    async fn worker_get(&self, account: AccountId, id: WorkerId) -> Result<Option<Worker>>;

    /// An account's workers, newest first.
    async fn worker_list(&self, account: AccountId) -> Result<Vec<Worker>>;

    /// Changes what is said about a worker from what the caller saw. A conflict if it is something else now.
    async fn worker_change(
        &self,
        account: AccountId,
        id: WorkerId,
        from: Profile,
        to: Profile,
        now: Millis,
    ) -> Result<Option<Worker>>;

    /// Notes that a worker wants jobs, or wants none any more. What it had goes back to the queue.
    async fn worker_open(
        &self,
        account: AccountId,
        id: WorkerId,
        is_open: bool,
        now: Millis,
    ) -> Result<Option<(Worker, Vec<Returned>)>>;

    /// Deletes a worker. What it had goes back to the queue; what it did goes on naming it.
    async fn worker_delete(
        &self,
        account: AccountId,
        id: WorkerId,
        now: Millis,
    ) -> Result<Option<Vec<Returned>>>;

    /// Gives a worker as many ready jobs as it has places for, the highest bids first: jobs from source that require
    /// something, and nothing that it does not offer. Source and arguments have so many bytes at most, arguments
    /// counted one and a half times.
    async fn worker_take(
        &self,
        account: AccountId,
        id: WorkerId,
        bytes_max: u64,
        now: Millis,
    ) -> Result<Option<Vec<Taken>>>;

    /// Notes that a worker was heard of with an attempt of a job that it has.
    async fn worker_heard(
        &self,
        account: AccountId,
        job: JobId,
        attempt: u32,
        now: Millis,
    ) -> Result<Option<Held>>;

    /// Ends the attempts of jobs that are lost to their workers, and of those that are marked for cancelling. They go
    /// back to the queue, or are cancelled.
    async fn worker_reap(&self, lost: Lost, now: Millis) -> Result<Vec<Returned>>;
}

//! Claims jobs, has them run, and writes their ends: three things that go on at once.
//!
//! Ends are written together, as many as came while the last ones were being written; claims are
//! made while guests run. At most one write and one claim are under way.

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::appetite::Appetite;
use crate::base::{Base, Recorder};
use crate::error::{Code, Result};
use crate::model::id::JobId;
use crate::model::price::CPU;
use crate::model::step;
use crate::port::sandbox::{Attempted, Task};
use crate::port::store::{Claim, ClaimLimits, Claimed, Finished, Settled, Store};
use crate::tasks::Wake;

/// How the dispatcher is set up.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Threads that run guests.
    pub threads: u32,
    /// Jobs in hand at most.
    pub window: u32,
    /// Jobs of one account in hand at most.
    pub account_running_max: u32,
}

/// How often the store is asked without a wake-up.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often it is asked while ready jobs wait for room.
const ROOM_INTERVAL: Duration = Duration::from_millis(20);
/// The pause after the store failed.
const PAUSE: Duration = Duration::from_millis(200);
/// Ends that are written together at most.
const FINISH_MAX: usize = 1000;

type Pending<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

struct Dispatcher {
    base: Arc<Base>,
    config: Config,
    appetite: Appetite,
    /// Claimed, and its end not yet written.
    in_hand: HashSet<JobId>,
    /// Whether jobs may be running in the store that nobody has in hand: a claim's answer was lost, or
    /// an end.
    unsure: bool,
    ends: VecDeque<Finished>,
    writing: Pending<(Arc<[Finished]>, Result<Settled>)>,
    claiming: Pending<(u32, Result<Claim>)>,
    /// Whether a claim may find something.
    hungry: bool,
    /// Whether the last claim left ready jobs behind.
    left: bool,
    /// Whether the last pause has passed.
    ticked: bool,
    pause: Duration,
    stopping: bool,
    sender: mpsc::Sender<Finished>,
}

/// Dispatches until the tasks are stopped and everything in hand has been written.
pub async fn run(base: Arc<Base>, config: Config) {
    let (sender, mut ended) = mpsc::channel(config.window.max(1) as usize);
    let tasks = base.tasks.clone();
    let mut dispatcher = Dispatcher {
        appetite: Appetite::new(config.threads, config.window),
        base,
        config,
        in_hand: HashSet::new(),
        unsure: false,
        ends: VecDeque::new(),
        writing: None,
        claiming: None,
        hungry: true,
        left: false,
        ticked: true,
        pause: INTERVAL,
        stopping: false,
        sender,
    };
    let mut batch = Vec::new();
    while !dispatcher.is_done() {
        dispatcher.write();
        dispatcher.claim();
        tokio::select! {
            _ = ended.recv_many(&mut batch, FINISH_MAX) => dispatcher.collect(&mut batch),
            (ends, written) = ready(&mut dispatcher.writing) => dispatcher.written(&ends, &written),
            (asked, claimed) = ready(&mut dispatcher.claiming) => dispatcher.claimed(asked, claimed),
            () = tasks.woken(Wake::Dispatch) => dispatcher.hungry = true,
            () = tokio::time::sleep(dispatcher.pause) => (dispatcher.hungry, dispatcher.ticked) = (true, true),
            () = tasks.stopping(), if !dispatcher.stopping => dispatcher.stopping = true,
        }
    }
}

/// The value of a pending future, which is then gone; never, where there is none.
async fn ready<T>(pending: &mut Pending<T>) -> T {
    match pending {
        None => std::future::pending().await,
        Some(future) => {
            let value = future.await;
            *pending = None;
            value
        }
    }
}

/// Writes ends; again, as long as nobody can say whether they are on disk. The guard of each step
/// makes writing it twice harmless.
async fn write_until_known(store: &dyn Store, batch: &Arc<[Finished]>) -> Result<Settled> {
    loop {
        match store.job_finish(batch.clone()).await {
            Err(error) if error.code() == Code::Unavailable => {
                tracing::warn!(error = error.chain(), "the ends of jobs could not be written; trying again");
                tokio::time::sleep(PAUSE).await;
            }
            written => return written,
        }
    }
}

impl Dispatcher {
    fn is_done(&self) -> bool {
        self.stopping && self.in_hand.is_empty() && self.writing.is_none() && self.claiming.is_none()
    }

    /// Starts a write if there is something to write and none is under way.
    fn write(&mut self) {
        if self.writing.is_some() || self.ends.is_empty() {
            return;
        }
        let count = self.ends.len().min(FINISH_MAX);
        let batch: Arc<[Finished]> = self.ends.drain(..count).collect();
        let store = self.base.store.clone();
        self.writing = Some(Box::pin(async move {
            let written = match write_until_known(&*store, &batch).await {
                // One of them is at fault: the others must not stay behind with it.
                Err(error) if count > 1 => {
                    tracing::error!(error = error.chain(), "ends could not be written together");
                    let mut together = Settled::default();
                    for end in batch.iter() {
                        let one = [end.clone()].into();
                        match write_until_known(&*store, &one).await {
                            Ok(ended) => {
                                together.written += ended.written;
                                together.frees |= ended.frees;
                            }
                            Err(error) => {
                                tracing::error!(job.id = %end.job, error = error.chain(), "an end is lost")
                            }
                        }
                    }
                    Ok(together)
                }
                written => written,
            };
            (batch, written)
        }));
    }

    fn written(&mut self, ends: &[Finished], written: &Result<Settled>) {
        if ends.iter().any(|end| end.is_build) {
            self.base.revision.advance();
        }
        if ends.iter().any(|end| end.is_staged) {
            self.base.tasks.wake(Wake::Plans);
        }
        self.base.tasks.wake(Wake::Webhooks);
        for end in ends {
            self.in_hand.remove(&end.job);
            self.base.signals.tell(end.job.to_u128());
            self.base.signals.tell(end.run.to_u128());
        }
        metrics::gauge!("skep_jobs_in_hand").set(self.in_hand.len() as f64);
        // What the last claim left may be of an account that was at its maximum until now.
        self.hungry |= self.left || written.as_ref().is_ok_and(|ended| ended.frees);
        match written {
            Ok(ended) if ended.written == ends.len() => {}
            // Moved on before, or lost: whichever it was, nothing may stay behind.
            Ok(ended) => {
                tracing::info!(count = ends.len() - ended.written, "ends came late, or could not be written");
                (self.unsure, self.hungry) = (true, true);
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "the ends of jobs could not be written");
                (self.unsure, self.hungry) = (true, true);
            }
        }
    }

    /// Starts a claim if there is room and perhaps work, and none is under way.
    fn claim(&mut self) {
        let free = self.config.window.saturating_sub(self.in_hand.len() as u32);
        // Small claims cost as much as large ones: wait for a quarter of the room, but not for long.
        let enough = self.ticked || free >= self.appetite.wanted() / 4;
        if self.claiming.is_some() || !self.hungry || self.stopping || free == 0 || !enough {
            return;
        }
        // Who wakes the dispatcher from now on is not answered by this claim.
        (self.hungry, self.ticked) = (false, false);
        let limits = ClaimLimits {
            free,
            account_running_max: self.config.account_running_max,
            account_backlog_max: self.appetite.wanted(),
            backlogs: self.base.sandbox.backlogs(),
            ask: self.base.prices.ask(CPU),
        };
        let (store, now) = (self.base.store.clone(), self.base.clock.now());
        // No other claim is under way: what is in hand is all that this node has.
        let held = self.unsure.then(|| self.in_hand.clone());
        self.claiming = Some(Box::pin(async move {
            if let Some(held) = held
                && let Err(error) = store.job_release(held, now).await
            {
                return (free, Err(error));
            }
            (free, store.job_claim(limits, now).await)
        }));
    }

    fn claimed(&mut self, asked: u32, claim: Result<Claim>) {
        match claim {
            Ok(claim) => {
                (self.unsure, self.left) = (false, claim.left);
                self.hungry |= claim.jobs.len() as u32 == asked;
                let now = self.base.clock.now();
                let due = claim.next_due.map(|due| Duration::from_millis(due.0.saturating_sub(now.0).max(1)));
                // Guests that fall asleep make room without telling anybody.
                let again = if claim.left { ROOM_INTERVAL } else { INTERVAL };
                self.pause = due.map_or(again, |due| due.min(again));
                metrics::counter!("skep_jobs_claimed_total").increment(claim.jobs.len() as u64);
                self.in_hand.extend(claim.jobs.iter().map(|job| job.assignment.job));
                claim.jobs.into_iter().for_each(|job| self.start(job));
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "claiming failed; trying again");
                (self.unsure, self.hungry, self.pause) = (true, false, PAUSE);
            }
        }
    }

    fn start(&self, claimed: Claimed) {
        let (base, sender) = (self.base.clone(), self.sender.clone());
        self.base.tasks.spawn(async move {
            let Claimed { assignment, progress, bid } = claimed;
            let (job, recipe) = (assignment.job, assignment.recipe.clone());
            let record = Arc::new(Recorder::new(&base));
            let attempted = base.sandbox.run(assignment.clone(), record).await;
            base.attempted(&assignment, &attempted.attempt);
            let price = base.prices.of(&attempted.attempt, bid);
            let (jitter, at) = (base.clock.jitter(), base.clock.now());
            let Attempted { attempt, made, lines } = attempted;
            let step = step::finish(progress, attempt, &recipe.settings.retry, jitter, at);
            // The dispatcher outlives whatever it has in hand.
            let (run, is_staged, is_build) = (recipe.run, recipe.is_staged, recipe.task != Task::Call);
            let _ = sender.send(Finished { run, job, step, price, lines, is_build, is_staged, made }).await;
        });
    }

    fn collect(&mut self, batch: &mut Vec<Finished>) {
        for finished in batch.drain(..) {
            let usage = finished.step.ended.as_ref().map(|attempt| attempt.usage);
            self.appetite.observe(usage.map_or(0, |usage| usage.cpu_nanos));
            self.ends.push_back(finished);
        }
    }
}

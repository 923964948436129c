//! A job: one call that will be made, is made, or was made.

use super::attempt::{Attempt, Outcome, Output};
use super::id::{AccountId, JobId, RunId, WorkerId};
use super::money::Nanodollars;
use super::named::named;
use super::run::{Common, Place};
use super::time::Millis;

named! {
    /// Where a job is in its life.
    Status, "status", "status":
    /// Waits to be claimed. A node moves it to `RUNNING`; a cancel to `CANCELLED`.
    Queued = 0, "QUEUED";
    /// A node runs it. Its outcome moves it on; a node's death back to `QUEUED`.
    Running = 1, "RUNNING";
    /// Failed, and waits for its next attempt.
    Retrying = 2, "RETRYING";
    /// Over: it ended well.
    Succeeded = 3, "SUCCEEDED";
    /// Over: it failed for the last time in this round.
    Failed = 4, "FAILED";
    /// Over: its last attempt ran out of time.
    TimedOut = 5, "TIMED_OUT";
    /// Over: it was cancelled.
    Cancelled = 6, "CANCELLED";
}

impl Status {
    /// Whether nothing moves it on but a restart.
    pub fn is_over(self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Retrying => false,
            Self::Succeeded | Self::Failed | Self::TimedOut | Self::Cancelled => true,
        }
    }
}

named! {
    /// The kind of result that a job has.
    ResultType, "result type", "resultType":
    /// None yet, or the function returns nothing.
    None = 0, "NONE";
    /// JSON.
    Json = 1, "JSON";
    /// Text.
    Text = 2, "TEXT";
    /// An error instead of a result.
    Error = 3, "ERROR";
}

/// What moves a job from state to state; the rest of a job never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Where it is.
    pub status: Status,
    /// Starts so far, over all rounds.
    pub attempts: u32,
    /// Guest failures in this round.
    pub failures: u32,
    /// Host failures and node deaths in this round.
    pub host_failures: u32,
    /// From 1; a restart opens the next.
    pub round: u32,
    /// When it may be claimed, if not at once.
    pub due_at: Option<Millis>,
    /// Whether somebody asked for its end while it ran.
    pub cancel_requested: bool,
}

impl Progress {
    /// The time of a job that waits for others of its run.
    pub const HELD: Millis = Millis(i64::MAX as u64);

    /// A job that was just made.
    pub fn new(run_at: Option<Millis>) -> Self {
        Self {
            status: Status::Queued,
            attempts: 0,
            failures: 0,
            host_failures: 0,
            round: 1,
            due_at: run_at,
            cancel_requested: false,
        }
    }
}

/// A job as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub account: AccountId,
    /// The run that it belongs to: every job has one.
    pub run: RunId,
    /// Its place in the run, from 0.
    pub index: u32,
    /// The function's name.
    pub job_type: String,
    /// What a plan calls it, where it is one item of a stage.
    pub name: Option<String>,
    /// The pinned version.
    pub version: u32,
    /// Its payload as JSON text: `{"arguments": …}`.
    pub payload: String,
    /// Where it is.
    pub progress: Progress,
    /// How far its last attempt said that it is, in percent.
    pub percent: Option<u8>,
    /// The last attempt, once it is over.
    pub last: Option<Attempt>,
    /// The most that its owner pays for a minute.
    pub bid: Option<Nanodollars>,
    /// What was charged for its attempts.
    pub cost: Nanodollars,
    /// The worker that was given it last; none where a node claimed it.
    pub worker: Option<WorkerId>,
    /// When it was made.
    pub created_at: Millis,
    /// When anything about it changed last.
    pub updated_at: Millis,
    /// When a node claimed its last attempt.
    pub assigned_at: Option<Millis>,
    /// When its last attempt started.
    pub started_at: Option<Millis>,
    /// When it was over.
    pub completed_at: Option<Millis>,
}

/// A job, as far as a stream of results shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resulted {
    /// Its id.
    pub id: JobId,
    /// Its place in the run, from 0.
    pub index: u32,
    /// Where it is.
    pub status: Status,
    /// The last attempt, once it is over.
    pub last: Option<Attempt>,
    /// What was charged for its attempts.
    pub cost: Nanodollars,
}

impl Job {
    /// Bytes that a stranger decides on: arguments and result.
    pub fn bytes(&self) -> usize {
        let result = self.last.as_ref().map_or(0, |last| match &last.outcome {
            Outcome::Succeeded(Output::Json(text) | Output::Text(text)) => text.len(),
            Outcome::Succeeded(Output::None) => 0,
            Outcome::Failed(failure) => {
                failure.message.len() + failure.backtrace.as_ref().map_or(0, String::len)
            }
        });
        self.payload.len() + result
    }

    /// How far it is, in percent: all of it once it succeeded, else what its last attempt said.
    pub fn percent(&self) -> u8 {
        if self.progress.status == Status::Succeeded { 100 } else { self.percent.unwrap_or(0) }
    }

    /// Why it is not claimed, where it is not just its turn.
    pub fn waiting_for(&self, ask: Nanodollars, now: Millis) -> Option<String> {
        let Progress { status, due_at, .. } = self.progress;
        if !matches!(status, Status::Queued | Status::Retrying) {
            return None;
        }
        match (due_at, self.bid) {
            (Some(Progress::HELD), _) => Some("other jobs of its run, which has a concurrency".to_owned()),
            (Some(due_at), _) if due_at > now => Some(format!("its time, {}", due_at.0)),
            (_, Some(bid)) if bid < ask => {
                Some(format!("a lower price: it bids {bid} dollars a minute, and {ask} is asked"))
            }
            _ => None,
        }
    }
}

/// The end of a job, as a stream of its run's events tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its place in that stream.
    pub place: Place,
    /// The job.
    pub id: JobId,
    /// The job's place in its run, from 0.
    pub index: u32,
    /// Where it is now.
    pub status: Status,
    /// The kind of its result.
    pub result_type: ResultType,
    /// Starts so far.
    pub attempts: u32,
    /// What was charged.
    pub cost: Nanodollars,
    /// When it was over; `None` where it was restarted since.
    pub completed_at: Option<Millis>,
}

/// The payload of a job, as it is shown: its arguments and what it shares with its run.
pub fn payload(arguments: &str, common: &Common) -> String {
    let mut text = format!("{{\"arguments\":{arguments}");
    let mut add = |name: &str, value: serde_json::Value| {
        text.push_str(&format!(",\"{name}\":{value}"));
    };
    if let Some(export) = &common.export {
        add("export", export.as_str().into());
    }
    if let Some(stdin) = &common.stdin {
        add("stdin", stdin.as_str().into());
    }
    if !common.env.is_empty() {
        add(
            "env",
            common
                .env
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().into()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        );
    }
    text.push('}');
    text
}

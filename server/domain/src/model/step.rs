//! The only ways in which a job moves: pure decisions, applied by the store with a guard.
//!
//! A [`Step`] says from which status and attempt it starts. The store writes it only where the job
//! is still there, so a late finish cannot overwrite a cancel, nor a replay end a job twice.

use super::attempt::{Attempt, Failure, FailureCode, Outcome};
use super::job::{Progress, Status};
use super::retry::{HOST_FAILURES_MAX, Policy};
use super::time::Millis;
use super::usage::Usage;
use crate::error::{Error, Result};

/// Attempts that a job may have before it can no longer be restarted.
pub const ATTEMPTS_MAX: u32 = 10_000;

/// A decided move.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The job must still be here.
    pub from: Progress,
    /// The job will be here.
    pub to: Progress,
    /// The attempt that ended, if the move ends one.
    pub ended: Option<Attempt>,
    /// When it was decided.
    pub at: Millis,
}

/// An attempt came to an end.
pub fn finish(from: Progress, attempt: Attempt, policy: &Policy, jitter: f64, at: Millis) -> Step {
    let mut to = Progress { due_at: None, ..from };
    match &attempt.outcome {
        Outcome::Succeeded(_) => to.status = Status::Succeeded,
        Outcome::Failed(failure) => match failure.code {
            FailureCode::Cancelled => to.status = Status::Cancelled,
            FailureCode::Host | FailureCode::Interrupted => {
                to.host_failures += 1;
                to.status =
                    if to.host_failures > HOST_FAILURES_MAX { Status::Failed } else { Status::Queued };
            }
            code => {
                to.failures += 1;
                let wait = policy.backoff_after(code, to.failures, jitter);
                to.due_at = wait.map(|wait| at.plus(wait));
                to.status = match (wait, code) {
                    (Some(_), _) => Status::Retrying,
                    (None, FailureCode::Timeout) => Status::TimedOut,
                    (None, _) => Status::Failed,
                };
            }
        },
    }
    // Whoever asked for its end gets it, unless it had ended by itself.
    if from.cancel_requested && !to.status.is_over() {
        to.status = Status::Cancelled;
        to.due_at = None;
    }
    Step { from, to, ended: Some(attempt), at }
}

/// The same step for a job that was marked for cancelling after the step was decided.
pub fn cancelled_meanwhile(mut step: Step) -> Step {
    step.from.cancel_requested = true;
    step.to.cancel_requested = true;
    if !step.to.status.is_over() {
        step.to = Progress { status: Status::Cancelled, due_at: None, ..step.to };
    }
    step
}

/// The same for a call that somebody waits for: what would be tried again is over instead.
pub fn finish_call(from: Progress, attempt: Attempt, at: Millis) -> Step {
    let mut step = finish(from, attempt, &Policy::default(), 0.0, at);
    if !step.to.status.is_over() {
        step.to.status = Status::Failed;
    }
    step
}

/// Whoever ran the job runs it no more, and this is why.
pub fn interrupted(from: Progress, why: &str, started_at: Millis, at: Millis) -> Step {
    let (code, message) = if from.cancel_requested {
        (FailureCode::Cancelled, "cancelled")
    } else {
        (FailureCode::Interrupted, why)
    };
    let attempt = Attempt {
        number: from.attempts,
        outcome: Outcome::Failed(Failure::new(code, message)),
        exit_code: None,
        usage: Usage::default(),
        devices: Vec::new(),
        started_at,
        ended_at: at,
    };
    finish(from, attempt, &Policy::default(), 0.0, at)
}

/// Somebody asks for its end. A running job is marked, and ends when its guest does.
///
/// # Errors
/// A conflict if it is over.
pub fn cancel(from: Progress, at: Millis) -> Result<Step> {
    let to = match from.status {
        Status::Queued | Status::Retrying => Progress { status: Status::Cancelled, due_at: None, ..from },
        Status::Running => Progress { cancel_requested: true, ..from },
        over => return Err(Error::conflict(format!("the job is over: {}", over.name()))),
    };
    Ok(Step { from, to, ended: None, at })
}

/// Opens the next round of a job that did not succeed.
///
/// # Errors
/// A conflict if it succeeded or is not over.
pub fn restart(from: Progress, at: Millis) -> Result<Step> {
    match from.status {
        Status::Failed | Status::TimedOut | Status::Cancelled if from.attempts >= ATTEMPTS_MAX => {
            Err(Error::conflict(format!("the job has had {ATTEMPTS_MAX} attempts; submit a new one")))
        }
        Status::Failed | Status::TimedOut | Status::Cancelled => {
            let fresh = Progress::new(None);
            let to = Progress { round: from.round + 1, attempts: from.attempts, ..fresh };
            Ok(Step { from, to, ended: None, at })
        }
        status => Err(Error::conflict(format!(
            "only a FAILED, TIMED_OUT or CANCELLED job can be restarted; this one is {}",
            status.name()
        ))),
    }
}

/// The claim of a job that is ready: its next attempt begins.
pub fn claim(from: Progress) -> Progress {
    Progress { status: Status::Running, attempts: from.attempts + 1, due_at: None, ..from }
}

#[cfg(test)]
mod tests;

use proptest::prelude::*;

use super::*;
use crate::model::attempt::Output;

fn running(attempts: u32) -> Progress {
    Progress { attempts, ..claim(Progress::new(None)) }
}

fn ended(number: u32, outcome: Outcome) -> Attempt {
    Attempt {
        number,
        outcome,
        exit_code: None,
        usage: Usage::default(),
        devices: Vec::new(),
        started_at: Millis(1),
        ended_at: Millis(2),
    }
}

fn failed(code: FailureCode) -> Outcome {
    Outcome::Failed(Failure::new(code, "no"))
}

fn status_after(code: FailureCode, from: Progress, policy: &Policy) -> Status {
    finish(from, ended(from.attempts, failed(code)), policy, 0.0, Millis(2)).to.status
}

#[test]
fn a_guest_failure_is_retried_as_often_as_the_policy_says() {
    let policy = Policy { limit: 2, ..Policy::default() };
    let mut progress = running(1);
    for expected in [Status::Retrying, Status::Retrying, Status::Failed] {
        let step =
            finish(progress, ended(progress.attempts, failed(FailureCode::Trap)), &policy, 0.0, Millis(5));
        assert_eq!(step.to.status, expected);
        assert_eq!(step.to.due_at.is_some(), expected == Status::Retrying);
        progress = claim(step.to);
    }
}

#[test]
fn the_last_timeout_is_told_from_other_failures() {
    assert_eq!(status_after(FailureCode::Timeout, running(1), &Policy::default()), Status::TimedOut);
    assert_eq!(status_after(FailureCode::Trap, running(1), &Policy::default()), Status::Failed);
}

#[test]
fn a_cancelled_job_is_not_retried() {
    let policy = Policy { limit: 10, ..Policy::default() };
    let asked = Progress { cancel_requested: true, ..running(1) };
    assert_eq!(status_after(FailureCode::Cancelled, asked, &policy), Status::Cancelled);
    assert_eq!(status_after(FailureCode::Trap, asked, &policy), Status::Cancelled);
    assert_eq!(status_after(FailureCode::Interrupted, asked, &policy), Status::Cancelled);
}

#[test]
fn a_job_that_ended_well_before_its_cancel_arrived_succeeded() {
    let asked = Progress { cancel_requested: true, ..running(1) };
    let step = finish(asked, ended(1, Outcome::Succeeded(Output::None)), &Policy::default(), 0.0, Millis(2));
    assert_eq!(step.to.status, Status::Succeeded);
}

#[test]
fn node_deaths_requeue_without_backoff_until_their_own_limit() {
    let mut progress = running(1);
    for _ in 0..HOST_FAILURES_MAX {
        let step = interrupted(progress, "gone", Millis(1), Millis(2));
        assert_eq!((step.to.status, step.to.due_at), (Status::Queued, None));
        progress = claim(step.to);
    }
    assert_eq!(interrupted(progress, "gone", Millis(1), Millis(2)).to.status, Status::Failed);
}

#[test]
fn a_restart_opens_the_next_round_and_keeps_counting_attempts() {
    let over = Progress { status: Status::Failed, failures: 3, host_failures: 2, ..running(4) };
    let step = restart(over, Millis(9)).expect("it failed");
    assert_eq!(step.to, Progress { round: 2, attempts: 4, ..Progress::new(None) });
    assert!(restart(running(1), Millis(9)).is_err());
    assert!(restart(Progress { status: Status::Succeeded, ..over }, Millis(9)).is_err());
}

#[derive(Debug, Clone)]
enum Event {
    Claim,
    Succeed,
    Fail(FailureCode),
    Die,
    Cancel,
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let code = proptest::sample::select(FailureCode::ALL.to_vec());
    prop_oneof![
        4 => Just(Event::Claim),
        2 => Just(Event::Succeed),
        2 => code.prop_map(Event::Fail),
        1 => Just(Event::Die),
        1 => Just(Event::Cancel),
        1 => Just(Event::Restart),
    ]
}

proptest! {
    /// Whatever happens in whatever order: a job that is over moves only by a restart, a round ends
    /// once, attempts never go back, and no round has more attempts than its limits allow.
    #[test]
    fn a_job_ends_once_a_round(events in proptest::collection::vec(event(), 1..200), limit in 0u32..4) {
        let policy = Policy { limit, ..Policy::default() };
        let mut progress = Progress::new(None);
        let (mut ends, mut attempts_in_round) = (0, 0);
        for event in events {
            let before = progress;
            let step = match event {
                Event::Claim if matches!(before.status, Status::Queued | Status::Retrying) => {
                    progress = claim(before);
                    attempts_in_round += 1;
                    continue;
                }
                Event::Succeed if before.status == Status::Running => Some(finish(
                    before, ended(before.attempts, Outcome::Succeeded(Output::None)), &policy, 0.5, Millis(1))),
                Event::Fail(code) if before.status == Status::Running => Some(finish(
                    before, ended(before.attempts, failed(code)), &policy, 0.5, Millis(1))),
                Event::Die if before.status == Status::Running => Some(interrupted(before, "gone", Millis(1), Millis(1))),
                Event::Cancel => cancel(before, Millis(1)).ok(),
                Event::Restart => restart(before, Millis(1)).ok(),
                _ => None,
            };
            let Some(step) = step else { continue };
            prop_assert_eq!(step.from, before);
            prop_assert!(step.to.attempts >= before.attempts);
            if before.status.is_over() {
                prop_assert_eq!(step.to.round, before.round + 1);
                (ends, attempts_in_round) = (0, 0);
            } else {
                prop_assert_eq!(step.to.round, before.round);
            }
            if step.to.status.is_over() {
                ends += 1;
            }
            prop_assert!(ends <= 1);
            prop_assert!(attempts_in_round <= limit + 1 + HOST_FAILURES_MAX + 1);
            prop_assert_eq!(step.to.due_at.is_some(), step.to.status == Status::Retrying);
            progress = step.to;
        }
    }
}

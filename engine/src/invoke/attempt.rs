//! One invocation on the executor: its turns, its limits, its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::{Sleep, sleep_until};

use super::classify;
use crate::capability::logs::Capture;
use crate::control::Control;
use crate::error::Error;
use crate::executor::{BoxFuture, Guest};
use crate::outcome::{Outcome, Report};

pub(super) struct Attempt {
    /// `None` once the guest is over or was dropped in the middle of a host call.
    future: Option<BoxFuture<Result<Outcome, Error>>>,
    control: Arc<Control>,
    capture: Arc<Capture>,
    on_end: Option<OnEnd>,
    /// Wakes the guest when its time is up. Made when it first waits: most calls never do.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Whether it has not had a turn yet.
    is_fresh: bool,
}

/// Who is told of an attempt's end, on the guest's thread.
pub(super) type OnEnd = Box<dyn FnOnce(Result<Report, Error>) + Send>;

impl Attempt {
    pub(super) fn new(
        future: BoxFuture<Result<Outcome, Error>>,
        control: Arc<Control>,
        capture: Arc<Capture>,
        on_end: OnEnd,
    ) -> Self {
        Self { future: Some(future), control, capture, on_end: Some(on_end), alarm: None, is_fresh: true }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Outcome, Error>> {
        loop {
            let interrupted = self.control.interrupted();
            // Nothing of a guest that was stopped before its first turn may run.
            if let (Some(why), true) = (interrupted, self.is_fresh) {
                return Poll::Ready(Ok(classify::interrupted(why, None)));
            }
            self.is_fresh = false;
            let Some(future) = &mut self.future else {
                return Poll::Ready(Err(Error::Stopped));
            };
            if let Poll::Ready(end) = future.as_mut().poll(context) {
                return Poll::Ready(end);
            }
            // An interrupted guest traps at its next epoch; one that still waits, waits for the host.
            if let Some(why) = interrupted {
                self.future = None;
                return Poll::Ready(Ok(classify::interrupted(why, None)));
            }
            self.control.wake_on_interrupt(context.waker());
            let deadline = self.control.deadline().into();
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            let _ = alarm.as_mut().poll(context);
            self.control.check_clocks();
            if self.control.interrupted().is_none() {
                return Poll::Pending;
            }
        }
    }
}

impl Guest for Attempt {
    fn turn(&mut self, context: &mut Context<'_>) -> (Poll<()>, u64) {
        self.control.turn_begin();
        // Taking the instance down is work that it caused, and can go wrong like any of it.
        let poll = catch_unwind(AssertUnwindSafe(|| {
            let poll = self.poll(context);
            if let Poll::Ready(Ok(_)) = poll {
                self.future = None;
            }
            poll
        }))
        .unwrap_or(Poll::Ready(Err(Error::Panicked)));
        if let Poll::Ready(Err(_)) = poll {
            self.fail();
        }
        let nanos = self.control.turn_end();
        let Poll::Ready(end) = poll else {
            return (Poll::Pending, nanos);
        };
        self.capture.finish();
        let usage = self.control.usage(self.capture.bytes());
        if let Some(on_end) = self.on_end.take() {
            let devices = self.control.inferred().devices();
            let report = end.map(|outcome| Report { outcome, usage, devices });
            // Whoever listens must not take the guests' thread along.
            if catch_unwind(AssertUnwindSafe(|| on_end(report))).is_err() {
                tracing::error!("who was told of a guest's end panicked");
            }
        }
        (Poll::Ready(()), nanos)
    }
}

impl Attempt {
    /// Ends a guest that did not end by itself. Whoever reads what it sends must not take that for the end.
    fn fail(&mut self) {
        self.control.fail();
        self.future = None;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.on_end.is_some() {
            self.fail();
        }
    }
}

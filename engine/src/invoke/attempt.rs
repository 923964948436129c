//! One invocation on the executor: its turns, its limits, its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Sleep, sleep_until};
use wasmtime::component::Val;
use wasmtime::{Store, UpdateDeadline};

use super::call::Target;
use super::classify::{self, Interrupted};
use super::{Invocation, Stdio};
use crate::capability::files::Files;
use crate::capability::logs::Capture;
use crate::capability::wasi;
use crate::control::Control;
use crate::error::Error;
use crate::executor::{BoxFuture, Guest};
use crate::limits::Limits;
use crate::outcome::{Outcome, Report};
use crate::sandbox::Sandbox;

pub(super) struct Attempt {
    /// `None` once the guest is over or was dropped in the middle of a host call.
    future: Option<BoxFuture<Result<Outcome, Error>>>,
    control: Arc<Control>,
    capture: Arc<Capture>,
    report: Option<oneshot::Sender<Result<Report, Error>>>,
    /// Wakes the guest when its time is up. Made when it first waits: most calls never do.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Whether it has not had a turn yet.
    is_fresh: bool,
    /// Held as long as the guest has a place in the pool.
    place: Option<OwnedSemaphorePermit>,
}

impl Attempt {
    pub(super) fn new(
        invocation: Invocation,
        control: Arc<Control>,
        capture: Arc<Capture>,
        report: oneshot::Sender<Result<Report, Error>>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let future = run(invocation, control.clone(), capture.clone());
        Self {
            future: Some(Box::pin(future)),
            control,
            capture,
            report: Some(report),
            alarm: None,
            is_fresh: true,
            place,
        }
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
            if poll.is_ready() {
                self.future = None;
            }
            poll
        }))
        .unwrap_or(Poll::Ready(Err(Error::Panicked)));
        let nanos = self.control.turn_end();
        let Poll::Ready(end) = poll else {
            return (Poll::Pending, nanos);
        };
        self.place = None;
        self.capture.finish();
        let usage = self.control.usage(self.capture.bytes());
        if let Some(report) = self.report.take() {
            // Nobody waits for a guest that was dropped.
            let _ = report.send(end.map(|outcome| Report { outcome, usage }));
        }
        (Poll::Ready(()), nanos)
    }
}

/// Bytes that one host call may copy: what is copied for any call, and a list of bytes as long as a
/// result may be, whose values take a `Val` each on the host.
fn hostcall_fuel(limits: &Limits) -> usize {
    let result = usize::try_from(limits.output_bytes_max).unwrap_or(usize::MAX);
    let copied = usize::try_from(limits.hostcall_bytes_max).unwrap_or(usize::MAX);
    result.saturating_mul(size_of::<Val>()).saturating_add(copied)
}

/// The guest's life inside its store.
async fn run(invocation: Invocation, control: Arc<Control>, capture: Arc<Capture>) -> Result<Outcome, Error> {
    let runtime = &invocation.program.ready.runtime;
    let wasi = wasi::context(&invocation, &capture)?;
    let files = runtime.disk.clone().map(|disk| Files::new(disk, control.clone()));
    let mut store = Store::new(&runtime.engine, Sandbox::new(control.clone(), wasi, files));
    store.limiter(|sandbox| sandbox);
    store.set_hostcall_fuel(hostcall_fuel(&control.limits));
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        let control = &store.data().control;
        control.check_clocks();
        match control.interrupted() {
            Some(why) => Err(Interrupted(why).into()),
            None => Ok(UpdateDeadline::Yield(1)),
        }
    });
    let instance = match invocation.program.ready.instance.instantiate_async(&mut store).await {
        Ok(instance) => instance,
        Err(error) => return classify::instantiation(error, &control),
    };
    let (index, arguments, results) = match &invocation.call.target {
        Target::Command { index, .. } => (index, &[][..], 1),
        Target::Export { index, arguments, result } => (index, &arguments[..], usize::from(result.is_some())),
    };
    let Some(function) = instance.get_func(&mut store, index) else {
        return Err(Error::Runtime {
            doing: "finding an export",
            source: wasmtime::format_err!("it is gone"),
        });
    };
    let mut results = vec![Val::Bool(false); results];
    let called = function.call_async(&mut store, arguments, &mut results).await;
    let outcome = match called {
        Ok(()) => classify::returned(&invocation.call.target, results.pop(), &control.limits),
        Err(error) => classify::error(&error, &control),
    };
    Ok(match (&invocation.stdio, outcome) {
        (Stdio::Captured { .. }, Outcome::Finished(_)) => {
            let files = store.data().files.as_ref();
            let written =
                files.and_then(|files| files.take(invocation.output_file(), control.limits.output_bytes_max));
            classify::finished(written, capture.take_raw(), &control.limits)
        }
        (_, outcome) => outcome,
    })
}

//! The event loop: promises, timers, and what is waited for of the host.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rquickjs::function::This;
use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, Function, Object, Persistent, Promise, Runtime, Value};
use wasip2::clocks::monotonic_clock;
use wasip2::io::poll::{self, Pollable};

use crate::exports::skep::runtime::guest::Failure;
use crate::failure::{caught, of_value, plain};
use crate::globals::process;

thread_local! {
    static WAITING: RefCell<Waiting> = const { RefCell::new(Waiting::new()) };
    static UNHANDLED: RefCell<Vec<Rejected>> = const { RefCell::new(Vec::new()) };
}

/// A promise, and what it was rejected with.
type Rejected = (Persistent<Value<'static>>, Persistent<Value<'static>>);

/// What is waited for.
struct Waiting {
    next: u64,
    /// By when they are due, in nanoseconds, and their number.
    timers: BTreeMap<(u64, u64), Timer>,
    /// What the host has still to say, by number.
    asked: BTreeMap<u64, Asked>,
}

struct Timer {
    callback: Persistent<Function<'static>>,
    /// How long until it is due again, if it is.
    every: Option<u64>,
}

/// Something of the host's, and what goes on when it is ready.
struct Asked {
    pollable: Pollable,
    then: Persistent<Function<'static>>,
}

/// Timers and questions at once.
const WAITING_MAX: usize = 10_000;

impl Waiting {
    const fn new() -> Self {
        Self { next: 1, timers: BTreeMap::new(), asked: BTreeMap::new() }
    }

    fn number(&mut self, ctx: &Ctx<'_>) -> rquickjs::Result<u64> {
        if self.timers.len() + self.asked.len() >= WAITING_MAX {
            let message = format!("more than {WAITING_MAX} timers and requests are waited for");
            return Err(rquickjs::Exception::throw_range(ctx, &message));
        }
        self.next += 1;
        Ok(self.next)
    }
}

/// Calls a function after some milliseconds, again and again if `repeats`. Returns the timer's number.
pub(crate) fn set_timer<'js>(
    ctx: &Ctx<'js>,
    callback: Function<'js>,
    milliseconds: f64,
    repeats: bool,
) -> rquickjs::Result<u64> {
    // What is no number, and what is negative, is now.
    let nanos = (milliseconds.max(0.0) * 1e6) as u64;
    WAITING.with_borrow_mut(|waiting| {
        let number = waiting.number(ctx)?;
        let every = repeats.then_some(nanos.max(1_000_000));
        let due = monotonic_clock::now().saturating_add(nanos);
        let callback = Persistent::save(ctx, callback);
        waiting.timers.insert((due, number), Timer { callback, every });
        Ok(number)
    })
}

/// Forgets all that is waited for.
pub(crate) fn clear() {
    WAITING.set(Waiting::new());
    UNHANDLED.set(Vec::new());
}

/// Forgets a timer.
pub(crate) fn clear_timer(number: u64) {
    WAITING.with_borrow_mut(|waiting| waiting.timers.retain(|(_, known), _| *known != number));
}

/// Calls a function once the host is ready.
pub(crate) fn when_ready<'js>(
    ctx: &Ctx<'js>,
    pollable: Pollable,
    then: Function<'js>,
) -> rquickjs::Result<()> {
    WAITING.with_borrow_mut(|waiting| {
        let number = waiting.number(ctx)?;
        waiting.asked.insert(number, Asked { pollable, then: Persistent::save(ctx, then) });
        Ok(())
    })
}

/// Goes on until a promise is settled.
pub(crate) fn settle<'js>(ctx: &Ctx<'js>, promise: Promise<'js>) -> Result<Value<'js>, Failure> {
    loop {
        run_jobs(ctx);
        if process::has_exited(ctx) {
            return Err(plain("the script has exited"));
        }
        match promise.state() {
            PromiseState::Resolved => return caught(ctx, promise.finish()),
            PromiseState::Rejected => {
                let _ = promise.result::<Value<'js>>();
                return Err(of_value(ctx, &ctx.catch()));
            }
            PromiseState::Pending => {}
        }
        if !wait(ctx)? {
            return Err(plain("the function waits for a promise that nothing will settle"));
        }
    }
}

/// The same of any value, which may be a promise, or anything that has a `then`.
pub(crate) fn settle_value<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Value<'js>, Failure> {
    let then = value.as_object().and_then(|object| object.get::<_, Function<'js>>("then").ok());
    if then.is_none() {
        return Ok(value);
    }
    let promised = ctx
        .globals()
        .get::<_, Object<'js>>("Promise")
        .and_then(|promises| promises.get::<_, Function<'js>>("resolve")?.call((This(promises), value)));
    settle(ctx, caught(ctx, promised)?)
}

/// Goes on until nothing is waited for.
pub(crate) fn drain(ctx: &Ctx<'_>) -> Result<(), Failure> {
    loop {
        run_jobs(ctx);
        if process::has_exited(ctx) || !wait(ctx)? {
            return Ok(());
        }
    }
}

fn run_jobs(ctx: &Ctx<'_>) {
    while ctx.execute_pending_job() {}
}

/// Waits for what comes first, and calls what is due. Says whether there was anything to wait for.
fn wait(ctx: &Ctx<'_>) -> Result<bool, Failure> {
    let now = monotonic_clock::now();
    let mut was_due = false;
    // One at a time: each may forget the next.
    while let Some(callback) = take_due(now) {
        was_due = true;
        let callback = caught(ctx, callback.restore(ctx))?;
        caught(ctx, callback.call::<_, Value<'_>>(()))?;
        run_jobs(ctx);
    }
    // What was due may have been all that was waited for.
    if was_due {
        return Ok(true);
    }
    let (ready, is_idle) = WAITING.with_borrow_mut(|waiting| {
        let first = waiting.timers.keys().next().map(|(due, _)| *due);
        if waiting.asked.is_empty() && first.is_none() {
            return (Vec::new(), true);
        }
        let timer = first.map(monotonic_clock::subscribe_instant);
        let numbers: Vec<u64> = waiting.asked.keys().copied().collect();
        let pollables: Vec<&Pollable> =
            waiting.asked.values().map(|asked| &asked.pollable).chain(timer.as_ref()).collect();
        let places = poll::poll(&pollables);
        let ready = places.into_iter().filter_map(|place| numbers.get(place as usize));
        (ready.filter_map(|number| waiting.asked.remove(number)).collect(), false)
    });
    for asked in ready {
        let Asked { pollable, then } = asked;
        drop(pollable);
        let then = caught(ctx, then.restore(ctx))?;
        caught(ctx, then.call::<_, Value<'_>>(()))?;
        run_jobs(ctx);
    }
    Ok(!is_idle)
}

/// Takes the first timer that was due at a time; one that repeats is there again for later.
fn take_due(now: u64) -> Option<Persistent<Function<'static>>> {
    WAITING.with_borrow_mut(|waiting| {
        let first = waiting.timers.first_entry().filter(|first| first.key().0 <= now)?;
        let ((_, number), timer) = first.remove_entry();
        let callback = timer.callback.clone();
        if let Some(every) = timer.every {
            waiting.timers.insert((now + every, number), timer);
        }
        Some(callback)
    })
}

/// Remembers promises that were rejected where nobody looks; one that somebody looks at later is forgotten.
pub(crate) fn track_rejections(runtime: &Runtime) {
    runtime.set_host_promise_rejection_tracker(Some(Box::new(|ctx, promise, reason, is_handled| {
        let promise = Persistent::save(&ctx, promise);
        UNHANDLED.with_borrow_mut(|unhandled| {
            if is_handled {
                unhandled.retain(|(known, _)| *known != promise);
            } else if unhandled.len() < WAITING_MAX {
                unhandled.push((promise, Persistent::save(&ctx, reason)));
            }
        });
    })));
}

/// What the first of them was rejected with.
pub(crate) fn unhandled(ctx: &Ctx<'_>) -> Option<Failure> {
    let (_, reason) = UNHANDLED.take().into_iter().next()?;
    let reason: Value<'_> = reason.restore(ctx).ok()?;
    Some(of_value(ctx, &reason))
}

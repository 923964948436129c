//! Runs futures in the one thread there is. Nothing outside wakes them: a future that waits does so for
//! another one (a pipe, a job) or for a time, so all are polled in turn, and between two rounds in which
//! nothing moved the thread sleeps until the next time somebody waits for.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

pub(crate) type Task<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Background jobs that run at one time.
const JOBS_MAX: usize = 1000;

thread_local! {
    /// Whether anything moved in this round.
    static MOVED: Cell<bool> = const { Cell::new(false) };
    /// The next time that somebody waits for.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
    /// Jobs that were begun and are to be polled from the next round on.
    static BEGUN: RefCell<Vec<Task<'static, ()>>> = const { RefCell::new(Vec::new()) };
    static RUNNING: Cell<usize> = const { Cell::new(0) };
}

/// All that is left waits for each other.
#[derive(Debug)]
pub(crate) struct Deadlock;

/// Runs the future to its end, and beside it the jobs that are begun. Jobs that did not end by then are
/// dropped: the sandbox ends with its command.
pub(crate) fn run<T>(future: impl Future<Output = T>, mut before_sleep: impl FnMut()) -> Result<T, Deadlock> {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut jobs: Vec<Task<'static, ()>> = Vec::new();
    BEGUN.take();
    loop {
        MOVED.set(false);
        DEADLINE.set(None);
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Ok(value);
        }
        jobs.append(&mut BEGUN.take());
        jobs.retain_mut(|job| {
            let is_running = job.as_mut().poll(&mut context).is_pending();
            if !is_running {
                moved();
            }
            is_running
        });
        RUNNING.set(jobs.len());
        if MOVED.get() || BEGUN.with_borrow(|begun| !begun.is_empty()) {
            continue;
        }
        before_sleep();
        let deadline = DEADLINE.get().ok_or(Deadlock)?;
        std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
    }
}

/// Says that something moved, so that others may have something to do.
pub(crate) fn moved() {
    MOVED.set(true);
}

/// Begins a background job. It ends with what runs it. An error if there are too many.
pub(crate) fn begin<T: 'static>(future: impl Future<Output = T> + 'static) -> Result<Job<T>, &'static str> {
    if RUNNING.get() + BEGUN.with_borrow(Vec::len) >= JOBS_MAX {
        return Err("too many background jobs");
    }
    let result = Rc::new(RefCell::new(None));
    let slot = Rc::clone(&result);
    let job: Task<'static, ()> = Box::pin(async move {
        let value = future.await;
        *slot.borrow_mut() = Some(value);
    });
    BEGUN.with_borrow_mut(|begun| begun.push(job));
    Ok(Job { result })
}

/// A background job and what will come of it.
pub(crate) struct Job<T> {
    result: Rc<RefCell<Option<T>>>,
}

impl<T> Clone for Job<T> {
    fn clone(&self) -> Self {
        Self { result: Rc::clone(&self.result) }
    }
}

impl<T: Clone> Job<T> {
    pub(crate) async fn wait(&self) -> T {
        poll_fn(|_| self.result.borrow().clone().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// Lets the others do something first.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|_| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        moved();
        Poll::Pending
    })
    .await;
}

/// Waits until it is true. It must become so by what others do.
pub(crate) async fn until(mut is_true: impl FnMut() -> bool) {
    poll_fn(|_| if is_true() { Poll::Ready(()) } else { Poll::Pending }).await;
}

pub(crate) async fn sleep_until(deadline: Instant) {
    // The others first, so that what was printed before a pause is seen before it.
    yield_now().await;
    poll_fn(|_| poll_deadline(deadline)).await;
}

fn poll_deadline(deadline: Instant) -> Poll<()> {
    if Instant::now() >= deadline {
        moved();
        return Poll::Ready(());
    }
    let next = DEADLINE.get().map_or(deadline, |next| next.min(deadline));
    DEADLINE.set(Some(next));
    Poll::Pending
}

/// Runs the future until the time. Nothing if it did not end by then.
pub(crate) async fn timeout<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => poll_deadline(deadline).map(|()| None),
    })
    .await
}

/// Runs all futures beside each other, and returns what came of each, in their order.
pub(crate) async fn join<T>(futures: Vec<Task<'_, T>>) -> Vec<T> {
    let mut running: Vec<Option<Task<'_, T>>> = futures.into_iter().map(Some).collect();
    let mut results: Vec<Option<T>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut is_pending = false;
        for (slot, result) in running.iter_mut().zip(&mut results) {
            let Some(future) = slot else { continue };
            match future.as_mut().poll(context) {
                Poll::Ready(value) => {
                    *result = Some(value);
                    // Dropped at once, so that its ends of pipes are closed.
                    *slot = None;
                    moved();
                }
                Poll::Pending => is_pending = true,
            }
        }
        if is_pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    results.into_iter().flatten().collect()
}

//! The driver: the only place that spawns. Tells tasks to stop, and knows when all have.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

/// Who is to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Jobs may be ready.
    Dispatch,
    /// A running job may be marked for cancelling.
    Cancel,
    /// Something was deleted, and what it had is to be purged.
    Purge,
    /// A worker's job may be lost to it, or be marked for cancelling.
    Reap,
    /// A schedule's time may be another.
    Schedule,
    /// There may be news of a plan.
    Plans,
    /// There may be something to tell.
    Webhooks,
}

/// Spawns tasks on one runtime. Cheap to clone.
#[derive(Clone)]
pub struct Tasks {
    inner: Arc<Inner>,
}

struct Inner {
    runtime: Handle,
    dispatch: Notify,
    cancel: Notify,
    purge: Notify,
    reap: Notify,
    schedule: Notify,
    plans: Notify,
    webhooks: Notify,
    stopping: watch::Sender<bool>,
    /// Tasks that have not ended.
    alive: watch::Sender<usize>,
}

impl Tasks {
    /// Tasks on the given runtime.
    pub fn new(runtime: Handle) -> Self {
        let inner = Inner {
            runtime,
            dispatch: Notify::new(),
            cancel: Notify::new(),
            purge: Notify::new(),
            reap: Notify::new(),
            schedule: Notify::new(),
            plans: Notify::new(),
            webhooks: Notify::new(),
            stopping: watch::channel(false).0,
            alive: watch::channel(0).0,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Starts a task. What a task starts while it is told to stop is waited for as well.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let alive = Alive::new(&self.inner);
        #[expect(clippy::disallowed_methods, reason = "this is the driver")]
        self.inner.runtime.spawn(async move {
            let _alive = alive;
            task.await;
        });
    }

    /// A future that is polled by whoever awaits it, and goes on as a task if that one drops it.
    pub fn finish<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Finish<T> {
        Finish { future: Some(Box::pin(future)), tasks: self.clone() }
    }

    /// Wakes whoever waits for it, now or when it next waits.
    pub fn wake(&self, who: Wake) {
        self.notify(who).notify_one();
    }

    /// Waits for a wake-up.
    pub async fn woken(&self, who: Wake) {
        self.notify(who).notified().await;
    }

    /// Waits until tasks are to stop.
    pub async fn stopping(&self) {
        // The sender lives as long as this.
        let _ = self.inner.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Tells every task to stop.
    pub fn stop(&self) {
        self.inner.stopping.send_replace(true);
    }

    /// Waits until every task has ended.
    pub async fn ended(&self) {
        // The sender lives as long as this.
        let _ = self.inner.alive.subscribe().wait_for(|alive| *alive == 0).await;
    }

    fn notify(&self, who: Wake) -> &Notify {
        match who {
            Wake::Dispatch => &self.inner.dispatch,
            Wake::Cancel => &self.inner.cancel,
            Wake::Purge => &self.inner.purge,
            Wake::Reap => &self.inner.reap,
            Wake::Schedule => &self.inner.schedule,
            Wake::Plans => &self.inner.plans,
            Wake::Webhooks => &self.inner.webhooks,
        }
    }
}

/// A task that has not ended; also one that panics ends.
struct Alive {
    inner: Arc<Inner>,
}

impl Alive {
    fn new(inner: &Arc<Inner>) -> Self {
        inner.alive.send_modify(|alive| *alive += 1);
        Self { inner: inner.clone() }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.inner.alive.send_modify(|alive| *alive -= 1);
    }
}

/// See [`Tasks::finish`].
pub struct Finish<T: Send + 'static> {
    /// `None` once it is over.
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    tasks: Tasks,
}

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let future = self.future.as_mut().expect("a future is not polled after its end");
        let poll = future.as_mut().poll(context);
        if poll.is_ready() {
            self.future = None;
        }
        poll
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            self.tasks.spawn(async move {
                future.await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_dropped_goes_on_and_stopping_waits_for_it() {
        let tasks = Tasks::new(Handle::current());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (go, gone) = tokio::sync::oneshot::channel();
        let mut dropped = tasks.finish(async move {
            let _ = gone.await;
            let _ = sender.send(7);
        });
        std::future::poll_fn(|context| {
            assert!(Pin::new(&mut dropped).poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(dropped);
        let _ = go.send(());
        tasks.stop();
        tasks.ended().await;
        assert_eq!(receiver.await, Ok(7));
    }
}

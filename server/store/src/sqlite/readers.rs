//! Read-only connections, each with a thread of its own that answers one query at a time.
//!
//! A query that waits is in a line here and not in its caller's future: one that is not polled for a while holds up
//! nobody.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use skep_domain::{Error, Result};
use tokio::sync::oneshot;

type Query = Box<dyn FnOnce(&Connection) + Send>;

pub(super) struct Readers {
    line: Arc<Line>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Query>,
    is_closed: bool,
}

impl Readers {
    pub(super) fn start(connections: Vec<Connection>) -> std::io::Result<Self> {
        let line = Arc::<Line>::default();
        let mut readers = Self { line: line.clone(), threads: Vec::new() };
        for (number, connection) in connections.into_iter().enumerate() {
            let line = line.clone();
            let thread = thread::Builder::new().name(format!("skep-read-{number}"));
            readers.threads.push(thread.spawn(move || {
                while let Some(query) = line.next() {
                    query(&connection);
                }
            })?);
        }
        Ok(readers)
    }

    /// Runs a query as soon as a connection is free, unless nobody waits for it any more by then.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, answer) = oneshot::channel();
        self.line.lock().waiting.push_back(Box::new(move |connection| {
            if !sender.is_closed() {
                let result = catch_unwind(AssertUnwindSafe(|| query(connection)));
                let _ = sender.send(result.unwrap_or_else(|_| Err(Error::internal("a query panicked"))));
            }
        }));
        self.line.changed.notify_one();
        answer.await.unwrap_or_else(|_| Err(Error::internal("the store is closed")))
    }
}

impl Line {
    /// The next query, when there is one; none once the store is closed.
    fn next(&self) -> Option<Query> {
        let mut state = self.lock();
        loop {
            if let Some(query) = state.waiting.pop_front() {
                return Some(query);
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.line.lock().is_closed = true;
        self.line.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn who_does_not_look_at_the_answer_holds_up_nobody_and_a_panic_ends_no_reader() {
        let connection = Connection::open_in_memory().expect("a store");
        let readers = Readers::start(vec![connection]).expect("a thread");
        let number = |sql: &'static str| {
            readers.run(move |connection| {
                connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(Error::internal)
            })
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        // One asks while the only reader is busy, and is not polled again until others have asked.
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let mut busy = pin!(readers.run(move |_| told.recv().map_err(Error::internal)));
        let mut asleep = pin!(number("SELECT 1"));
        let mut context = Context::from_waker(Waker::noop());
        assert!(busy.as_mut().poll(&mut context).is_pending());
        assert!(asleep.as_mut().poll(&mut context).is_pending());
        go_on.send(()).expect("it waits");
        runtime.block_on(busy).expect("it was told");
        let panicked = readers.run(|_| -> Result<()> { panic!("a bug") });
        assert!(runtime.block_on(panicked).is_err());
        assert_eq!(runtime.block_on(number("SELECT 2")).expect("it is answered"), 2);
        assert_eq!(runtime.block_on(asleep).expect("it was answered long ago"), 1);
    }
}

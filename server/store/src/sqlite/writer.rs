//! One thread writes. It runs the methods that wait, each in its own savepoint, commits them
//! together, and then answers them all: an answer means that it is on disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rusqlite::Connection;
use skep_domain::{Code, Error, Result};
use tokio::sync::oneshot;

/// Methods of one commit at most: what bounds how long the first waits for the last.
const GROUP_MAX: usize = 512;

/// Runs a method; what it returns answers the caller once the commit's fate is known.
type Method = Box<dyn FnOnce(&Connection) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Fate) + Send>;

/// What became of the commit.
#[derive(Clone, Copy)]
enum Fate {
    Committed,
    Unknown,
}

pub(super) struct Writer {
    queue: Mutex<Option<Sender<Method>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread on a connection, which it opens anew after an I/O error.
    pub(super) fn start(
        connect: impl Fn() -> rusqlite::Result<Connection> + Send + 'static,
    ) -> rusqlite::Result<Self> {
        let connection = connect()?;
        let (queue, methods) = channel::<Method>();
        let thread = thread::Builder::new()
            .name("skep-store".into())
            .spawn(move || serve(connection, &connect, &methods))
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs a method and answers when it is on disk. `after` runs before anybody is answered, on the
    /// writer's thread, whatever became of the commit and whether or not the caller still waits.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        method: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
        after: impl FnOnce() + Send + 'static,
    ) -> Result<T> {
        let (sender, answer) = oneshot::channel();
        let method: Method = Box::new(move |connection| {
            let result = in_savepoint(connection, method);
            Box::new(move |fate| {
                // A refusal too may rest on what was rolled back.
                let result = match fate {
                    Fate::Committed => result,
                    Fate::Unknown => Err(unavailable()),
                };
                after();
                // The caller may have gone; what it asked for is done all the same.
                let _ = sender.send(result);
            })
        });
        let queued = match &*self.queue.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(queue) => queue.send(method).is_ok(),
            None => false,
        };
        if !queued {
            return Err(unavailable());
        }
        answer.await.unwrap_or_else(|_| Err(unavailable()))
    }
}

impl Drop for Writer {
    /// Everything that was queued is written first.
    fn drop(&mut self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

fn unavailable() -> Error {
    Error::new(Code::Unavailable, "the store could not confirm the write; ask again what is there")
}

fn serve(
    mut connection: Connection,
    connect: &dyn Fn() -> rusqlite::Result<Connection>,
    methods: &Receiver<Method>,
) {
    let mut answers = Vec::with_capacity(GROUP_MAX);
    let commits = metrics::counter!("skep_store_commits_total");
    let written = metrics::counter!("skep_store_methods_total");
    let durations = metrics::histogram!("skep_store_commit_duration_seconds");
    while let Ok(first) = methods.recv() {
        let began = Instant::now();
        let fate = match group(&connection, first, methods, &mut answers) {
            Ok(()) => {
                commits.increment(1);
                written.increment(answers.len() as u64);
                durations.record(began.elapsed());
                Fate::Committed
            }
            Err(error) => {
                tracing::error!(%error, "a group of writes failed; opening the store again");
                match connect() {
                    Ok(fresh) => connection = fresh,
                    Err(error) => tracing::error!(%error, "the store cannot be opened"),
                }
                Fate::Unknown
            }
        };
        answers.drain(..).for_each(|answer: Answer| answer(fate));
    }
}

/// One transaction of as many methods as wait.
fn group(
    connection: &Connection,
    first: Method,
    methods: &Receiver<Method>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let began = connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
    let mut next = Some(first);
    while let Some(method) = next {
        answers.push(method(connection));
        // A full disk or an I/O error ends the whole transaction, not just the savepoint.
        if connection.is_autocommit() || answers.len() >= GROUP_MAX {
            break;
        }
        next = methods.try_recv().ok();
    }
    began?;
    connection.prepare_cached("COMMIT")?.execute([]).map(drop)
}

fn in_savepoint<T>(connection: &Connection, method: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    if connection.is_autocommit() {
        return Err(unavailable());
    }
    let run = |sql: &str| connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    run("SAVEPOINT method").map_err(Error::internal)?;
    let result = catch_unwind(AssertUnwindSafe(|| method(connection)))
        .unwrap_or_else(|_| Err(Error::internal("a method of the store panicked")));
    if result.is_err() && !connection.is_autocommit() {
        run("ROLLBACK TO method").map_err(Error::internal)?;
    }
    if connection.is_autocommit() {
        return Err(unavailable());
    }
    run("RELEASE method").map_err(Error::internal)?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(path: &std::path::Path) -> Writer {
        let path = path.to_owned();
        let connect = move || {
            let connection = Connection::open(&path)?;
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (n INTEGER UNIQUE)",
            )?;
            Ok(connection)
        };
        Writer::start(connect).expect("a file")
    }

    fn insert(connection: &Connection, n: i64) -> Result<()> {
        connection.execute("INSERT INTO t VALUES (?)", [n]).map(drop).map_err(Error::internal)
    }

    #[test]
    fn a_method_that_fails_leaves_no_trace_and_spares_its_group() {
        let directory = tempfile::tempdir().expect("a directory");
        let writer = writer(&directory.path().join("t.db"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (good, bad, panicked, late) = runtime.block_on(async {
            tokio::join!(
                writer.submit(|c| insert(c, 1), || {}),
                writer.submit(|c| insert(c, 2).and_then(|()| Err::<(), _>(Error::conflict("no"))), || {}),
                writer.submit(|c| insert(c, 3).map(|()| assert!(c.is_autocommit(), "a bug")), || {}),
                writer.submit(|c| insert(c, 4), || {}),
            )
        });
        assert!(good.is_ok() && late.is_ok());
        assert_eq!(bad.map_err(|error| error.code()), Err(Code::Conflict));
        assert!(panicked.is_err());
        let sum = |c: &Connection| {
            c.query_row("SELECT group_concat(n) FROM t", [], |row| row.get::<_, String>(0))
                .map_err(Error::internal)
        };
        let sum = runtime.block_on(writer.submit(sum, || {}));
        assert_eq!(sum.expect("readable"), "1,4");
    }

    #[test]
    fn what_a_lost_transaction_held_is_not_acknowledged() {
        let directory = tempfile::tempdir().expect("a directory");
        let writer = writer(&directory.path().join("t.db"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (before, ends, after) = runtime.block_on(async {
            tokio::join!(
                writer.submit(|c| insert(c, 1), || {}),
                // As a full disk does: the whole transaction is gone.
                writer.submit(|c| c.execute_batch("ROLLBACK").map_err(Error::internal), || {}),
                writer.submit(|c| insert(c, 2), || {}),
            )
        });
        assert_eq!(before.map_err(|error| error.code()), Err(Code::Unavailable));
        assert_eq!(ends.map_err(|error| error.code()), Err(Code::Unavailable));
        assert!(after.is_ok(), "the next group works: {after:?}");
    }
}

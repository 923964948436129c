//! The engine's own threads, which poll guests fairly.
//!
//! A guest runs until it waits for the host or an epoch ends, then the next one is chosen: the share
//! group that has had the least CPU time for its weight, and within it the guest that has waited
//! longest. So an account with sixty endless loops gets as much as one with a single call, not more.

mod clock;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering::AcqRel, Ordering::Acquire};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use skep_fair::{Queue, ShareGroup};

use crate::error::Error;
use crate::meter;

/// A guest that can be polled. A turn ends when it waits or when its epoch does.
pub(crate) trait Guest: Send {
    /// Polls once and says how many nanoseconds of CPU time that took.
    fn turn(&mut self, context: &mut Context<'_>) -> (Poll<()>, u64);
}

/// The threads and what waits for them.
pub(crate) struct Executor {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
    clock: Option<thread::JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    ready: Condvar,
    /// For the clock, while it rests.
    come: Condvar,
    /// Ends the turns that are under way.
    end_turns: Box<dyn Fn() + Send + Sync>,
}

struct State {
    queue: Queue<Arc<Task>>,
    idle_threads: usize,
    stopping: bool,
    /// Whether no thread polls guests any more.
    stopped: bool,
    /// Whether the clock waits for a guest to come.
    clock_rests: bool,
    /// When turns were ended last for one that had come.
    hurried_at: Instant,
}

struct Task {
    group: ShareGroup,
    shared: Arc<Shared>,
    phase: AtomicU8,
    guest: Mutex<Option<Box<dyn Guest>>>,
}

/// How often turns are ended for one that has come at most: each that is cut short is a way to the queue and back.
const HURRY_INTERVAL: Duration = Duration::from_micros(200);

/// A turn that an epoch has ended, not the guest.
const LONG_TURN_NANOS: u64 = 100_000;

// A task's phases. It is in the queue exactly while it is QUEUED.
const WAITING: u8 = 0;
const QUEUED: u8 = 1;
const RUNNING: u8 = 2;
const RUNNING_WOKEN: u8 = 3;
const OVER: u8 = 4;

impl Executor {
    /// Starts `threads` threads inside the given I/O runtime, whose timers the host functions use.
    pub(crate) fn start(
        threads: usize,
        io: &Handle,
        end_turns: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let state = State {
            queue: Queue::default(),
            idle_threads: 0,
            stopping: false,
            stopped: false,
            clock_rests: false,
            hurried_at: Instant::now(),
        };
        let end_turns = Box::new(end_turns);
        let shared =
            Shared { state: Mutex::new(state), ready: Condvar::new(), come: Condvar::new(), end_turns };
        let threads = threads.max(1);
        let mut executor = Self { shared: Arc::new(shared), threads: Vec::new(), clock: None };
        executor.clock = Some(executor.spawn("skep-epoch".to_owned(), move |shared| shared.tick(threads))?);
        for index in 0..threads {
            let io = io.clone();
            let thread = executor.spawn(format!("skep-guest-{index}"), move |shared| {
                let _entered = io.enter();
                shared.serve();
            })?;
            executor.threads.push(thread);
        }
        Ok(executor)
    }

    fn spawn(
        &self,
        name: String,
        live: impl FnOnce(&Shared) + Send + 'static,
    ) -> Result<thread::JoinHandle<()>, Error> {
        let shared = self.shared.clone();
        let thread = thread::Builder::new().name(name).spawn(move || live(&shared));
        thread.map_err(Error::files("starting its threads"))
    }

    pub(crate) fn submit(&self, group: ShareGroup, guest: Box<dyn Guest>) {
        let task = Arc::new(Task {
            group,
            shared: self.shared.clone(),
            phase: AtomicU8::new(QUEUED),
            guest: Mutex::new(Some(guest)),
        });
        self.shared.push(task);
    }

    /// Guests that could run now but for want of a thread, by group.
    pub(crate) fn backlogs(&self) -> Vec<(u128, u32)> {
        self.shared.lock().queue.lengths()
    }
}

impl Executor {
    /// Ends the threads, and then every guest that is left. Doing it again changes nothing.
    pub(crate) fn stop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.ready.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to say: guests' panics are caught below.
            let _ = thread.join();
        }
        // Until here turns had to end.
        self.shared.lock().stopped = true;
        self.shared.come.notify_all();
        if let Some(clock) = self.clock.take() {
            let _ = clock.join();
        }
        while let Some((task, _)) = self.shared.lock().queue.pop() {
            task.end();
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, task: Arc<Task>) {
        let mut state = self.lock();
        let group = task.group;
        state.queue.push(group, task);
        let idle = state.idle_threads > 0;
        // It would wait for the next epoch else.
        let hurries = !idle && state.hurried_at.elapsed() >= HURRY_INTERVAL;
        if hurries {
            state.hurried_at = Instant::now();
        }
        let clock_rested = std::mem::take(&mut state.clock_rests);
        drop(state);
        if clock_rested {
            self.come.notify_one();
        }
        if idle {
            self.ready.notify_one();
        } else if hurries {
            (self.end_turns)();
        }
    }

    /// One thread's life: take the next task, give it a turn, charge its group.
    fn serve(&self) {
        let mut state = self.lock();
        while !state.stopping {
            let Some((task, group)) = state.queue.pop() else {
                state.idle_threads += 1;
                state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle_threads -= 1;
                meter::slept();
                continue;
            };
            drop(state);
            let (nanos, again) = task.run();
            if again && nanos >= LONG_TURN_NANOS {
                // Threads for connections and the disk that were woken meanwhile would wait for the end of the
                // kernel's own slice, which is longer.
                thread::yield_now();
            }
            state = self.lock();
            state.queue.charge(group, nanos);
            if again {
                state.queue.push(group, task);
            }
        }
    }
}

impl Task {
    /// Gives the guest a turn. Returns its CPU time, and whether it was woken meanwhile.
    fn run(self: &Arc<Self>) -> (u64, bool) {
        self.phase.store(RUNNING, std::sync::atomic::Ordering::Release);
        let waker = Waker::from(self.clone());
        let mut slot = self.guest.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(guest) = slot.as_mut() else {
            return (0, false);
        };
        let (poll, nanos) = guest.turn(&mut Context::from_waker(&waker));
        if poll.is_ready() {
            *slot = None;
            self.phase.store(OVER, std::sync::atomic::Ordering::Release);
            return (nanos, false);
        }
        let waits = self.phase.compare_exchange(RUNNING, WAITING, AcqRel, Acquire).is_ok();
        if !waits {
            self.phase.store(QUEUED, std::sync::atomic::Ordering::Release);
        }
        (nanos, !waits)
    }

    fn end(&self) {
        self.phase.store(OVER, std::sync::atomic::Ordering::Release);
        *self.guest.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let mut phase = self.phase.load(Acquire);
        loop {
            let next = match phase {
                WAITING => QUEUED,
                RUNNING => RUNNING_WOKEN,
                _ => return,
            };
            match self.phase.compare_exchange_weak(phase, next, AcqRel, Acquire) {
                Ok(_) => break,
                Err(seen) => phase = seen,
            }
        }
        if phase == WAITING {
            self.shared.clone().push(self);
        }
    }
}

/// Polls a future whose type does not matter here.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc;

    use super::*;

    /// Uses a millisecond a turn and never ends before `turns`.
    struct Busy {
        turns: u32,
        name: char,
        done: mpsc::Sender<char>,
    }

    impl Guest for Busy {
        fn turn(&mut self, context: &mut Context<'_>) -> (Poll<()>, u64) {
            let began = Instant::now();
            while began.elapsed() < Duration::from_micros(200) {}
            self.turns -= 1;
            if self.turns == 0 {
                self.done.send(self.name).expect("the test listens");
                return (Poll::Ready(()), 200_000);
            }
            context.waker().wake_by_ref();
            (Poll::Pending, 200_000)
        }
    }

    #[test]
    fn the_clock_rests_without_guests_and_goes_on_with_the_next() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let ticks = Arc::new(AtomicU32::new(0));
        let counter = ticks.clone();
        let count = move || {
            counter.fetch_add(1, AcqRel);
        };
        let executor = Executor::start(1, runtime.handle(), count).expect("threads");
        while !executor.shared.lock().clock_rests {
            thread::sleep(Duration::from_millis(1));
        }
        let before = ticks.load(Acquire);
        thread::sleep(Duration::from_millis(20));
        assert_eq!(ticks.load(Acquire), before);
        let (done, ended) = mpsc::channel();
        let guest = Busy { turns: 100, name: 'x', done };
        executor.submit(ShareGroup { id: 1, weight: 1 }, Box::new(guest));
        assert_eq!(ended.recv(), Ok('x'));
        assert!(ticks.load(Acquire) > before);
    }

    #[test]
    fn a_group_with_many_guests_does_not_delay_a_group_with_one() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let executor = Executor::start(1, runtime.handle(), || ()).expect("threads");
        let (done, ended) = mpsc::channel();
        for _ in 0..50 {
            let guest = Busy { turns: 20, name: 'm', done: done.clone() };
            executor.submit(ShareGroup { id: 1, weight: 1 }, Box::new(guest));
        }
        let guest = Busy { turns: 20, name: 'o', done };
        executor.submit(ShareGroup { id: 2, weight: 1 }, Box::new(guest));
        // 1,000 turns are due to the many, 20 to the one: fair is 20 against 20, so none of the
        // many, who take turns among themselves, has ended by then.
        assert_eq!(ended.recv(), Ok('o'));
    }
}

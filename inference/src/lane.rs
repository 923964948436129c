//! A device's line: what waits for it, fairly between owners, and the threads that work it off in batches.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use skep_fair::{Queue, ShareGroup};
use tokio::sync::oneshot;

use crate::backend::Bound;
use crate::failure::{Code, Failure};
use crate::models::Loaded;
use crate::tensor::Tensor;

/// Stack of a thread that computes: what a model's expressions nest takes some.
const STACK_BYTES: usize = 16 << 20;
/// Inferences of one owner that wait for a device.
const WAITING_MAX: usize = 1024;

/// One inference that waits for its turn.
pub(crate) struct Request {
    pub(crate) model: Arc<Loaded>,
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) group: ShareGroup,
    /// Inferences of different scopes are never computed together.
    pub(crate) scope: u128,
    /// Bytes of what it computes, at any time.
    pub(crate) memory_bytes_max: u64,
    /// When it is given up.
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// What an inference came to, and what it took.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outputs: Result<Vec<Tensor>, Failure>,
    /// Its share of the device's time.
    pub(crate) nanos: u64,
    /// Inferences that were computed together, this one with them.
    pub(crate) together: usize,
}

enum Work {
    Compute(Request),
    /// What else takes a device's thread, as loading a model.
    Other(Box<dyn FnOnce() + Send>),
}

/// The line of one device.
pub(crate) struct Lane {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    come: Condvar,
}

#[derive(Default)]
struct State {
    queue: Queue<Work>,
    /// How many of each owner wait.
    waiting: HashMap<u128, usize>,
    is_stopping: bool,
}

impl Lane {
    /// Starts the threads of a device.
    pub(crate) fn start(device: &str, threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), come: Condvar::new() });
        let mut lane = Self { shared, threads: Vec::new() };
        for index in 0..threads.max(1) {
            let shared = lane.shared.clone();
            let builder =
                thread::Builder::new().name(format!("skep-{device}-{index}")).stack_size(STACK_BYTES);
            lane.threads.push(builder.spawn(move || shared.work())?);
        }
        Ok(lane)
    }

    /// Puts an inference in line.
    pub(crate) fn compute(&self, request: Request) -> Result<(), Failure> {
        let mut state = self.shared.lock();
        let waiting = state.waiting.entry(request.group.id).or_default();
        if *waiting >= WAITING_MAX {
            let message = format!("{WAITING_MAX} inferences of this account wait already");
            return Err(Failure::new(Code::RuntimeError, message));
        }
        *waiting += 1;
        state.queue.push(request.group, Work::Compute(request));
        drop(state);
        self.shared.come.notify_one();
        Ok(())
    }

    /// Puts other work in line.
    pub(crate) fn other(&self, group: ShareGroup, work: impl FnOnce() + Send + 'static) {
        self.shared.lock().queue.push(group, Work::Other(Box::new(work)));
        self.shared.come.notify_one();
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.come.notify_all();
        for thread in self.threads.drain(..) {
            // One of its own threads may be the last to know of it.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some((work, group)) = self.next() {
            let began = Instant::now();
            match work {
                Work::Compute(first) => self.compute(first),
                Work::Other(work) => {
                    // Whoever waits for it learns by what it was to send.
                    let _ = catch_unwind(AssertUnwindSafe(work));
                    self.lock().queue.charge(group, nanos(began.elapsed()));
                }
            }
        }
    }

    /// What is next, or nothing when all is over.
    fn next(&self) -> Option<(Work, ShareGroup)> {
        let mut state = self.lock();
        loop {
            if state.is_stopping {
                return None;
            }
            if let Some((work, group)) = state.queue.pop() {
                if let Work::Compute(_) = work {
                    state.went(group);
                }
                return Some((work, group));
            }
            state = self.come.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Computes an inference, with those that can go along.
    fn compute(&self, first: Request) {
        let mut batch = vec![first];
        batch.extend(self.along(&batch[0]));
        // Nobody waits for what was given up.
        batch.retain(|request| !request.reply.is_closed());
        if batch.is_empty() {
            return;
        }
        let groups: Vec<ShareGroup> = batch.iter().map(|request| request.group).collect();
        let began = Instant::now();
        answer(batch);
        let share = nanos(began.elapsed()) / groups.len() as u64;
        let mut state = self.lock();
        groups.into_iter().for_each(|group| state.queue.charge(group, share));
    }

    /// Those in line that can be computed together with this one.
    fn along(&self, first: &Request) -> Vec<Request> {
        let Some(batching) = first.model.batching() else { return Vec::new() };
        let Some(rows) = batching.rows(&first.inputs) else { return Vec::new() };
        let room = std::cell::Cell::new(batching.rows_max.saturating_sub(rows));
        let fits = |work: &Work| {
            let Work::Compute(other) = work else { return false };
            let rows = batching.rows(&other.inputs).filter(|rows| *rows <= room.get());
            let is_like = Arc::ptr_eq(&first.model, &other.model) && first.scope == other.scope;
            let goes = rows.filter(|_| is_like && batching.fits(&first.inputs, &other.inputs));
            room.set(room.get() - goes.unwrap_or(0));
            goes.is_some()
        };
        let mut state = self.lock();
        let taken = state.queue.take_along(batching.rows_max, fits);
        let requests = taken.into_iter().filter_map(|(work, group)| {
            state.went(group);
            match work {
                Work::Compute(request) => Some(request),
                Work::Other(_) => None,
            }
        });
        requests.collect()
    }
}

impl State {
    fn went(&mut self, group: ShareGroup) {
        if let Some(waiting) = self.waiting.get_mut(&group.id) {
            *waiting -= 1;
            if *waiting == 0 {
                self.waiting.remove(&group.id);
            }
        }
    }
}

/// Computes a batch and answers each of it. One that fails in company is tried alone, so that it fails alone.
fn answer(mut batch: Vec<Request>) {
    let mut in_vain = 0;
    if batch.len() > 1 {
        let (began, count) = (Instant::now(), batch.len() as u64);
        match together(&mut batch) {
            Ok(()) => return,
            Err(failure) => tracing::debug!(%failure, "a batch failed; its inferences are tried one by one"),
        }
        in_vain = nanos(began.elapsed()) / count;
    }
    for Request { model, inputs, memory_bytes_max, deadline, reply, .. } in batch {
        let began = Instant::now();
        let bound = Bound { memory_bytes_max, deadline, is_wanted: &|| !reply.is_closed() };
        let outputs = model.graph().run(inputs, &bound);
        let nanos = in_vain + nanos(began.elapsed());
        let _ = reply.send(Answer { outputs, nanos, together: 1 });
    }
}

fn together(batch: &mut Vec<Request>) -> Result<(), Failure> {
    let model = batch[0].model.clone();
    let batching = model.batching().ok_or_else(|| Failure::new(Code::RuntimeError, "it is not batched"))?;
    let inputs: Vec<Vec<Tensor>> = batch.iter().map(|request| request.inputs.clone()).collect();
    let rows: Vec<usize> = inputs.iter().map(|inputs| batching.rows(inputs).unwrap_or(0)).collect();
    // It may take as long as the most patient of them waits, and as much memory as all of them have.
    let deadline = batch.iter().map(|request| request.deadline).max().unwrap_or_else(Instant::now);
    let memory_bytes_max =
        batch.iter().fold(0_u64, |sum, request| sum.saturating_add(request.memory_bytes_max));
    let is_wanted = || batch.iter().any(|request| !request.reply.is_closed());
    let bound = Bound { memory_bytes_max, deadline, is_wanted: &is_wanted };
    let began = Instant::now();
    let outputs = model.graph().run(batching.join(&inputs)?, &bound)?;
    let nanos = nanos(began.elapsed());
    let parts = batching.cut(&outputs, &rows)?;
    let (together, total) = (batch.len(), rows.iter().sum::<usize>() as u64);
    for ((request, outputs), rows) in batch.drain(..).zip(parts).zip(rows) {
        let nanos = nanos * rows as u64 / total;
        let _ = request.reply.send(Answer { outputs: Ok(outputs), nanos, together });
    }
    Ok(())
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
